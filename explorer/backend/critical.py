"""Folds and Hopf points over any parameter, by bisection between neighbouring values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from explorer.backend.fixed_points import (
    Critical,
    critical_inputs,
    eigenvalues,
    hopf_frequency,
    rest_sources,
)
from explorer.backend.parameters import MODEL_NAMES
from explorer.backend.rest_kernels import HOPF, MOST, along_curve, rest_roots
from explorer.backend.settings import Settings


@dataclass(frozen=True)
class Column:
    """All rests at one value of the parameter.

    Attributes:
        source: (k,) mV, ascending.
        stable: (k,) bool.
        links: pairs (k here, k in the next column) that continue each other.
    """

    source: np.ndarray
    stable: np.ndarray
    links: tuple[tuple[int, int], ...]


def rest_columns(theta: np.ndarray) -> tuple[Column, ...]:
    """The rests of parameter sets (n, 14) along a parameter, each linked to the next."""
    source, of = rest_sources(theta)
    stable = eigenvalues(theta[of], source)[:, 0].real < 0.0
    ends = np.cumsum(np.bincount(of, minlength=theta.shape[0]))[:-1]
    sources, stables = np.split(source, ends), np.split(stable, ends)
    following = [*sources[1:], np.empty(0)]
    return tuple(
        Column(a, s, _links(a, b)) for a, s, b in zip(sources, stables, following, strict=True)
    )


def _links(a: np.ndarray, b: np.ndarray) -> tuple[tuple[int, int], ...]:
    """Rests of two neighbouring values that continue each other.

    Rests keep their order, as they cannot pass each other without meeting; where their
    number differs, those that move least continue.
    """
    if a.size > b.size:
        return tuple((i, j) for j, i in _links(b, a))
    if a.size == b.size:
        return tuple((i, i) for i in range(a.size))
    chosen = min(combinations(range(b.size), a.size), key=lambda k: np.abs(b[list(k)] - a).sum())
    return tuple(enumerate(chosen))


def critical_points(
    settings: Settings,
    name: str,
    values: np.ndarray,
    theta: np.ndarray,
    columns: tuple[Column, ...],
) -> tuple[Critical, ...]:
    """Folds and Hopf points over a parameter, by ascending value.

    Over p_mean they are exact extrema and zeros of the closed form. Over any other, a fold
    lies where the number of rests changes, a Hopf point where Hurwitz's test changes sign
    along a branch; two of a kind between neighbouring values would cancel unseen.

    Args:
        settings: the point.
        name: the parameter.
        values: (n,) its values; theta (n, 14) the parameters; columns their rests.
    """
    if name == "p_mean":
        return critical_inputs(settings.theta, float(values[0]), float(values[-1]))
    index = MODEL_NAMES.index(name)
    found: list[Critical] = []
    for j in range(values.size - 1):
        here, after = columns[j], columns[j + 1]
        if here.source.size != after.source.size:
            found.append(_fold(theta[j], index, values[j], values[j + 1]))
        for a, b in here.links:
            ends = here.source[a], after.source[b]
            tests = [along_curve(theta[j + i], ends[i], HOPF) < 0.0 for i in (0, 1)]
            if tests[0] != tests[1]:
                found += _hopf(theta[j], index, (values[j], values[j + 1]), ends)
    return tuple(sorted(found, key=lambda c: c.value))


def _rests(theta: np.ndarray) -> np.ndarray:
    out = np.empty(MOST)
    return out[: rest_roots(theta, out)]


def _bisect(test: Callable[[float], bool], low: float, high: float) -> tuple[float, float]:
    """The ends of an interval of rounding width in which a yes-no test changes."""
    at_low = test(low)
    for _ in range(45):
        middle = 0.5 * (low + high)
        if test(middle) == at_low:
            low = middle
        else:
            high = middle
    return low, high


def _fold(theta: np.ndarray, index: int, low: float, high: float) -> Critical:
    def rests_at(value: float) -> np.ndarray:
        moved = theta.copy()
        moved[index] = value
        return _rests(moved)

    size = rests_at(low).size
    ends = _bisect(lambda value: rests_at(value).size == size, low, high)
    more = max((rests_at(end) for end in ends), key=len)
    meeting = int(np.argmin(np.diff(more)))
    source = float(more[meeting : meeting + 2].mean())
    return Critical("fold", float(0.5 * (ends[0] + ends[1])), source, None)


def _hopf(
    theta: np.ndarray, index: int, values: tuple[float, float], sources: tuple[float, float]
) -> list[Critical]:
    def branch(value: float) -> tuple[np.ndarray, float]:
        moved = theta.copy()
        moved[index] = value
        rests = _rests(moved)
        guess = np.interp(value, values, sources)
        return moved, float(rests[np.argmin(np.abs(rests - guess))])

    value = _bisect(lambda v: along_curve(*branch(v), HOPF) < 0.0, *values)[0]
    moved, source = branch(value)
    frequency = hopf_frequency(moved, source)
    return [] if frequency is None else [Critical("hopf", float(value), source, frequency)]
