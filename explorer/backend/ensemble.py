"""Many parameter sets around one set of settings: what all sensitivity analyses run on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from explorer.backend.errors import ExplorerError
from explorer.backend.evoked import Experiment, evoked_batch, protocol, remove_baseline
from explorer.backend.parameters import MODEL_NAMES
from explorer.backend.settings import Settings
from explorer.backend.simulate import (
    SETTLE_S,
    SETTLE_SHIFT,
    Slots,
    decimated_slots,
    n_steps_for,
    simulate_batch,
)

Progress = Callable[[float], bool]
"""Told the share done, from 0 to 1; returns False to stop the work."""


def parameter_sets(settings: Settings, names: Sequence[str], values: np.ndarray) -> np.ndarray:
    """Model parameters (n, 14): those of the settings, with ``values`` (n, d) in some columns.

    Args:
        settings: what all sets share.
        names: (d,) names of model parameters.
        values: (n, d) in the units of the table; not held to its ranges.

    Raises:
        ExplorerError: a name that is not a model parameter.
    """
    unknown = [name for name in names if name not in MODEL_NAMES]
    if unknown:
        raise ExplorerError("parameter", f"one of {', '.join(MODEL_NAMES)}", unknown[0])
    theta = np.tile(settings.theta, (len(values), 1))
    theta[:, [MODEL_NAMES.index(name) for name in names]] = values
    return theta


def initial_states(settings: Settings, theta: np.ndarray, workers: int | None = None) -> np.ndarray:
    """The states (n, 6) in which parameter sets (n, 14) start, as ``settings.start`` says."""
    if settings.start == "zero":
        return np.zeros((len(theta), 6))
    moved = theta.copy()
    moved[:, 12] += SETTLE_SHIFT if settings.start == "from_above" else -SETTLE_SHIFT
    moved[:, 13] = 0.0
    steps = n_steps_for(SETTLE_S, settings.table.dt)
    slots = decimated_slots(steps, every=steps)
    return simulate_batch(settings.table, moved, np.zeros(steps), slots, workers=workers).final


def evoked_waves(
    settings: Settings,
    theta: np.ndarray,
    experiment: Experiment,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """Evoked responses (n, samples) in mV, baseline removed; common random numbers.

    Every set sees the same background noise, that of ``evoked`` with the same settings.
    """
    if settings.start == "zero":
        return evoked_batch(
            settings.table, theta, experiment, seed=settings.seed,
            streams=np.ones(len(theta)), workers=workers, progress=progress,
        )  # fmt: skip
    stimulus, slots = protocol(experiment, settings.table.dt)
    batch = simulate_batch(
        settings.table, theta, stimulus, slots, initial=initial_states(settings, theta, workers),
        seed=settings.seed, streams=np.ones(len(theta)), workers=workers, progress=progress,
    )  # fmt: skip
    return remove_baseline(experiment.time, batch.source)


def spontaneous_sources(
    settings: Settings,
    theta: np.ndarray,
    duration: float,
    skip: float,
    rate: float,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """Sources (n, samples) in mV without stimulus, from ``skip`` to ``duration`` s.

    Every set sees the same background noise, that of ``simulate`` with the same settings.
    """
    table = settings.table
    steps = n_steps_for(duration, table.dt)
    slots = decimated_slots(
        steps - 1, every=round(1 / (rate * table.dt)), skip=round(skip / table.dt)
    )
    batch = simulate_batch(
        table, theta, np.zeros(steps - 1), slots, initial=initial_states(settings, theta, workers),
        seed=settings.seed, streams=np.zeros(len(theta)), workers=workers, progress=progress,
    )  # fmt: skip
    return batch.source


def last_two_responses(
    settings: Settings, theta: np.ndarray, n_trials: int, workers: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Source in the last and the last but one epoch, (n, samples) in mV each.

    Args:
        settings: stimulus, start and circuit.
        theta: (n, 14).
        n_trials: pulses given; at least 2.
        workers: threads.
    """
    experiment = Experiment(
        n_trials=n_trials,
        amplitude=settings["stim_amplitude"],
        width=settings["stim_width"],
        first_trial=n_trials - 2,
    )
    stimulus, slots = protocol(experiment, settings.table.dt)
    size = experiment.time.size
    in_first_row = (n_trials - 1) % 2 == 0  # protocol puts trial k into row k % 2
    last, before = (slots.first, slots.second) if in_first_row else (slots.second, slots.first)
    shifted = np.where(before >= 0, before + size, -1)
    batch = simulate_batch(
        settings.table, theta, stimulus, Slots(last, shifted, np.ones(2 * size)),
        initial=initial_states(settings, theta, workers), workers=workers,
    )  # fmt: skip
    return batch.source[:, :size], batch.source[:, size:]
