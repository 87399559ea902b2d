"""Which regime a point is in, what else coexists there, and the sentence that says so."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from explorer.backend.fixed_points import FixedPoint, critical_inputs, fixed_points, rest_state
from explorer.backend.rhythm import (
    REGIME_NAMES,
    REGIMES,
    RESTS,
    Regime,
    Rhythm,
    differ,
    measure,
    name_regimes,
    rhythm_of,
)
from explorer.backend.settings import Settings
from explorer.backend.simulate import check_state, initial_state
from explorer.backend.sweep import N_SUMMARY, summarize_single

__all__ = [
    "REGIMES",
    "Attractor",
    "Regime",
    "RegimeReport",
    "Rhythm",
    "classify",
    "headline",
    "measure",
]

COARSE_S, FINE_S = 1e-3, 2.5e-4
"""Steps: a millisecond to settle, a quarter for the figures that are read out."""
NUDGE_MV = 0.5
"""How far from an unstable rest a search for another attractor starts."""
_P_INDEX, _V_0_INDEX = 12, 10


@dataclass(frozen=True)
class Attractor:
    """A behaviour that lasts.

    Attributes:
        regime: key of ``REGIMES``.
        rhythm: its measures.
        state: (6,) a state on it (mV, mV/s).
        summary: (8,) in the order of ``sweep.SUMMARY``.
    """

    regime: str
    rhythm: Rhythm
    state: np.ndarray
    summary: np.ndarray


@dataclass(frozen=True)
class RegimeReport:
    """The noise-free behaviour of a point, from its own start.

    Attributes:
        regime: key of ``REGIMES``.
        rhythm: its measures.
        others: other attractors found at the same values: all stable rests, and what is
            reached from zero and from beside each unstable rest that is no saddle.
        fixed_points: all rests, by ascending source.
        state: (6,) a state on the present attractor.
    """

    regime: str
    rhythm: Rhythm
    others: tuple[Attractor, ...]
    fixed_points: tuple[FixedPoint, ...]
    state: np.ndarray

    @property
    def bistable(self) -> bool:
        """Whether another attractor was found; one that no search reaches is missed."""
        return bool(self.others)

    @property
    def at_rest(self) -> bool:
        """Whether there is no oscillation."""
        return self.regime in RESTS


def _run(
    theta: np.ndarray, state: np.ndarray, settle_s: float, read_s: float, dt: float = COARSE_S
) -> Attractor:
    """The behaviour after ``settle_s`` from a state (6,), read over ``read_s``."""
    state = state.copy()
    summary = np.empty(N_SUMMARY)
    summarize_single(theta, state, dt, round(settle_s / dt), round(read_s / dt), summary)
    code = int(name_regimes(summary[None], theta[None, _V_0_INDEX])[0])
    return Attractor(REGIME_NAMES[code], rhythm_of(summary), state, summary)


def _at_rest(theta: np.ndarray, point: FixedPoint) -> Attractor:
    x = point.source
    name = "rest_high" if x > theta[_V_0_INDEX] else "rest_low"
    summary = np.array([x, x, x, np.nan, np.nan, 0.0, 0.0, 0.0])
    return Attractor(name, rhythm_of(summary), point.state, summary)


def _present(theta: np.ndarray, start: np.ndarray, points: tuple[FixedPoint, ...]) -> Attractor:
    """Where a start (6,) leads, with figures good to a tenth of a per cent."""
    found = _run(theta, start, 6.0, 6.0)
    if found.regime in RESTS and not any(point.stable for point in points):
        return _run(theta, found.state, 1.0, 25.0, FINE_S)  # beside a fold, cycles are long
    if found.regime not in RESTS and found.rhythm.settled:
        frequency = found.rhythm.frequency_hz or 0.5
        read_s = min(max(1.0, 3.5 / frequency), 8.0)  # each third holds a cycle
        return _run(theta, found.state, 2.0, read_s, FINE_S)
    return found


def _others(
    theta: np.ndarray, present: Attractor, points: tuple[FixedPoint, ...], from_zero: bool
) -> tuple[Attractor, ...]:
    candidates = [_at_rest(theta, point) for point in points if point.stable]
    starts = [] if from_zero else [np.zeros(6)]
    for point in points:
        if not point.stable and point.kind != "saddle":
            starts.append(point.state + np.array([0.0, NUDGE_MV, 0.0, 0.0, 0.0, 0.0]))
    reached = [_run(theta, state, 4.5, 3.0) for state in starts]
    candidates += [found for found in reached if found.regime not in RESTS]
    found: list[Attractor] = []
    for candidate in candidates:
        known = (present, *found)
        if all(differ(candidate.summary[None], k.summary[None])[0] for k in known):
            found.append(candidate)
    return tuple(found)


def classify(settings: Settings, initial: np.ndarray | None = None) -> RegimeReport:
    """Name the noise-free behaviour without stimulus, by the rule of ``rhythm.py``.

    One to three milliseconds.

    Args:
        settings: the point; ``start`` says where the run begins.
        initial: state (6,) to begin from, instead of ``settings.start``.

    Raises:
        ExplorerError: an initial state that cannot be used.
    """
    theta = settings.theta
    theta[13] = 0.0
    points = fixed_points(theta)
    start = initial_state(settings, COARSE_S) if initial is None else check_state(initial)
    present = _present(theta, start, points)
    others = _others(theta, present, points, initial is None and settings.start == "zero")
    return RegimeReport(present.regime, present.rhythm, others, points, present.state)


def _title(regime: str, rhythm: Rhythm) -> str:
    if regime == "spikes" and (rhythm.frequency_hz is None or rhythm.frequency_hz < 8.0):
        return "slow spikes"
    return REGIMES[regime].title


def headline(report: RegimeReport, settings: Settings) -> str:
    """The point in one sentence, without its full stop.

    Args:
        report: from ``classify(settings)``.
        settings: the same settings.
    """
    rhythm = report.rhythm
    text = _title(report.regime, rhythm)
    if report.at_rest:
        text += f": {way_out(report, settings)}"
    else:
        if rhythm.frequency_hz is not None:
            text += f", {rhythm.frequency_hz:.1f} Hz"
        digits = 1 if rhythm.peak_to_peak_mv >= 0.1 else 2
        text += f", {rhythm.peak_to_peak_mv:.{digits}f} mV peak to peak"
    if report.bistable:
        other = report.others[0]
        text += f"; another state coexists here: {_title(other.regime, other.rhythm)}"
    return text


def way_out(report: RegimeReport, settings: Settings) -> str:
    """Which background input would make a point at rest oscillate, the rest held.

    The ends of the present branch of rests over p_mean are candidates where a run just
    beyond them oscillates; so are the edges of every stretch of p_mean without any stable
    rest, where nothing but oscillation is left. The nearest is named.
    """
    row = settings.table.parameters["p_mean"]
    theta = settings.theta
    criticals = critical_inputs(theta, row.low, row.high)
    if not criticals:
        return (
            "with these values the circuit only answers the stimulus; its rest is stable "
            f"at every p from {row.low:g} to {row.high:g} s⁻¹"
        )
    p = settings["p_mean"]
    source = min(report.fixed_points, key=lambda f: abs(f.source - report.rhythm.mean_mv)).source
    margin = 0.02 * (row.high - row.low)
    edges = _empty_edges(theta, [c.value for c in criticals], row.low, row.high)
    above = [c for c in criticals if c.source > source]
    below = [c for c in criticals if c.source < source]
    for side, sign in ((above, 1.0), (below, -1.0)):
        if not side:
            continue
        end = min(side, key=lambda c: abs(c.source - source))
        beyond = end.value + sign * margin
        if row.low <= beyond <= row.high and _oscillates(theta, end.source, beyond):
            edges.append(end.value)
    if not edges:
        return "no oscillation at any p from here"
    edge = min(edges, key=lambda value: abs(value - p))
    if edge > p:
        return f"no oscillation; raise p above {np.ceil(edge):.0f}"
    return f"no oscillation; lower p below {np.floor(edge):.0f}"


def _oscillates(theta: np.ndarray, source: float, p: float) -> bool:
    moved = theta.copy()
    moved[_P_INDEX], moved[13] = p, 0.0
    state = rest_state(moved, source)
    state[1] += NUDGE_MV
    return _run(moved, state, 4.5, 3.0).regime not in RESTS


def _empty_edges(theta: np.ndarray, values: list[float], low: float, high: float) -> list[float]:
    """Edges, within the range, of the stretches of p_mean that have no stable rest."""
    limits = [low, *values, high]
    edges = []
    for a, b in pairwise(limits):
        middle = theta.copy()
        middle[_P_INDEX] = 0.5 * (a + b)
        if b - a > 1e-6 and not any(point.stable for point in fixed_points(middle)):
            edges += [edge for edge in (a, b) if low < edge < high]
    return edges
