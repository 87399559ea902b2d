"""Training: repeats for a seed, goes on after a kill, and learns."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from explorer.backend.circuits import CIRCUITS
from explorer.backend.errors import ExplorerError
from explorer.backend.estimators.batches import (
    EVERY,
    FOCUS_MV,
    Batches,
    Plan,
    Prepared,
    prepare,
)
from explorer.backend.estimators.making import VALIDATIONS, shipped_plan
from explorer.backend.estimators.marginals import LogitNormal, mean_error
from explorer.backend.estimators.point import PointNetwork
from explorer.backend.estimators.registry import DATA_SIZE, ESTIMATORS
from explorer.backend.estimators.shapes import LARGE_MV
from explorer.backend.estimators.training import (
    Progress,
    Trained,
    Trainer,
    check_device,
)
from explorer.backend.estimators.weights import load_weights
from explorer.backend.spreading import Cancelled
from explorer.backend.targets import target_extents, target_values

SHORT = Plan("lstm", "deepjr", steps=24, batch=32, rate=1e-3, every=8, held_out=64, data="toy")


def weights_of(trained: Trained) -> dict[str, Tensor]:
    return {key: value.detach() for key, value in trained.network.named_parameters()}


def assert_same(one: Trained, two: Trained) -> None:
    first, second = weights_of(one), weights_of(two)
    assert first.keys() == second.keys()
    for key, value in first.items():
        torch.testing.assert_close(value, second[key], rtol=0, atol=0)
    assert one.validation == two.validation


def test_preparation_gives_logits_of_shares_of_the_ranges(deepjr, prepared: Prepared):
    extents = target_extents("deepjr")
    shares = torch.sigmoid(prepared.logits.double()).numpy()
    values = extents[:, 0] + shares * (extents[:, 1] - extents[:, 0])
    truth = target_values(deepjr.parameters)
    assert abs((values - truth) / (extents[:, 1] - extents[:, 0])).max() < 2e-4


def test_preparation_does_not_depend_on_the_threads(deepjr):
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        found.append(prepare(deepjr, "npe").projected[:, :8])
    torch.testing.assert_close(found[0], found[1], rtol=1e-3, atol=1e-4)


def test_a_seed_gives_the_same_weights_and_another_seed_others(prepared):
    one, two = (Trainer(SHORT, prepared).run() for _ in range(2))
    assert_same(one, two)
    other = Trainer(replace(SHORT, seed=2), prepared).run()
    assert other.validation != one.validation


@pytest.mark.parametrize("name", ["lstm", "npe"])
def test_a_killed_training_goes_on_to_the_same_weights(name, prepared, tmp_path: Path):
    plan = replace(SHORT, estimator=name)
    whole = Trainer(plan, prepared).run()
    path, killed = tmp_path / "now", tmp_path / "killed"

    def until(state: Progress) -> bool:
        if state.step == 11:  # a kill leaves what was written last, at step 8
            shutil.copy(path, killed)
        return state.step < 11

    with pytest.raises(Cancelled):
        Trainer(plan, prepared, path).run(until)
    assert Trainer(plan, prepared, killed).step == 8
    assert_same(Trainer(plan, prepared, killed).run(), whole)
    stopped = Trainer(plan, prepared, path)  # a stop writes the step it stopped at
    assert stopped.step == 11
    assert_same(stopped.run(), whole)


def test_a_training_goes_on_from_weights(prepared):
    first = Trainer(replace(SHORT, steps=60), prepared).run()
    start = weights_of(first)
    plan = replace(SHORT, steps=1, every=1)
    again, still = (
        Trainer(replace(plan, pace=pace), prepared, start=start).run() for pace in (0.5, 1e-9)
    )
    for key, value in weights_of(still).items():
        torch.testing.assert_close(value, start[key], rtol=0, atol=1e-6)
    assert still.validation == pytest.approx(first.validation, abs=1e-4)
    assert any(not torch.equal(value, start[key]) for key, value in weights_of(again).items())


def test_large_responses_count_in_the_loss_as_the_plan_says(small_sets):
    data, short = prepare(small_sets["jansen_rit"], "lstm"), replace(SHORT, circuit="jansen_rit")
    _, scores, _ = Batches(replace(short, batch=500), data).draw()
    waves = scores @ data.front.basis.T + data.front.mean
    large = waves.square().mean(dim=1).sqrt() > LARGE_MV
    assert 20 < int(large.sum()) < 480
    losses = torch.where(large, 3.0, 1.0)
    share = float(large.float().mean())
    for weight in (1.0, 5.0):
        trainer = Trainer(replace(short, large=weight), data)
        expected = (3 * weight * share + 1 - share) / (weight * share + 1 - share)
        assert float(trainer._weighted(losses, scores)) == pytest.approx(expected)


@pytest.mark.parametrize("change", [{"rate": 2e-3}, {"steps": 30}, {"data": "other"}])
def test_a_checkpoint_of_another_plan_is_refused(change, prepared, tmp_path: Path):
    path = tmp_path / "now"
    Trainer(replace(SHORT, steps=8), prepared, path).run()
    with pytest.raises(ExplorerError, match=r"now") as caught:
        Trainer(replace(SHORT, **({"steps": 8} | change)), prepared, path)
    assert caught.value.field == "checkpoint"


def test_a_damaged_checkpoint_is_refused(prepared, tmp_path: Path):
    path = tmp_path / "now"
    path.write_bytes(b"no checkpoint at all")
    with pytest.raises(ExplorerError, match="readable checkpoint"):
        Trainer(SHORT, prepared, path)


def prior_loss(name: str, prepared: Prepared, held: int) -> float:
    """Held-out loss of the best answer that looks at nothing: one Gaussian for each logit."""
    logits = prepared.logits if name != "npe" else prepared.logits[:, :9]
    middle, spread = logits[:-held].mean(dim=0), logits[:-held].std(dim=0)
    true = logits[-held:]
    nothing = LogitNormal(middle.expand_as(true), spread.log().expand_as(true))
    log, error = float(nothing.loss(true).mean()), float(mean_error(nothing, true).mean())
    network = ESTIMATORS[name].build(prepared.front)
    if isinstance(network, PointNetwork):
        return log + network.mean_weight * error
    return log + 0.5 * 9 * math.log(2 * math.pi) + 0.1 * (log + error)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_each_network_learns_beyond_its_prior(name, prepared):
    """On 1,200 responses in a few seconds; what is left to learn takes hours."""
    steps = 350 if name == "lstm" else 150
    plan = Plan(name, "deepjr", steps, 64, 2e-3, every=50, held_out=300, largest_noise_mv=0.05)
    trained = Trainer(plan, prepared).run()
    assert trained.validation < prior_loss(name, prepared, 300) - 2.5


def test_patience_ends_a_training_and_the_best_is_kept(prepared):
    losses: list[float] = []

    def told(state: Progress) -> bool:
        if state.step % 5 == 0:
            losses.append(state.validation)
        return True

    plan = replace(SHORT, steps=400, rate=0.3, every=5, patience=3)  # far too fast to learn
    trained = Trainer(plan, prepared).run(told)
    assert trained.stopped_early and trained.steps < 400
    assert trained.validation == min(losses)
    assert trained.steps == 5 * (losses.index(min(losses)) + 1 + 3)


def test_noise_is_log_uniform_between_the_plans_ends(prepared):
    plan = replace(SHORT, batch=4000, least_noise_mv=1e-3, largest_noise_mv=0.1)
    rows, seen, sigma = Batches(plan, prepared).draw()
    logs = torch.log10(sigma)
    assert float(logs.min()) > -3.001 and float(logs.max()) < -0.999
    assert float(logs.mean()) == pytest.approx(-2.0, abs=0.05)
    unit = (seen - prepared.projected[rows]) / sigma[:, None]
    assert float(unit.std()) == pytest.approx(1.0, abs=0.02)
    assert abs(float(unit.mean())) < 0.02


@pytest.mark.parametrize("focus", [0.0, 0.6, 1.0])
def test_noise_dwells_on_its_focus_as_much_as_the_plan_says(prepared, focus: float):
    _, _, sigma = Batches(replace(SHORT, batch=8000, focus=focus), prepared).draw()
    inside = ((sigma >= FOCUS_MV[0]) & (sigma <= FOCUS_MV[1])).float().mean()
    whole = math.log(SHORT.largest_noise_mv / SHORT.least_noise_mv)
    by_chance = math.log(FOCUS_MV[1] / FOCUS_MV[0]) / whole
    assert float(inside) == pytest.approx(focus + (1 - focus) * by_chance, abs=0.02)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_shipped_plan_is_the_registrys(name, deepjr):
    kind, plan = ESTIMATORS[name], shipped_plan(name, deepjr)
    assert (plan.steps, plan.batch, plan.rate) == (kind.steps["deepjr"], kind.batch, kind.rate)
    assert (plan.focus, plan.noiseless) == (kind.focus, kind.noiseless)
    assert kind.data.keys() == DATA_SIZE.keys()
    assert plan.every == max(EVERY, plan.steps // VALIDATIONS)
    assert shipped_plan(name, deepjr, steps=7).steps == 7


@pytest.mark.parametrize("circuit", CIRCUITS)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_plan_of_going_on_is_the_registrys(name, circuit, small_sets, untrained):
    data, kind, start = (
        small_sets[circuit],
        ESTIMATORS[name],
        load_weights(name, circuit, untrained),
    )
    again, plan = kind.goes_on(circuit), shipped_plan(name, data, start=start)
    assert (plan.steps, plan.batch, plan.pace) == (again.steps, again.batch, again.pace)
    assert (plan.large, plan.start) == (again.large, start.record["sha256"])
    fresh = shipped_plan(name, data)
    assert (fresh.pace, fresh.large, fresh.start) == (1.0, 1.0, "")
    with pytest.raises(ExplorerError, match=f"weights of {name} for {circuit}"):
        shipped_plan(name, data, start=replace(start, circuit="another"))


@pytest.mark.parametrize(("share", "expected"), [(0.5, 0.5), (0.8, 0.8), (0.0, 0.25)])
def test_a_batch_holds_its_share_of_responses_without_background_noise(
    small_sets, share: float, expected: float
):
    data = prepare(small_sets["jansen_rit"], "npe")
    batches = Batches(replace(SHORT, circuit="jansen_rit", batch=16000, noiseless=share), data)
    rows, *_ = batches.draw()
    kept = batches.held_out()[0]
    assert rows.max() < kept.min() and len(kept) == SHORT.held_out
    calm = data.context[rows, 1] == 0.0
    assert float(calm.float().mean()) == pytest.approx(expected, abs=0.03)
    of_all = len(torch.unique(rows)) / (len(data.logits) - len(kept))
    assert of_all > 0.9


def test_devices():
    assert check_device("cpu") == "cpu"
    with pytest.raises(ExplorerError, match="cpu, or cuda"):
        check_device("tpu")
