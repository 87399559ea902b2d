"""What a stretch of the source does, and the one rule that names it.

The rule, from computed quantities alone (a noise-free run without stimulus):

1. Amplitude. The peak to peak of three successive stretches, a1, a2, a3. Where they shrink
   or grow steadily, the amplitude they tend to is extrapolated by the law of oscillations
   near a Hopf point (Stuart-Landau: 1/a² obeys a linear equation, so its differences form
   a geometric series; a ratio of 1 or more means that the amplitude dies out). A swing
   that still decays to nothing is not an oscillation, however large it is now.
2. Below ``SILENT_MV`` it is at rest: low where the source is below v_0, high (saturated:
   pyramidal cells fire at more than half their maximum) above it.
3. Otherwise spikes, if the source spends less than ``SPIKE_DUTY`` of each cycle above the
   middle between its extremes, or if a cycle outlasts the stretch.
4. Otherwise slow, alpha or fast by frequency; the limits are those of the alpha band.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.backend.errors import ExplorerError
from explorer.backend.spectrum import BANDS
from explorer.backend.sweep import N_SUMMARY, summarize

SILENT_MV = 0.05
SPIKE_DUTY = 0.3
STEADY = 0.005
"""Relative change between stretches below which an amplitude counts as settled."""


@dataclass(frozen=True)
class Regime:
    """A kind of behaviour.

    Attributes:
        name: key in ``REGIMES``.
        title: as the headline names it.
        meaning: one sentence that says what decides.
    """

    name: str
    title: str
    meaning: str


_ALPHA = BANDS["alpha"]
REGIMES: dict[str, Regime] = {
    row.name: row
    for row in (
        Regime("rest_low", "at rest", "No oscillation; the source stays below v_0."),
        Regime(
            "rest_high",
            "saturated",
            "No oscillation; the source stays above v_0, pyramidal cells fire at more than "
            "half their maximum.",
        ),
        Regime("slow", "slow oscillation", f"Oscillates below {_ALPHA.low:g} Hz."),
        Regime(
            "alpha",
            "alpha oscillation",
            f"Oscillates at {_ALPHA.low:g} to {_ALPHA.high:g} Hz.",
        ),
        Regime("fast", "fast oscillation", f"Oscillates at {_ALPHA.high:g} Hz or more."),
        Regime(
            "spikes",
            "spikes",
            f"Above the middle of its swing for less than {SPIKE_DUTY:.0%} of each cycle.",
        ),
    )
}
"""All regimes; a map stores a regime as its position here."""

REGIME_NAMES = tuple(REGIMES)
RESTS = ("rest_low", "rest_high")


@dataclass(frozen=True)
class Rhythm:
    """Summary of a stretch of the source.

    Attributes:
        frequency_hz: cycles per second, None below two cycles or at rest.
        peak_to_peak_mv: the swing it tends to (rule 1); 0 where it dies out.
        mean_mv, minimum_mv, maximum_mv: of the last two thirds.
        duty: share of a cycle above the middle between the extremes, None below two cycles.
        settled: whether the swing no longer changes.
    """

    frequency_hz: float | None
    peak_to_peak_mv: float
    mean_mv: float
    minimum_mv: float
    maximum_mv: float
    duty: float | None
    settled: bool


def tended_swing(summary: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The swing (mV) to which summaries (n, 8) tend, and whether it is settled; both (n,).

    With w = 1/a² and q = (w3 − w2)/(w2 − w1), w tends to w3 + (w3 − w2) q/(1 − q).
    """
    a1, a2, a3 = np.maximum(summary[:, 5:8], 1e-12).T
    largest = np.maximum(a2, a3)
    steadily = ((a1 > a2) & (a2 > a3)) | ((a1 < a2) & (a2 < a3))
    settled = ~steadily | (np.abs(a3 - a2) < STEADY * a3)
    w1, w2, w3 = a1**-2.0, a2**-2.0, a3**-2.0
    with np.errstate(divide="ignore", invalid="ignore"):
        q = (w3 - w2) / (w2 - w1)
        limit = w3 + (w3 - w2) * q / (1.0 - q)
        tends = np.where(q >= 1.0, np.where(w3 > w2, 0.0, a3), 1.0 / np.sqrt(limit))
    tends = np.where(np.isfinite(tends), tends, a3)  # grows too fast to say how far
    return np.where(settled, largest, tends), settled


def name_regimes(summary: np.ndarray, v_0: np.ndarray) -> np.ndarray:
    """The rule: positions in ``REGIMES`` (n,) of summaries (n, 8); v_0 (n,) in mV."""
    swing, _ = tended_swing(summary)
    mean, frequency, duty = summary[:, 2], summary[:, 3], summary[:, 4]
    code = {name: k for k, name in enumerate(REGIME_NAMES)}
    return np.select(
        [
            (swing < SILENT_MV) & (mean > v_0),
            swing < SILENT_MV,
            np.isnan(frequency) | (duty < SPIKE_DUTY),
            frequency < _ALPHA.low,
            frequency < _ALPHA.high,
        ],
        [code["rest_high"], code["rest_low"], code["spikes"], code["slow"], code["alpha"]],
        default=code["fast"],
    )


def is_rest(codes: np.ndarray) -> np.ndarray:
    """Whether positions in ``REGIMES`` are those of a rest."""
    return np.isin(codes, [REGIME_NAMES.index(name) for name in RESTS])


def differ(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Whether two runs tend to different attractors, (n,) bool, by summaries (n, 8).

    Settled runs differ where just one is at rest, or where their extremes are apart by a
    tenth of the wider. A run that is still settling differs from another only where it
    circles elsewhere: their means are apart by half its width.
    """
    swings, settled = zip(*(tended_swing(run) for run in (one, other)), strict=True)
    widths = [run[:, 1] - run[:, 0] for run in (one, other)]
    unsettled = np.minimum(*(np.where(s, np.inf, w) for s, w in zip(settled, widths, strict=True)))
    elsewhere = np.abs(one[:, 2] - other[:, 2]) > 0.5 * unsettled + SILENT_MV
    gap = np.abs(one[:, :2] - other[:, :2]).max(axis=1)
    apart = gap > 0.1 * np.maximum(*widths) + SILENT_MV
    one_rests = (swings[0] < SILENT_MV) != (swings[1] < SILENT_MV)
    return np.where(np.isfinite(unsettled), elsewhere, one_rests | apart)


def rhythm_of(summary: np.ndarray) -> Rhythm:
    """The rhythm of one summary (8,)."""
    swing, settled = tended_swing(summary[None])
    silent = swing[0] < SILENT_MV
    unknown = silent or np.isnan(summary[3])
    return Rhythm(
        frequency_hz=None if unknown else float(summary[3]),
        peak_to_peak_mv=float(swing[0]),
        mean_mv=float(summary[2]),
        minimum_mv=float(summary[0]),
        maximum_mv=float(summary[1]),
        duty=None if unknown else float(summary[4]),
        settled=bool(settled[0]),
    )


def measure(source: np.ndarray, dt: float) -> Rhythm:
    """The rhythm of a source (n,) in mV, sampled every ``dt`` s.

    Frequency: upward crossings of the middle between minimum and maximum, interpolated,
    each armed by a descent of a tenth of the swing below the middle.

    Raises:
        ExplorerError: fewer than 30 samples, or values that are not finite.
    """
    source = np.ascontiguousarray(source, dtype=float)
    if source.ndim != 1 or source.size < 30 or not np.isfinite(source).all():
        raise ExplorerError("source", "at least 30 finite samples", f"shape {source.shape}")
    summary = np.empty(N_SUMMARY)
    summarize(source, dt, summary)
    return rhythm_of(summary)
