"""The posterior estimator: its density is a density, and the one it draws from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from explorer.backend.estimators.batches import Prepared
from explorer.backend.estimators.front_end import Inputs
from explorer.backend.estimators.marginals import mean_error
from explorer.backend.estimators.npe import N_INFERRED, Npe

N = 20_000


@pytest.fixture
def network(prepared: Prepared) -> Npe:
    torch.manual_seed(3)
    found = Npe(prepared.front)
    with torch.no_grad():  # further from the identity than a new flow is
        for value in found.flow.parameters():
            value.add_(0.03 * torch.randn_like(value))
    return found.eval()


@pytest.fixture
def inputs(prepared: Prepared) -> Inputs:
    return prepared.front.inputs(
        prepared.projected[:1], torch.full((1,), 0.01), prepared.context[:1]
    )


def log_density(network: Npe, inputs: Inputs, logits: torch.Tensor) -> np.ndarray:
    """log q(u | x), (n,), from the loss less its further terms."""
    n = len(logits)
    many = Inputs(*(part.expand(n, -1) for part in inputs))
    guess = network.given(many)[0]
    extra = 0.1 * (guess.loss(logits) + mean_error(guess, logits))
    return (extra - network(many, logits)).double().numpy()


@torch.no_grad()
def test_draws_follow_a_density_that_integrates_to_one(network, inputs):
    """∫ p = E_q[p / q] = 1 for any p inside q; wrong draws or a wrong Jacobian break it."""
    drawn = network.draw(inputs, N, torch.Generator().manual_seed(2))[0]
    values = drawn.double().numpy()
    inner = stats.multivariate_normal(values.mean(axis=0), 0.5 * np.cov(values.T))
    ratio = np.exp(inner.logpdf(values) - log_density(network, inputs, drawn))
    error = ratio.std() / np.sqrt(N)
    assert error < 0.05
    assert ratio.mean() == pytest.approx(1.0, abs=5 * error)


@torch.no_grad()
def test_draws_repeat_with_a_seed_and_differ_without(network, inputs):
    one, two, other = (network.draw(inputs, 5, torch.Generator().manual_seed(k)) for k in (1, 1, 2))
    torch.testing.assert_close(one, two, rtol=0, atol=0)
    assert not torch.equal(one, other)


@torch.no_grad()
def test_the_guess_carries_middle_and_scale(network, inputs):
    """u = m + s · v: the same v with another guess, however narrow."""

    def scaled() -> torch.Tensor:
        guess = network.given(inputs)[0]
        drawn = network.draw(inputs, 200, torch.Generator().manual_seed(1))
        return (drawn - guess.middle[:, None]) * torch.exp(-guess.log_sd)[:, None]

    before = scaled()
    wide = network.draw(inputs, 200, torch.Generator().manual_seed(1)).std(dim=1)
    network.guess.bias[:N_INFERRED] += 0.5
    network.guess.bias[N_INFERRED:] -= 3.0
    torch.testing.assert_close(scaled(), before, rtol=1e-3, atol=1e-3)
    assert (network.draw(inputs, 200, torch.Generator().manual_seed(1)).std(dim=1) < wide / 5).all()
