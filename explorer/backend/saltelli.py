"""Sobol indices of any function: SALib's design and estimators, over many outputs at once.

First and total order after Saltelli et al. 2010 (Comput Phys Commun 181:259), second
order after Saltelli 2002 (Comput Phys Commun 145:280), as SALib's ``analyze.sobol``, with
its outputs standardised first and intervals from the bootstrap. Every index is made of
means over the base sample, so that all outputs and all resamples are one matrix product.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from explorer.backend.errors import ExplorerError
from explorer.backend.settings import check_seed

CONFIDENCE = 0.95
"""Level of the intervals where none is asked for."""
RESAMPLES = 200
LEAST_SHARE = 0.5
"""No index is given where less than this share of the groups is defined."""
FLAT = 1e-9
"""An output whose spread is below this share of the outputs' largest does not vary."""
_BLOCK = 32  # outputs estimated at a time, to hold memory


@dataclass(frozen=True)
class Problem:
    """Independent factors, uniform over their ranges.

    Attributes:
        names: (d,) names.
        lows, highs: (d,) ends of the ranges, in the factors' units.
    """

    names: tuple[str, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]

    def __post_init__(self) -> None:
        for name, low, high in zip(self.names, self.lows, self.highs, strict=True):
            if not (np.isfinite([low, high]).all() and low < high):
                raise ExplorerError(name, "a range with low < high", f"{low:g} … {high:g}")


@dataclass(frozen=True)
class Indices:
    """Sobol indices of m outputs to d factors; NaN where an index is not given.

    Attributes:
        s1, s1_half: (m, d) first order, and half-width of its interval.
        st, st_half: (m, d) total order, likewise.
        s2, s2_half: (m, d, d) second order, symmetric with NaN on the diagonal, or None.
        defined: (m,) share of the runs in which the output is defined.
        complete: (m,) share of the Saltelli groups (2 d + 2 runs) in which it is defined
            in every run; the others are left out.
        mean, sd: (m,) mean and standard deviation over the runs that are defined.
        confidence: level of the intervals, 0 … 1.
    """

    s1: np.ndarray
    s1_half: np.ndarray
    st: np.ndarray
    st_half: np.ndarray
    s2: np.ndarray | None
    s2_half: np.ndarray | None
    defined: np.ndarray
    complete: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    confidence: float


def check_base(n: object) -> int:
    """The base sample, if it is a power of two from 2 to 2²⁰.

    Raises:
        ExplorerError: anything else.
    """
    if not isinstance(n, int) or not 2 <= n <= 2**20 or n & (n - 1):
        raise ExplorerError("samples", "a power of two from 2 to 1048576", n)
    return n


def check_confidence(level: float) -> float:
    """The level of the intervals, if it is from 0.5 to 0.9999.

    Raises:
        ExplorerError: anything else.
    """
    if not 0.5 <= level <= 0.9999:
        raise ExplorerError("confidence", "a level from 0.5 to 0.9999", level)
    return level


def design(problem: Problem, n: int, seed: int) -> np.ndarray:
    """SALib's scrambled Saltelli design, (n, 2 d + 2, d): n groups of A, AB₁ …, BA₁ …, B.

    Raises:
        ExplorerError: n is not a power of two, or the seed is not in 1 … 2³¹ − 1 (SALib
            takes 0 for "no seed").
    """
    from SALib.sample import sobol  # imports pandas: half a second, only where needed

    d = len(problem.names)
    bounds = [list(pair) for pair in zip(problem.lows, problem.highs, strict=True)]
    salib = {"num_vars": d, "names": list(problem.names), "bounds": bounds}
    rows = sobol.sample(salib, check_base(n), calc_second_order=True, seed=check_seed(seed))
    return rows.reshape(n, 2 * d + 2, d)


def resampling(n: int, resamples: int, seed: int) -> np.ndarray:
    """Weights (1 + resamples, n) of the plain mean and of bootstrap means (SALib's draws)."""
    drawn = np.random.default_rng(seed).integers(n, size=(n, resamples))
    weights = np.full((1 + resamples, n), 1.0)
    for k in range(resamples):
        weights[1 + k] = np.bincount(drawn[:, k], minlength=n)
    return weights / n


def _orders(
    y: np.ndarray, weights: np.ndarray, second: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """S1, ST (1 + resamples, d, m) and S2 (1 + resamples, pairs, m) of y (n, 2 d + 2, m)."""
    n, d = y.shape[0], y.shape[1] // 2 - 1
    y = (y - y.mean(axis=(0, 1))) / y.std(axis=(0, 1))
    a, b, ab, ba = y[:, 0], y[:, -1], y[:, 1 : d + 1], y[:, d + 1 : -1]

    def means(x: np.ndarray) -> np.ndarray:
        return (weights @ x.reshape(n, -1)).reshape(len(weights), *x.shape[1:])

    variance = 0.5 * means(a**2 + b**2) - (0.5 * means(a + b)) ** 2  # (1 + resamples, m)
    variance = np.where(variance > 0, variance, np.nan)[:, None]  # resamples of one point
    s1 = means(b[:, None] * (ab - a[:, None])) / variance
    st = 0.5 * means((a[:, None] - ab) ** 2) / variance
    if not second:
        return s1, st, None
    j, k = np.triu_indices(d, 1)
    both = means(ba[:, j] * ab[:, k] - (a * b)[:, None]) / variance
    return s1, st, both - s1[:, j] - s1[:, k]


def _with_interval(samples: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Estimate and half-width of its interval, (m, …), of (1 + resamples, …, m)."""
    half = ndtri(0.5 + confidence / 2) * samples[1:].std(axis=0, ddof=1)
    return np.moveaxis(samples[0], -1, 0), np.moveaxis(half, -1, 0)


def analyze(
    y: np.ndarray,
    seed: int,
    *,
    second: bool = True,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
    flat: float = FLAT,
) -> Indices:
    """Sobol indices of outputs y (n, 2 d + 2, m) on a Saltelli design.

    Groups in which an output is NaN anywhere are left out for that output. Where less than
    half of the groups remain, or the output does not vary, its indices are NaN.

    Args:
        y: outputs in the order of ``design``.
        seed: seed of the bootstrap, 1 … 2³¹ − 1.
        second: whether to estimate S2.
        resamples: bootstrap resamples.
        confidence: level of the intervals.
        flat: share of the largest spread below which an output does not vary.
    """
    n, width, m = y.shape
    d = width // 2 - 1
    whole = np.isfinite(y).all(axis=1)  # (n, m)
    defined = np.isfinite(y).mean(axis=(0, 1))
    mean, sd = _moments(y)
    out = {name: np.full((m, d), np.nan) for name in ("s1", "s1_half", "st", "st_half")}
    s2, s2_half = np.full((2, m, d, d), np.nan)
    usable = (whole.mean(axis=0) >= LEAST_SHARE) & (sd > flat * np.nanmax(sd, initial=0.0))
    check_confidence(confidence)
    weights = resampling(n, resamples, check_seed(seed))
    for columns, groups in _batches(whole, usable):
        w = weights if groups.all() else resampling(int(groups.sum()), resamples, seed)
        rows = y[:, :, columns] if groups.all() else y[groups][:, :, columns]
        s1, st, pairs = _orders(rows.astype(float), w, second)
        out["s1"][columns], out["s1_half"][columns] = _with_interval(s1, confidence)
        out["st"][columns], out["st_half"][columns] = _with_interval(st, confidence)
        if pairs is not None:
            j, k = np.triu_indices(d, 1)
            for table, values in zip((s2, s2_half), _with_interval(pairs, confidence), strict=True):
                for row, column in enumerate(columns):
                    table[column, j, k] = table[column, k, j] = values[row]
    return Indices(
        **out, s2=s2 if second else None, s2_half=s2_half if second else None,
        defined=defined, complete=whole.mean(axis=0), mean=mean, sd=sd, confidence=confidence,
    )  # fmt: skip


def _moments(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (m,) over the defined runs; NaN where there is none."""
    columns = [y[:, :, k][np.isfinite(y[:, :, k])].astype(float) for k in range(y.shape[2])]
    return (
        np.array([c.mean() if c.size else np.nan for c in columns]),
        np.array([c.std() if c.size else np.nan for c in columns]),
    )


def _batches(whole: np.ndarray, usable: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Columns to be estimated together, with the groups (n,) that they use."""
    full = np.flatnonzero(usable & whole.all(axis=0))
    blocks = [full[k : k + _BLOCK] for k in range(0, full.size, _BLOCK)]
    everything = np.ones(len(whole), dtype=bool)
    partly = np.flatnonzero(usable & ~whole.all(axis=0))
    return [(b, everything) for b in blocks] + [(np.array([c]), whole[:, c]) for c in partly]


def sobol_indices(
    function: Callable[[np.ndarray], np.ndarray],
    problem: Problem,
    n: int,
    seed: int,
    *,
    second: bool = True,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> Indices:
    """Sobol indices of a function of independent uniform factors.

    Args:
        function: from points (rows, d) to outputs (rows, m), NaN where undefined.
        problem: the factors.
        n: base sample, a power of two; the function is evaluated n (2 d + 2) times.
        seed: seed of design and bootstrap, 1 … 2³¹ − 1.
        second: whether to estimate S2.
        resamples: bootstrap resamples.
        confidence: level of the intervals.

    Raises:
        ExplorerError: a sample that is not a power of two, or a seed of 0.
    """
    points = design(problem, n, seed)  # (n, 2 d + 2, d)
    y = np.asarray(function(points.reshape(-1, points.shape[2])))
    y = y.reshape(n, points.shape[1], -1)
    return analyze(y, seed, second=second, resamples=resamples, confidence=confidence)
