"""Scalp potentials, noise and signal-to-noise ratio against their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from explorer.backend.errors import ExplorerError
from explorer.backend.evoked import evoked, experiment_of
from explorer.backend.leadfield import lead_field
from explorer.backend.misfit import compare
from explorer.backend.sensors import (
    channel_noise_sd_uv,
    project,
    projected_observation,
    scalp_uv,
    sensor_noise_uv,
    snr_db,
    waveform_noise_sd_mv,
)
from explorer.backend.settings import make_settings
from explorer.backend.simulate import simulate

DEFAULTS = make_settings()


def test_channel_noise_is_the_published_one() -> None:
    assert channel_noise_sd_uv(DEFAULTS, averaged=False) == pytest.approx(0.2)
    assert channel_noise_sd_uv(DEFAULTS, averaged=True) == pytest.approx(0.2 / math.sqrt(60))
    real = DEFAULTS.changed(noise_factor=2500)
    assert channel_noise_sd_uv(real, averaged=False) == pytest.approx(10.0)  # background EEG


def test_waveform_noise_has_the_published_size() -> None:
    assert waveform_noise_sd_mv(DEFAULTS) == pytest.approx(0.0033, abs=5e-5)
    assert waveform_noise_sd_mv(DEFAULTS.changed(noise_factor=2500)) == pytest.approx(
        0.16, abs=5e-3
    )


def test_deepjr_peaks_at_minus_50_uv() -> None:
    """As in the notebook of Tilwani & O'Reilly 2024: 18.2 mV of source, −50 µV."""
    settings = make_settings("deepjr", integrator="euler")
    experiment = experiment_of(settings)
    source = simulate(settings, experiment.duration, stimulus=experiment.pulses).source
    assert source.min() == pytest.approx(-18.23, abs=0.01)
    assert scalp_uv(settings, source).min() == pytest.approx(-50.0, abs=0.3)
    averaged = scalp_uv(settings, evoked(settings).source)  # its baseline is removed
    assert averaged.min() == pytest.approx(-50.0, abs=1.0)


def test_scalp_is_an_outer_product_for_any_leading_shape() -> None:
    source = np.arange(24.0).reshape(2, 3, 4)
    waves = scalp_uv(DEFAULTS, source)
    assert waves.shape == (2, 3, 64, 4)
    gain = lead_field(DEFAULTS.region).gain_uv_per_nam[5] * DEFAULTS["gain"]
    np.testing.assert_allclose(waves[1, 2, 5], gain * source[1, 2])
    np.testing.assert_allclose(waves.mean(axis=-2), 0.0, atol=1e-9)  # average reference


def test_noise_has_its_variance_and_no_correlation() -> None:
    noise = sensor_noise_uv(DEFAULTS.changed(noise_factor=4.0), 20_000, averaged=False, stream=3)
    assert noise.shape == (64, 20_000)
    assert noise.std() == pytest.approx(0.4, rel=0.005)
    correlation = np.corrcoef(noise) - np.eye(64)
    assert np.abs(correlation).max() < 5 / math.sqrt(20_000)
    assert abs(np.corrcoef(noise[0, :-1], noise[0, 1:])[0, 1]) < 5 / math.sqrt(20_000)


def test_noise_depends_on_seed_and_stream_and_only_scales_with_the_factor() -> None:
    first = sensor_noise_uv(DEFAULTS, 100, averaged=True, stream=1)
    np.testing.assert_array_equal(first, sensor_noise_uv(DEFAULTS, 100, averaged=True, stream=1))
    other_seed = make_settings(seed=2)
    for other in (
        sensor_noise_uv(DEFAULTS, 100, averaged=True, stream=2),
        sensor_noise_uv(other_seed, 100, averaged=True, stream=1),
    ):
        assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.06
    louder = sensor_noise_uv(DEFAULTS.changed(noise_factor=9), 100, averaged=True, stream=1)
    np.testing.assert_allclose(louder, 3 * first)
    assert not sensor_noise_uv(DEFAULTS.changed(noise_factor=0), 9, averaged=True).any()


@pytest.mark.parametrize("averaged", [False, True])
def test_snr_is_measured_power_over_measured_noise(averaged: bool) -> None:
    settings = make_settings(values={"noise_factor": 50.0, "n_trials": 9})
    source = 2.0 * np.sin(np.linspace(0, 20 * np.pi, 4001))
    power = np.mean(scalp_uv(settings, source) ** 2)
    noise = np.var(sensor_noise_uv(settings, 4001, averaged))
    assert snr_db(settings, source, averaged) == pytest.approx(
        10 * math.log10(power / noise), abs=0.05
    )


def test_snr_without_noise_or_signal() -> None:
    silent = DEFAULTS.changed(noise_factor=0)
    assert snr_db(silent, np.ones(5), averaged=True) == math.inf
    assert snr_db(DEFAULTS, np.zeros(5), averaged=True) == -math.inf


def test_observation_is_the_projection_of_the_noisy_scalp() -> None:
    source = np.sin(np.arange(301) / 20)
    noisy = scalp_uv(DEFAULTS, source) + sensor_noise_uv(DEFAULTS, 301, averaged=True, stream=4)
    seen = projected_observation(DEFAULTS, source, stream=4)
    np.testing.assert_allclose(seen, project(DEFAULTS, noisy), atol=1e-12)
    lead = scalp_uv(DEFAULTS, np.ones(1))  # (64, 1)
    np.testing.assert_allclose(seen, np.linalg.lstsq(lead, noisy, rcond=None)[0][0], atol=1e-12)


def test_observation_noise_has_the_stated_size() -> None:
    draws = projected_observation(DEFAULTS, np.zeros(100_000), stream=5)
    assert draws.std() == pytest.approx(waveform_noise_sd_mv(DEFAULTS), rel=0.01)


def test_misfit_finds_scale_and_noise() -> None:
    rng = np.random.default_rng(1)
    model = rng.standard_normal(10_000)
    noise = 0.5 * rng.standard_normal(10_000)
    misfit = compare(model, -3.0 * model + noise)
    assert misfit.scale == pytest.approx(-3.0, abs=0.03)
    assert misfit.rmse == pytest.approx(0.5, rel=0.03)
    assert misfit.r == pytest.approx(-3 / math.sqrt(9.25), rel=0.01)


def test_misfit_of_constants_and_of_curves_that_do_not_fit() -> None:
    flat = compare(np.zeros(5), np.arange(5.0))
    assert math.isnan(flat.r) and flat.scale == 0.0
    assert flat.rmse == pytest.approx(math.sqrt(np.mean(np.arange(5.0) ** 2)))
    assert math.isnan(compare(np.full(7, 0.1), np.arange(7.0)).r)
    for data in (np.zeros(4), np.full(5, np.nan)):
        with pytest.raises(ExplorerError):
            compare(np.zeros(5), data)
