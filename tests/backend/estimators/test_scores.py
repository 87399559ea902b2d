"""Scores against SciPy and against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from explorer.backend.errors import ExplorerError
from explorer.backend.estimators.scores import correlations, r_error, score


def test_against_scipy(rng):
    truth = rng.standard_normal((200, 13)) * 7 + 3
    mean = 0.6 * truth + rng.standard_normal((200, 13))
    ends = np.stack([mean - 2, mean + 2], axis=-1)
    found = score(mean, ends, ends, truth)
    for k in range(13):
        assert found.r[k] == pytest.approx(stats.pearsonr(mean[:, k], truth[:, k]).statistic)
        residual = ((mean[:, k] - truth[:, k]) ** 2).mean()
        assert found.rmse[k] == pytest.approx(np.sqrt(residual))
        assert found.r2[k] == pytest.approx(1 - residual / truth[:, k].var())
    assert found.n == 200


def test_by_hand():
    truth = np.array([[0.0], [1.0], [2.0], [3.0]])
    mean = truth + np.array([[1.0], [-1.0], [1.0], [-1.0]])
    inner = np.stack([mean - 0.5, mean + 0.5], axis=-1)
    outer = np.stack([truth - [[0], [0], [0], [-0.1]], truth + 1], axis=-1)
    found = score(mean, inner, outer, truth)
    assert found.rmse[0] == 1.0
    assert found.r2[0] == pytest.approx(1 - 4 / 5)
    assert found.coverage50[0] == 0.0 and found.coverage90[0] == 0.75  # ends belong to it


def test_what_does_not_vary_has_no_correlation(rng):
    flat = np.ones((10, 2))
    assert np.isnan(correlations(flat, rng.random((10, 2)))).all()
    ends = np.stack([flat, flat], axis=-1)
    assert np.isnan(score(flat, ends, ends, flat).r2).all()


def test_the_error_of_r_is_that_of_many_samples(rng):
    pairs = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], (3000, 100))
    found = [np.corrcoef(one.T)[0, 1] for one in pairs]
    assert r_error(0.6, 100) == pytest.approx(np.std(found), rel=0.06)


def test_too_few_cases_or_other_shapes_are_refused():
    ends = np.zeros((2, 13, 2))
    with pytest.raises(ExplorerError, match="three or more"):
        score(np.zeros((2, 13)), ends, ends, np.zeros((2, 13)))
    with pytest.raises(ExplorerError, match="three or more"):
        score(np.zeros((5, 13)), ends, ends, np.zeros((5, 12)))
