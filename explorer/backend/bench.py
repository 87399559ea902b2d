"""Speeds, measured now: each row of ``BENCHMARKS`` has a unit and, where one was set, a goal.

A new benchmark is a new row. Timings depend on what else the machine does, so no test
looks at them; ``jr-explorer bench`` prints them beside their goals.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from explorer.backend.bifurcation import bifurcation_diagram
from explorer.backend.circuits import CIRCUITS
from explorer.backend.estimators.interface import Observation, observe
from explorer.backend.estimators.service import SERVICE
from explorer.backend.evoked import evoked, experiment_of
from explorer.backend.fisher_report import fisher_at
from explorer.backend.regime_map import regime_map
from explorer.backend.regimes import classify, headline
from explorer.backend.settings import Settings, make_settings
from explorer.backend.simulate import average_source, decimated_slots, simulate_batch
from explorer.backend.sobol import around

TRAJECTORIES, STEPS = 8192, 5000
SINGLE_STEPS = 1_000_000
REPEATS = 7


@dataclass(frozen=True)
class Benchmark:
    """Something whose speed is measured.

    Attributes:
        name: key in ``BENCHMARKS``.
        title: what is measured, in words.
        unit: unit of the figure, smaller is better.
        goal: the figure to stay below, or None where none was set.
        prepare: called with the share (0 … 1] of the full size and the settings of the
            current point; returns what is timed.
        per: how many units of work one run holds, for a share: seconds ÷ per × scale is
            the figure.
        scale: units in a second (1e9 for ns, 1e3 for ms).
    """

    name: str
    title: str
    unit: str
    goal: float | None
    prepare: Callable[[float, Settings], Callable[[], object]]
    per: Callable[[float], float]
    scale: float


@dataclass(frozen=True)
class Measurement:
    """The outcome of one benchmark.

    Attributes:
        name, title, unit, goal: of the benchmark.
        median, best, worst: figures of the repeats, in ``unit``.
        repeats: timed runs, after one that is not.
    """

    name: str
    title: str
    unit: str
    goal: float | None
    median: float
    best: float
    worst: float
    repeats: int

    @property
    def met(self) -> bool | None:
        """Whether the median stays within the goal; None where there is none."""
        return None if self.goal is None else self.median <= self.goal


def _scaled(size: int, share: float) -> int:
    return max(1, round(size * share))


def _batch(noisy: bool, workers: int | None) -> Callable[[float, Settings], Callable[[], object]]:
    def prepare(share: float, settings: Settings) -> Callable[[], object]:
        n, steps = _scaled(TRAJECTORIES, share), _scaled(STEPS, share)
        point = settings if noisy else settings.changed(p_sd=0.0)
        theta = np.tile(point.theta, (n, 1))  # (n, 14)
        stimulus, slots = np.zeros(steps), decimated_slots(steps, steps)
        return lambda: simulate_batch(point.table, theta, stimulus, slots, workers=workers)

    return prepare


def _batch_steps(share: float) -> float:
    return float(_scaled(TRAJECTORIES, share) * _scaled(STEPS, share))


def _single(share: float, settings: Settings) -> Callable[[], object]:
    steps = _scaled(SINGLE_STEPS, share)
    point, dt = settings.changed(p_sd=0.0), settings.table.dt
    stimulus, slots = np.zeros(steps), decimated_slots(steps, steps)
    return lambda: average_source(point, stimulus, slots, dt)


def _evoked(share: float, settings: Settings) -> Callable[[], object]:
    trials = _scaled(experiment_of(settings).n_trials, share)
    point = settings.changed(n_trials=trials)
    return lambda: evoked(point)


def _live_sobol(share: float, settings: Settings) -> Callable[[], object]:
    n = 2 ** max(1, round(np.log2(_scaled(1024, share))))
    return lambda: around(settings, 10.0, n)


def _fisher(share: float, settings: Settings) -> Callable[[], object]:
    return lambda: fisher_at(settings)


def _estimators(share: float, settings: Settings) -> Callable[[], object]:
    seen = _seen(settings)
    return lambda: SERVICE.read(seen)


def _draws(share: float, settings: Settings) -> Callable[[], object]:
    seen = _seen(settings)
    return lambda: SERVICE.draws(seen, _scaled(1000, share), None)


def _seen(settings: Settings) -> Observation:
    SERVICE.start()
    SERVICE.wait(settings.circuit)
    return observe(settings, evoked(settings).source)


def _once(share: float) -> float:
    return 1.0


def _ns_per_step(
    name: str, title: str, goal: float | None, noisy: bool, workers: int | None
) -> Benchmark:
    return Benchmark(
        name, title, "ns per step and trajectory", goal, _batch(noisy, workers), _batch_steps, 1e9
    )


def _regime(share: float, settings: Settings) -> Callable[[], object]:
    return lambda: headline(classify(settings), settings)


def _diagram(share: float, settings: Settings) -> Callable[[], object]:
    n = max(2, round(200 * share))
    return lambda: bifurcation_diagram(settings, "p_mean", n)


def _map(size: int) -> Callable[[float, Settings], Callable[[], object]]:
    def prepare(share: float, settings: Settings) -> Callable[[], object]:
        n = max(2, round(size * share**0.5))
        return lambda: regime_map(settings, "p_mean", "A_e", n)

    return prepare


def _ms(
    name: str,
    title: str,
    goal: float,
    prepare: Callable[[float, Settings], Callable[[], object]],
) -> Benchmark:
    return Benchmark(name, title, "ms", goal, prepare, _once, 1e3)


_ROWS = (
    _ns_per_step("batch", "batch without noise, all cores", 3.0, False, None),
    _ns_per_step("batch_one_core", "batch without noise, one core", None, False, 1),
    _ns_per_step("batch_noise", "batch with noise, all cores", 8.0, True, None),
    _ns_per_step("batch_noise_one_core", "batch with noise, one core", None, True, 1),
    Benchmark(
        "single",
        "one trajectory without noise",
        "ns per step",
        40.0,
        _single,
        lambda share: float(_scaled(SINGLE_STEPS, share)),
        1e9,
    ),
    _ms("evoked", "evoked experiment of the current point", 5.0, _evoked),
    _ms("regime", "regime and headline of the current point", 3.0, _regime),
    _ms("bifurcation", "bifurcation diagram, 200 values, both directions", 100.0, _diagram),
    _ms("regime_map_coarse", "regime map 25 × 25", 100.0, _map(25)),
    _ms("regime_map", "regime map 100 × 100", 700.0, _map(100)),
    Benchmark(
        "sobol",
        "Sobol indices around the current point, base sample 1,024, all features",
        "s",
        3.0,
        _live_sobol,
        _once,
        1.0,
    ),
    _ms("fisher", "Fisher information at the current point", 60.0, _fisher),
    _ms("estimators", "all estimators on one response", 150.0, _estimators),
    _ms("npe_draws", "1,000 draws of the NPE's posterior", 300.0, _draws),
)

BENCHMARKS: dict[str, Benchmark] = {row.name: row for row in _ROWS}
"""Every benchmark; the goals are for two cores."""


def default_point() -> Settings:
    """The defaults of the first circuit, where the benchmarks are measured."""
    return make_settings(next(iter(CIRCUITS)))


def measure(
    benchmark: Benchmark,
    *,
    settings: Settings | None = None,
    share: float = 1.0,
    repeats: int = REPEATS,
) -> Measurement:
    """Time a benchmark, after one run that is not counted (it compiles the kernels).

    Args:
        benchmark: a row of ``BENCHMARKS``.
        settings: the current point; the defaults where None.
        share: share (0 … 1] of the full size.
        repeats: timed runs.
    """
    run = benchmark.prepare(share, settings or default_point())
    run()
    figures = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds = time.perf_counter() - start
        figures.append(seconds / benchmark.per(share) * benchmark.scale)
    return Measurement(
        benchmark.name,
        benchmark.title,
        benchmark.unit,
        benchmark.goal,
        statistics.median(figures),
        min(figures),
        max(figures),
        repeats,
    )
