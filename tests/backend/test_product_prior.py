"""The prior along the products against plain draws from the box."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest, multivariate_normal

from explorer.backend.circuits import CIRCUITS
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.product_prior import ProductPrior

CIRCUIT_NAMES = pytest.mark.parametrize("name", list(CIRCUITS))


def box_draws(name: str, n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    low, high = np.array(list(CIRCUITS[name].trained_ranges().values())).T
    theta = low + (high - low) * np.random.default_rng(seed).random((n, 9))
    return theta, low, high


@CIRCUIT_NAMES
def test_redrawing_the_fibre_keeps_the_products_and_the_uniform_prior(name):
    theta, low, high = box_draws(name, 20_000, 1)
    prior = ProductPrior(CIRCUITS[name])
    z = np.log(theta) @ prior.powers.T
    again = prior.draw(z, np.random.default_rng(2))
    assert np.log(again) @ prior.powers.T == pytest.approx(z, abs=1e-9)
    assert np.abs(again - theta)[:, 4].mean() > 5  # C was drawn anew
    for k in range(9):
        share = (again[:, k] - low[k]) / (high[k] - low[k])
        assert (share > -1e-9).all() & (share < 1 + 1e-9).all()
        assert kstest(share, "uniform").statistic < 0.015, INFERRED_NAMES[k]
    assert abs(np.corrcoef(again[:, 4], again[:, 5])[0, 1]) < 0.03  # and stays independent


@CIRCUIT_NAMES
def test_the_density_is_that_of_products_of_uniform_draws(name):
    """Importance sampling from a wide normal gives back the moments of plain draws."""
    theta, _, _ = box_draws(name, 200_000, 3)
    prior = ProductPrior(CIRCUITS[name])
    plain = np.log(theta) @ prior.powers.T
    cover = multivariate_normal(plain.mean(axis=0), 1.3 * np.cov(plain.T))
    z = cover.rvs(400_000, random_state=4)
    log_weights = prior.log_density(z) - cover.logpdf(z)
    weights = np.exp(log_weights - log_weights.max())
    mean = weights @ z / weights.sum()
    sd = np.sqrt(weights @ (z - mean) ** 2 / weights.sum())
    assert (np.abs(mean - plain.mean(axis=0)) < 0.02 * plain.std(axis=0)).all()
    assert sd == pytest.approx(plain.std(axis=0), rel=0.02)


@CIRCUIT_NAMES
def test_outside_there_is_nothing_and_inside_a_representative(name):
    theta, _, _ = box_draws(name, 50, 5)
    prior = ProductPrior(CIRCUITS[name])
    z = np.log(theta) @ prior.powers.T
    assert np.isfinite(prior.log_density(z)).all()
    assert np.log(prior.representative(z)) @ prior.powers.T == pytest.approx(z, abs=1e-9)
    beyond = np.log(theta * np.where(np.arange(9) == 2, 4.0, 1.0)) @ prior.powers.T
    far = np.log(theta * np.where(np.arange(9) == 5, 100.0, 1.0)) @ prior.powers.T
    assert np.isneginf(prior.log_density(beyond)).all()
    assert np.isneginf(prior.log_density(far)).all()
    assert np.isneginf(prior.log_density(np.full((1, z.shape[1]), -800.0))).all()
