"""An estimate simulated again, to be laid over what was observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from explorer.backend.ensemble import Progress
from explorer.backend.estimators.service import Reading
from explorer.backend.evoked import evoked
from explorer.backend.misfit import Misfit, compare
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.settings import Settings
from explorer.backend.simulate import simulate
from explorer.backend.snapshot import RATE, RECORD_S, SETTLE_S, SOURCE, channel_signal
from explorer.backend.spectrum import Spectrum, spectrum
from explorer.backend.spreading import Cancelled

HIGH_HZ = 45.0


@dataclass(frozen=True)
class Curves:
    """What a point of the model looks like.

    Attributes:
        signal: (n,) spontaneous signal at 500 Hz, of ``Resimulation.channel``.
        spectrum: of ``signal``.
        wave: (301,) averaged evoked response of the source in mV, no sensor noise.
    """

    signal: np.ndarray
    spectrum: Spectrum
    wave: np.ndarray


@dataclass(frozen=True)
class Fit:
    """One estimate's curves and how far they are from the observed ones.

    Attributes:
        curves: of the estimate.
        signal, wave: r and, after scaling by ``scale``, RMSE in the observed one's unit.
        wave_mv: root mean square difference of the waves, unscaled, mV.
        spectrum_db: root mean square difference of the spectra, 1–45 Hz, dB.
        in_noise: ``wave_mv`` ÷ the sensor noise on the observed wave; about 1 is as good as
            the noise allows. Infinite without noise.
    """

    curves: Curves
    signal: Misfit
    wave: Misfit
    wave_mv: float
    spectrum_db: float
    in_noise: float


@dataclass(frozen=True)
class Resimulation:
    """Every estimate of a reading simulated again.

    Attributes:
        settings: the point (the true one, or the one whose other values were taken over).
        channel: ``source`` or a scalp channel.
        observed: the point's own curves; ``wave`` is what the estimators were given.
        fits: by estimator.
    """

    settings: Settings
    channel: str
    observed: Curves
    fits: Mapping[str, Fit]


def settings_of(settings: Settings, values: np.ndarray) -> Settings:
    """The settings with the nine inferred parameters (9,) of an estimate."""
    rows = settings.table.parameters
    held = {
        name: float(np.clip(value, rows[name].low, rows[name].high))
        for name, value in zip(INFERRED_NAMES, values, strict=True)
    }
    return settings.changed(**held)


def curves_of(settings: Settings, channel: str) -> Curves:
    """Simulate a point: 20 s of ongoing signal after 10 s, and the evoked experiment."""
    every = round(1.0 / (RATE * settings.table.dt))
    run = simulate(settings, SETTLE_S + RECORD_S, every=every)
    states = run.states[round(SETTLE_S * RATE) :]
    source = states[:, 1] - states[:, 2]
    signal = source if channel == SOURCE else channel_signal(settings, source, channel)
    return Curves(signal, spectrum(signal[::2], RATE / 2), evoked(settings).source)


def fit_of(observed: Curves, estimated: Curves, noise_mv: float) -> Fit:
    """How far an estimate's curves are from the observed ones."""
    band = (observed.spectrum.frequency >= 1.0) & (observed.spectrum.frequency <= HIGH_HZ)
    apart = observed.spectrum.decibels()[band] - estimated.spectrum.decibels()[band]
    rms = float(np.sqrt(np.mean((observed.wave - estimated.wave) ** 2)))
    return Fit(
        estimated,
        compare(estimated.signal, observed.signal),
        compare(estimated.wave, observed.wave),
        rms,
        float(np.sqrt(np.mean(apart**2))),
        rms / noise_mv if noise_mv > 0.0 else np.inf,
    )


def resimulate(
    settings: Settings, reading: Reading, channel: str, progress: Progress
) -> Resimulation:
    """Simulate the mean estimate of every estimator of a reading again.

    Args:
        settings: the point, which gives all that is not estimated, the seed included.
        reading: of an observation of this circuit.
        channel: ``source`` or a scalp channel, for the ongoing signal.
        progress: told the share done; returns False to stop.

    Raises:
        Cancelled: ``progress`` returned False.
    """
    own = curves_of(settings, channel)
    observed = Curves(own.signal, own.spectrum, reading.observation.wave)
    fits: dict[str, Fit] = {}
    for name, found in reading.estimates.items():
        estimated = curves_of(settings_of(settings, found.mean[0, :9]), channel)
        fits[name] = fit_of(observed, estimated, reading.observation.noise_mv)
        if not progress(len(fits) / len(reading.estimates)):
            raise Cancelled
    return Resimulation(settings, channel, observed, fits)
