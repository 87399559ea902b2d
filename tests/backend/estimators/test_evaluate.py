"""The evaluation, on networks that have learned nothing and on cases made up here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from explorer.backend.ceiling import empty_ceiling
from explorer.backend.dataset import DataSet
from explorer.backend.errors import ExplorerError
from explorer.backend.estimators import evaluate, held_out, published
from explorer.backend.estimators.batches import Plan
from explorer.backend.estimators.held_out import TESTS, CaseSet, noise_mv, observed
from explorer.backend.estimators.making import data_words, shipped_plan, train_estimator
from explorer.backend.estimators.predict import estimate_waves
from explorer.backend.estimators.registry import ESTIMATORS
from explorer.backend.estimators.training import Progress
from explorer.backend.estimators.weights import load_weights, read_manifest
from explorer.backend.spreading import Cancelled
from explorer.backend.targets import TARGETS, target_extents, target_values


@pytest.mark.parametrize(
    ("test", "circuit"), [(t, c) for t, row in TESTS.items() for c in row.circuits]
)
def test_cases_are_what_their_test_says(test, circuit):
    cases = TESTS[test].make(circuit, 40)
    again, more = TESTS[test].make(circuit, 40), TESTS[test].make(circuit, 40 + 10)
    np.testing.assert_array_equal(cases.waves, again.waves)
    assert cases.truth.shape == (40, 13) and cases.waves.shape == (40, 301)
    assert (cases.context[:, 2] == 60).all() and (cases.test, cases.circuit) == (test, circuit)
    inside = (cases.truth >= target_extents(circuit)[:, 0]).all()
    assert inside == (test != "published")
    if test == "repeating":
        np.testing.assert_array_equal(cases.waves, more.waves[:40])
        assert (cases.context[:, 0] == {"jansen_rit": 90.0, "deepjr": 0.0}[circuit]).all()
        assert (cases.context[:, 1] == 0).all()
        assert cases.share == 1.0 if circuit == "deepjr" else 0.6 < cases.share < 0.8
    if test == "explorer":
        assert np.ptp(cases.context[:, 0]) > 150 and (cases.context[:, 1] == 0).mean() < 0.6


def test_the_noise_of_the_tests_is_that_of_the_design():
    assert noise_mv("deepjr", 1.0) == pytest.approx(0.0033, rel=0.02)
    assert noise_mv("jansen_rit", 2500.0) == pytest.approx(0.16, rel=0.05)
    cases = TESTS["repeating"].make("deepjr", 30)
    low, high = observed(cases, 1.0) - cases.waves, observed(cases, 100.0) - cases.waves
    np.testing.assert_allclose(high, 10 * low, atol=1e-5)
    assert low.std() == pytest.approx(noise_mv("deepjr", 1.0), rel=0.02)
    with pytest.raises(ExplorerError, match="one of"):
        held_out.test_of("other")


def collected(parts, folder: Path) -> evaluate.Benchmark:
    return evaluate.evaluate(parts, folder, lambda title, share: True)


def test_a_test_scores_every_estimator_at_every_noise(untrained: Path, monkeypatch):
    monkeypatch.setattr(evaluate, "NOISE_FACTORS", (1.0, 1000.0))
    monkeypatch.setattr(evaluate, "N_DRAWS", 40)
    parts = [evaluate.on_test("repeating", "deepjr", 12, untrained)]
    found = collected(parts, untrained)
    assert len(found.scores) == len(ESTIMATORS) * 2 * len(TARGETS)
    assert found.tests[0].n == 12 and len(found.weights) == 10
    cases = TESTS["repeating"].make("deepjr", 12)
    noise = np.full(12, noise_mv("deepjr", 1000.0))
    weights = load_weights("bilstm", "deepjr", untrained)
    asked = estimate_waves(weights, observed(cases, 1000.0), noise, cases.context)
    for k, name in enumerate(TARGETS):
        (row,) = found.select(estimator="bilstm", noise_factor=1000.0, target=name)
        assert row.r == pytest.approx(np.corrcoef(asked.mean[:, k], cases.truth[:, k])[0, 1])
        inside = (
            np.abs(cases.truth[:, k] - asked.interval90[:, k].mean(axis=1))
            <= np.diff(asked.interval90[:, k]).ravel() / 2
        )
        assert row.coverage90 == pytest.approx(inside.mean())


def test_the_ceiling_stands_beside_the_estimators_on_its_own_cases(untrained: Path, monkeypatch):
    monkeypatch.setattr(evaluate, "N_DRAWS", 40)
    empty = empty_ceiling("deepjr", np.array([1.0, 100.0]), 6, 2, None)
    rng = np.random.default_rng(3)
    spread = 0.01 * empty.truth
    mean = empty.truth + spread * rng.standard_normal((2, 6, 13))
    ends = mean[..., None] + spread[..., None] * np.array([-1.645, -0.674, 0.674, 1.645])
    converged = np.ones((2, 6), bool)
    converged[1, :2] = False
    lost = mean.copy()
    lost[0, 5] = np.nan
    done = np.ones((2, 6), bool)
    ceiling = replace(empty, mean=lost, quantiles=ends, finished=done, converged=converged)
    found = collected([evaluate.on_ceiling(ceiling, untrained)], untrained)
    assert dict(found.tests[0].unconverged) == {"1": 1, "100": 2}
    for factor, n in ((1.0, 5), (100.0, 6)):
        exact = found.select(estimator="exact", noise_factor=factor)
        assert {one.n for one in exact} == {n} and len(exact) == 13
        assert min(one.r for one in exact) > 0.95
        for name in ESTIMATORS:
            rows = found.select(estimator=name, noise_factor=factor)
            assert {one.n for one in rows} == {n} and len(rows) == 13
    np.testing.assert_allclose(target_values(empty.truth[:, :9]), empty.truth, rtol=1e-9)


def test_times_are_of_every_estimator(untrained: Path, monkeypatch):
    monkeypatch.setattr(evaluate, "_SINGLES", 1)
    found = collected([evaluate.timings("deepjr", untrained)], untrained)
    assert [one.estimator for one in found.timings] == list(ESTIMATORS)
    assert all(one.batch_ms > 0 and 0 < one.single_ms < 5000 for one in found.timings)


def test_a_stop_is_heard(untrained: Path):
    with pytest.raises(Cancelled):
        evaluate.evaluate([evaluate.on_test("repeating", "deepjr", 5, untrained)], untrained,
                          lambda title, share: False)  # fmt: skip


def test_the_published_protocol_learns_from_800_alone():
    data = published.small_data()
    assert len(data.learned) == 900 and data.waves.shape == (100, 301)
    weights = published.train_small("bilstm", data, steps=100)
    cases = CaseSet("t", "deepjr", data.truth, data.waves, data.context, 1.0)
    scores, _ = evaluate.scored(weights, cases, 1.0, 100)
    assert scores.r[list(TARGETS).index("A_i")] > 0.8
    assert scores.n == 100
    plan = published.small_plan("npe")
    assert (plan.held_out, plan.circuit) == (100, "deepjr")
    assert plan.least_noise_mv < noise_mv("deepjr", 1.0) < plan.largest_noise_mv


def test_a_training_writes_weights_with_their_record(deepjr: DataSet, tmp_path: Path):
    plan = replace(Plan("lstm", "deepjr", 6, 16, 1e-3, every=3, held_out=50), data="d")
    steps: list[int] = []

    def told(state: Progress) -> bool:
        steps.append(state.step)
        return True

    checkpoint = tmp_path / "now"
    trained = train_estimator(plan, deepjr, tmp_path, checkpoint, told)
    assert steps == [1, 2, 3, 4, 5, 6] and not checkpoint.exists()
    loaded = load_weights("lstm", "deepjr", tmp_path)
    for key, value in trained.network.named_parameters():
        kept = dict(loaded.network.named_parameters())[key]
        torch.testing.assert_close(kept, value, rtol=1e-3, atol=1e-6)
    (record,) = read_manifest(tmp_path).values()
    expected = {"estimator": "lstm", "circuit": "deepjr", "protocol": "explorer", "steps": 6,
                "data_size": 1500, "data_seed": 3, "seed": 1, "batch": 16, "rate": 1e-3,
                "device": "cpu", "validation_loss": trained.validation}  # fmt: skip
    assert expected.items() <= record.items()
    assert {"torch", "version", "commit", "date", "sha256", "bytes"} <= record.keys()


def test_the_shipped_plan_is_the_registrys(deepjr: DataSet):
    plan = shipped_plan("npe", deepjr, seed=4)
    kind = ESTIMATORS["npe"]
    assert (plan.steps, plan.batch) == (kind.steps["deepjr"], kind.batch)
    assert (plan.rate, plan.seed) == (kind.rate, 4)
    assert plan.data == data_words(deepjr) == "deepjr, explorer, 1500 simulations, seed 3"
    assert shipped_plan("npe", deepjr, steps=5).steps == 5
    with pytest.raises(ExplorerError, match="steps"):
        shipped_plan("npe", deepjr, steps=0)
    with pytest.raises(ExplorerError, match="1000 simulations"):
        shipped_plan("npe", replace(deepjr, parameters=deepjr.parameters[:10]))
