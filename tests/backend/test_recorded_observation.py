"""A recording's response as an estimator sees it."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.backend.errors import ExplorerError
from explorer.backend.evoked import evoked
from explorer.backend.leadfield import lead_field
from explorer.backend.recorded_observation import recorded_observation, recorded_wave_mv
from explorer.backend.recording import RecordedEvoked
from explorer.backend.sensors import lead_uv_per_mv
from explorer.backend.settings import make_settings


def response_of(channel: str, mean_uv: np.ndarray, rate: float = 500.0) -> RecordedEvoked:
    time = -0.2 + np.arange(mean_uv.size) / rate
    return RecordedEvoked(channel, "stim", time, mean_uv, 37, 0, mean_uv[None])


def test_the_source_behind_a_channel_is_recovered():
    """Project the model's own response to an electrode, and back."""
    settings = make_settings("deepjr", region="occipital")
    response = evoked(settings)
    channel = lead_field("occipital").names[40]
    lead = lead_uv_per_mv(settings)[40]
    fine = np.interp(-0.2 + np.arange(601) / 500.0, response.time, response.source) * lead
    wave = recorded_wave_mv(response_of(channel.upper(), fine + 12.0), settings)
    assert np.abs(response.source).max() > 1
    np.testing.assert_allclose(wave, response.source, atol=1e-6)


def test_the_context_is_the_settings_and_the_noise_the_baselines(rng):
    settings = make_settings("jansen_rit", {"p_mean": 150.0, "p_sd": 1.0})
    noisy = response_of("Fz", rng.standard_normal(601))
    seen = recorded_observation(noisy, settings)
    assert (seen.circuit, seen.p_mean, seen.p_sd, seen.n_trials) == ("jansen_rit", 150.0, 1.0, 37)
    index = lead_field(settings.region).names.index("Fz")
    assert seen.noise_mv == pytest.approx(1 / abs(lead_uv_per_mv(settings)[index]), rel=0.5)
    told = recorded_observation(noisy, settings, noise_mv=0.2, n_trials=10)
    assert (told.noise_mv, told.n_trials) == (0.2, 10)
    with pytest.raises(ExplorerError, match="noise"):
        recorded_observation(noisy, settings, noise_mv=-1.0)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(2)


def test_a_channel_that_the_head_model_does_not_have():
    with pytest.raises(ExplorerError, match="HEOG"):
        recorded_observation(response_of("HEOG", np.zeros(601)), make_settings())
