"""The five networks: shapes, gradients, and the same answer after a reload."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from explorer.backend.circuits import CIRCUITS
from explorer.backend.errors import ExplorerError
from explorer.backend.estimators.batches import Prepared
from explorer.backend.estimators.front_end import Inputs
from explorer.backend.estimators.npe import Npe
from explorer.backend.estimators.point import PointNetwork
from explorer.backend.estimators.registry import ESTIMATORS, estimator_kind
from explorer.backend.estimators.weights import load_weights

LARGEST_TOGETHER = 20e6


@pytest.fixture
def batch(prepared: Prepared) -> tuple[Inputs, torch.Tensor]:
    rows = slice(0, 6)
    inputs = prepared.front.inputs(
        prepared.projected[rows], torch.full((6,), 0.01), prepared.context[rows]
    )
    return inputs, prepared.logits[rows]


def build(name: str, prepared: Prepared) -> nn.Module:
    torch.manual_seed(1)
    return ESTIMATORS[name].build(prepared.front)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_shapes(name, prepared, batch):
    network = build(name, prepared)
    loss = network(*batch)
    assert loss.shape == (6,) and torch.isfinite(loss).all()
    if isinstance(network, Npe):
        drawn = network.draw(batch[0], 7, torch.Generator().manual_seed(1))
        assert drawn.shape == (6, 7, 9) and torch.isfinite(drawn).all()
    else:
        assert isinstance(network, PointNetwork)
        marginals = network.marginals(batch[0])
        assert marginals.middle.shape == marginals.log_sd.shape == (6, 13)
    assert ESTIMATORS[name].samples == isinstance(network, Npe)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_gradients_reach_every_parameter(name, prepared, batch):
    network = build(name, prepared)
    network(*batch).mean().backward()
    for key, value in network.named_parameters():
        assert value.grad is not None and float(value.grad.abs().max()) > 0, key


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_answer_depends_on_scores_and_on_each_part_of_the_context(name, prepared, batch):
    network = build(name, prepared).eval()
    inputs, logits = batch
    with torch.no_grad():
        before = network(inputs, logits)
        assert (network(inputs._replace(scores=inputs.scores + 0.1), logits) != before).all()
        for k in range(inputs.context.shape[1]):
            moved = inputs.context.clone()
            moved[:, k] += 0.3
            assert (network(inputs._replace(context=moved), logits) != before).all()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_cases_of_a_batch_do_not_mix(name, prepared, batch):
    network = build(name, prepared).eval()
    inputs, logits = batch
    with torch.no_grad():
        alone = network(Inputs(*(part[2:3] for part in inputs)), logits[2:3])
        torch.testing.assert_close(network(*batch)[2:3], alone, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_reloaded_network_answers_the_same(name, untrained: Path, batch):
    one, two = (load_weights(name, "deepjr", untrained) for _ in range(2))
    with torch.no_grad():
        first, second = one.network(*batch), two.network(*batch)
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    assert not one.network.training
    for value in one.network.parameters():  # half precision is what is stored
        torch.testing.assert_close(value, value.half().float(), rtol=0, atol=0)


def test_all_weights_together_are_small(untrained: Path):
    sizes = [path.stat().st_size for path in untrained.glob("*.safetensors")]
    assert len(sizes) == len(ESTIMATORS) * len(CIRCUITS)
    assert sum(sizes) <= LARGEST_TOGETHER


def test_an_unknown_estimator_is_named():
    with pytest.raises(ExplorerError, match="'gru'"):
        estimator_kind("gru")


def test_the_five_of_the_design():
    assert list(ESTIMATORS) == ["bilstm", "lstm", "cnn_bilstm", "transformer", "npe"]
    assert np.unique([kind.title for kind in ESTIMATORS.values()]).size == 5
