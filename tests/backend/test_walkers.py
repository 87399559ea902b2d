"""Sampler and its coordinates on densities whose moments are known exactly."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.backend.shear import Shear, best_shear
from explorer.backend.spreading import Cancelled
from explorer.backend.walkers import N_WALKERS, explore, spread_out

K = 6


def bent_draws(n: int, seed: int) -> np.ndarray:
    """Two tight directions that follow two wide ones along parabolas, and loop gains."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, K))
    z[:, 0] = 0.1 * z[:, 4] ** 2 + 1e-2 * z[:, 0]
    z[:, 1] = 0.1 * z[:, 4] * z[:, 5] + 1e-2 * z[:, 1]
    return z


def log_bent(z: np.ndarray) -> np.ndarray:
    left = z.copy()
    left[:, 0] = (z[:, 0] - 0.1 * z[:, 4] ** 2) / 1e-2
    left[:, 1] = (z[:, 1] - 0.1 * z[:, 4] * z[:, 5]) / 1e-2
    return -0.5 * (left**2).sum(axis=1)


def as_they_are(z: np.ndarray) -> np.ndarray:
    return z.transpose(2, 1, 0)


def numeric_log_jacobian(shear: Shear, z: np.ndarray) -> float:
    w, eps = shear.forward(z[None])[0], 1e-6
    ends = [shear.inverse(np.array([w + s * eps * e for e in np.eye(K)])) for s in (1, -1)]
    return float(np.linalg.slogdet((ends[0] - ends[1]) / (2 * eps))[1])


@pytest.mark.parametrize("gains", [False, True])
def test_the_map_inverts_and_its_jacobian_is_right(gains):
    z = bent_draws(4000, 1)
    if gains:  # a tight direction follows the gain exp(sum / 2), not the sum
        z[:, 1] = 0.1 * np.exp((z[:, 2] + z[:, 3]) / 2) + 1e-3 * np.random.default_rng(2).normal(
            size=4000
        )
    shear = best_shear(z, np.random.default_rng(3).normal(size=(500, K)))
    assert (shear.power > 0) == gains
    assert shear.inverse(shear.forward(z)) == pytest.approx(z, abs=1e-8)
    told = shear.log_jacobian(z[:2])
    exact = [numeric_log_jacobian(shear, one) for one in z[:2]]
    assert exact[1] - exact[0] == pytest.approx(told[1] - told[0], abs=1e-4)


def test_the_map_straightens_what_is_bent():
    z = bent_draws(6000, 4)
    shear = best_shear(z[:3000], np.random.default_rng(5).normal(size=(500, K)))
    w = shear.forward(z[3000:])
    assert np.cov(w.T) == pytest.approx(np.eye(K), abs=0.25)
    assert np.sort(shear.scales)[1] < 0.15  # the tight directions were found


def test_a_linear_gaussian_likelihood_gives_its_exact_posterior():
    rng = np.random.default_rng(6)
    design = rng.normal(size=(30, K)) * [100, 30, 10, 3, 1, 0.3]
    observed = design @ rng.normal(size=K) + rng.normal(size=30)
    covariance = np.linalg.inv(design.T @ design + np.eye(K))
    mean = covariance @ design.T @ observed

    def density(z: np.ndarray) -> np.ndarray:
        return -0.5 * ((z @ design.T - observed) ** 2).sum(axis=1) - 0.5 * (z**2).sum(axis=1)

    first = mean + rng.normal(size=(N_WALKERS, K)) * np.sqrt(np.diag(covariance)) * 0.3
    found = explore(density, first, rng.normal(size=(500, K)), as_they_are, seed=2)
    z = found.z.reshape(-1, K)
    error = np.sqrt(np.diag(covariance) / found.ess.min())
    assert found.converged
    assert (np.abs(z.mean(axis=0) - mean) < 4 * error).all()
    scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    assert np.cov(z.T) / scale == pytest.approx(covariance / scale, abs=0.2)


def test_a_bent_narrow_density_is_explored():
    before = np.random.default_rng(8).normal(size=(500, K))
    found = explore(log_bent, bent_draws(N_WALKERS, 7), before, as_they_are, seed=1)
    z = found.z.reshape(-1, K)
    assert found.converged
    assert z[:, 4].std() == pytest.approx(1.0, abs=0.15)
    assert z[:, 0].mean() == pytest.approx(0.1, abs=0.03)  # a tenth of the mean square of z_4
    assert (z[:, 0] - 0.1 * z[:, 4] ** 2).std() == pytest.approx(1e-2, rel=0.15)


def test_what_does_not_mix_is_said():
    """Two peaks of which one is so narrow that no move hits it."""

    def peaks(z: np.ndarray) -> np.ndarray:
        width = np.where(z[:, 0] < 0, 1e-4, 1.0)
        away = (np.abs(z[:, 0]) - 1e3) ** 2 + (z[:, 1:] ** 2).sum(axis=1)
        return -0.5 * away / width**2 - K * np.log(width)

    rng = np.random.default_rng(9)
    first = rng.normal(size=(N_WALKERS, K))
    narrow = np.arange(N_WALKERS) < 20
    first[narrow] *= 1e-4
    first[:, 0] += np.where(narrow, -1e3, 1e3)
    found = explore(peaks, first, rng.normal(size=(500, K)), as_they_are)
    assert not found.converged
    assert found.r_hat[0] > 1.1


def test_walkers_jump_between_peaks_of_like_shape():
    """A quarter starts in the peak that holds three quarters of the density."""

    def peaks(z: np.ndarray) -> np.ndarray:
        share = np.where(z[:, 0] < 0, np.log(0.75), np.log(0.25))
        return share - 0.5 * ((np.abs(z[:, 0]) - 30.0) ** 2 + (z[:, 1:] ** 2).sum(axis=1))

    rng = np.random.default_rng(11)
    first = rng.normal(size=(N_WALKERS, K))
    first[:, 0] += np.where(np.arange(N_WALKERS) % 4 == 0, -30.0, 30.0)
    found = explore(peaks, first, rng.normal(size=(500, K)), as_they_are, seed=4)
    left = (found.z[..., 0] < 0).mean()
    assert found.converged
    assert left == pytest.approx(0.75, abs=4 * np.sqrt(0.75 * 0.25 / found.ess[0]))


def test_places_are_spread_over_the_draws_by_their_share():
    draws = np.random.default_rng(12).normal(size=(1000, K))
    draws[:250, 2] += 50.0
    chosen = spread_out(draws, N_WALKERS)
    assert len(np.unique(chosen, axis=0)) == N_WALKERS
    assert (chosen[:, 2] > 25).sum() == N_WALKERS // 4


def test_the_same_seed_draws_the_same_and_a_stop_stops():
    first, before = np.random.default_rng(10).normal(size=(2, 200, K))
    first = first[:N_WALKERS]

    def ball(z: np.ndarray) -> np.ndarray:
        return -0.5 * (z**2).sum(axis=1)

    a, b = (explore(ball, first, before, as_they_are, seed=3) for _ in range(2))
    assert (a.z == b.z).all()
    calls: list[float] = []

    def stop(share: float) -> bool:
        calls.append(share)
        return len(calls) < 5

    with pytest.raises(Cancelled):
        explore(ball, first, before, as_they_are, report=stop)
    assert len(calls) == 5
