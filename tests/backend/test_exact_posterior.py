"""The exact posterior against the Fisher bound, importance sampling and its own claims."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.backend.ceiling import draw_cases, observations
from explorer.backend.covering import Around, Everywhere
from explorer.backend.ensemble import last_two_responses, parameter_sets
from explorer.backend.errors import ExplorerError
from explorer.backend.evoked import evoked, evoked_batch, experiment_of
from explorer.backend.exact_posterior import (
    PRODUCTS,
    ExactPosterior,
    Posterior,
    exact_posterior,
    products_of,
)
from explorer.backend.fisher import derivatives, least_covariance, noise_sd_mv, prior_sd
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.settings import Settings, make_settings
from explorer.backend.spreading import Cancelled
from explorer.backend.tempering import tempered

REGULAR = {
    "A_e": 6.3, "A_i": 23.6, "b_e": 66.3, "b_i": 42.4, "C": 82.0, "a_1": 1.15,
    "a_2": 0.695, "a_3": 0.266, "a_4": 0.351, "p_mean": 90.0, "p_sd": 0.0,
}  # fmt: skip
"""A point of jansen_rit at which all seven products are well known."""


def observation(settings: Settings, seed: int) -> np.ndarray:
    source = evoked(settings).source
    return source + noise_sd_mv(settings) * np.random.default_rng(seed).normal(size=source.size)


def bound_of(settings: Settings) -> np.ndarray:
    """Least covariance (9, 9), by the Fisher information."""
    found = derivatives(settings, settings.theta[None])
    return least_covariance(
        found.jacobian[0], noise_sd_mv(settings), prior_sd(settings.table)
    ).covariance


@pytest.fixture(scope="module")
def regular() -> ExactPosterior:
    settings = make_settings("jansen_rit", REGULAR)
    return exact_posterior(settings, observation(settings, 3), seed=5)


def test_jansen_rit_agrees_with_the_fisher_bound(regular):
    settings = make_settings("jansen_rit", REGULAR)
    value, bound = settings.theta[:9], bound_of(settings)
    assert regular.converged
    assert (regular.r_hat.max() < 1.1) & (regular.ess.min() > 200)
    known = [INFERRED_NAMES.index(name) for name in ("A_e", "b_e", "b_i")]
    least = np.sqrt(np.diag(bound))[known]
    assert regular.sd[known] == pytest.approx(least, rel=0.15)
    found = np.corrcoef(regular.samples[:, known].T)
    assert found == pytest.approx(bound[np.ix_(known, known)] / np.outer(least, least), abs=0.15)
    logs = bound / np.outer(value, value)
    powers = np.array([one.powers for one in PRODUCTS])
    relative = np.sqrt(np.diag(powers @ logs @ powers.T))
    assert regular.sd[9:] / regular.mean[9:] == pytest.approx(relative, rel=0.15)
    truth = np.concatenate([value, products_of(value)])
    assert (np.abs(truth - regular.mean) < 4 * regular.sd).all()


def test_the_ridge_between_a_i_and_a_4_shows(regular):
    """Given the product and C, log A_i + log a_4 is fixed while each alone is free."""
    logs = np.log(regular.samples)
    a_i, c, a_4 = (logs[:, INFERRED_NAMES.index(name)] for name in ("A_i", "C", "a_4"))
    assert np.corrcoef(a_i, a_4)[0, 1] < -0.5
    assert np.corrcoef(a_i, a_4 + c)[0, 1] < -0.999
    assert regular.sd[12] / regular.mean[12] < 1e-3
    assert regular.sd[1] / regular.mean[1] > 0.1


def test_deepjr_agrees_with_the_fisher_bound():
    values = {"C": 700.0, "A_e": 6.0, "A_i": 60.0, "noise_factor": 100.0}
    settings = make_settings("deepjr", values)
    found = exact_posterior(settings, observation(settings, 3), seed=5)
    assert found.converged
    known = [INFERRED_NAMES.index(name) for name in ("A_i", "b_e", "b_i")]
    least = np.sqrt(np.diag(bound_of(settings)))
    assert found.sd[known] == pytest.approx(least[known], rel=0.25)  # the prior is not Gaussian
    free = [INFERRED_NAMES.index(name) for name in ("a_1", "a_2", "a_3", "a_4")]
    assert found.sd[free] == pytest.approx(prior_sd(settings.table)[free], rel=0.1)


@pytest.mark.parametrize(("circuit", "noise_mv"), [("deepjr", 4.0), ("jansen_rit", 2.0)])
def test_it_is_what_weighing_draws_of_the_prior_gives(circuit, noise_mv):
    """Under heavy noise prior draws weighted by their likelihood are the posterior too."""
    settings = make_settings(circuit, {"p_mean": 90.0, "p_sd": 0.0, "A_i": 30.0, "C": 100.0})
    rng = np.random.default_rng(1)
    observed = evoked(settings).source + noise_mv * rng.normal(size=301)
    low, high = np.array(list(settings.table.trained_ranges().values())).T
    theta = low + (high - low) * rng.random((16_000, 9))
    sets = parameter_sets(settings, INFERRED_NAMES, theta)
    waves = evoked_batch(settings.table, sets, experiment_of(settings))
    misfit = 0.5 * ((waves - observed) ** 2).sum(axis=1) / noise_mv**2
    if circuit == "jansen_rit":
        misfit[derived_drift(settings, sets) >= 1e-3] = np.inf
    weights = np.exp(misfit.min() - misfit)
    weights /= weights.sum()
    size = 1 / (weights**2).sum()
    found = exact_posterior(settings, observed, noise_mv=noise_mv, seed=2)
    values = np.concatenate([theta, products_of(theta)], axis=1)
    mean = weights @ values
    sd = np.sqrt(weights @ (values - mean) ** 2)
    assert size > 60
    assert found.converged
    error = np.sqrt(1 / size + 1 / found.ess)
    assert (np.abs(found.mean - mean) < 4 * error * sd).all()
    assert found.sd == pytest.approx(sd, rel=4 * error.max() / np.sqrt(2))


def derived_drift(settings: Settings, sets: np.ndarray) -> np.ndarray:
    last, before = last_two_responses(settings, sets, 29)
    return np.abs(last - before).max(axis=1)


def test_what_is_returned_is_consistent(regular):
    assert regular.samples.shape == (2000, 9)
    assert products_of(regular.samples) == pytest.approx(regular.products)
    everything = np.concatenate([regular.samples, regular.products], axis=1)
    assert np.abs(everything.mean(axis=0) - regular.mean).max() < 0.1 * regular.sd.max()
    assert (np.diff(regular.quantiles, axis=1) > 0).all()
    ranges = np.array(list(make_settings("jansen_rit").table.trained_ranges().values()))
    assert (regular.samples > ranges[:, 0] - 1e-9).all()
    assert (regular.samples < ranges[:, 1] + 1e-9).all()
    assert regular.n_evaluations > 10_000


def test_what_cannot_be_sampled_is_refused():
    settings = make_settings("jansen_rit", REGULAR)
    flat = np.zeros(301)
    with pytest.raises(ExplorerError, match="p_sd: expected 0"):
        exact_posterior(settings.changed(p_sd=1.0), flat)
    with pytest.raises(ExplorerError, match="repeats with the stimulus"):
        exact_posterior(make_settings("jansen_rit", {"p_mean": 150.0, "p_sd": 0.0}), flat)
    with pytest.raises(ExplorerError, match="A_e: expected a value in the trained range"):
        exact_posterior(settings.changed(A_e=9.0), flat)
    with pytest.raises(ExplorerError, match="observed: expected 301"):
        exact_posterior(settings, flat[:100])
    with pytest.raises(ExplorerError, match="start: expected nine"):
        exact_posterior(settings, flat, start=[1.0, 2.0])
    with pytest.raises(ExplorerError, match="seed"):
        exact_posterior(settings, flat, seed=0)


def test_it_reports_and_stops_at_once():
    settings, told = make_settings("deepjr"), []

    def progress(share: float) -> bool:
        told.append(share)
        return len(told) < 10

    with pytest.raises(Cancelled):
        exact_posterior(settings, evoked(settings).source, progress=progress)
    assert len(told) == 10
    assert told == sorted(told)
    assert 0.0 < told[0] < told[-1] < 0.2


def test_a_mode_far_from_the_start_is_found():
    """A response of jansen_rit that two regions explain alike; the second holds more evidence."""
    cases = draw_cases("jansen_rit", 48, seed=1)
    settings = cases.settings.changed(
        noise_factor=2500.0, **dict(zip(INFERRED_NAMES, cases.truth[47], strict=True))
    )
    observed, noise = (values[47] if np.ndim(values) else values
                       for values in observations(cases, 2500.0, 1))  # fmt: skip
    target = Posterior(settings, observed, noise)
    point = cases.truth[47]
    near = Around(target.prior.powers @ np.log(point), bound_in_products(settings, target))
    gain = len(target.prior.powers) - 1  # A_i·C·a_4
    found = [
        tempered(target.log_density, place, rng=np.random.default_rng(3))
        for place in (near, Everywhere(target.prior))
    ]
    from_near, from_everywhere = (np.exp(one.z[:, gain]) for one in found)
    limit = 2.0 * products_of(point)[3]
    assert (from_everywhere > limit).mean() > 0.5
    assert (from_near > limit).mean() < 0.5
    assert found[1].log_evidence > found[0].log_evidence


def bound_in_products(settings: Settings, target: Posterior) -> np.ndarray:
    """The Fisher bound over the logarithms of the products, (k, k)."""
    point, powers = settings.theta[:9], target.prior.powers
    return powers @ (bound_of(settings) / np.outer(point, point)) @ powers.T
