"""The stimulus: a train of rectangular pulses, as its mean over each integration step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PulseTrain:
    """Rectangular pulses.

    Attributes:
        amplitude: height in s⁻¹.
        width: duration of a pulse in s.
        onsets: start of each pulse in s, ascending.
    """

    amplitude: float
    width: float
    onsets: tuple[float, ...]

    def per_step(self, n_steps: int, dt: float) -> np.ndarray:
        """Mean over each step of length ``dt``, (n_steps,) in s⁻¹; areas are exact."""
        if not self.onsets:
            return np.zeros(n_steps)
        edges = np.arange(n_steps + 1) * dt  # (n_steps + 1,)
        onsets = np.asarray(self.onsets, dtype=float)
        knots = np.column_stack([onsets, onsets + self.width]).ravel()
        levels = np.column_stack([np.arange(onsets.size), np.arange(1, onsets.size + 1)]).ravel()
        area = np.interp(edges, knots, levels) * self.amplitude * self.width
        mean = np.diff(area) / dt
        mean[np.abs(mean) < 1e-9 * max(self.amplitude, 1e-300)] = 0.0
        return mean


NO_STIMULUS = PulseTrain(0.0, 0.05, ())
