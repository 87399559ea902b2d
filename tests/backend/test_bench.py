"""The benchmarks run and report what they should; no test looks at a timing."""

from __future__ import annotations

import time

import pytest

from explorer.backend.bench import BENCHMARKS, Benchmark, Measurement, measure
from explorer.backend.machine import machine


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_runs_on_a_tiny_size(name: str) -> None:
    benchmark = BENCHMARKS[name]
    result = measure(benchmark, share=0.002, repeats=3)
    assert (result.name, result.unit, result.goal) == (name, benchmark.unit, benchmark.goal)
    assert 0.0 < result.best <= result.median <= result.worst
    assert result.repeats == 3


def test_goals_are_those_that_were_set() -> None:
    goals = {name: row.goal for name, row in BENCHMARKS.items() if row.goal is not None}
    assert goals["batch"] == 3.0 and goals["batch_noise"] == 8.0
    assert goals["single"] == 40.0 and goals["evoked"] == 5.0
    assert goals["estimators"] == 150.0 and goals["npe_draws"] == 300.0


def test_figures_are_seconds_over_work_and_the_first_run_is_not_counted(monkeypatch) -> None:
    clock, lengths = [0.0], iter([100.0, 1.0, 5.0, 2.0])
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])

    def run() -> None:
        clock[0] += next(lengths)

    row = Benchmark("x", "x", "ms", 600.0, lambda share, point: run, lambda share: 4.0, 1e3)
    result = measure(row, repeats=3)
    assert (result.best, result.median, result.worst) == (250.0, 500.0, 1250.0)
    assert result.met is True


@pytest.mark.parametrize(("goal", "met"), [(None, None), (1.0, False), (2.0, True)])
def test_whether_a_goal_is_met(goal: float | None, met: bool | None) -> None:
    assert Measurement("x", "x", "ms", goal, 2.0, 1.0, 9.0, 3).met is met


def test_the_machine_is_named() -> None:
    here = machine()
    assert here.cores >= 1 and here.processor
    assert {"python", "numpy", "numba", "jr-explorer"} <= set(here.versions)
