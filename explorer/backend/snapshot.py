"""Everything the live views show at one point, computed at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from explorer.backend.evoked import Evoked, evoked
from explorer.backend.leadfield import lead_field
from explorer.backend.regimes import RegimeReport, classify, headline
from explorer.backend.sensors import channel_noise_sd_uv, scalp_uv, sensor_noise_uv, snr_db
from explorer.backend.settings import Settings
from explorer.backend.simulate import simulate
from explorer.backend.spectrum import Spectrum, spectrum

_POOL = ThreadPoolExecutor(2, thread_name_prefix="snapshot")
SOURCE = "source"
SETTLE_S = 10.0
RECORD_S = 20.0
RATE = 500.0
_TRIAL_STREAM, _AVERAGE_STREAM, _EVOKED_STREAM = 11, 12, 1


@dataclass(frozen=True)
class Snapshot:
    """The present point of the model.

    Attributes:
        settings: the point.
        report: its regime, from the noise-free run.
        headline: the regime in words.
        time: (n,) s after the start, of the spontaneous record.
        states: (n, 6) y0, y1, y2 in mV and derivatives in mV/s.
        signal: (n,) the spontaneous signal shown: the source in mV or a channel in µV.
        signal_unit: ``mV`` or ``µV``.
        spectrum: of ``signal``.
        evoked: the averaged response of the source, mV.
        scalp: (64, samples) averaged response with sensor noise, µV, baseline removed.
        snr_single, snr_average: dB, inf without sensor noise, −inf without response.
    """

    settings: Settings
    report: RegimeReport
    headline: str
    time: np.ndarray
    states: np.ndarray
    signal: np.ndarray
    signal_unit: str
    spectrum: Spectrum
    evoked: Evoked
    scalp: np.ndarray
    snr_single: float
    snr_average: float

    @property
    def source(self) -> np.ndarray:
        """y1 − y2 in mV, (n,)."""
        return self.states[:, 1] - self.states[:, 2]


def channel_signal(settings: Settings, source: np.ndarray, channel: str) -> np.ndarray:
    """One scalp channel of an ongoing source (n,) in µV, sensor noise of single samples added.

    Sampled at ``RATE``; the mean is removed, as an amplifier would.
    """
    field = lead_field(settings.region)
    index = field.names.index(channel)
    clean = field.gain_uv_per_nam[index] * settings["gain"] * (source - source.mean())
    rng = np.random.Generator(
        np.random.SFC64(np.random.SeedSequence([settings.seed, _TRIAL_STREAM, index]))
    )
    return clean + channel_noise_sd_uv(settings, averaged=False) * rng.standard_normal(source.size)


def averaged_scalp(settings: Settings, response: Evoked) -> np.ndarray:
    """Evoked response at the 64 electrodes with the noise of the average, (64, samples) in µV."""
    waves = scalp_uv(settings, response.source)
    waves = waves + sensor_noise_uv(settings, waves.shape[1], True, _AVERAGE_STREAM)
    return waves - waves[:, response.time <= 1e-9].mean(axis=1, keepdims=True)


def take_snapshot(settings: Settings, channel: str = SOURCE) -> Snapshot:
    """Compute the live views' data at one point.

    Args:
        settings: the point.
        channel: ``source``, or the name of a scalp channel, for the spontaneous signal.
    """
    # the kernels release the interpreter's lock, so two cores share the three simulations
    experiment = _POOL.submit(evoked, settings, stream=_EVOKED_STREAM)
    regime = _POOL.submit(classify, settings)
    every = round(1.0 / (RATE * settings.table.dt))
    run = simulate(settings, SETTLE_S + RECORD_S, every=every)
    first = round(SETTLE_S * RATE)
    time, states = run.time[first:], run.states[first:]
    source = states[:, 1] - states[:, 2]
    signal = source if channel == SOURCE else channel_signal(settings, source, channel)
    report, response = regime.result(), experiment.result()
    return Snapshot(
        settings=settings,
        report=report,
        headline=headline(report, settings),
        time=time,
        states=states,
        signal=signal,
        signal_unit="mV" if channel == SOURCE else "µV",
        spectrum=spectrum(signal[::2], RATE / 2),
        evoked=response,
        scalp=averaged_scalp(settings, response),
        snr_single=snr_db(settings, response.source, averaged=False),
        snr_average=snr_db(settings, response.source, averaged=True),
    )


def with_channel(shot: Snapshot, channel: str) -> Snapshot:
    """The same snapshot with another spontaneous signal, without a new simulation."""
    signal = (
        shot.source if channel == SOURCE else channel_signal(shot.settings, shot.source, channel)
    )
    unit = "mV" if channel == SOURCE else "µV"
    return replace(shot, signal=signal, signal_unit=unit, spectrum=spectrum(signal[::2], RATE / 2))
