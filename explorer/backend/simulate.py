"""Plain Python around the kernels: validates and lays out arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from explorer.backend.circuits import Circuit
from explorer.backend.errors import ExplorerError
from explorer.backend.euler import run_single_euler
from explorer.backend.settings import Settings
from explorer.backend.single import run_single
from explorer.backend.spreading import spread
from explorer.backend.stimulus import NO_STIMULUS, PulseTrain
from explorer.backend.strang import run_waveforms

SINGLE_KERNELS = {"strang": run_single, "euler": run_single_euler}
SETTLE_SHIFT = 100.0
"""By how much (s⁻¹) p_mean is moved while settling for the starts from above and below."""
SETTLE_S = 5.0
_NO_SLOTS = np.zeros(0)


@dataclass(frozen=True)
class Trajectory:
    """One simulated trajectory.

    Attributes:
        time: (n,) in s.
        states: (n, 6): y0, y1, y2 in mV and their derivatives in mV/s.
    """

    time: np.ndarray
    states: np.ndarray

    @property
    def source(self) -> np.ndarray:
        """y1 − y2 in mV, (n,)."""
        return self.states[:, 1] - self.states[:, 2]


@dataclass(frozen=True)
class Slots:
    """Which moments of a simulation are summed into which output sample.

    Attributes:
        first, second: (steps + 1,) int64, slot of each moment or −1; a moment may belong
            to two slots, as where epochs overlap.
        counts: (slots,) number of moments in each slot.
    """

    first: np.ndarray
    second: np.ndarray
    counts: np.ndarray


def decimated_slots(n_steps: int, every: int, skip: int = 0) -> Slots:
    """Slots that keep every ``every``-th moment from the ``skip``-th step on."""
    first = np.full(n_steps + 1, -1, dtype=np.int64)
    kept = np.arange(skip, n_steps + 1, every)
    first[kept] = np.arange(kept.size)
    return Slots(first, np.full_like(first, -1), np.ones(kept.size))


@lru_cache(maxsize=32)
def _unused_slots(n_steps: int) -> np.ndarray:
    return np.full(n_steps + 1, -1, dtype=np.int64)


def n_steps_for(duration: float, dt: float) -> int:
    """Number of steps of ``dt`` in ``duration`` (both s).

    Raises:
        ExplorerError: a duration or step that is not positive, or over 10⁸ steps.
    """
    if not (np.isfinite(dt) and 1e-6 <= dt <= 0.01):
        raise ExplorerError("dt", "a step from 1e-06 to 0.01 s", f"{dt:g}")
    if not (np.isfinite(duration) and duration >= dt and duration / dt <= 1e8):
        raise ExplorerError("duration", f"from one step of {dt:g} s to 1e8 steps", f"{duration:g}")
    return round(duration / dt)


def initial_state(settings: Settings, dt: float) -> np.ndarray:
    """The state (6,) in which a simulation with these settings starts (no noise while settling)."""
    state = np.zeros(6)
    if settings.start == "zero":
        return state
    theta = settings.theta
    theta[12] += SETTLE_SHIFT if settings.start == "from_above" else -SETTLE_SHIFT
    theta[13] = 0.0
    _run(settings, theta, state, np.zeros(n_steps_for(SETTLE_S, dt)), dt)
    return state


def _run(
    settings: Settings,
    theta: np.ndarray,
    state: np.ndarray,
    stimulus: np.ndarray,
    dt: float,
    every: int = 0,
    slots: Slots | None = None,
    stream: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    n = stimulus.size
    states = np.empty((n // every + 1 if every else 0, 6))
    sums = np.zeros(slots.counts.size) if slots else _NO_SLOTS
    first, second = (slots.first, slots.second) if slots else (_unused_slots(n), _unused_slots(n))
    SINGLE_KERNELS[settings.integrator](
        theta, np.asarray(settings.table.stimulus_weights), state, stimulus, theta[13] > 0.0,
        np.uint64(settings.seed), np.uint64(stream), dt, every, states, first, second, sums,
    )  # fmt: skip
    return states, sums


def simulate(
    settings: Settings,
    duration: float,
    *,
    dt: float | None = None,
    every: int = 1,
    stimulus: PulseTrain = NO_STIMULUS,
    initial: np.ndarray | None = None,
    stream: int = 0,
) -> Trajectory:
    """One trajectory with all its states.

    Args:
        settings: circuit, parameters, start, integrator and seed.
        duration: s.
        dt: integration step in s; the circuit's where None.
        every: keep every ``every``-th step.
        stimulus: pulse train.
        initial: state (6,) to start from, instead of ``settings.start``.
        stream: which stream of noise of the seed; trajectory i of a batch has stream i.

    Raises:
        ExplorerError: a duration, step or initial state that cannot be used.
    """
    dt = settings.table.dt if dt is None else dt
    n = n_steps_for(duration, dt)
    state = initial_state(settings, dt) if initial is None else check_state(initial)
    states, _ = _run(
        settings, settings.theta, state, stimulus.per_step(n, dt), dt, every, stream=stream
    )
    return Trajectory(np.arange(states.shape[0]) * (every * dt), states)


def average_source(
    settings: Settings, stimulus: np.ndarray, slots: Slots, dt: float, stream: int = 0
) -> np.ndarray:
    """Mean source (mV) in each slot, (slots,), of one trajectory.

    Args:
        settings: circuit, parameters, start, integrator and seed.
        stimulus: (steps,) in s⁻¹, mean over each step.
        slots: what is averaged.
        dt: integration step in s.
        stream: stream of noise.
    """
    state = initial_state(settings, dt)
    _, sums = _run(settings, settings.theta, state, stimulus, dt, slots=slots, stream=stream)
    return sums / slots.counts


def check_state(state: np.ndarray) -> np.ndarray:
    """A copy of a finite state (6,), for a kernel to work on.

    Raises:
        ExplorerError: a wrong shape, or a value that is not finite.
    """
    state = np.array(state, dtype=float)
    if state.shape != (6,) or not np.isfinite(state).all():
        raise ExplorerError("initial", "six finite numbers", f"{state!r}")
    return state


@dataclass(frozen=True)
class Batch:
    """Averaged output of many trajectories.

    Attributes:
        source: (n, slots) mean source in mV.
        final: (n, 6) state after the last step.
    """

    source: np.ndarray
    final: np.ndarray


def simulate_batch(
    table: Circuit,
    theta: np.ndarray,
    stimulus: np.ndarray,
    slots: Slots,
    *,
    dt: float | None = None,
    initial: np.ndarray | None = None,
    seed: int = 1,
    streams: np.ndarray | None = None,
    workers: int | None = None,
    progress: Callable[[float], bool] | None = None,
) -> Batch:
    """Many trajectories at once, by Strang splitting; only the slots are held in memory.

    Args:
        table: the circuit (its stimulus weights and step are used).
        theta: (n, 14) model parameters in the order of ``MODEL_NAMES``.
        stimulus: (steps,) in s⁻¹, mean over each step.
        slots: which moments are averaged into which output sample.
        dt: step in s; the circuit's where None.
        initial: (n, 6) or (6,) states to start from; zero where None.
        seed: seed of the background noise.
        streams: (n,) stream of noise of each trajectory; 0 … n − 1 where None. Equal
            streams mean common random numbers.
        workers: threads; one for each core where None. The result does not depend on it.
        progress: called with the share done; work stops where it returns False.

    Raises:
        ExplorerError: shapes that do not fit, or parameters that are not finite.
        Cancelled: ``progress`` returned False.
    """
    theta = np.ascontiguousarray(theta, dtype=float)
    if theta.ndim != 2 or theta.shape[1] != 14 or not np.isfinite(theta).all():
        raise ExplorerError("theta", "finite numbers of shape (n, 14)", f"shape {theta.shape}")
    n = theta.shape[0]
    state = np.zeros((n, 6))
    if initial is not None:
        state[:] = initial
    ids = np.arange(n) if streams is None else np.asarray(streams)
    out = np.empty((n, slots.counts.size))
    step = table.dt if dt is None else dt

    def run(first: int, last: int) -> None:
        run_waveforms(
            theta, np.asarray(table.stimulus_weights), state, np.ascontiguousarray(stimulus),
            slots.first, slots.second, bool((theta[:, 13] > 0).any()), np.uint64(seed),
            ids.astype(np.uint64), step, out, first, last,
        )  # fmt: skip

    spread(run, n, stimulus.size, workers, progress)
    return Batch(out / slots.counts, state)
