"""What the simulator says of many parameter sets: features and evoked responses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from explorer.backend.ensemble import Progress, evoked_waves, spontaneous_sources
from explorer.backend.evoked import Experiment
from explorer.backend.features import compute, densities, feature
from explorer.backend.settings import Settings

FIRST_TRIAL, LAST_TRIAL = 4, 8
"""The evoked response is the mean of trials 5 to 8 (from 1), when the start is forgotten."""
SPONTANEOUS_S, TRANSIENT_S = 9.0, 3.0
"""The spectrum is that of 6 s of source without stimulus, after 3 s that are left out."""
SPECTRUM_RATE = 125.0
"""Samples per s of the spontaneous source; it carries next to nothing above 62.5 Hz."""
_CHUNK = 4096  # parameter sets simulated at a time, to hold memory


@dataclass(frozen=True)
class Outputs:
    """What the simulator says of n parameter sets.

    Attributes:
        features: (n, features), NaN where undefined, in the units of the registry.
        waves: (n, samples) float32, evoked responses in mV, baseline removed.
    """

    features: np.ndarray
    waves: np.ndarray


def experiment_for(settings: Settings) -> Experiment:
    """The evoked experiment of the indices, with the settings' pulse."""
    return Experiment(
        n_trials=LAST_TRIAL,
        amplitude=settings["stim_amplitude"],
        width=settings["stim_width"],
        first_trial=FIRST_TRIAL,
    )


def evaluate(
    settings: Settings,
    theta: np.ndarray,
    features: Sequence[str],
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Outputs:
    """Features and evoked responses of parameter sets (n, 14), with common random numbers.

    Raises:
        ExplorerError: an unknown feature.
        Cancelled: ``progress`` returned False.
    """
    experiment = experiment_for(settings)
    values = np.empty((len(theta), len(features)))
    waves = np.empty((len(theta), experiment.time.size), dtype=np.float32)
    evoked_columns = [k for k, name in enumerate(features) if feature(name).kind == "evoked"]
    other_columns = [k for k in range(len(features)) if k not in evoked_columns]
    share = experiment.duration / (experiment.duration + SPONTANEOUS_S) if other_columns else 1.0
    for start in range(0, len(theta), _CHUNK):
        rows = slice(start, min(start + _CHUNK, len(theta)))
        whole, part = start / len(theta), (rows.stop - start) / len(theta)
        block = evoked_waves(
            settings, theta[rows], experiment, workers=workers,
            progress=_part(progress, whole, part * share),
        )  # fmt: skip
        waves[rows] = block
        values[rows, evoked_columns] = compute(features, "evoked", experiment.time, block)
        if other_columns:
            sources = spontaneous_sources(
                settings, theta[rows], SPONTANEOUS_S, TRANSIENT_S, SPECTRUM_RATE, workers=workers,
                progress=_part(progress, whole + part * share, part * (1 - share)),
            )  # fmt: skip
            values[rows, other_columns] = compute(
                features, "spectrum", *densities(sources, SPECTRUM_RATE, workers)
            )
    return Outputs(values, waves)


def _part(progress: Progress | None, start: float, share: float) -> Progress | None:
    return None if progress is None else lambda done: progress(start + share * done)
