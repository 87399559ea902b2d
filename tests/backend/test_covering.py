"""The places where the search for modes begins: what they draw is what they say."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.backend.circuits import circuit
from explorer.backend.covering import WIDTHS, Around, Everywhere
from explorer.backend.product_prior import ProductPrior

COVARIANCE = np.array([[4.0, 1.2, 0.0], [1.2, 0.5, 0.01], [0.0, 0.01, 0.02]])
CENTRE = np.array([1.0, -2.0, 3.0])


def test_around_a_point_the_density_is_that_of_the_draws():
    around, rng = Around(CENTRE, COVARIANCE), np.random.default_rng(1)
    draws = around.draw(40_000, rng)
    assert draws.mean(axis=0) == pytest.approx(CENTRE, abs=0.2)
    scale = np.mean(np.square(WIDTHS))
    assert np.cov(draws.T) / scale == pytest.approx(COVARIANCE, abs=0.15)
    one = rng.multivariate_normal(CENTRE, COVARIANCE, size=40_000)
    inverse = np.linalg.inv(COVARIANCE)
    away = np.einsum("ni,ij,nj->n", one - CENTRE, inverse, one - CENTRE)
    log_one = -0.5 * (away + np.linalg.slogdet(2 * np.pi * COVARIANCE)[1])
    # ∫ q = E over the single Gaussian of q over it, where that reaches: the narrower widths
    inner = np.exp(log_one - around.log_density(one))
    assert inner.max() <= len(WIDTHS) * (1 + 1e-6)  # q holds a quarter of it
    outer = np.exp(_log_gaussian(draws, inverse) - around.log_density(draws))
    assert outer.mean() == pytest.approx(1.0, abs=0.05)


def _log_gaussian(z: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    away = np.einsum("ni,ij,nj->n", z - CENTRE, inverse, z - CENTRE)
    return -0.5 * (away + np.linalg.slogdet(2 * np.pi * COVARIANCE)[1])


def test_a_direction_without_width_is_given_a_little():
    around = Around(np.zeros(2), np.diag([1.0, 0.0]))
    draws = around.draw(400, np.random.default_rng(2))
    assert 0 < draws[:, 1].std() < 1e-3
    assert np.isfinite(around.log_density(draws)).all()


@pytest.mark.parametrize("name", ["deepjr", "jansen_rit"])
def test_everywhere_is_the_prior_and_its_density_integrates_to_one(name):
    prior = ProductPrior(circuit(name))
    everywhere, rng = Everywhere(prior), np.random.default_rng(3)
    draws = everywhere.draw(200_000, rng)
    log_prior = everywhere.log_density(draws)
    assert np.isfinite(log_prior).mean() > 0.9999
    # ∫ g over the support = E over the prior of g / π, g a broad Gaussian on the draws' middle
    middle, spread = np.median(draws, axis=0), 0.6 * np.cov(draws.T)
    other = rng.multivariate_normal(middle, spread, size=200_000)
    inside = np.isfinite(everywhere.log_density(other)).mean()
    away = draws - middle
    log_g = -0.5 * np.einsum("ni,ij,nj->n", away, np.linalg.inv(spread), away)
    log_g -= 0.5 * np.linalg.slogdet(2 * np.pi * spread)[1]
    ratio = np.exp(log_g - log_prior)[np.isfinite(log_prior)]
    assert ratio.mean() == pytest.approx(inside, rel=0.06)
