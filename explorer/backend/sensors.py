"""From the source to the sensors: scalp potentials, sensor noise, signal-to-noise ratio.

scalp(t) = g · gain · source(t) + n(t), with g the region's lead field and n independent
Gaussian noise of variance noise_factor · (0.2 µV)² per channel and sample
(Tilwani & O'Reilly 2024: MNE's ad-hoc covariance, scaled).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from explorer.backend.leadfield import N_ELECTRODES, lead_field
from explorer.backend.settings import Settings

UNIT_NOISE_UV = 0.2
"""Standard deviation of the sensor noise at noise factor 1, µV (MNE's ad-hoc covariance)."""
_NOISE_KEY = 0x5E45
"""Keeps the sensors' random numbers apart from the background input's."""


def channel_noise_sd_uv(settings: Settings, averaged: bool) -> float:
    """Standard deviation of the sensor noise per channel and sample, µV.

    0.2 µV · √noise_factor, divided by √n_trials where ``averaged``.
    """
    sd = UNIT_NOISE_UV * math.sqrt(settings["noise_factor"])
    return sd / math.sqrt(settings["n_trials"]) if averaged else sd


def lead_uv_per_mv(settings: Settings) -> np.ndarray:
    """What 1 mV of source gives at each electrode, (64,) in µV per mV."""
    return lead_field(settings.region).gain_uv_per_nam * settings["gain"]


def waveform_noise_sd_mv(settings: Settings) -> float:
    """Standard deviation of the noise on the projected, averaged waveform, mV.

    Channel noise of the average divided by the norm of the lead field (design: 0.0033 mV
    at the defaults).
    """
    norm = lead_field(settings.region).norm * settings["gain"]
    return channel_noise_sd_uv(settings, averaged=True) / norm


def scalp_uv(settings: Settings, source: np.ndarray) -> np.ndarray:
    """Noise-free scalp potentials of a source.

    Args:
        settings: region and gain.
        source: (…, time) in mV.

    Returns:
        (…, 64, time) in µV, average reference.
    """
    return lead_uv_per_mv(settings)[:, None] * np.asarray(source)[..., None, :]


def sensor_noise_uv(
    settings: Settings, n_samples: int, averaged: bool, stream: int = 0
) -> np.ndarray:
    """Sensor noise, (64, n_samples) in µV.

    The same seed and stream give the same draws at every noise factor and number of
    trials, only scaled: the picture does not jump while a slider moves.

    Args:
        settings: noise factor, trials and seed.
        n_samples: samples.
        averaged: noise of the average over trials, or of a single trial.
        stream: which of the seed's streams, 0 or more.
    """
    sd = channel_noise_sd_uv(settings, averaged)
    return sd * _unit_noise(settings.seed, stream, n_samples)


@lru_cache(maxsize=8)
def _unit_noise(seed: int, stream: int, n_samples: int) -> np.ndarray:
    sequence = np.random.SeedSequence(seed, spawn_key=(_NOISE_KEY, stream))
    draws = np.random.Generator(np.random.SFC64(sequence)).standard_normal(
        (N_ELECTRODES, n_samples)
    )
    draws.flags.writeable = False
    return draws


def snr_db(settings: Settings, source: np.ndarray, averaged: bool) -> float:
    """Signal-to-noise ratio of the scalp potentials, dB.

    10 log₁₀ of the clean signal's square, averaged over channels and samples, divided by
    the variance of the noise (Tilwani & O'Reilly 2024).

    Args:
        settings: region, gain, noise factor and trials.
        source: (time,) in mV.
        averaged: of the average over trials, or of a single trial.

    Returns:
        inf at noise factor 0, −inf where there is noise and no signal.
    """
    variance = channel_noise_sd_uv(settings, averaged) ** 2
    power = float(np.mean(lead_uv_per_mv(settings) ** 2) * np.mean(np.square(source)))
    if variance == 0.0:
        return math.inf
    return 10.0 * math.log10(power / variance) if power > 0.0 else -math.inf


def project(settings: Settings, potentials: np.ndarray) -> np.ndarray:
    """Source waveform (…, time) in mV that fits potentials (…, 64, time) in µV best.

    gᵀ x / (gᵀ g): with independent equal noise on the channels it holds all that they
    tell about a single source.
    """
    lead = lead_uv_per_mv(settings)  # (64,)
    return np.einsum("c,...ct->...t", lead, potentials) / (lead @ lead)


def projected_observation(settings: Settings, source: np.ndarray, stream: int = 0) -> np.ndarray:
    """What an estimator sees of an averaged evoked response, (time,) in mV.

    The source plus the projection of the averaged channel noise on the lead field; equal
    to projecting the noisy scalp potentials, without making them.

    Args:
        settings: region, gain, noise factor, trials and seed.
        source: (time,) averaged evoked response in mV.
        stream: as in ``sensor_noise_uv``.
    """
    source = np.asarray(source)
    return source + project(settings, sensor_noise_uv(settings, source.size, True, stream))
