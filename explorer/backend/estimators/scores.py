"""How good estimates are: against the truth, and for calibration."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from explorer.backend.errors import ExplorerError


@dataclass(frozen=True)
class Scores:
    """Scores of one estimator over the cases of one test, at one noise factor.

    Attributes:
        r: (13,) Pearson's correlation of estimate and truth; NaN where one does not vary.
        r2: (13,) 1 − Σ (estimate − truth)² / Σ (truth − mean truth)²; NaN likewise.
        rmse: (13,) root mean square error, in the units of the targets.
        coverage50, coverage90: (13,) share of the truths within the central intervals.
        n: cases.
    """

    r: np.ndarray
    r2: np.ndarray
    rmse: np.ndarray
    coverage50: np.ndarray
    coverage90: np.ndarray
    n: int


def score(
    mean: np.ndarray, interval50: np.ndarray, interval90: np.ndarray, truth: np.ndarray
) -> Scores:
    """Scores of estimates.

    Args:
        mean: (n, 13) estimates.
        interval50, interval90: (n, 13, 2) central intervals.
        truth: (n, 13), in the same units.

    Raises:
        ExplorerError: fewer than three cases, or shapes that differ.
    """
    if mean.shape != truth.shape or len(truth) < 3:
        got = f"shapes {mean.shape} and {truth.shape}"
        raise ExplorerError("cases", "three or more, estimates and truths alike", got)
    squared = ((mean - truth) ** 2).sum(axis=0)
    spread = ((truth - truth.mean(axis=0)) ** 2).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        r2 = np.where(spread > 0, 1.0 - squared / spread, np.nan)
    return Scores(
        correlations(mean, truth), r2, np.sqrt(squared / len(truth)),
        _within(interval50, truth), _within(interval90, truth), len(truth),
    )  # fmt: skip


def correlations(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Pearson's r of the columns of a and b (n, k), (k,); NaN where one does not vary."""
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    scale = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(scale > 0, (a * b).sum(axis=0) / scale, np.nan)


def _within(interval: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return ((interval[..., 0] <= truth) & (truth <= interval[..., 1])).mean(axis=0)


def r_error(r: float, n: int) -> float:
    """Standard error of Pearson's r over n cases, (1 − r²) / √(n − 1) (large n)."""
    return (1.0 - r**2) / math.sqrt(max(n - 1, 1))
