"""What tests share: independent truths, which use no kernels, and the console script."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from explorer import cli

DEFAULTS = {
    "A_e": 3.25, "A_i": 22.0, "b_e": 100.0, "b_i": 50.0, "C": 135.0,
    "a_1": 1.0, "a_2": 0.8, "a_3": 0.25, "a_4": 0.25,
    "v_max": 5.0, "v_0": 6.0, "r": 0.56, "p_mean": 220.0,
}  # fmt: skip
"""Jansen & Rit 1995, written out here so that a slip in the table cannot hide."""

WEIGHTS = {"jansen_rit": (0.0, 1.0, 0.0), "deepjr": (0.56, 1.0, 1.0)}
CHANGES = {"jansen_rit": {}, "deepjr": {"r": 0.00056, "v_max": 0.05, "p_mean": 0.0}}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """On two processes the tests in a browser share one, so that it stays as quiet as it can.

    The others are spread by the file.
    """
    browser = Path(__file__).parent / "ui"
    for item in items:
        group = "browser" if browser in item.path.parents else item.path.name
        item.add_marker(pytest.mark.xdist_group(group))


class Outcome(NamedTuple):
    """What the console script did."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch, capsys) -> Callable[..., Outcome]:
    """Runs the console script in this process."""

    def call(*words: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["jr-explorer", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        printed = capsys.readouterr()
        return Outcome(int(end.value.code or 0), printed.out, printed.err)

    return call


@dataclass(frozen=True)
class Cycle:
    """What a periodic signal shows.

    Attributes:
        frequency: periods per second, by upward crossings of the mid-level.
        peak_to_peak: mV.
        mean: mV, over whole periods.
        crossing_rate: upward crossings of the plain mean per second; twice the frequency
            where each period has a second hump, as the slow spikes at 120 s⁻¹ have.
    """

    frequency: float
    peak_to_peak: float
    mean: float
    crossing_rate: float


def model_rhs(values: Mapping[str, float], weights: tuple[float, float, float], u: float):
    """The model's right-hand side f(t, y) at a constant stimulus u (s⁻¹)."""
    q = dict(values)

    def rate(v: float) -> float:
        return q["v_max"] / (1.0 + math.exp(q["r"] * (q["v_0"] - v)))

    def rhs(_: float, y: np.ndarray) -> list[float]:
        y0, y1, y2, x0, x1, x2 = y.tolist()
        in0 = weights[0] * u + rate(y1 - y2)
        in1 = q["p_mean"] + weights[1] * u + q["C"] * q["a_2"] * rate(q["C"] * q["a_1"] * y0)
        in2 = weights[2] * u + q["C"] * q["a_4"] * rate(q["C"] * q["a_3"] * y0)
        a, b = q["b_e"], q["b_i"]
        return [
            x0,
            x1,
            x2,
            q["A_e"] * a * in0 - 2 * a * x0 - a * a * y0,
            q["A_e"] * a * in1 - 2 * a * x1 - a * a * y1,
            q["A_i"] * b * in2 - 2 * b * x2 - b * b * y2,
        ]

    return rhs


@lru_cache(maxsize=32)
def _exact(
    circuit: str,
    changes: tuple[tuple[str, float], ...],
    duration: float,
    pulses: tuple[tuple[float, float, float], ...],
    initial: tuple[float, ...],
) -> np.ndarray:
    values = DEFAULTS | CHANGES[circuit] | dict(changes)
    time = np.arange(round(duration * 1000) + 1) / 1000.0
    edges = sorted({0.0, time[-1], *(min(t, time[-1]) for on, off, _ in pulses for t in (on, off))})
    states, y = np.empty((time.size, 6)), np.array(initial)
    states[0] = y
    for start, stop in itertools.pairwise(edges):
        middle = 0.5 * (start + stop)
        u = sum(height for on, off, height in pulses if on < middle < off)
        inside = (time > start) & (time <= stop)
        asked = np.append(time[inside], stop)
        found = solve_ivp(
            model_rhs(values, WEIGHTS[circuit], u),
            (start, stop), y, "DOP853", np.unique(asked), rtol=1e-11, atol=1e-12,
        )  # fmt: skip
        assert found.success
        states[inside] = found.y.T[: int(inside.sum())]
        y = found.y[:, -1]
    return states


@pytest.fixture(scope="session")
def exact() -> Callable[..., np.ndarray]:
    """States (n, 6) every millisecond by DOP853 at rtol 1e-11, by SciPy alone."""

    def solve(circuit="jansen_rit", duration=1.0, pulses=(), initial=(0.0,) * 6, **changes):
        return _exact(
            circuit, tuple(sorted(changes.items())), duration, tuple(pulses), tuple(initial)
        )

    return solve


def _extremes(x: np.ndarray) -> np.ndarray:
    """Heights of the local maxima of x by a parabola through three samples."""
    k = 1 + np.flatnonzero((x[1:-1] > x[:-2]) & (x[1:-1] >= x[2:]))
    a, b, c = x[k - 1], x[k], x[k + 1]
    return b - (a - c) ** 2 / (8.0 * (a - 2 * b + c))


def _crossings(x: np.ndarray, level: float) -> np.ndarray:
    """Upward crossings of a level, in samples."""
    k = np.flatnonzero((x[:-1] < level) & (x[1:] >= level))
    return k + (level - x[k]) / (x[k + 1] - x[k])


@pytest.fixture(scope="session")
def cycle() -> Callable[[np.ndarray, float], Cycle]:
    """Measures a periodic signal over whole periods between upward mid-level crossings."""

    def measure(source: np.ndarray, dt: float) -> Cycle:
        crossing = _crossings(source, 0.5 * (source.max() + source.min()))
        plain = _crossings(source, source.mean())
        periods = crossing.size - 1
        area = np.concatenate([[0.0], np.cumsum(0.5 * (source[1:] + source[:-1]))])
        whole = np.interp(crossing[[0, -1]], np.arange(source.size), area)
        span = crossing[-1] - crossing[0]
        return Cycle(
            frequency=periods / (span * dt),
            peak_to_peak=_extremes(source).max() + _extremes(-source).max(),
            mean=(whole[1] - whole[0]) / span,
            crossing_rate=(plain.size - 1) / ((plain[-1] - plain[0]) * dt),
        )

    return measure
