"""No score in the repository that the shipped weights do not reproduce."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest
import xarray

from explorer.backend.ceiling import Ceiling, case_settings
from explorer.backend.ceiling_run import load_ceiling
from explorer.backend.circuits import CIRCUITS
from explorer.backend.estimators.benchmark import EXACT, Benchmark, load_benchmark
from explorer.backend.estimators.benchmark_page import DOCUMENT, page_text
from explorer.backend.estimators.evaluate import on_ceiling, scored
from explorer.backend.estimators.held_out import TESTS, CaseSet
from explorer.backend.estimators.making import SHIPPED_DATA_SEED
from explorer.backend.estimators.registry import ESTIMATORS
from explorer.backend.estimators.weights import FOLDER, file_name, load_weights, read_manifest
from explorer.backend.exact_posterior import exact_posterior
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.targets import TARGETS
from explorer.cli_estimators import ceiling_path

N, N_DRAWS = 200, 120
NOISE_FACTORS = (1.0, 1000.0)


@pytest.fixture(scope="module")
def benchmark() -> Benchmark:
    return load_benchmark()


@pytest.fixture(scope="module")
def cases() -> dict[str, CaseSet]:
    """A small fixed test set of each circuit, the first cases of the benchmark's own."""
    return {name: TESTS["repeating"].make(name, N) for name in CIRCUITS}


def allowed(r: float, n: int) -> float:
    """Largest difference of Fisher's z that N cases and n cases of one r may show."""
    return 4.5 * math.sqrt(1 / (N - 3) + 1 / (n - 3)) + 0.02


@pytest.mark.parametrize("circuit", CIRCUITS)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_correlations_are_reproduced(name, circuit, benchmark: Benchmark, cases):
    weights = load_weights(name, circuit)
    for factor in NOISE_FACTORS:
        found, _ = scored(weights, cases[circuit], factor, N_DRAWS)
        for k, target in enumerate(TARGETS):
            (row,) = benchmark.select(
                test="repeating", circuit=circuit, estimator=name, target=target,
                noise_factor=factor,
            )  # fmt: skip
            here, there = (math.atanh(np.clip(r, -0.99999, 0.99999)) for r in (found.r[k], row.r))
            near = abs(found.r[k] - row.r) < 0.01  # close to 1 a few outliers carry all of r
            assert near or abs(here - there) < allowed(row.r, row.n), f"{target} at {factor}"
            hits = math.sqrt(0.09 / N + 0.09 / row.n)
            assert abs(found.coverage90[k] - row.coverage90) < 4.5 * hits, f"{target} at {factor}"


def test_the_benchmark_is_of_the_weights_that_ship(benchmark: Benchmark):
    names = {file_name(e, c) for e in ESTIMATORS for c in CIRCUITS}
    assert set(benchmark.weights) == names == set(read_manifest(FOLDER))
    for name, sha256 in benchmark.weights.items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == sha256
    assert sum((FOLDER / name).stat().st_size for name in names) <= 20e6


@pytest.mark.parametrize("circuit", CIRCUITS)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_weights_were_made_as_the_command_makes_them(name: str, circuit: str):
    kind, record = ESTIMATORS[name], read_manifest(FOLDER)[file_name(name, circuit)]
    first = record.get("from", record)
    assert ("from" in record) == (circuit in kind.again) and "from" not in first
    made = [(first, kind.steps[circuit], kind.data[circuit], kind.batch, 1.0, 1.0)]
    if circuit in kind.again:
        again = kind.goes_on(circuit)
        made.append((record, again.steps, again.data, again.batch, again.pace, again.large))
    for one, steps, data, batch, pace, large in made:
        assert (one["planned_steps"], one["data_size"], one["batch"]) == (steps, data, batch)
        assert (one.get("pace", 1.0), one.get("large", 1.0)) == (pace, large)
        assert (one["data_seed"], one["seed"]) == (SHIPPED_DATA_SEED, 1)
        assert (one["protocol"], one["rate"]) == (kind.protocol(circuit), kind.rate)
        assert one.get("focus", 0.0) == kind.focus
        assert one.get("noiseless", 0.5) == kind.noiseless
    front = load_weights(name, circuit).front
    shapes = 0 if front.shapes is None else front.shapes.variance.numel()
    assert (front.n_scores, shapes) == (kind.scores[circuit], kind.shapes.get(circuit, 0))


def test_every_promised_score_is_there(benchmark: Benchmark):
    for test in ("repeating", "explorer", "published"):
        for circuit in TESTS[test].circuits:
            for name in ESTIMATORS:
                found = benchmark.select(test=test, circuit=circuit, estimator=name)
                assert len(found) == 6 * len(TARGETS), (test, circuit, name)
    for name in ESTIMATORS:
        assert len(benchmark.select(test="published_small", estimator=name)) == len(TARGETS)
        assert {t.circuit for t in benchmark.timings if t.estimator == name} == set(CIRCUITS)


@pytest.fixture(scope="module")
def ceilings() -> dict[str, Ceiling]:
    return {circuit: load_ceiling(ceiling_path(circuit)) for circuit in CIRCUITS}


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_the_ceiling_is_whole_and_in_the_benchmark(circuit, benchmark: Benchmark, ceilings):
    ceiling = ceilings[circuit]
    assert ceiling.finished.shape == (3, 200) and ceiling.finished.all()
    with xarray.open_dataset(ceiling_path(circuit), engine="h5netcdf") as file:
        made = f"jr-explorer ceiling --circuit {circuit} --seed 1 --cases 200 --noise-factor 1 "
        assert file.attrs["command"].startswith(made) and file.attrs["version"]
    (facts,) = (one for one in benchmark.tests if (one.test, one.circuit) == ("ceiling", circuit))
    lost = (~ceiling.converged).sum(axis=1)
    assert [facts.unconverged[f"{f:g}"] for f in ceiling.noise_factors] == lost.tolist()
    for f, factor in enumerate(ceiling.noise_factors):
        exact = benchmark.select(
            test="ceiling", circuit=circuit, estimator=EXACT, noise_factor=float(factor)
        )
        assert [one.target for one in exact] == list(TARGETS)
        np.testing.assert_allclose([one.r for one in exact], ceiling.correlation()[f], atol=1e-4)
        for name in ESTIMATORS:
            found = benchmark.select(
                test="ceiling", circuit=circuit, estimator=name, noise_factor=float(factor)
            )
            assert len(found) == len(TARGETS)


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_the_shipped_weights_give_the_scores_beside_the_ceiling(
    circuit, benchmark: Benchmark, ceilings
):
    for _, found in on_ceiling(ceilings[circuit], FOLDER):
        for row in found.scores:
            (there,) = benchmark.select(
                test="ceiling", circuit=circuit, estimator=row.estimator, target=row.target,
                noise_factor=row.noise_factor,
            )  # fmt: skip
            assert row.r == pytest.approx(there.r, abs=0.01), (row.estimator, row.target)


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_the_ceilings_posteriors_are_those_of_the_command(circuit, ceilings):
    """A case with one mode at the largest noise, where the sampler is quickest, another seed."""
    stored = ceilings[circuit]
    case = 12
    settings = case_settings(circuit, stored.p_mean, float(stored.noise_factors[-1]))
    again = exact_posterior(
        settings.changed(**dict(zip(INFERRED_NAMES, stored.truth[case, :9], strict=True))),
        stored.observed[-1, case], n_samples=4, seed=99,
    )  # fmt: skip
    assert again.converged and stored.converged[-1, case]
    mean, sd = stored.mean[-1, case], stored.sd[-1, case]
    np.testing.assert_allclose((again.mean - mean) / sd, 0.0, atol=0.35)
    np.testing.assert_allclose(again.sd / sd, 1.0, atol=0.25)


def test_the_page_is_the_benchmarks(benchmark: Benchmark):
    assert DOCUMENT.read_text(encoding="utf-8") == page_text(benchmark, read_manifest(FOLDER))
