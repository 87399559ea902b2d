"""Kernels that reduce a trajectory to its rhythm: extremes, mean, frequency, shape.

One routine, ``summarize``, reads a stretch of the source; regimes, regime maps and the
continuation of limit cycles all call it, so a rhythm means the same everywhere.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from explorer.backend.kernel_math import KERNEL
from explorer.backend.single import run_single
from explorer.backend.strang import LANES, ROWS, advance, half_kick, load_block

SUMMARY = ("minimum", "maximum", "mean", "frequency", "duty", "swing_1", "swing_2", "swing_3")
"""Columns of a summary: mV, mV, mV, Hz (NaN: none), fraction, and three times mV."""
N_SUMMARY = len(SUMMARY)
_ARM = 0.1  # how far below the middle (in swings) the source must go to arm a crossing


@njit(**KERNEL)
def summarize(source, dt, out):
    """Reduce a source (n,) sampled every dt to ``out`` (8,), in the order of ``SUMMARY``.

    minimum, maximum and mean are those of the last two thirds; swing_k is the peak to
    peak of the k-th third. The frequency counts upward crossings of the middle between
    minimum and maximum, interpolated between samples, each armed by a descent of a tenth
    of the swing below it, so that ripples do not count; duty is the share of the time
    between first and last crossing spent above the middle.
    """
    n = source.shape[0]
    third = n // 3
    for k in range(3):
        low, high = source[k * third], source[k * third]
        for i in range(k * third, (k + 1) * third):
            low, high = min(low, source[i]), max(high, source[i])
        out[5 + k] = high - low
    first = third
    low, high, total = source[first], source[first], 0.0
    for i in range(first, n):
        low, high, total = min(low, source[i]), max(high, source[i]), total + source[i]
    out[0], out[1], out[2] = low, high, total / (n - first)
    middle = 0.5 * (low + high)
    arm = middle - _ARM * (high - low)
    armed, crossings, start, stop = False, 0, 0.0, 0.0
    above, above_at_stop = 0, 0
    for i in range(1, n):
        if source[i] < arm:
            armed = True
        if source[i] > middle:
            if armed:
                armed = False
                stop = i - (source[i] - middle) / (source[i] - source[i - 1])
                if crossings == 0:
                    start = stop
                    above = 0
                crossings += 1
                above_at_stop = above
            above += 1
    out[3], out[4] = np.nan, np.nan
    if crossings >= 2 and high > low:
        out[3] = (crossings - 1) / ((stop - start) * dt)
        out[4] = above_at_stop / (stop - start)


@njit(**KERNEL)
def summarize_batch(theta, state, h, settle, every, n_samples, out, first, last):
    """Summaries of noise-free trajectories first … last − 1, without stimulus.

    theta (n, 14); state (n, 6), overwritten with the final state; ``settle`` steps of h
    are skipped, then ``n_samples`` samples of the source are taken every ``every``
    steps; out (n, 8), overwritten. Sixteen lanes share each instruction (``strang.py``).
    """
    w = np.zeros(ROWS * LANES)
    bits = np.zeros(2 * LANES, dtype=np.uint64)
    streams = np.zeros(theta.shape[0], dtype=np.uint64)
    weights = np.zeros(3)
    record = np.empty((LANES, n_samples))
    for block in range(first, last, LANES):
        load_block(w, bits, block, theta, weights, state, np.uint64(1), streams, h)
        half_kick(w, -1.0)
        for _ in range(settle):
            advance(w, bits, 0.0, False)
        for k in range(n_samples):
            for i in range(LANES):
                record[i, k] = w[16 + i] - w[2 * 16 + i]
            for _ in range(every):
                advance(w, bits, 0.0, False)
        half_kick(w, 1.0)
        for i in range(min(LANES, last - block)):
            summarize(record[i], h * every, out[block + i])
            for k in range(6):
                state[block + i, k] = w[k * LANES + i]


@njit(**KERNEL)
def summarize_single(theta, state, h, settle, n_samples, out):
    """Summary (8,) of one noise-free trajectory, without stimulus; every step is a sample.

    theta (14,) with p_sd ignored; state (6,), overwritten with the final state;
    ``settle`` steps are skipped, then ``n_samples`` are read; out (8,), overwritten.
    """
    steps = settle + n_samples
    slot = np.full(steps + 1, -1, dtype=np.int64)
    for k in range(n_samples):
        slot[settle + 1 + k] = k
    source = np.zeros(n_samples)
    run_single(
        theta, np.zeros(3), state, np.zeros(steps), False, np.uint64(1), np.uint64(0), h,
        0, np.empty((0, 6)), slot, np.full(steps + 1, -1, dtype=np.int64), source,
    )  # fmt: skip
    summarize(source, h, out)


@njit(**KERNEL)
def continue_attractor(theta, state, h, window, patience, tolerance, nudge, out):
    """Follow an attractor along parameter sets theta (n, 14), one after the other.

    Each starts in the final state of the one before, with y1 moved by ``nudge`` mV so that
    an unstable rest is left; ``state`` (6,) is the first start and is overwritten with the
    last. At each, stretches of ``window`` steps are run until the swing of the source
    changes twice by less than ``tolerance`` of itself: at least three, at most ``patience``,
    eight times as many while it grows or collapses. The last three are summarised into
    ``out`` (n, 8).
    """
    source = np.zeros(3 * window)
    slot = np.arange(-1, window)
    unused = np.full(window + 1, -1, dtype=np.int64)
    for j in range(theta.shape[0]):
        state[1] += nudge
        old, calm, shrinking = 0.0, 0, 0
        for k in range(8 * patience):
            source[:-window] = source[window:].copy()
            piece = source[-window:]
            piece[:] = 0.0
            run_single(
                theta[j], np.zeros(3), state, np.zeros(window), False, np.uint64(1),
                np.uint64(0), h, 0, np.empty((0, 6)), slot, unused, piece,
            )  # fmt: skip
            swing = piece.max() - piece.min()
            still = abs(swing - old) < tolerance * swing or swing < 0.01 * nudge
            calm = calm + 1 if still else 0
            shrinking = shrinking + 1 if 0.5 * old < swing < old else 0
            if (k >= 2 and calm >= 2) or (k + 1 >= patience and shrinking >= 3):
                break
            old = swing
        summarize(source, h, out[j])
