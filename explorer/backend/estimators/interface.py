"""What every estimator takes and gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.backend.errors import ExplorerError
from explorer.backend.evoked import Experiment
from explorer.backend.sensors import projected_observation, waveform_noise_sd_mv
from explorer.backend.settings import Settings

N_SAMPLES = Experiment().time.size
LEAST_NOISE_MV = 3e-5
"""Noise below this is taken as this; with the default lead field it is noise factor 0.0001."""
LARGEST_NOISE_MV = 10.0


@dataclass(frozen=True)
class Observation:
    """What an estimator sees.

    Attributes:
        circuit: key of ``CIRCUITS``.
        wave: (301,) averaged evoked response of the source in mV, at 250 Hz from −0.2 to
            1 s, baseline removed.
        noise_mv: standard deviation of the sensor noise on each sample, mV.
        p_mean: mean background input, s⁻¹.
        p_sd: background noise, s⁻¹·√s.
        n_trials: trials averaged.
    """

    circuit: str
    wave: np.ndarray
    noise_mv: float
    p_mean: float
    p_sd: float
    n_trials: int

    def __post_init__(self) -> None:
        wave = np.asarray(self.wave)
        if wave.shape != (N_SAMPLES,) or not np.isfinite(wave).all():
            expected = f"{N_SAMPLES} finite samples in mV"
            raise ExplorerError("observation", expected, f"shape {wave.shape}")
        if not (np.isfinite(self.noise_mv) and self.noise_mv >= 0):
            raise ExplorerError("noise", "a standard deviation in mV, 0 or more", self.noise_mv)


def observe(settings: Settings, source: np.ndarray, stream: int = 0) -> Observation:
    """The observation of an averaged response under the settings' sensor noise.

    Args:
        settings: measurement and context.
        source: (301,) averaged evoked response in mV, baseline removed, no sensor noise.
        stream: which of the seed's streams of sensor noise.
    """
    return Observation(
        settings.circuit,
        projected_observation(settings, source, stream),
        waveform_noise_sd_mv(settings),
        settings["p_mean"],
        settings["p_sd"],
        int(settings["n_trials"]),
    )


@dataclass(frozen=True)
class Estimates:
    """What one estimator believes of n observations.

    Attributes:
        estimator: key of ``ESTIMATORS``.
        circuit: key of ``CIRCUITS``.
        mean, sd: (n, 13) posterior mean and standard deviation of the targets, in the order
            and the units of ``TARGETS``.
        interval50, interval90: (n, 13, 2) central intervals.
        samples: (n, draws, 9) draws of the inferred parameters, None where the estimator
            has none.
        log_evidence: (n,) log density of the observation under a Gaussian with the mean and
            covariance of the training responses and the noise, per sample of the wave.
        evidence_rank: (n,) share of training responses, under the same noise, with a lower
            log evidence; near 0 means out of distribution.
    """

    estimator: str
    circuit: str
    mean: np.ndarray
    sd: np.ndarray
    interval50: np.ndarray
    interval90: np.ndarray
    samples: np.ndarray | None
    log_evidence: np.ndarray
    evidence_rank: np.ndarray
