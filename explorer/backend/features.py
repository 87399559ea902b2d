"""The features of a response and of a spectrum: each defined once, with unit and definition.

A feature that is not defined for a signal (no peak) is NaN, and is never filled in; the
analyses count such signals and say so.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.signal import welch

from explorer.backend.errors import ExplorerError
from explorer.backend.spectrum import BANDS, SEGMENT_S

PEAK_WINDOW = (0.0, 0.5)
"""Where the peaks of an evoked response are looked for, s after the pulse's onset."""
LEAST_PEAK_MV = 0.01
"""A deflection smaller than this is not a peak."""
LEAST_POWER_MV2 = 1e-6
"""With less power than this in 1–45 Hz nothing oscillates and no peak frequency is given."""
SPECTRUM_RANGE = (1.0, 45.0)
"""Frequencies in Hz that count for peak and total power."""

_PIECE = 256  # signals at a time, to stay in the cache


@dataclass(frozen=True)
class Feature:
    """One feature.

    Attributes:
        name: key in ``FEATURES``.
        title: name on the page.
        unit: unit of the value.
        definition: one or two sentences that say exactly what is computed, and when it is
            not defined.
        kind: ``evoked`` (of the evoked response, baseline removed) or ``spectrum`` (of the
            spontaneous signal's spectrum).
        compute: from time (s) and responses (n, samples) in mV, or from frequency (Hz) and
            densities (n, frequencies) in mV²/Hz, to the values (n,); NaN where undefined.
    """

    name: str
    title: str
    unit: str
    definition: str
    kind: str
    compute: Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Peaks:
    """The largest peak of each of many waves.

    Attributes:
        value: (n,) height in the wave's unit, NaN where there is no peak.
        position: (n,) in the unit of the axis, NaN where there is no peak.
    """

    value: np.ndarray
    position: np.ndarray


def largest_peaks(axis: np.ndarray, waves: np.ndarray, low: float, high: float) -> Peaks:
    """The highest local maximum of each wave within low … high, refined by a parabola.

    Args:
        axis: (samples,) evenly spaced.
        waves: (n, samples).
        low, high: where the middle sample of the maximum may lie, in the axis's unit.
    """
    inside = 1 + np.flatnonzero((axis[1:-1] >= low - 1e-9) & (axis[1:-1] <= high + 1e-9))
    first, last = inside[0], inside[-1] + 1
    middle = waves[:, first:last]
    is_peak = (middle > waves[:, first - 1 : last - 1]) & (middle >= waves[:, first + 1 : last + 1])
    k = np.argmax(np.where(is_peak, middle, -np.inf), axis=1) + first  # (n,)
    found = is_peak.any(axis=1)
    rows = np.arange(len(waves))
    a, b, c = (waves[rows, k + i] for i in (-1, 0, 1))
    bend = np.where(found, a - 2 * b + c, -1.0)
    shift = 0.5 * (a - c) / bend
    value = np.where(found, b - 0.25 * (a - c) * shift, np.nan)
    position = np.where(found, axis[k] + shift * (axis[1] - axis[0]), np.nan)
    return Peaks(value, position)


def _deflection(time: np.ndarray, waves: np.ndarray, *, sign: float, latency: bool) -> np.ndarray:
    peaks = largest_peaks(time, sign * waves, *PEAK_WINDOW)
    with np.errstate(invalid="ignore"):
        tall = peaks.value >= LEAST_PEAK_MV
    return np.where(tall, peaks.position if latency else sign * peaks.value, np.nan)


def _rms(time: np.ndarray, waves: np.ndarray) -> np.ndarray:
    after = time > 1e-9
    return np.sqrt(np.mean(waves[:, after] ** 2, axis=1))


def _power(frequency: np.ndarray, density: np.ndarray, *, low: float, high: float) -> np.ndarray:
    inside = (frequency >= low) & (frequency < high)
    return density[:, inside].sum(axis=1) * (frequency[1] - frequency[0])


def _peak_frequency(frequency: np.ndarray, density: np.ndarray) -> np.ndarray:
    low, high = SPECTRUM_RANGE
    logs = np.log(np.maximum(density, 1e-300))
    peaks = largest_peaks(frequency, logs, low, high)
    enough = _power(frequency, density, low=low, high=high) >= LEAST_POWER_MV2
    return np.where(enough, peaks.position, np.nan)


def _evoked(name: str, title: str, unit: str, definition: str, **how: float | bool) -> Feature:
    compute = partial(_deflection, **how) if how else _rms  # type: ignore[arg-type]
    return Feature(name, title, unit, definition, "evoked", compute)


def _spectral(name: str, title: str, low: float, high: float) -> Feature:
    return Feature(
        name,
        title,
        "mV²",
        f"Sum of Welch's power spectral density over {low:g} ≤ f < {high:g} Hz times the "
        "spacing of frequencies.",
        "spectrum",
        partial(_power, low=low, high=high),
    )


_WHERE = "of the source's evoked response (baseline removed) from 0 to 0.5 s after the onset"
_NONE = f"undefined where there is none of {LEAST_PEAK_MV:g} mV or more"

_ROWS = (
    _evoked(
        "p_amplitude", "P peak amplitude", "mV",
        f"Height of the highest local maximum {_WHERE}; {_NONE}.", sign=1.0, latency=False,
    ),
    _evoked(
        "p_latency", "P peak latency", "s",
        f"Time of the highest local maximum {_WHERE}; {_NONE}.", sign=1.0, latency=True,
    ),
    _evoked(
        "n_amplitude", "N peak amplitude", "mV",
        f"Value (negative) of the lowest local minimum {_WHERE}; {_NONE}.",
        sign=-1.0, latency=False,
    ),
    _evoked(
        "n_latency", "N peak latency", "s",
        f"Time of the lowest local minimum {_WHERE}; {_NONE}.", sign=-1.0, latency=True,
    ),
    _evoked(
        "rms", "RMS of the evoked response", "mV",
        "Root of the mean square of the source's evoked response (baseline removed) after "
        "the onset, to 1 s.",
    ),
    Feature(
        "peak_frequency", "Peak frequency", "Hz",
        "Frequency of the highest local maximum of Welch's spectrum of the spontaneous source "
        "in 1–45 Hz, by a parabola in dB; undefined where there is none, or where the total "
        f"power is below {LEAST_POWER_MV2:g} mV² (nothing oscillates).",
        "spectrum", _peak_frequency,
    ),
    *(
        _spectral(f"{band.name}_power", f"{band.name.capitalize()} power", band.low, band.high)
        for band in BANDS.values()
    ),
    _spectral("total_power", "Total power", *SPECTRUM_RANGE),
)  # fmt: skip

FEATURES: dict[str, Feature] = {feature.name: feature for feature in _ROWS}


def feature(name: str) -> Feature:
    """The feature of that name.

    Raises:
        ExplorerError: there is none.
    """
    if name not in FEATURES:
        raise ExplorerError("feature", f"one of {', '.join(FEATURES)}", repr(name))
    return FEATURES[name]


def compute(names: Sequence[str], kind: str, axis: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Values (n, features of that kind) of the named features, in the order of ``names``.

    Args:
        names: names of features; those of the other kind are passed over.
        kind: ``evoked`` or ``spectrum``.
        axis: (samples,) time in s or frequency in Hz.
        rows: (n, samples) responses in mV or densities in mV²/Hz.
    """
    chosen = [feature(name) for name in names if feature(name).kind == kind]
    if not chosen:
        return np.empty((len(rows), 0))
    return np.column_stack([one.compute(axis, rows) for one in chosen])


def densities(
    sources: np.ndarray, rate: float, workers: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Frequency (f,) in Hz and Welch densities (n, f) in mV²/Hz of sources (n, samples).

    The same estimate as ``spectrum.spectrum``, for many signals at once, over threads.
    """
    n = min(sources.shape[1], round(SEGMENT_S * rate))
    workers = workers or os.cpu_count() or 1

    def part(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return welch(rows, fs=rate, nperseg=n, detrend="constant", axis=-1)

    pieces = [sources[k : k + _PIECE] for k in range(0, len(sources), _PIECE)]
    with ThreadPoolExecutor(workers) as pool:
        parts = list(pool.map(part, pieces))
    return parts[0][0], np.concatenate([density for _, density in parts])
