"""A model that runs on: state, clock and noise carry over from one chunk to the next."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from explorer.backend.errors import ExplorerError
from explorer.backend.regimes import NUDGE_MV, REGIMES, classify
from explorer.backend.settings import Settings
from explorer.backend.simulate import Trajectory, initial_state, n_steps_for, simulate
from explorer.backend.stimulus import NO_STIMULUS, PulseTrain

RESTARTS = ("zero", "rest", "other_branch")


class RunningModel:
    """A simulation that is advanced piece by piece, under the settings of the moment.

    Attributes:
        dt: integration step and spacing of the samples, s.
        state: (6,) present state, mV and mV/s.
        chunks: pieces advanced so far; a piece's noise has this number as its stream.
    """

    def __init__(self, settings: Settings, *, window_s: float = 10.0, dt: float = 1e-3) -> None:
        """Start where ``settings.start`` says.

        Args:
            settings: the first settings.
            window_s: how much of the past is kept, s.
            dt: integration step, s; each sample of the window is one step.

        Raises:
            ExplorerError: a window or step that cannot be used.
        """
        self.dt = dt
        self.chunks = 0
        self._steps = 0
        self.state = initial_state(settings, dt)
        self._settings = settings
        self._ring = np.zeros((n_steps_for(window_s, dt), 6))
        self._written = 0
        self._pulses = NO_STIMULUS

    def advance(self, settings: Settings, duration_s: float) -> Trajectory:
        """Run on, with other settings if they have changed.

        The same sequence of settings and durations gives the same trajectory. Without noise
        it does not matter how a stretch is cut into pieces.

        Args:
            settings: circuit, parameters and seed from now on; ``start`` is not used.
            duration_s: s, rounded to whole steps, at least one.

        Returns:
            The new samples, without the state already known: time in s of the model's clock.

        Raises:
            ExplorerError: a duration that cannot be used.
        """
        n_steps = n_steps_for(duration_s, self.dt)
        self.chunks += 1
        began = self.clock
        piece = simulate(
            settings,
            n_steps * self.dt,
            dt=self.dt,
            stimulus=self._pulses_from_now(),
            initial=self.state,
            stream=self.chunks,
        )
        self._settings = settings
        self.state = piece.states[-1].copy()
        self._steps += n_steps
        self._forget_ended_pulses()
        self._remember(piece.states[1:])
        return Trajectory(began + piece.time[1:], piece.states[1:])

    @property
    def clock(self) -> float:
        """Model time since the model was made or restarted, s; whole steps, so no drift."""
        return self._steps * self.dt

    def _pulses_from_now(self) -> PulseTrain:
        """The scheduled pulses on a clock that starts now."""
        onsets = tuple(onset - self.clock for onset in self._pulses.onsets)
        return replace(self._pulses, onsets=onsets)

    def _forget_ended_pulses(self) -> None:
        ends_after = self.clock - self._pulses.width
        onsets = tuple(onset for onset in self._pulses.onsets if onset > ends_after)
        self._pulses = replace(self._pulses, onsets=onsets)

    def _remember(self, states: np.ndarray) -> None:
        size = self._ring.shape[0]
        kept = states[-size:]
        first = self._written + states.shape[0] - kept.shape[0]
        self._ring[(first + np.arange(kept.shape[0])) % size] = kept
        self._written += states.shape[0]

    @property
    def window(self) -> Trajectory:
        """The last seconds, oldest first; shorter just after a start."""
        size = self._ring.shape[0]
        n = min(self._written, size)
        rows = (self._written - n + np.arange(n)) % size
        return Trajectory(self.clock - (n - 1 - np.arange(n)) * self.dt, self._ring[rows])

    def stimulate(self) -> None:
        """Send a pulse of the settings' height and width now; while one runs, another after it."""
        if not self._pulses.onsets:
            s = self._settings
            self._pulses = PulseTrain(s["stim_amplitude"], s["stim_width"], (self.clock,))
            return
        last_ends = self._pulses.onsets[-1] + self._pulses.width
        onsets = (*self._pulses.onsets, max(self.clock, last_ends))
        self._pulses = replace(self._pulses, onsets=onsets)

    def kick(self, amplitude: float) -> None:
        """Move y1, and with it the source, by ``amplitude`` mV at once.

        Raises:
            ExplorerError: not a finite number from −100 to 100.
        """
        if not (np.isfinite(amplitude) and abs(amplitude) <= 100.0):
            raise ExplorerError("kick", "a number from -100 to 100 mV", amplitude)
        self.state[1] += amplitude

    def restart(self, where: str) -> str:
        """Go to another state; the clock and the window start anew.

        Args:
            where: ``zero``; ``rest``: the lowest stable rest, or the lowest unstable one
                nudged where none is stable; ``other_branch``: an attractor that coexists
                with the present one.

        Returns:
            One sentence for the page: where the model is now.

        Raises:
            ExplorerError: an unknown place.
        """
        if where not in RESTARTS:
            raise ExplorerError("restart", f"one of {', '.join(RESTARTS)}", repr(where))
        message = "Restarted from zero."
        if where == "zero":
            self.state = np.zeros(6)
        elif where == "rest":
            message = self._to_rest()
        else:
            message = self._to_other_branch()
        self._steps, self._written, self._pulses = 0, 0, NO_STIMULUS
        return message

    def _to_rest(self) -> str:
        points = classify(self._settings).fixed_points
        stable = [point for point in points if point.stable]
        chosen = (stable or list(points))[0]
        self.state = chosen.state.copy()
        if stable:
            return "Restarted from rest."
        self.state[1] += NUDGE_MV
        return "No rest is stable here; restarted beside an unstable one."

    def _to_other_branch(self) -> str:
        """To the first attractor that does not hold the present state."""
        here = classify(replace(self._settings, start="zero"), initial=self.state)
        if not here.others:
            return "No other state was found at these values; it runs on."
        self.state = here.others[0].state.copy()
        return f"Moved to the other state: {REGIMES[here.others[0].regime].title}."
