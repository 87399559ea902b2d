"""The evidence against SciPy's multivariate normal, and what it finds."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from explorer.backend.estimators.evidence import (
    LADDER_MV,
    OUTLIER_RANK,
    RANKS,
    evidence_quantiles,
    evidence_rank,
    log_evidence,
)
from explorer.backend.estimators.front_end import fit_front_end


@pytest.fixture
def waves(rng) -> torch.Tensor:
    """(4000, 30) Gaussian responses of four components."""
    shapes = np.linalg.qr(rng.standard_normal((30, 4)))[0]
    return torch.from_numpy((rng.standard_normal((4000, 4)) * [5, 2, 0.3, 0.05]) @ shapes.T)


@pytest.mark.parametrize("sigma", [0.01, 0.3, 3.0])
def test_it_is_the_density_of_a_multivariate_normal(waves, rng, sigma):
    front = fit_front_end(waves, 4)
    seen = waves[:10].numpy() + sigma * rng.standard_normal((10, 30))
    basis = front.basis.double().numpy()
    covariance = basis @ np.diag(front.variance.double()) @ basis.T + sigma**2 * np.eye(30)
    truth = stats.multivariate_normal(front.mean.double().numpy(), covariance).logpdf(seen) / 30
    found = log_evidence(front, torch.from_numpy(seen), torch.full((10,), sigma))
    np.testing.assert_allclose(found, truth, rtol=1e-4, atol=1e-5)


def test_ranks_of_training_responses_are_uniform_between_the_ladders_rungs(waves, rng):
    front = fit_front_end(waves, 4)
    quantiles = evidence_quantiles(front, waves.float())
    assert quantiles.shape == (len(LADDER_MV), len(RANKS))
    sigma = float(np.sqrt(LADDER_MV[4] * LADDER_MV[5]))
    noise = torch.full((4000,), sigma)
    seen = waves + sigma * torch.from_numpy(rng.standard_normal(waves.shape))
    ranks = evidence_rank(quantiles, log_evidence(front, seen, noise), noise).numpy()
    for level in (0.05, 0.25, 0.5, 0.75):
        assert (ranks < level).mean() == pytest.approx(level, abs=0.03)
    assert (ranks < OUTLIER_RANK).mean() < 0.006


def test_the_rank_rises_with_the_evidence(waves):
    quantiles = evidence_quantiles(fit_front_end(waves, 4), waves.float())
    low, high = float(quantiles[3].min()) - 5, float(quantiles[3].max()) + 5
    logs = torch.linspace(low, high, 300, dtype=torch.float64)
    ranks = evidence_rank(quantiles, logs, torch.full((300,), LADDER_MV[3])).numpy()
    assert (np.diff(ranks) >= 0).all()
    assert ranks[0] == 0.0 and ranks[-1] == 1.0 and np.unique(ranks).size > 20


@pytest.mark.parametrize("sigma", [1e-5, 0.003, 0.1, 100.0])
def test_ranks_exist_at_any_noise(waves, sigma):
    front = fit_front_end(waves, 4)
    quantiles = evidence_quantiles(front, waves.float())
    noise = torch.full((5,), sigma)
    ranks = evidence_rank(quantiles, log_evidence(front, waves[:5], noise), noise)
    assert ((ranks >= 0) & (ranks <= 1)).all()


def test_outliers_are_found(waves):
    front = fit_front_end(waves, 4)
    quantiles = evidence_quantiles(front, waves.float())
    noise = torch.full((2,), 0.1)
    large = waves[:1] + 40.0 * front.basis[:, :1].T  # eight deviations along a component
    across = waves[:1] + 2.0 * torch.linalg.svd(front.basis.double())[0][:, 10][None]
    seen = torch.cat([large, across]).double()
    assert (evidence_rank(quantiles, log_evidence(front, seen, noise), noise) < OUTLIER_RANK).all()
