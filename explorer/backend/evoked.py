"""The evoked experiment: a pulse each second, epochs averaged.

Source of the protocol: Tilwani & O'Reilly 2024, code of the package deepjr.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from explorer.backend.circuits import Circuit
from explorer.backend.errors import ExplorerError
from explorer.backend.parameters import PARAMETERS
from explorer.backend.settings import Settings
from explorer.backend.simulate import Slots, average_source, n_steps_for, simulate_batch
from explorer.backend.stimulus import PulseTrain


@dataclass(frozen=True)
class Experiment:
    """An evoked experiment.

    Attributes:
        n_trials: pulses.
        amplitude, width: pulse height in s⁻¹ and duration in s.
        transient: s before the first epoch.
        interval: s between pulses.
        tmin, tmax: epoch around the pulse's onset in s; the baseline is tmin … 0.
        rate: samples per s of the response.
        first_trial: first trial to be averaged (0-based).
    """

    n_trials: int = int(PARAMETERS["n_trials"].default)
    amplitude: float = PARAMETERS["stim_amplitude"].default
    width: float = PARAMETERS["stim_width"].default
    transient: float = 0.8
    interval: float = 1.0
    tmin: float = -0.2
    tmax: float = 1.0
    rate: float = 250.0
    first_trial: int = 0

    @property
    def onsets(self) -> tuple[float, ...]:
        """Onset of each pulse, s."""
        start = self.transient - self.tmin
        return tuple(start + k * self.interval for k in range(self.n_trials))

    @property
    def duration(self) -> float:
        """Length of the simulation, s."""
        return self.onsets[-1] + self.tmax

    @property
    def time(self) -> np.ndarray:
        """Time of each sample relative to the onset, s, (samples,)."""
        n = round((self.tmax - self.tmin) * self.rate) + 1
        return self.tmin + np.arange(n) / self.rate

    @property
    def pulses(self) -> PulseTrain:
        """The stimulus."""
        return PulseTrain(self.amplitude, self.width, self.onsets)


@lru_cache(maxsize=64)
def protocol(experiment: Experiment, dt: float) -> tuple[np.ndarray, Slots]:
    """Stimulus per step (steps,) and the slots that average its epochs.

    Raises:
        ExplorerError: a step that does not divide the time between two samples.
    """
    n_steps = n_steps_for(experiment.duration, dt)
    between = 1.0 / experiment.rate
    every = round(between / dt)
    if every < 1 or abs(every * dt - between) > 1e-9 * between:
        raise ExplorerError("dt", f"a step that divides {between:g} s", f"{dt:g} s")
    n_samples = experiment.time.size
    slots = np.full((2, n_steps + 1), -1, dtype=np.int64)
    for k, onset in enumerate(experiment.onsets):
        if k < experiment.first_trial:
            continue
        first = round((onset + experiment.tmin) / dt)
        moments = first + every * np.arange(n_samples)
        slots[k % 2, moments] = np.arange(n_samples)  # neighbours overlap in the baseline
    averaged = experiment.n_trials - experiment.first_trial
    counts = np.full(n_samples, float(averaged))
    return experiment.pulses.per_step(n_steps, dt), Slots(slots[0], slots[1], counts)


@dataclass(frozen=True)
class Evoked:
    """An averaged evoked response of the source.

    Attributes:
        time: (samples,) in s from the pulse's onset.
        source: (samples,) in mV, baseline removed.
        n_trials: epochs averaged.
        stimulus: pulse height in s⁻¹ and width in s.
    """

    time: np.ndarray
    source: np.ndarray
    n_trials: int
    stimulus: tuple[float, float]


def remove_baseline(time: np.ndarray, waves: np.ndarray) -> np.ndarray:
    """Waves (…, samples) less their mean from the start to the onset, both included."""
    return waves - waves[..., time <= 1e-9].mean(axis=-1, keepdims=True)


def experiment_of(settings: Settings) -> Experiment:
    """The experiment that these settings describe."""
    return Experiment(
        n_trials=int(settings["n_trials"]),
        amplitude=settings["stim_amplitude"],
        width=settings["stim_width"],
    )


def evoked(settings: Settings, *, dt: float | None = None, stream: int = 1) -> Evoked:
    """Simulate the evoked experiment at one point.

    Args:
        settings: circuit, parameters, stimulus, trials and seed.
        dt: integration step in s; the circuit's where None.
        stream: stream of background noise.
    """
    experiment = experiment_of(settings)
    step = settings.table.dt if dt is None else dt
    stimulus, slots = protocol(experiment, step)
    wave = average_source(settings, stimulus, slots, step, stream)
    time = experiment.time
    return Evoked(
        time,
        remove_baseline(time, wave),
        experiment.n_trials,
        (experiment.amplitude, experiment.width),
    )


def evoked_batch(
    table: Circuit,
    theta: np.ndarray,
    experiment: Experiment,
    *,
    seed: int = 1,
    streams: np.ndarray | None = None,
    workers: int | None = None,
    progress: Callable[[float], bool] | None = None,
) -> np.ndarray:
    """Evoked responses (n, samples) in mV, baseline removed, of parameter sets (n, 14).

    Args and errors as ``simulate.simulate_batch``.
    """
    stimulus, slots = protocol(experiment, table.dt)
    batch = simulate_batch(
        table,
        theta,
        stimulus,
        slots,
        seed=seed,
        streams=streams,
        workers=workers,
        progress=progress,
    )
    return remove_baseline(experiment.time, batch.source)
