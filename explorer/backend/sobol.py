"""Sobol indices of the model: over the trained ranges, or around a point.

The features of ``features.py``, and every sample of the evoked response, as functions of
the nine inferred parameters (and of others on request), all else as in the settings.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

import explorer
from explorer.backend import saltelli
from explorer.backend.ensemble import Progress, parameter_sets
from explorer.backend.errors import ExplorerError
from explorer.backend.features import FEATURES, feature
from explorer.backend.outputs import evaluate, experiment_for
from explorer.backend.parameters import INFERRED_NAMES, MODEL_NAMES
from explorer.backend.saltelli import CONFIDENCE, RESAMPLES, Indices, Problem, sobol_indices
from explorer.backend.settings import Settings

__all__ = ["SobolTable", "around", "over_ranges", "sobol_indices"]

FLAT_WAVE = 1e-5
"""A sample of the response whose spread is below this share of the largest does not vary."""
PERCENTS = (0.1, 50.0)
"""Admitted half-widths of a range around a point, per cent."""


@dataclass(frozen=True)
class SobolTable:
    """Sobol indices of a circuit's features and of its evoked response.

    Attributes:
        settings: what all runs share.
        problem: the factors and their ranges, in the table's units.
        scope: in words, ``trained ranges``, ``chosen ranges`` or ``±10 % around the point``.
        n: base sample; n (2 d + 2) runs.
        seed: of design and bootstrap.
        noise: whether the background noise of the settings was on (common to all runs).
        features: (f,) names of the features.
        of_features: indices of the features.
        time: (samples,) in s from the pulse's onset.
        of_waves: indices of each sample of the evoked response, without second order.
        version: of the package.
        date: when it was computed, ISO.
    """

    settings: Settings
    problem: Problem
    scope: str
    n: int
    seed: int
    noise: bool
    features: tuple[str, ...]
    of_features: Indices
    time: np.ndarray
    of_waves: Indices
    version: str
    date: str

    def row(self, name: str) -> int:
        """Index of a feature in ``of_features``.

        Raises:
            ExplorerError: the table has no such feature.
        """
        if name not in self.features:
            raise ExplorerError("feature", f"one of {', '.join(self.features)}", repr(name))
        return self.features.index(name)

    def note(self, name: str) -> str:
        """What must be said of a feature that is not defined in every run, else ""."""
        k = self.row(name)
        defined, complete = self.of_features.defined[k], self.of_features.complete[k]
        if defined == 1.0:
            varies = np.isfinite(self.of_features.st[k]).any()
            return "" if varies else f"{FEATURES[name].title} does not vary here."
        kept = (
            f"defined in {100 * defined:.4g} % of the runs and in "
            f"{100 * complete:.4g} % of the groups whole"
        )
        if complete < saltelli.LEAST_SHARE:
            return f"{FEATURES[name].title} is {kept}: too few for indices."
        return f"{FEATURES[name].title} is {kept}; the other groups are left out."


def _table(
    settings: Settings,
    problem: Problem,
    scope: str,
    n: int,
    seed: int,
    *,
    noise: bool,
    features: Sequence[str] | None,
    workers: int | None,
    progress: Progress | None,
    resamples: int,
    confidence: float,
) -> SobolTable:
    names = tuple(FEATURES if features is None else features)
    for name in names:
        feature(name)
    saltelli.check_confidence(confidence)
    points = saltelli.design(problem, n, seed)  # (n, 2 d + 2, d)
    theta = parameter_sets(settings, problem.names, points.reshape(-1, points.shape[2]))
    if not noise and "p_sd" not in problem.names:
        theta[:, MODEL_NAMES.index("p_sd")] = 0.0
    outputs = evaluate(settings, theta, names, workers=workers, progress=progress)
    shape = points.shape[:2]
    return SobolTable(
        settings=settings,
        problem=problem,
        scope=scope,
        n=n,
        seed=seed,
        noise=noise or "p_sd" in problem.names,
        features=names,
        of_features=saltelli.analyze(
            outputs.features.reshape(*shape, -1), seed, resamples=resamples, confidence=confidence
        ),
        time=experiment_for(settings).time,
        of_waves=saltelli.analyze(
            outputs.waves.reshape(*shape, -1),
            seed,
            second=False,
            resamples=resamples,
            confidence=confidence,
            flat=FLAT_WAVE,
        ),
        version=explorer.__version__,
        date=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )


def over_ranges(
    settings: Settings,
    n: int,
    *,
    seed: int = 1,
    also: Sequence[str] = (),
    ranges: Mapping[str, tuple[float, float]] | None = None,
    noise: bool = False,
    features: Sequence[str] | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> SobolTable:
    """Sobol indices over the trained ranges of the nine inferred parameters.

    Args:
        settings: circuit and everything that is no factor.
        n: base sample, a power of two.
        seed: of design and bootstrap, 1 … 2³¹ − 1.
        also: further factors (``p_mean``, ``p_sd`` …), over the whole of their ranges.
        ranges: low and high, in the table's units, instead of a factor's own range.
        noise: whether the settings' background noise is on.
        features: names; all where None.
        workers: threads.
        progress: told the share done; the work stops where it returns False.
        resamples: bootstrap resamples.
        confidence: level of the intervals.

    Raises:
        ExplorerError: an unknown factor or feature, a sample that is not a power of two,
            a seed of 0, a range with low ≥ high or beyond the table's.
        Cancelled: ``progress`` returned False.
    """
    problem = _problem(settings, also, ranges or {})
    return _table(
        settings, problem, "chosen ranges" if ranges else "trained ranges", n, seed,
        noise=noise, features=features, workers=workers, progress=progress, resamples=resamples,
        confidence=confidence,
    )  # fmt: skip


def _problem(
    settings: Settings, also: Sequence[str], chosen: Mapping[str, tuple[float, float]]
) -> Problem:
    """The nine and further factors, over their own ranges or the chosen ones."""
    ranges = settings.table.trained_ranges()
    for name in also:
        if name not in MODEL_NAMES or name in ranges:
            others = [other for other in MODEL_NAMES if other not in ranges]
            raise ExplorerError("factor", f"one of {', '.join(others)}", repr(name))
        row = settings.table.parameters[name]
        ranges[name] = (row.low, row.high)
    for name, (low, high) in chosen.items():
        if name not in ranges:
            raise ExplorerError("range", f"one of the factors {', '.join(ranges)}", repr(name))
        row = settings.table.parameters[name]
        if low < high and not row.low <= low < high <= row.high:
            expected = f"a range within {row.low:g} … {row.high:g} {row.unit}".strip()
            raise ExplorerError(name, expected, f"{low:g} … {high:g}")
        ranges[name] = (low, high)
    lows, highs = zip(*ranges.values(), strict=True)
    return Problem(tuple(ranges), lows, highs)


def around(
    settings: Settings,
    percent: float = 10.0,
    n: int = 1024,
    progress: Progress | None = None,
    *,
    seed: int = 1,
    noise: bool = False,
    features: Sequence[str] | None = None,
    workers: int | None = None,
    confidence: float = CONFIDENCE,
) -> SobolTable:
    """Sobol indices of the nine inferred parameters within ± ``percent`` of their values.

    The ranges are cut where the table's end.

    Args and errors as ``over_ranges``; ``percent`` from 0.1 to 50.
    """
    if not PERCENTS[0] <= percent <= PERCENTS[1]:
        raise ExplorerError("percent", f"from {PERCENTS[0]:g} to {PERCENTS[1]:g} %", percent)
    rows = [settings.table.parameters[name] for name in INFERRED_NAMES]
    shares = (1 - percent / 100, 1 + percent / 100)
    problem = Problem(
        INFERRED_NAMES,
        tuple(max(row.low, settings[row.name] * shares[0]) for row in rows),
        tuple(min(row.high, settings[row.name] * shares[1]) for row in rows),
    )
    return _table(
        settings, problem, f"±{percent:g} % around the point", n, seed, noise=noise,
        features=features, workers=workers, progress=progress, resamples=100, confidence=confidence,
    )  # fmt: skip
