"""The logit-normal marginals against quadrature and quantiles by SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import integrate, optimize, stats
from scipy.special import expit, logit

from explorer.backend.estimators.marginals import (
    LARGEST_LOG_SD,
    LEAST_LOG_SD,
    Z50,
    Z90,
    LogitNormal,
    from_outputs,
    mean_error,
    to_logit,
)

CASES = [(0.0, 0.01), (2.0, 0.3), (-1.0, 1.0), (0.0, 1.8), (3.0, 1.5)]


def one(middle: float, sd: float) -> LogitNormal:
    return LogitNormal(torch.tensor([[middle]]), torch.tensor([[np.log(sd)]]).float())


@pytest.mark.parametrize(("middle", "sd"), CASES)
def test_moments_are_those_of_quadrature(middle, sd):
    normal = stats.norm(middle, sd)

    def moment(power: int) -> float:
        ends = (middle - 9 * sd, middle + 9 * sd)
        return integrate.quad(lambda x: expit(x) ** power * normal.pdf(x), *ends, points=[middle])[
            0
        ]

    mean, spread = (float(value) for value in one(middle, sd).moments())
    assert mean == pytest.approx(moment(1), abs=1e-3)
    assert spread == pytest.approx(np.sqrt(moment(2) - moment(1) ** 2), rel=0.01)
    assert float(one(middle, sd).quick_mean()) == pytest.approx(moment(1), abs=0.02)


@pytest.mark.parametrize(("middle", "sd"), CASES)
def test_intervals_are_exact_quantiles(middle, sd):
    for z, tail in ((Z50, 0.25), (Z90, 0.05)):
        truth = expit(stats.norm(middle, sd).ppf([tail, 1 - tail]))
        np.testing.assert_allclose(one(middle, sd).interval(z)[0, 0], truth, rtol=1e-4)


def test_the_loss_is_the_negative_log_density():
    marginals = LogitNormal(torch.tensor([[0.3, -1.0]]), torch.tensor([[-1.0, 0.5]]))
    true = torch.tensor([[0.1, 2.0]])
    density = stats.norm([0.3, -1.0], np.exp([-1.0, 0.5])).logpdf([0.1, 2.0]).sum()
    constant = np.log(2 * np.pi)  # of two Gaussians, left out
    assert float(marginals.loss(true)) == pytest.approx(-density - constant, rel=1e-5)


def test_the_best_that_knows_nothing_is_next_to_uniform():
    """The fit of a uniform prior: mean a half, spread 1/√12, intervals of about 50 and 90 %."""
    shares = np.linspace(0, 1, 20_001)[1:-1]
    found = optimize.minimize(
        lambda x: -stats.norm(x[0], np.exp(x[1])).logpdf(logit(shares)).mean(), [0.5, 0.0]
    ).x
    nothing = one(found[0], np.exp(found[1]))
    assert np.exp(found[1]) == pytest.approx(np.pi / np.sqrt(3), abs=0.01)  # the 1.8 of the text
    mean, spread = (float(value) for value in nothing.moments())
    assert mean == pytest.approx(0.5, abs=1e-3)
    assert spread == pytest.approx(1 / np.sqrt(12), rel=0.05)
    widths = [float(np.diff(nothing.interval(z)[0, 0].numpy())[0]) for z in (Z50, Z90)]
    assert widths == pytest.approx([0.5, 0.9], abs=0.05)


def test_logits_stay_away_from_the_ends():
    ends = to_logit(torch.tensor([-0.5, 0.0, 0.5, 1.0, 2.0], dtype=torch.float64))
    np.testing.assert_allclose(ends, logit([1e-4, 1e-4, 0.5, 1 - 1e-4, 1 - 1e-4]), rtol=1e-6)


def test_outputs_become_marginals_whose_spread_is_bounded():
    outputs = torch.tensor([[0.7, -0.2, -1e6, 1e6]])
    marginals = from_outputs(outputs)
    torch.testing.assert_close(marginals.middle, outputs[:, :2])
    torch.testing.assert_close(marginals.log_sd, torch.tensor([[LEAST_LOG_SD, LARGEST_LOG_SD]]))
    middle = from_outputs(torch.zeros(1, 2)).log_sd
    assert float(middle) == pytest.approx((LEAST_LOG_SD + LARGEST_LOG_SD) / 2)


def test_the_error_of_the_mean_is_one_for_the_prior(rng):
    logits = torch.from_numpy(logit(rng.random((20_000, 13)))).float()
    nothing = LogitNormal(torch.zeros(20_000, 13), torch.full((20_000, 13), 0.6))
    sure = LogitNormal(logits, torch.full((20_000, 13), -6.0))
    assert float(mean_error(nothing, logits).mean()) == pytest.approx(13.0, rel=0.02)
    assert float(mean_error(sure, logits).mean()) < 1e-4
