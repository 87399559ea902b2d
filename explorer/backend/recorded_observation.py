"""A recording's evoked response as an estimator sees it: one waveform of the source, in mV."""

from __future__ import annotations

import numpy as np

from explorer.backend.errors import ExplorerError
from explorer.backend.estimators.interface import Observation
from explorer.backend.evoked import Experiment, remove_baseline
from explorer.backend.leadfield import lead_field
from explorer.backend.recording import RecordedEvoked
from explorer.backend.sensors import lead_uv_per_mv
from explorer.backend.settings import Settings


def recorded_wave_mv(response: RecordedEvoked, settings: Settings) -> np.ndarray:
    """The source (301,) in mV that would give this channel, at 250 Hz, baseline removed.

    The channel in µV over what 1 mV of source gives there (region and gain of the settings).

    Raises:
        ExplorerError: the channel is no electrode of the lead field.
    """
    names = lead_field(settings.region).names
    by_lower = {name.lower(): k for k, name in enumerate(names)}
    if response.channel.lower() not in by_lower:
        expected = f"an electrode of the head model ({names[0]}, {names[1]} … {names[-1]})"
        raise ExplorerError("channel", expected, repr(response.channel))
    lead = lead_uv_per_mv(settings)[by_lower[response.channel.lower()]]
    time = Experiment().time
    return remove_baseline(time, np.interp(time, response.time, response.mean_uv)) / lead


def recorded_observation(
    response: RecordedEvoked,
    settings: Settings,
    *,
    noise_mv: float | None = None,
    n_trials: int | None = None,
) -> Observation:
    """The observation of a recorded evoked response.

    Args:
        response: from −0.2 to 1 s, low-passed well below 125 Hz.
        settings: circuit, region, gain, p_mean and p_sd: what the estimators are told.
        noise_mv: standard deviation of the noise on the waveform in mV; that of the
            waveform's baseline where None.
        n_trials: trials averaged; the recording's epochs where None.

    Raises:
        ExplorerError: as ``recorded_wave_mv``, or a noise that is no standard deviation.
    """
    wave = recorded_wave_mv(response, settings)
    before = wave[Experiment().time < -1e-9]
    return Observation(
        settings.circuit, wave, float(before.std()) if noise_mv is None else noise_mv,
        settings["p_mean"], settings["p_sd"], n_trials or response.n_epochs,
    )  # fmt: skip
