"""The front end against linear algebra done another way."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from explorer.backend.estimators.front_end import N_CONTEXT, fit_front_end


@pytest.fixture
def waves(rng) -> np.ndarray:
    """(3000, 40): eight shapes, of amplitudes from 10 to 1e-4, around a mean."""
    shapes = np.linalg.qr(rng.standard_normal((40, 8)))[0]
    amplitudes = 10.0 ** np.linspace(1, -4, 8)
    return 3.0 + (rng.standard_normal((3000, 8)) * amplitudes) @ shapes.T


def wiener(waves: np.ndarray, seen: np.ndarray, sigma: float) -> np.ndarray:
    """Whitened scores by the textbook: Cov(z, x) Cov(x)⁻¹ (x − μ), on all samples."""
    centred = waves - waves.mean(axis=0)
    covariance = centred.T @ centred / len(waves)
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = values[::-1][:6], vectors[:, ::-1][:, :6]
    cross = np.sqrt(values)[:, None] * vectors.T  # Cov(z, x)
    full = vectors @ np.diag(values) @ vectors.T + sigma**2 * np.eye(40)
    return (cross @ np.linalg.solve(full, (seen - waves.mean(axis=0)).T)).T


@pytest.mark.parametrize("sigma", [1e-4, 1e-2, 1.0])
def test_scores_are_the_wiener_estimate(waves, rng, sigma):
    front = fit_front_end(torch.from_numpy(waves), 6)
    seen = waves[:20] + sigma * rng.standard_normal((20, 40))
    truth = wiener(waves, seen, sigma)
    projected = front.project(torch.from_numpy(seen))
    noise = torch.full((20,), sigma)
    found = torch.sinh(front.inputs(projected, noise, torch.ones(20, 3)).scores).numpy()
    sign = np.sign((found * truth).sum(axis=0))
    np.testing.assert_allclose(found * sign, truth, atol=3e-3)


def test_differences_of_a_hundred_thousandth_come_through(waves, rng):
    """The component of 1e-3 beside one of 10, at noise 1e-5, in float32 to the networks."""
    front = fit_front_end(torch.from_numpy(waves), 6)
    place = int(np.argmin(np.abs(np.log10(front.variance.numpy()) + 4)))  # sd about 1e-2
    basis = front.basis[:, place].double().numpy()
    pair = np.stack([waves[0], waves[0] + 1e-4 * basis])
    projected = front.project(torch.from_numpy(pair))
    scores = front.inputs(projected, torch.full((2,), 3e-5), torch.ones(2, 3)).scores
    change = torch.sinh(scores)[1] - torch.sinh(scores)[0]
    sd = float(front.variance[place].sqrt())
    assert float(change[place]) == pytest.approx(1e-4 / sd, rel=0.02)
    assert float(change.abs().sum() - change[place].abs()) < 0.2 * float(change[place])


def test_components_that_are_all_noise_fade(waves):
    front = fit_front_end(torch.from_numpy(waves), 8)
    projected = torch.randn(500, 8) * 10.0  # noise of 10 mV and no signal
    scores = front.inputs(projected, torch.full((500,), 10.0), torch.ones(500, 3)).scores
    assert float(scores[:, -1].abs().max()) < 1e-3


def test_the_wave_and_the_scores_are_one_another(waves):
    front = fit_front_end(torch.from_numpy(waves), 6)
    scores = torch.randn(5, 6)
    wave = front.whitened_wave(scores)
    assert wave.shape == (5, 40)
    back = wave @ front.basis / (40 / 6) ** 0.5
    torch.testing.assert_close(back, scores, atol=1e-5, rtol=1e-5)
    assert float(front.whitened_wave(torch.randn(4000, 6)).std()) == pytest.approx(1.0, abs=0.1)


def test_the_fit_is_numpys_singular_values(waves):
    front = fit_front_end(torch.from_numpy(waves), 5)
    singular = np.linalg.svd(waves - waves.mean(axis=0), compute_uv=False)
    np.testing.assert_allclose(front.variance, singular[:5] ** 2 / len(waves), rtol=1e-4)
    np.testing.assert_allclose(front.mean, waves.mean(axis=0), rtol=1e-5)
    torch.testing.assert_close(front.basis.T @ front.basis, torch.eye(5), atol=1e-5, rtol=0)
    assert (front.n_scores, front.n_samples) == (5, 40)


def test_the_context_is_of_order_one(waves):
    front = fit_front_end(torch.from_numpy(waves), 3)
    corners = torch.tensor([[50.0, 0.0, 1.0], [350.0, 4.0, 200.0], [200.0, 2.0, 200.0**0.5]])
    noise = torch.tensor([1e-4, 1.0, 1e-2])
    context = front.inputs(torch.zeros(3, 3), noise, corners).context
    expected = torch.tensor([[-1.0, -1, -1, -1], [1, 1, 1, 1], [0, 0, 0, 0]])
    assert context.shape == (3, N_CONTEXT)
    torch.testing.assert_close(context, expected, atol=1e-5, rtol=0)
