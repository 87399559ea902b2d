"""A recording's evoked response as an estimator's observation, by a stated rule.

The wave is interpolated (cubic) at the 301 samples from −0.2 to 1 s at 250 Hz, its baseline
removed, and turned from µV at an electrode into mV of source by one of ``SCALES``. The noise
is given by hand in µV and scaled alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from explorer.backend.errors import ExplorerError
from explorer.backend.estimators.interface import Observation
from explorer.backend.evoked import Experiment, remove_baseline
from explorer.backend.leadfield import lead_field
from explorer.backend.sensors import lead_uv_per_mv
from explorer.backend.settings import Settings

SCALES: dict[str, str] = {
    "lead": "µV ÷ what 1 mV of source gives at that electrode, for the region and gain as set",
    "size": "root mean square made equal to that of the model's present response",
}
"""How µV become mV of source, in words."""


@dataclass(frozen=True)
class Context:
    """What an estimator is told beside the wave, set by hand.

    Attributes:
        noise_uv: standard deviation of the noise on each sample of the average, µV.
        p_mean: s⁻¹.
        p_sd: s⁻¹·√s.
        n_trials: epochs averaged.
        scale: key of ``SCALES``.
    """

    noise_uv: float
    p_mean: float
    p_sd: float
    n_trials: int
    scale: str


def baseline_noise_uv(time: np.ndarray, wave_uv: np.ndarray) -> float:
    """A first guess at the noise: standard deviation before the event, µV."""
    return float(np.std(wave_uv[time <= 0.0]))


def uv_per_mv(settings: Settings, channel: str, scale: str, wave_uv: np.ndarray,
              model_mv: np.ndarray) -> float:  # fmt: skip
    """µV of the recording for 1 mV of source.

    Args:
        settings: region and gain.
        channel: the recording's; one that the montage lacks counts as the strongest.
        scale: key of ``SCALES``.
        wave_uv: the recorded response at the 301 samples.
        model_mv: (301,) the model's present response.

    Raises:
        ExplorerError: an unknown rule, or a response of zeros on either side.
    """
    if scale not in SCALES:
        raise ExplorerError("scale", f"one of {', '.join(SCALES)}", repr(scale))
    lead = lead_uv_per_mv(settings)
    strongest = int(np.argmax(np.abs(lead)))
    names = [name.lower() for name in lead_field(settings.region).names]
    lower = channel.lower()
    factor = float(lead[names.index(lower) if lower in names else strongest])
    if scale == "size":
        own, theirs = float(np.sqrt(np.mean(model_mv**2))), float(np.sqrt(np.mean(wave_uv**2)))
        if own == 0.0 or theirs == 0.0:
            raise ExplorerError("scale", "a response in the model and in the recording", "none")
        factor = np.copysign(theirs / own, factor)
    if abs(factor) < 1e-6 * float(np.abs(lead).max()):
        raise ExplorerError("channel", "an electrode that sees the region's dipole", channel)
    return float(factor)


def observation_of(
    settings: Settings,
    channel: str,
    time: np.ndarray,
    wave_uv: np.ndarray,
    context: Context,
    model_mv: np.ndarray,
) -> Observation:
    """A recorded evoked response as an observation.

    Args:
        settings: circuit, region and gain.
        channel: of the recording.
        time: (n,) s from the event, ascending.
        wave_uv: (n,) µV.
        context: set by hand.
        model_mv: (301,) the model's present response.

    Raises:
        ExplorerError: a response that does not span −0.2 … 1 s, or that cannot be scaled.
    """
    wanted = Experiment().time
    step = float(np.median(np.diff(time))) if time.size > 1 else 0.0
    if time.size < 10 or time[0] > wanted[0] + 1.5 * step or time[-1] < wanted[-1] - 1.5 * step:
        raise ExplorerError(
            "recording", f"a response from {wanted[0]:g} to {wanted[-1]:g} s",
            f"{time[0]:.3g} to {time[-1]:.3g} s" if time.size else "none",
        )  # fmt: skip
    held = np.clip(wanted, time[0], time[-1])
    wave = remove_baseline(wanted, CubicSpline(time, wave_uv)(held))
    factor = uv_per_mv(settings, channel, context.scale, wave, model_mv)
    return Observation(
        settings.circuit, wave / factor, context.noise_uv / abs(factor),
        context.p_mean, context.p_sd, context.n_trials,
    )  # fmt: skip
