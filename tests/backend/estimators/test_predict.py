"""Asking the estimators."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from explorer.backend.errors import ExplorerError
from explorer.backend.estimators.interface import Estimates, Observation, observe
from explorer.backend.estimators.predict import estimate, estimate_waves
from explorer.backend.estimators.registry import ESTIMATORS
from explorer.backend.estimators.weights import Weights, load_weights
from explorer.backend.evoked import evoked
from explorer.backend.sensors import waveform_noise_sd_mv
from explorer.backend.settings import make_settings
from explorer.backend.spreading import Cancelled
from explorer.backend.targets import target_extents, target_values


def asked(weights: Weights, data, n: int, **words) -> Estimates:
    return estimate_waves(
        weights, data.waves[:n], np.full(n, 0.01), data.context[:n], n_draws=60, **words
    )


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("circuit", ["jansen_rit", "deepjr"])
def test_estimates_lie_in_the_ranges_and_intervals_are_nested(name, circuit, untrained, small_sets):
    found = asked(load_weights(name, circuit, untrained), small_sets[circuit], 5)
    low, high = target_extents(circuit).T
    assert found.mean.shape == found.sd.shape == (5, 13)
    assert ((found.mean > low) & (found.mean < high)).all() and (found.sd > 0).all()
    ends = [found.interval90[..., 0], found.interval50[..., 0], found.interval50[..., 1],
            found.interval90[..., 1]]  # fmt: skip
    assert all((a <= b).all() for a, b in pairwise(ends))
    assert ((found.evidence_rank >= 0) & (found.evidence_rank <= 1)).all()
    assert found.log_evidence.shape == (5,) and np.isfinite(found.log_evidence).all()
    if ESTIMATORS[name].samples:
        values = target_values(found.samples)
        assert found.samples.shape == (5, 60, 9)
        np.testing.assert_allclose(found.mean, values.mean(axis=1))
        np.testing.assert_allclose(found.sd, values.std(axis=1))
        np.testing.assert_allclose(found.interval50[..., 0], np.quantile(values, 0.25, axis=1))
        np.testing.assert_allclose(found.interval90[..., 1], np.quantile(values, 0.95, axis=1))
    else:
        assert found.samples is None


def test_many_are_what_each_is_alone(untrained, deepjr):
    weights = load_weights("bilstm", "deepjr", untrained)
    many = asked(weights, deepjr, 600)
    for case in (0, 255, 256, 599):
        alone = estimate_waves(
            weights, deepjr.waves[[case]], np.array([0.01]), deepjr.context[[case]]
        )
        np.testing.assert_allclose(many.mean[case], alone.mean[0], rtol=1e-4)
        np.testing.assert_allclose(many.evidence_rank[case], alone.evidence_rank[0], atol=1e-6)


def test_a_seed_repeats_the_draws(untrained, deepjr):
    weights = load_weights("npe", "deepjr", untrained)
    one, two, other = (asked(weights, deepjr, 2, seed=k) for k in (1, 1, 2))
    np.testing.assert_array_equal(one.samples, two.samples)
    assert (one.samples != other.samples).any()


def test_observations_of_the_model(untrained):
    settings = make_settings("deepjr", {"noise_factor": 2500.0, "n_trials": 40.0})
    source = evoked(settings).source
    one, two = observe(settings, source), observe(settings, source, stream=1)
    assert one.noise_mv == waveform_noise_sd_mv(settings)
    assert (one.circuit, one.p_mean, one.p_sd, one.n_trials) == ("deepjr", 0.0, 0.0, 40)
    assert (one.wave - source).std() == pytest.approx(one.noise_mv, rel=0.15)
    assert (one.wave != two.wave).all()
    found = estimate(load_weights("lstm", "deepjr", untrained), [one, two])
    assert found.mean.shape == (2, 13) and (found.mean[0] != found.mean[1]).any()


def test_the_evidence_knows_the_model_from_a_sine(untrained, small_sets):
    weights = load_weights("lstm", "jansen_rit", untrained)
    data = small_sets["jansen_rit"]
    sine = 8.0 * np.sin(2 * np.pi * 33.0 * data.time)[None]
    found = estimate_waves(weights, sine, np.array([0.1]), data.context[:1])
    assert found.evidence_rank[0] < 0.002
    assert np.median(asked(weights, data, 200).evidence_rank) > 0.2


def test_what_cannot_be_asked(untrained):
    weights = load_weights("lstm", "deepjr", untrained)
    flat = np.zeros(301)
    with pytest.raises(ExplorerError, match="deepjr"):
        estimate(weights, [Observation("jansen_rit", flat, 0.1, 90.0, 0.0, 60)])
    with pytest.raises(ExplorerError, match="one or more"):
        estimate(weights, [])
    with pytest.raises(ExplorerError, match="301 finite samples"):
        Observation("deepjr", flat[:-1], 0.1, 0.0, 0.0, 60)
    with pytest.raises(ExplorerError, match="301 finite samples"):
        Observation("deepjr", flat * np.nan, 0.1, 0.0, 0.0, 60)
    with pytest.raises(ExplorerError, match="noise"):
        Observation("deepjr", flat, -0.1, 0.0, 0.0, 60)


def test_no_noise_at_all_and_far_too_much_still_give_figures(untrained, deepjr):
    weights = load_weights("transformer", "deepjr", untrained)
    noise = np.array([0.0, 1e3])
    found = estimate_waves(weights, deepjr.waves[:2], noise, deepjr.context[:2])
    assert np.isfinite(found.mean).all() and np.isfinite(found.evidence_rank).all()


def test_a_stop_is_heard(untrained, deepjr):
    weights, shares = load_weights("lstm", "deepjr", untrained), []
    asked(weights, deepjr, 600, progress=lambda share: shares.append(share) is None)
    assert shares == sorted(shares) and shares[-1] == 1.0 and len(shares) == 3
    with pytest.raises(Cancelled):
        asked(weights, deepjr, 600, progress=lambda share: False)
