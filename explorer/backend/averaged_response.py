"""The averaged evoked response of many parameter sets, simulated only until trials repeat.

Exactly what ``evoked`` averages (from the settings' start, all trials), without the
background noise: once two successive trials differ by less than a tolerance, the trials
still to come are taken to be the last one. Most parameter sets repeat from the second
trial on, so that 2,800 steps of 1 ms stand for 61,000.

The settled response alone would be cheaper to state and is not what an average holds: of
2,048 random jansen_rit sets at p_mean 90 that repeat at the 29th trial, one in ten has an
average of 60 trials that is 30 noise standard deviations (noise factor 1) or more away
from the 29th response somewhere (measured; deepjr: at most 1e-4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from explorer.backend.ensemble import initial_states
from explorer.backend.evoked import experiment_of, protocol, remove_baseline
from explorer.backend.fisher import REPEAT_TOLERANCE_MV, SETTLED_TRIALS
from explorer.backend.settings import Settings
from explorer.backend.simulate import Slots, simulate_batch

SETTLED_SHARE = 0.01
"""Two trials count as the same if they differ by less than this share of the noise."""
LARGEST_SETTLED_MV = 5e-4
"""And by less than this, half of what counts as repeating."""
_LOOKS = (2, 4, 8, 16, SETTLED_TRIALS)
"""Trials after which it is seen whether the response has settled."""


@dataclass
class _Lanes:
    """Parameter sets under way: rows of the result, states, sums over trials, last trial."""

    rows: np.ndarray  # (n,)
    theta: np.ndarray  # (n, 14)
    state: np.ndarray  # (n, 6)
    total: np.ndarray  # (n, period), trials 1 … n_trials
    following: np.ndarray  # (n, overlap), trials 2 … n_trials + 1
    last: np.ndarray  # (n, period)

    def kept(self, which: np.ndarray) -> _Lanes:
        return _Lanes(*(getattr(self, name)[which] for name in self.__dataclass_fields__))


class AveragedResponse:
    """The forward model of the exact posterior.

    Attributes:
        n_evaluations: parameter sets simulated so far.
        n_steps: integration steps of all of them so far.
    """

    def __init__(self, settings: Settings, noise_mv: float) -> None:
        """For the stimulus, trials and start of the settings, under noise (mV)."""
        self._settings = settings
        self._tolerance = min(SETTLED_SHARE * noise_mv, LARGEST_SETTLED_MV)
        experiment = experiment_of(settings)
        dt = settings.table.dt
        self._time = experiment.time
        self._n_trials = experiment.n_trials
        self._every = round(1 / (experiment.rate * dt))
        self._lead = round(experiment.transient / dt)
        self._period_steps = round(experiment.interval / dt)
        self._period = self._period_steps // self._every  # samples in a period
        self._overlap = self._time.size - self._period
        stimulus, _ = protocol(experiment, dt)
        self._stimulus = stimulus[: self._lead + self._period_steps]
        self._plans: dict[tuple[bool, int], tuple[np.ndarray, Slots]] = {}
        self.n_evaluations = 0
        self.n_steps = 0

    def __call__(self, theta: np.ndarray, workers: int | None = None) -> np.ndarray:
        """Responses (n, samples) in mV, baseline removed, of parameter sets (n, 14).

        p_sd is taken as 0. A row is NaN where the response does not repeat: the trials 28
        and 29 differ by ``REPEAT_TOLERANCE_MV`` or more.
        """
        out = np.full((len(theta), self._time.size), np.nan)
        lanes, trial = self._started(theta, workers), 0
        for look in self._looks():
            before = lanes.last
            last_but_one = self._advance(lanes, trial, look, workers)
            trial = look
            drift = np.abs(lanes.last - (before if last_but_one is None else last_but_one))
            drift = drift.max(axis=1)  # (n,)
            done = (
                drift < self._tolerance if look < self._looks()[-1] else np.full(len(drift), True)
            )
            lost = (look == SETTLED_TRIALS) & (drift >= REPEAT_TOLERANCE_MV)
            ready = lanes.kept(done & ~lost)
            out[ready.rows] = self._averages(ready, trial)
            lanes = lanes.kept(~(done | lost))
            if lanes.rows.size == 0:
                break
        return remove_baseline(self._time, out)

    def _looks(self) -> Sequence[int]:
        return _LOOKS if self._n_trials < SETTLED_TRIALS else (*_LOOKS, self._n_trials + 1)

    def _started(self, theta: np.ndarray, workers: int | None) -> _Lanes:
        quiet = theta.copy()
        quiet[:, 13] = 0.0
        n = len(theta)
        self.n_evaluations += n
        state = initial_states(self._settings, quiet, workers)
        none = np.zeros((n, self._period))
        return _Lanes(np.arange(n), quiet, state, none, np.zeros((n, self._overlap)), none)

    def _advance(
        self, lanes: _Lanes, trial: int, look: int, workers: int | None
    ) -> np.ndarray | None:
        """Simulate trials ``trial`` + 1 … ``look``; returns the last but one, if among them."""
        stimulus, slots = self._plan(trial == 0, look - trial)
        batch = simulate_batch(
            self._settings.table, lanes.theta, stimulus, slots, initial=lanes.state, workers=workers
        )
        self.n_steps += stimulus.size * len(lanes.theta)
        trials = batch.source.reshape(len(lanes.theta), look - trial, self._period)
        averaged = max(min(look, self._n_trials) - trial, 0)
        lanes.total = lanes.total + trials[:, :averaged].sum(axis=1)
        second, end = max(1 - trial, 0), max(min(look, self._n_trials + 1) - trial, 0)
        lanes.following = lanes.following + trials[:, second:end, : self._overlap].sum(axis=1)
        lanes.last, lanes.state = trials[:, -1], batch.final
        return trials[:, -2] if look - trial > 1 else None

    def _plan(self, first: bool, n_trials: int) -> tuple[np.ndarray, Slots]:
        """Stimulus (steps,) and slots that keep every sample of each period."""
        if (first, n_trials) not in self._plans:
            lead = self._lead if first else 0
            period = self._stimulus[self._lead :]
            stimulus = np.concatenate([self._stimulus[:lead], np.tile(period, n_trials)])
            kept = np.full(stimulus.size + 1, -1, dtype=np.int64)
            size = self._period * n_trials
            kept[lead : stimulus.size : self._every] = np.arange(size)
            slots = Slots(kept, np.full_like(kept, -1), np.ones(size))
            self._plans[first, n_trials] = stimulus, slots
        return self._plans[first, n_trials]

    def _averages(self, lanes: _Lanes, trial: int) -> np.ndarray:
        """Epochs averaged over all trials, those after ``trial`` being like it, (n, samples)."""
        total = lanes.total + max(self._n_trials - trial, 0) * lanes.last
        following = (
            lanes.following + max(self._n_trials + 1 - trial, 0) * lanes.last[:, : self._overlap]
        )
        return np.concatenate([total, following], axis=1) / self._n_trials
