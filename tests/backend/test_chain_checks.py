"""Convergence checks against chains whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from explorer.backend.chain_checks import (
    LARGEST_R_HAT,
    LEAST_ESS,
    effective_sample_size,
    split_r_hat,
)


def autoregressive(phi: float, chains: int, draws: int, seed: int = 1) -> np.ndarray:
    """Stationary AR(1) chains of unit variance."""
    noise = np.random.default_rng(seed).normal(size=(chains, draws))
    noise[:, 1:] *= np.sqrt(1 - phi**2)
    return lfilter([1.0], [1.0, -phi], noise, axis=1)


def test_mixed_chains_have_an_r_hat_of_one():
    chains = np.random.default_rng(1).normal(size=(8, 1000))
    assert split_r_hat(chains) == pytest.approx(1.0, abs=0.005)
    assert split_r_hat(chains**9) == pytest.approx(split_r_hat(chains), abs=1e-6)  # ranks count


def test_r_hat_of_shifted_chains_is_that_of_the_formula():
    rng = np.random.default_rng(2)
    chains = rng.normal(size=(4, 5000)) + np.array([[-1.0], [-1.0], [1.0], [1.0]])
    # means ±1 over 8 half chains: B/n = 8/7, W = 1; ranks of the mixture change it little
    assert split_r_hat(chains) == pytest.approx(np.sqrt(1 + 8 / 7), rel=0.1)


@pytest.mark.parametrize(
    "chains",
    [
        np.linspace(0, 3, 1000) + np.random.default_rng(3).normal(size=(4, 1000)),  # drift
        np.random.default_rng(4).normal(size=(4, 1000)) * [[1], [1], [1], [6]],  # spread alone
        np.concatenate([np.random.default_rng(5).normal(size=(15, 500)), np.full((1, 500), 4.0)]),
        np.repeat([[0.0], [1.0]], 100, axis=1),  # each stuck in its place
    ],
    ids=["drift", "scale", "one stuck", "all stuck"],
)
def test_chains_that_have_not_converged_are_seen(chains):
    assert split_r_hat(chains) > LARGEST_R_HAT


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9, -0.4])
def test_effective_size_of_an_autoregression(phi):
    chains = autoregressive(phi, 16, 4000)
    exact = chains.size * (1 - phi) / (1 + phi)
    assert effective_sample_size(chains) == pytest.approx(exact, rel=0.12)


def test_effective_size_sees_chains_that_disagree():
    rng = np.random.default_rng(6)
    apart = np.array([[0.0], [0.0], [5.0], [5.0]])
    assert effective_sample_size(rng.normal(size=(4, 1000)) + apart) < 10
    assert effective_sample_size(np.ones((4, 100))) == 0.0
    assert effective_sample_size(np.repeat([[0.0], [1.0]], 100, axis=1)) < LEAST_ESS
