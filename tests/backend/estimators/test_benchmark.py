"""The benchmark as it is read."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from explorer.backend.circuits import CIRCUITS
from explorer.backend.errors import ExplorerError
from explorer.backend.estimators.benchmark import (
    Benchmark,
    TestFacts,
    Timing,
    load_benchmark,
    main_test,
    rows_of,
    save_benchmark,
)
from explorer.backend.estimators.benchmark_page import best_shares, page_text, write_page
from explorer.backend.estimators.evaluate import merged
from explorer.backend.estimators.held_out import TESTS
from explorer.backend.estimators.published import PUBLISHED
from explorer.backend.estimators.scores import Scores


def scores_of(rmse: float, r: float = 0.5) -> Scores:
    unit = np.ones(13)
    return Scores(r * unit, r**2 * unit, rmse * unit, 0.5 * unit, 0.9 * unit, 100)


@pytest.fixture
def benchmark() -> Benchmark:
    rows = []
    for test, circuit, name, factor, rmse in (
        ("repeating", "deepjr", "lstm", 100.0, 4.0),
        ("repeating", "deepjr", "lstm", 1.0, 1.0),
        ("repeating", "jansen_rit", "lstm", 1.0, 9.0),
        ("explorer", "jansen_rit", "lstm", 1.0, 2.0),
        ("published", "deepjr", "npe", 1.0, 1.0),
        ("published_small", "deepjr", "npe", 1.0, 1.0),
        ("published_split", "deepjr", "npe", 1.0, 1.0),
        ("ceiling", "deepjr", "exact", 1.0, 0.5),
        ("ceiling", "deepjr", "lstm", 1.0, 0.6),
    ):
        rows += rows_of(test, circuit, name, factor, scores_of(rmse))
    pairs = dict.fromkeys((one.test, one.circuit) for one in rows)
    facts = [TestFacts(t, c, f"Meaning of {t}.", 100, 0.7, {"1": 3}) for t, c in pairs]
    return Benchmark(
        {"version": "1"}, {"lstm_deepjr.safetensors": "a", "lstm_jansen_rit.safetensors": "b"},
        tuple(facts), tuple(rows), (Timing("deepjr", "lstm", 3.25, 0.5),),
        {"estimator": "transformer", "source": "S", "r": dict(PUBLISHED.r)},
    )  # fmt: skip


def test_what_is_saved_comes_back_nan_too(benchmark: Benchmark, tmp_path: Path):
    first = replace(benchmark.scores[0], r=math.nan)
    changed = replace(benchmark, scores=(first, *benchmark.scores[1:]))
    path = tmp_path / "benchmark.json"
    save_benchmark(changed, path, force=False)
    found = load_benchmark(path)
    assert math.isnan(found.scores[0].r) and "NaN" not in path.read_text()
    assert found.scores[1:] == benchmark.scores[1:]
    assert (found.tests, found.timings) == (benchmark.tests, benchmark.timings)
    assert (found.about, found.weights, found.published) == (
        benchmark.about, benchmark.weights, benchmark.published
    )  # fmt: skip
    with pytest.raises(ExplorerError, match="--force"):
        save_benchmark(changed, path, force=False)


def test_the_ladder_rises_on_the_circuits_own_test(benchmark: Benchmark):
    assert (main_test("deepjr"), main_test("jansen_rit")) == ("repeating", "explorer")
    rungs = benchmark.ladder("deepjr", "lstm", "A_e")
    assert [(one.noise_factor, one.rmse) for one in rungs] == [(1.0, 1.0), (100.0, 4.0)]
    assert [one.rmse for one in benchmark.ladder("jansen_rit", "lstm", "C·a_1")] == [2.0]
    assert benchmark.ladder("deepjr", "gru", "A_e") == ()


def test_the_typical_error_is_interpolated_in_logarithms(benchmark: Benchmark):
    def error(factor: float) -> float:
        return benchmark.typical_error("deepjr", "lstm", "b_i", factor)

    assert error(1.0) == pytest.approx(1.0) and error(100.0) == pytest.approx(4.0)
    assert error(10.0) == pytest.approx(2.0)
    assert error(0.0) == pytest.approx(1.0) and error(1e9) == pytest.approx(4.0)
    with pytest.raises(ExplorerError, match="gru"):
        benchmark.typical_error("deepjr", "gru", "b_i", 1.0)


@pytest.mark.parametrize("words", ["", "{", "[]", "{}", '{"targets": ["A_e"]}'])
def test_what_is_no_benchmark_is_refused(words, tmp_path: Path):
    path = tmp_path / "benchmark.json"
    path.write_text(words)
    for place in (path, tmp_path / "none" / "benchmark.json"):
        with pytest.raises(ExplorerError, match=r"benchmark\.json"):
            load_benchmark(place)


def test_old_scores_stay_only_for_the_weights_they_are_of(benchmark: Benchmark):
    new = Benchmark(
        {"version": "2"}, {"lstm_deepjr.safetensors": "a", "lstm_jansen_rit.safetensors": "new"},
        (replace(benchmark.tests[0], n=7),), rows_of_first(benchmark, 8.0), (), {},
    )  # fmt: skip
    both = merged(benchmark, new)
    assert both.about == {"version": "2"} and len(both.timings) == 1
    assert {one.rmse for one in both.select(test="repeating", circuit="deepjr")} == {8.0}
    assert both.select(circuit="jansen_rit") == ()
    assert all(one.circuit == "deepjr" for one in both.tests)
    assert {one.test for one in both.tests} == {
        "repeating", "published", "published_small", "published_split", "ceiling"
    }  # fmt: skip
    assert [one.n for one in both.tests if one.test == "repeating"] == [7]


def test_the_order_of_the_tests_is_not_that_of_their_making(benchmark: Benchmark):
    there = {(one.test, one.circuit): one for one in benchmark.tests}
    turned = replace(benchmark, tests=tuple(reversed(benchmark.tests)))
    for one in (benchmark, turned):
        found = merged(benchmark, one).tests
        assert {(row.test, row.circuit) for row in found} == set(there)
        places = [(row.test, row.circuit) for row in found if row.test in TESTS]
        wanted = [(name, circuit) for name in TESTS for circuit in CIRCUITS]
        assert places == [place for place in wanted if place in there]


def rows_of_first(benchmark: Benchmark, rmse: float):
    first = benchmark.scores[0]
    rows = rows_of(first.test, first.circuit, first.estimator, 1.0, scores_of(rmse))
    return tuple(rows)


def test_the_page_says_it_all(benchmark: Benchmark, tmp_path: Path):
    manifest = {"lstm_deepjr.safetensors": {"estimator": "lstm", "circuit": "deepjr",
                                            "validation_loss": 12.3456}}  # fmt: skip
    path = tmp_path / "estimators.md"
    write_page(benchmark, manifest, path)
    words = path.read_text(encoding="utf-8")
    assert words == page_text(benchmark, manifest)
    for part in ("12.346", "published, transformer | 0.114 | 0.988", "−0.067", "RMSE", "exact",
                 "did not converge, kept in the table: 3 at 1", "70% of the draws", "3.2",
                 "A_i·C·a_4 mV"):  # fmt: skip
        assert part in words, part
    tables = [line for line in words.splitlines() if line.startswith("|")]
    assert len(tables) > 30 and words.count("nan") == 0


def test_the_best_is_compared_where_the_exact_posterior_knows_something():
    rows = []
    for name, r in (("exact", 0.8), ("lstm", 0.4), ("npe", 0.72)):
        rows += rows_of("ceiling", "deepjr", name, 1.0, scores_of(1.0, r))
    unsure = [replace(one, r=0.2) if one.target == "A_i" else one for one in rows]
    shares = best_shares(unsure)
    assert "A_i" not in shares and len(shares) == 12
    assert shares["b_e"] == pytest.approx(0.9)


def test_published_figures_are_the_designs():
    assert dict(PUBLISHED.r) == {
        "A_e": 0.114, "A_i": 0.988, "b_e": 0.489, "b_i": 0.895, "a_1": -0.067, "a_2": 0.049,
        "a_3": -0.019, "a_4": 0.043, "C": 0.180,
    }  # fmt: skip
    assert "2406.05002" in PUBLISHED.source


def test_results_are_frozen(benchmark: Benchmark):
    assert asdict(benchmark.timings[0])["single_ms"] == 3.25
    with pytest.raises(AttributeError):
        benchmark.scores[0].r = 1.0  # type: ignore[misc]
