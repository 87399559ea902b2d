"""Spectra against signals whose spectrum is known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from explorer.backend.settings import make_settings
from explorer.backend.simulate import simulate
from explorer.backend.spectrum import BANDS, Band, band_of, spectrum

RATE = 250.0
WHOLE = Band("whole", "", 0.0, 1e9)


def sinusoid(frequency: float, amplitude: float, seconds: float = 60.0) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE + 0.3)


@pytest.mark.parametrize("frequency", [2.3, 6.1, 10.0, 10.125, 22.7, 40.0])
def test_power_of_a_sinusoid_is_half_its_amplitude_squared(frequency):
    found = spectrum(7.0 + sinusoid(frequency, 3.0), RATE)
    band = band_of(frequency)
    assert found.band_power(band) == pytest.approx(4.5, rel=2e-3)
    assert found.band_power(WHOLE) == pytest.approx(4.5, rel=2e-3)


def test_power_of_white_noise_is_its_variance():
    x = np.random.default_rng(1).normal(0.0, 2.0, 250 * 600)
    found = spectrum(x, RATE)
    assert found.band_power(WHOLE) == pytest.approx(x.var(), rel=0.02)
    inner = found.density[(found.frequency > 1) & (found.frequency < 124)]
    assert inner.mean() == pytest.approx(4.0 / 125.0, rel=0.01)  # flat, one-sided
    for band in BANDS.values():
        share = (band.high - band.low) / 125.0 * 4.0
        assert found.band_power(band) == pytest.approx(share, rel=0.1)


def test_density_is_that_of_windowed_segments_by_hand():
    x = np.random.default_rng(2).normal(0.0, 1.0, 5000).cumsum()
    n, window = 1000, 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1000) / 1000)
    powers = []
    for start in range(0, x.size - n + 1, n // 2):
        piece = x[start : start + n]
        powers.append(np.abs(np.fft.rfft((piece - piece.mean()) * window)) ** 2)
    density = np.mean(powers, axis=0) / (RATE * (window**2).sum())
    density[1:-1] *= 2
    found = spectrum(x, RATE)
    assert found.density == pytest.approx(density, rel=1e-9)
    assert found.frequency == pytest.approx(np.arange(501) * 0.25)


@pytest.mark.parametrize("frequency", np.linspace(1.5, 44.4, 29))
def test_peak_of_a_sinusoid_between_the_frequencies(frequency):
    found = spectrum(sinusoid(frequency, 1.0), RATE).peak()
    assert found == pytest.approx(frequency, abs=0.006)  # the grid has 0.25 Hz


def test_peak_of_the_model_is_the_frequency_of_its_rhythm(exact, cycle):
    states = simulate(make_settings("jansen_rit", {"p_sd": 0.0}), 30.0, dt=5e-4, every=8).states
    source = (states[:, 1] - states[:, 2])[2500:]
    assert spectrum(source, RATE).peak() == pytest.approx(10.938, abs=0.02)


def test_peak_is_looked_for_between_its_limits():
    both = sinusoid(6.0, 3.0) + sinusoid(20.0, 1.0)
    assert spectrum(both, RATE).peak() == pytest.approx(6.0, abs=0.01)
    assert spectrum(both, RATE).peak(low=10.0) == pytest.approx(20.0, abs=0.01)
    assert spectrum(both, RATE).peak(high=5.0) != pytest.approx(6.0, abs=0.5)


@pytest.mark.parametrize("signal", [np.zeros(5000), np.full(5000, 7.5), np.full(5000, -1e-3)])
def test_a_silent_signal_has_no_peak(signal):
    found = spectrum(signal, RATE)
    assert found.peak() is None
    assert (found.decibels() == -120.0).all()


def test_no_local_maximum_no_peak():
    slope = spectrum(np.random.default_rng(0).normal(size=5000).cumsum(), RATE)
    falling = type(slope)(slope.frequency, 1.0 / (1.0 + slope.frequency))
    assert falling.peak() is None


def test_decibels():
    found = spectrum(sinusoid(10.0, 1.0), RATE)
    top = found.density.argmax()
    assert found.decibels()[top] == pytest.approx(10 * np.log10(found.density[top]))
    assert found.decibels(floor=1e-3).min() == pytest.approx(-30.0)


def test_band_edges_belong_to_the_band_above():
    names = {f: band.name if (band := band_of(f)) else None for f in (
        0.99, 1.0, 3.999, 4.0, 7.999, 8.0, 12.999, 13.0, 29.999, 30.0, 44.999, 45.0,
    )}  # fmt: skip
    assert list(names.values()) == [
        None, "delta", "delta", "theta", "theta", "alpha", "alpha", "beta", "beta",
        "gamma", "gamma", None,
    ]  # fmt: skip


def test_bands_adjoin_and_their_powers_add_up():
    bands = list(BANDS.values())
    assert list(BANDS) == [band.name for band in bands]
    assert all(a.high == b.low for a, b in itertools.pairwise(bands))
    found = spectrum(np.random.default_rng(5).normal(size=20_000), RATE)
    total = found.band_power(Band("all", "", 1.0, 45.0))
    assert sum(found.band_power(band) for band in bands) == pytest.approx(total)


def test_a_short_signal_is_one_segment():
    found = spectrum(sinusoid(10.0, 1.0, seconds=1.0), RATE)
    assert found.frequency[1] == pytest.approx(1.0)
    assert found.peak() == pytest.approx(10.0, abs=0.05)
