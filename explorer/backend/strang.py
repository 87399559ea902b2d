"""Strang splitting of the Jansen-Rit equations, sixteen trajectories at a time.

The exact flow of the three damped linear oscillators with their constant inputs (and,
for y1, the exact Ornstein-Uhlenbeck increment of the background noise) alternates with
kicks of the sigmoid coupling. Two half kicks meet between steps and are one kick, so a
step costs three sigmoids. Second order in the step for the deterministic part; the
noise of the linear part is exact at any step.

Source: Ableidinger, Buckwar & Hinterleitner 2017 (J Math Neurosci 7:8), section 4; here
the constant input belongs to the linear flow, which makes the linear filter exact.

A block holds its states, coefficients and products in one flat array indexed by literal
multiples of 16, so that nothing can alias, and the loop over the lanes has no branch:
this is what lets LLVM vectorise it. ``jr-explorer bench`` holds the speed.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from explorer.backend.kernel_math import (
    KERNEL,
    U64,
    box_muller_radius,
    cosine,
    exp_of_64th,
    generator_state,
    quarter_angle,
    rotate_left,
    sine,
)

LANES = 16
ROWS = 32  # rows of 16 numbers in a block's array
# 0-5 state y0 y1 y2 v0 v1 v2; 6-9 excitatory flow (yy yv vy vv); 10-13 inhibitory flow;
# 14-16 kicks h·A·b·C·a·v_max of y0, y1, y2; 17-20 arguments of the sigmoids over 64:
# r·v_0, r, r·C·a_1, r·C·a_3; 21-22 increment of y1 and v1 by the mean input;
# 23-28 increments of y0 v0 y1 v1 y2 v2 by a unit of stimulus;
# 29-31 Cholesky factor of the noise increment


@njit(**KERNEL)
def flow_coefficients(b, h, out):
    """Exact flow of y'' = c − 2 b y' − b² y over h, written to ``out`` (6,).

    y(h) = out0·y + out1·y' + out4·c and y'(h) = out2·y + out3·y' + out5·c.
    """
    decay = math.exp(-b * h)
    out[0] = decay * (1.0 + b * h)
    out[1] = decay * h
    out[2] = -decay * b * b * h
    out[3] = decay * (1.0 - b * h)
    out[4] = (1.0 - out[0]) / (b * b)
    out[5] = decay * h


@njit(**KERNEL)
def noise_cholesky(b, h, strength, out):
    """Cholesky factor (l11, l21, l22) of the noise on (y, y') after h, written to ``out`` (3,).

    For y'' = strength·ξ − 2 b y' − b² y with unit white noise ξ. The covariance is the
    integral of the impulse response (t e^{−bt}, (1 − bt) e^{−bt}) with itself over [0, h].
    """
    x = b * h
    decay = math.exp(-2.0 * x)
    if x < 0.02:  # the closed form loses digits to cancellation
        q11 = h**3 * (1 / 3 - x / 2 + 2 * x * x / 5 - 2 * x**3 / 9)
    else:
        q11 = (1.0 - decay * (1.0 + 2.0 * x + 2.0 * x * x)) / (4.0 * b**3)
    q12 = 0.5 * h * h * decay
    q22 = (1.0 - decay * (1.0 - 2.0 * x + 2.0 * x * x)) / (4.0 * b)
    out[0] = strength * math.sqrt(q11)
    out[1] = strength * q12 / math.sqrt(q11)
    out[2] = strength * math.sqrt(max(q22 - q12 * q12 / q11, 0.0))


@njit(**KERNEL)
def load_lane(w, lane, theta, weights, state, h):
    """Put one trajectory's state (6,) and parameters (14,) into a lane of the block."""
    a_e, a_i, b_e, b_i, c = theta[0], theta[1], theta[2], theta[3], theta[4]
    v_max, v_0, r, p_mean = theta[9], theta[10], theta[11], theta[12]
    exc, inh, noise = np.empty(6), np.empty(6), np.empty(3)
    flow_coefficients(b_e, h, exc)
    flow_coefficients(b_i, h, inh)
    noise_cholesky(b_e, h, a_e * b_e * theta[13], noise)
    for k in range(6):
        w[k * LANES + lane] = state[k]
    for k in range(4):
        w[(6 + k) * LANES + lane] = exc[k]
        w[(10 + k) * LANES + lane] = inh[k]
    w[14 * LANES + lane] = h * a_e * b_e * v_max
    w[15 * LANES + lane] = h * a_e * b_e * c * theta[6] * v_max
    w[16 * LANES + lane] = h * a_i * b_i * c * theta[8] * v_max
    w[17 * LANES + lane] = r * v_0 / 64.0
    w[18 * LANES + lane] = r / 64.0
    w[19 * LANES + lane] = r * c * theta[5] / 64.0
    w[20 * LANES + lane] = r * c * theta[7] / 64.0
    for k in range(2):
        w[(21 + k) * LANES + lane] = exc[4 + k] * a_e * b_e * p_mean
        w[(23 + k) * LANES + lane] = exc[4 + k] * a_e * b_e * weights[0]
        w[(25 + k) * LANES + lane] = exc[4 + k] * a_e * b_e * weights[1]
        w[(27 + k) * LANES + lane] = inh[4 + k] * a_i * b_i * weights[2]
    for k in range(3):
        w[(29 + k) * LANES + lane] = noise[k]


@njit(**KERNEL)
def seed_lane(bits, lane, seed, stream):
    """Start the generator of one lane from (seed, stream); a stream is one trajectory's."""
    bits[lane], bits[LANES + lane] = generator_state(seed, stream)


@njit(**KERNEL)
def load_block(w, bits, first, theta, weights, state, seed, streams, h):
    """Load trajectories first … first + 15; beyond the last one the last is repeated."""
    for lane in range(LANES):
        i = min(first + lane, theta.shape[0] - 1)
        load_lane(w, lane, theta[i], weights, state[i], h)
        seed_lane(bits, lane, seed, streams[i])


@njit(inline="always", **KERNEL)
def half_kick(w, sign):
    """Add half a kick to the velocities of all lanes (or take it off)."""
    for i in range(LANES):
        y0 = w[i]
        d0 = 1.0 + exp_of_64th(w[17 * 16 + i] - w[18 * 16 + i] * (w[16 + i] - w[2 * 16 + i]))
        d1 = 1.0 + exp_of_64th(w[17 * 16 + i] - w[19 * 16 + i] * y0)
        d2 = 1.0 + exp_of_64th(w[17 * 16 + i] - w[20 * 16 + i] * y0)
        w[3 * 16 + i] += 0.5 * sign * w[14 * 16 + i] / d0
        w[4 * 16 + i] += 0.5 * sign * w[15 * 16 + i] / d1
        w[5 * 16 + i] += 0.5 * sign * w[16 * 16 + i] / d2


@njit(inline="always", **KERNEL)
def kick_and_flow(w):
    """A full kick, then the exact linear flow over one step with the mean input.

    The three sigmoids share one division: 1/a = b·c / (a·b·c).
    """
    for i in range(LANES):
        y0, y1, y2 = w[i], w[16 + i], w[2 * 16 + i]
        d0 = 1.0 + exp_of_64th(w[17 * 16 + i] - w[18 * 16 + i] * (y1 - y2))
        d1 = 1.0 + exp_of_64th(w[17 * 16 + i] - w[19 * 16 + i] * y0)
        d2 = 1.0 + exp_of_64th(w[17 * 16 + i] - w[20 * 16 + i] * y0)
        d01 = d0 * d1
        shared = 1.0 / (d01 * d2)
        not_01 = shared * d2
        v0 = w[3 * 16 + i] + w[14 * 16 + i] * (not_01 * d1)
        v1 = w[4 * 16 + i] + w[15 * 16 + i] * (not_01 * d0)
        v2 = w[5 * 16 + i] + w[16 * 16 + i] * (shared * d01)
        yy, yv, vy, vv = w[6 * 16 + i], w[7 * 16 + i], w[8 * 16 + i], w[9 * 16 + i]
        w[i] = yy * y0 + yv * v0
        w[3 * 16 + i] = vy * y0 + vv * v0
        w[16 + i] = yy * y1 + yv * v1 + w[21 * 16 + i]
        w[4 * 16 + i] = vy * y1 + vv * v1 + w[22 * 16 + i]
        w[2 * 16 + i] = w[10 * 16 + i] * y2 + w[11 * 16 + i] * v2
        w[5 * 16 + i] = w[12 * 16 + i] * y2 + w[13 * 16 + i] * v2


@njit(inline="always", **KERNEL)
def add_stimulus(w, u):
    """Add the increment of a stimulus u (s⁻¹, mean over the step) to the states."""
    for i in range(LANES):
        w[i] += u * w[23 * 16 + i]
        w[3 * 16 + i] += u * w[24 * 16 + i]
        w[16 + i] += u * w[25 * 16 + i]
        w[4 * 16 + i] += u * w[26 * 16 + i]
        w[2 * 16 + i] += u * w[27 * 16 + i]
        w[5 * 16 + i] += u * w[28 * 16 + i]


@njit(inline="always", **KERNEL)
def add_noise(w, bits):
    """Add one step's Ornstein-Uhlenbeck increment to y1 and its velocity."""
    for i in range(LANES):
        s0, s1 = bits[i], bits[16 + i]
        draw = rotate_left(s0 + s1, 17) + s0
        s1 = s1 ^ s0
        bits[i] = rotate_left(s0, 49) ^ s1 ^ (s1 << U64(21))
        bits[16 + i] = rotate_left(s1, 28)
        radius = box_muller_radius(draw)
        s, c = sine(quarter_angle(draw)), cosine(quarter_angle(draw))
        s, c = 2.0 * s * c, 1.0 - 2.0 * s * s
        z0, z1 = radius * (1.0 - 2.0 * s * s), radius * 2.0 * s * c
        w[16 + i] += w[29 * 16 + i] * z0
        w[4 * 16 + i] += w[30 * 16 + i] * z0 + w[31 * 16 + i] * z1


@njit(inline="always", **KERNEL)
def advance(w, bits, u, noisy):
    """One step of all lanes, from the moment before a kick to the next such moment."""
    kick_and_flow(w)
    if u != 0.0:
        add_stimulus(w, u)
    if noisy:
        add_noise(w, bits)


@njit(**KERNEL)
def run_waveforms(
    theta, weights, state, stimulus, slot_a, slot_b, noisy, seed, streams, h, out, first, last
):
    """Sum the source of trajectories first … last − 1 into time slots.

    theta (n, 14); state (n, 6), overwritten with the final state; stimulus (steps,);
    slot_a, slot_b (steps + 1,): index of the slot to which the source at that moment is
    added, −1 for none; streams (n,); out (n, slots), overwritten.
    """
    w = np.zeros(ROWS * LANES)
    bits = np.zeros(2 * LANES, dtype=np.uint64)
    sums = np.zeros(out.shape[1] * LANES)
    for block in range(first, last, LANES):
        load_block(w, bits, block, theta, weights, state, seed, streams, h)
        sums[:] = 0.0
        half_kick(w, -1.0)  # each step starts with a full kick
        for n in range(stimulus.shape[0] + 1):
            a, b = slot_a[n], slot_b[n]
            if a >= 0:
                for i in range(LANES):
                    sums[a * LANES + i] += w[16 + i] - w[2 * 16 + i]
            if b >= 0:
                for i in range(LANES):
                    sums[b * LANES + i] += w[16 + i] - w[2 * 16 + i]
            if n < stimulus.shape[0]:
                advance(w, bits, stimulus[n], noisy)
        half_kick(w, 1.0)
        for i in range(min(LANES, last - block)):
            for k in range(out.shape[1]):
                out[block + i, k] = sums[k * LANES + i]
            for k in range(6):
                state[block + i, k] = w[k * LANES + i]
