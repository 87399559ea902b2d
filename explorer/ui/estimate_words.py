"""Estimates in words: figures, errors, verdicts, the table for export."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from explorer.backend.errors import ExplorerError
from explorer.backend.estimators.benchmark import Benchmark, load_benchmark
from explorer.backend.estimators.names import ESTIMATOR_TITLES
from explorer.backend.estimators.trust import LEVELS, Verdict, verdicts
from explorer.backend.targets import TARGETS
from explorer.ui.estimate_marks import Mark, number, quantity
from explorer.ui.estimating import Shown

SIGNS = {"trusted": "✓", "prior": "○", "untrusted": "✕"}
"""A sign for each level, beside its words."""
SHORT = {"trusted": "trained for this", "prior": "mostly its prior", "untrusted": "not trusted"}
_TARGETS = list(TARGETS)


@lru_cache(maxsize=1)
def benchmark() -> Benchmark | None:
    """The shipped benchmark, None where there is none."""
    try:
        return load_benchmark()
    except ExplorerError:
        return None  # said in words wherever its figures would stand


def signed(value: float) -> str:
    """Three figures with a sign."""
    return f"{'−' if value < 0 else '+'}{number(abs(value))}"


def error_text(target: int, value: float, truth: float) -> str:
    """An error in units and in per cent of the true value."""
    unit = TARGETS[_TARGETS[target]].unit
    error = value - truth
    return f"{signed(error)} {unit}".strip() + f", {signed(100 * error / truth)} %"


def interval_text(target: int, inner: Sequence[float], outer: Sequence[float]) -> str:
    """Both intervals with the unit."""
    unit = TARGETS[_TARGETS[target]].unit
    fifty, ninety = (f"{number(a)} … {number(b)}" for a, b in (inner, outer))
    return f"50 %: {fifty}; 90 %: {ninety} {unit}".strip()


def verdict_text(verdict: Verdict) -> str:
    """A verdict as a sentence."""
    return f"{SIGNS[verdict.level]} {LEVELS[verdict.level]}. {verdict.reason}".strip()


def verdicts_of(shown: Shown, name: str) -> tuple[Verdict, ...]:
    """On an estimator's estimates."""
    return verdicts(shown.reading, name, shown.reasons, shown.truth)


def marks_of(shown: Shown, names: Sequence[str]) -> list[Mark]:
    """The marks of chosen estimators."""
    found = []
    for name in (n for n in names if n in shown.reading.estimates):
        one = shown.reading.estimates[name]
        for k, verdict in enumerate(verdicts_of(shown, name)):
            middle = float(one.mean[0, k])
            inner, outer = one.interval50[0, k], one.interval90[0, k]
            error = "" if shown.truth is None else error_text(k, middle, shown.truth[k])
            found.append(
                Mark(
                    name, k, middle, (inner[0], inner[1]), (outer[0], outer[1]), verdict.level,
                    quantity(k, middle), interval_text(k, inner, outer),
                    error or "unknown: data without ground truth", verdict_text(verdict),
                )
            )  # fmt: skip
    return found


def typical(shown: Shown, name: str, target: int) -> float | None:
    """The estimator's typical error at this noise factor, in the target's unit."""
    scores = benchmark()
    if scores is None:
        return None
    factor = shown.settings["noise_factor"]
    try:
        return scores.typical_error(shown.settings.circuit, name, _TARGETS[target], factor)
    except ExplorerError:
        return None  # an estimator that was not scored


def figures_of(shown: Shown, name: str) -> list[str]:
    """Two lines for each target: the estimate with its error, then the badge."""
    one, lines = shown.reading.estimates[name], []
    for k, verdict in enumerate(verdicts_of(shown, name)):
        middle = float(one.mean[0, k])
        first = quantity(k, middle)
        if shown.truth is not None:
            first += f": {error_text(k, middle, shown.truth[k])}"
        usual = typical(shown, name, k)
        second = f"{SIGNS[verdict.level]} {SHORT[verdict.level]}"
        if verdict.inside is False:
            second = f"{SIGNS['untrusted']} truth outside its range"
        if usual is not None:
            second += f", typical ±{quantity(k, usual)}"
        lines.append(f"{first}\n{second}")
    return lines


def _table_rows(shown: Shown) -> Iterator[dict[str, object]]:
    for name, one in shown.reading.estimates.items():
        for k, verdict in enumerate(verdicts_of(shown, name)):
            usual = typical(shown, name, k)
            truth = np.nan if shown.truth is None else shown.truth[k]
            yield {
                "estimator": name, "target": _TARGETS[k], "unit": TARGETS[_TARGETS[k]].unit,
                "truth": truth, "mean": one.mean[0, k], "sd": one.sd[0, k],
                "low90": one.interval90[0, k, 0], "low50": one.interval50[0, k, 0],
                "high50": one.interval50[0, k, 1], "high90": one.interval90[0, k, 1],
                "error": one.mean[0, k] - truth,
                "error_percent": 100 * (one.mean[0, k] - truth) / truth,
                "typical_error": np.nan if usual is None else usual,
                "trust": verdict.level, "reason": verdict.reason,
                "evidence_rank": one.evidence_rank[0],
            }  # fmt: skip


def table_of(shown: Shown) -> dict[str, np.ndarray]:
    """All estimates of a reading, one row for each estimator and target."""
    rows = list(_table_rows(shown))
    return {key: np.array([row[key] for row in rows]) for key in (rows[0] if rows else ())}


def rank_text(shown: Shown) -> str:
    """How usual the observation is among the training's, in one sentence."""
    ranks = [one.evidence_rank[0] for one in shown.reading.estimates.values()]
    if not ranks:
        return ""
    share = 100 * float(np.median(ranks))
    if shown.reading.outliers:
        names = ", ".join(ESTIMATOR_TITLES[n] for n in sorted(shown.reading.outliers))
        return f"<b>✕ Out of distribution</b> for {names}: no training response is so unlikely."
    return f"In distribution: {share:.2g} % of the training responses are less likely."
