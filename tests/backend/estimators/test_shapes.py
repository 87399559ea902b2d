"""The scores of a response's shape against NumPy on the normalised waveforms."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from explorer.backend.estimators.components import principal_components
from explorer.backend.estimators.front_end import FrontEnd, fit_front_end

SAMPLES, KEPT = 40, 6


@pytest.fixture
def waves(rng) -> np.ndarray:
    """(3000, 40): eight shapes around a mean, of sizes from 0.05 to 1 mV."""
    shapes = np.linalg.qr(rng.standard_normal((SAMPLES, 8)))[0]
    near = 1.0 + rng.standard_normal((3000, 8)) @ shapes.T
    return near * 10.0 ** rng.uniform(-1.3, 0.0, (3000, 1))


@pytest.fixture
def front(waves) -> FrontEnd:
    """Eight scores and the mean's own direction: they hold the waveforms whole."""
    return fit_front_end(torch.from_numpy(waves), 9, KEPT)


def shapes_of(front: FrontEnd, waves: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    projected = front.project(torch.from_numpy(waves))
    noise = torch.from_numpy(sigma).float()
    return front.inputs(projected, noise, torch.ones(len(waves), 3)).shapes.numpy()


def root_mean_square(waves: np.ndarray) -> np.ndarray:
    return np.sqrt((waves**2).mean(axis=1, keepdims=True))


@pytest.mark.parametrize("relative", [1e-2, 0.1, 1.0])
def test_they_are_the_wiener_estimate_on_the_normalised_waveform(waves, front, relative: float):
    size = root_mean_square(waves)
    normal = waves / size
    values, vectors = np.linalg.eigh(np.cov(normal.T, bias=True))
    values, vectors = values[::-1][:KEPT], vectors[:, ::-1][:, :KEPT]
    scores = (normal[:50] - normal.mean(axis=0)) @ vectors
    expected = np.sqrt(values) / (values + relative**2) * scores
    found = np.sinh(shapes_of(front, waves[:50], relative * size[:50, 0]))[:, :KEPT]
    sign = np.sign((found * expected).sum(axis=0))
    np.testing.assert_allclose(found * sign, expected, atol=3e-3, rtol=2e-3)


def test_only_the_last_of_them_knows_the_size(waves, front):
    size = root_mean_square(waves[:50])[:, 0]
    before = shapes_of(front, waves[:50], 0.01 * size)
    after = shapes_of(front, 7.0 * waves[:50], 0.07 * size)
    np.testing.assert_allclose(after[:, :KEPT], before[:, :KEPT], atol=2e-3)
    np.testing.assert_allclose(after[:, KEPT] - before[:, KEPT], 0.5 * np.log(7.0), atol=1e-4)
    np.testing.assert_allclose(before[:, KEPT], 0.5 * np.log(size), atol=1e-3)


def test_a_flat_response_has_finite_scores(waves, front):
    found = shapes_of(front, np.zeros((3, SAMPLES)), np.array([1e-4, 1e-2, 1.0]))
    assert np.isfinite(found).all()


def test_a_front_end_without_shapes_gives_none(waves):
    plain = fit_front_end(torch.from_numpy(waves), KEPT)
    assert plain.n_shape_scores == 0
    assert shapes_of(plain, waves[:5], np.full(5, 0.1)).shape == (5, 0)


def test_the_components_may_be_those_of_other_responses(waves, rng):
    others = torch.from_numpy(3.0 + rng.standard_normal((500, SAMPLES)))
    front = fit_front_end(torch.from_numpy(waves), 9, KEPT, others)
    size = others.square().mean(dim=1, keepdim=True).sqrt()
    expected = principal_components(others / size, KEPT)
    assert front.shapes is not None and front.n_shape_scores == KEPT + 1
    for name, part in zip(expected._fields, expected, strict=True):
        torch.testing.assert_close(getattr(front.shapes, name), part)
