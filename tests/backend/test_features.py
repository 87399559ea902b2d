"""Features against waves whose peaks are known, and against the page's own spectrum."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.backend.ensemble import spontaneous_sources
from explorer.backend.errors import ExplorerError
from explorer.backend.evoked import Experiment
from explorer.backend.features import FEATURES, compute, densities, feature, largest_peaks
from explorer.backend.settings import make_settings
from explorer.backend.simulate import simulate
from explorer.backend.spectrum import BANDS, spectrum

TIME = Experiment().time


def bump(center: float, height: float, width: float = 0.03) -> np.ndarray:
    return height * np.exp(-0.5 * ((TIME - center) / width) ** 2)


def evoked_values(*names: str, waves: np.ndarray) -> np.ndarray:
    return compute(names, "evoked", TIME, np.atleast_2d(waves))


def test_registry_keys_are_names_and_every_row_says_what_it_is():
    assert all(key == row.name for key, row in FEATURES.items())
    assert {row.kind for row in FEATURES.values()} == {"evoked", "spectrum"}
    assert all(row.unit and row.title and len(row.definition) > 40 for row in FEATURES.values())
    assert {f"{band}_power" for band in BANDS} < set(FEATURES)


def test_peaks_of_known_bumps_between_the_samples():
    wave = bump(0.1013, 3.0) + bump(0.2531, -5.0)
    values = evoked_values("p_amplitude", "p_latency", "n_amplitude", "n_latency", waves=wave)[0]
    assert values == pytest.approx([3.0, 0.1013, -5.0, 0.2531], rel=2e-4)


def test_only_peaks_between_onset_and_half_a_second_count():
    wave = bump(-0.1, 9.0) + bump(0.7, 8.0) + bump(0.2, 1.0)
    assert evoked_values("p_amplitude", waves=wave)[0, 0] == pytest.approx(1.0, rel=1e-3)


def test_no_peak_is_nan_and_not_a_number():
    waves = np.stack([bump(0.2, -4.0), np.zeros(301), TIME, bump(0.2, 0.009)])
    values = evoked_values("p_amplitude", "p_latency", waves=waves)
    assert np.isnan(values).all()
    assert np.isfinite(evoked_values("n_amplitude", waves=waves[:1])).all()


def test_rms_is_that_of_the_time_after_the_onset():
    wave = np.where(TIME > 1e-9, 2.0, 50.0)
    assert evoked_values("rms", waves=wave)[0, 0] == pytest.approx(2.0, rel=1e-12)


def test_largest_peaks_agree_with_a_plain_loop():
    waves = np.random.default_rng(3).normal(size=(40, 61))
    axis = np.arange(61) * 0.5
    found = largest_peaks(axis, waves, 5.0, 20.0)
    for k, wave in enumerate(waves):
        inner = [i for i in range(10, 41) if wave[i] > wave[i - 1] and wave[i] >= wave[i + 1]]
        best = max(inner, key=lambda i: wave[i])
        a, b, c = wave[best - 1 : best + 2]
        shift = 0.5 * (a - c) / (a - 2 * b + c)
        assert found.position[k] == pytest.approx(axis[best] + 0.5 * shift)
        assert found.value[k] == pytest.approx(b - 0.25 * (a - c) * shift)


def test_spectrum_features_are_the_pages_own():
    rate = 125.0
    rng = np.random.default_rng(5)
    t = np.arange(750) / rate
    tones = rng.uniform(2, 40, 20)[:, None]
    signals = np.sin(2 * np.pi * tones * t) + 0.3 * rng.normal(size=(20, 750))
    names = [name for name, row in FEATURES.items() if row.kind == "spectrum"]
    values = compute(names, "spectrum", *densities(signals, rate))
    for signal, row in zip(signals, values, strict=True):
        own = spectrum(signal, rate)
        expected = [own.peak(), *(own.band_power(band) for band in BANDS.values())]
        assert row[:-1] == pytest.approx(expected, rel=1e-9)
        assert row[-1] == pytest.approx(sum(expected[1:]), rel=0.05)


def test_power_and_frequency_of_a_sine():
    t = np.arange(750) / 125.0
    signal = 2.0 * np.sin(2 * np.pi * 10.3 * t)
    names = ("peak_frequency", "alpha_power", "total_power")
    frequency, alpha, total = compute(names, "spectrum", *densities(signal[None], 125.0))[0]
    assert frequency == pytest.approx(10.3, abs=0.02)
    assert alpha == pytest.approx(2.0, rel=0.01)
    assert total == pytest.approx(2.0, rel=0.01)


def test_silence_has_no_peak_frequency_but_a_power():
    values = compute(
        ("peak_frequency", "total_power"),
        "spectrum",
        *densities(1e-5 * np.random.default_rng(1).normal(size=(3, 750)), 125.0),
    )
    assert np.isnan(values[:, 0]).all()
    assert (values[:, 1] < 1e-6).all()


@pytest.mark.parametrize("p_mean", [120.0, 220.0])
def test_sampling_at_125_a_second_loses_nothing(p_mean):
    settings = make_settings("jansen_rit", {"p_mean": p_mean, "p_sd": 0.0})
    sources = spontaneous_sources(settings, settings.theta[None], 9.0, 3.0, 125.0)
    names = ("peak_frequency", "gamma_power", "total_power")
    values = compute(names, "spectrum", *densities(sources, 125.0))[0]
    full = spectrum(simulate(settings, 9.0).source[3000:], 1000.0)
    assert values[0] == pytest.approx(full.peak(), rel=1e-3)
    assert values[1] == pytest.approx(full.band_power(BANDS["gamma"]), rel=0.01, abs=1e-6)
    inside = (full.frequency >= 1.0) & (full.frequency < 45.0)
    assert values[2] == pytest.approx(full.density[inside].sum() * 0.25, rel=2e-3)


def test_an_unknown_feature_is_refused_by_name():
    with pytest.raises(ExplorerError, match=r"feature: expected one of p_amplitude.*got 'peak'"):
        feature("peak")
