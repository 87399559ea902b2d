"""Nullclines and direction field of a projection of the six-dimensional phase space.

Each synapse is a damped oscillator that settles where its drive puts it:

    h0 = (A_e/b_e) S(y1 − y2),  h1 = (A_e/b_e)(p + C a_2 S(C a_1 y0)),
    h2 = (A_i/b_i) C a_4 S(C a_3 y0).

Plane of two potentials: the field is the pull b_j (h_j − y_j), with every potential that
the plane leaves open balanced (y_j = h_j). A nullcline is where one pull vanishes; both
vanish exactly at the fixed points, whatever the plane. The pull is the flow of the circuit
whose synapses are first-order lags; the velocities of the true flow lie outside the plane.

Plane of a potential and its own velocity: the field is the true flow, all other variables
held at the present state. Other planes have neither.

Source: Grimbert & Faugeras 2006 (Neural Comput 18:3052), section 3, for the balance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import contourpy
import numpy as np

from explorer.backend.errors import ExplorerError
from explorer.backend.settings import Settings

POTENTIALS = ("y0", "y1", "y2", "y1-y2")
VELOCITIES = ("dy0", "dy1", "dy2")
VARIABLES = POTENTIALS + VELOCITIES
_GRID = 61
_KEEP = 4
"""One arrow for so many points of the grid."""

Field = Literal["pull", "flow", "none"]


@dataclass(frozen=True)
class Portrait:
    """Nullclines and field of one projection.

    Attributes:
        field: ``pull`` (two potentials), ``flow`` (a potential and its velocity) or ``none``.
        x, y: (m,) where the arrows stand, in the variables' units.
        u, v: (m,) field there, in units of x and y per s.
        x_nullcline, y_nullcline: lines (k, 2) along which u or v vanishes.
    """

    field: Field
    x: np.ndarray
    y: np.ndarray
    u: np.ndarray
    v: np.ndarray
    x_nullcline: tuple[np.ndarray, ...]
    y_nullcline: tuple[np.ndarray, ...]


def field_kind(x_name: str, y_name: str) -> Field:
    """What a projection has.

    Raises:
        ExplorerError: a name that is not in ``VARIABLES``.
    """
    for name in (x_name, y_name):
        if name not in VARIABLES:
            raise ExplorerError("phase plane", f"one of {', '.join(VARIABLES)}", repr(name))
    if x_name in POTENTIALS and y_name in POTENTIALS and x_name != y_name:
        return "pull"
    return "flow" if f"d{x_name}" == y_name or f"d{y_name}" == x_name else "none"


@dataclass(frozen=True)
class _Balance:
    """Where the drives put the potentials, in mV; rates in s⁻¹."""

    theta: np.ndarray

    def rate(self, v: np.ndarray) -> np.ndarray:
        v_max, v_0, r = self.theta[9:12]
        return v_max / (1.0 + np.exp(np.clip(r * (v_0 - v), -700.0, 700.0)))

    def h0(self, source: np.ndarray) -> np.ndarray:
        return self.theta[0] / self.theta[2] * self.rate(source)

    def h1(self, y0: np.ndarray) -> np.ndarray:
        a_e, _, b_e, _, c, a_1, a_2 = self.theta[:7]
        return a_e / b_e * (self.theta[12] + c * a_2 * self.rate(c * a_1 * y0))

    def h2(self, y0: np.ndarray) -> np.ndarray:
        a_i, b_i, c, a_3, a_4 = self.theta[[1, 3, 4, 7, 8]]
        return a_i / b_i * c * a_4 * self.rate(c * a_3 * y0)

    def complete(self, known: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """All potentials from two of them, the open one balanced."""
        y = dict(known)
        if "y1-y2" in y and "y1" in y:
            y["y2"] = y["y1"] - y["y1-y2"]
        elif "y1-y2" in y and "y2" in y:
            y["y1"] = y["y1-y2"] + y["y2"]
        elif "y1-y2" in y:
            y["y2"] = self.h2(y["y0"])
            y["y1"] = y["y1-y2"] + y["y2"]
        elif "y1" not in y:
            y["y1"] = self.h1(y["y0"])
        elif "y2" not in y:
            y["y2"] = self.h2(y["y0"])
        if "y0" not in y:
            y["y0"] = self.h0(y["y1"] - y["y2"])
        return y

    def pull(self, y: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Pull on each potential, mV/s."""
        b_e, b_i = self.theta[2], self.theta[3]
        pulls = {
            "y0": b_e * (self.h0(y["y1"] - y["y2"]) - y["y0"]),
            "y1": b_e * (self.h1(y["y0"]) - y["y1"]),
            "y2": b_i * (self.h2(y["y0"]) - y["y2"]),
        }
        return pulls | {"y1-y2": pulls["y1"] - pulls["y2"]}


def pull(
    settings: Settings, x_name: str, y_name: str, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pull (mV/s) along both axes at points of a plane of two potentials; shapes as x and y."""
    balance = _Balance(settings.theta)
    pulls = balance.pull(balance.complete({x_name: x, y_name: y}))
    return pulls[x_name], pulls[y_name]


def own_flow(
    settings: Settings, name: str, y: np.ndarray, velocity: np.ndarray, state: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Flow of a potential and of its velocity (mV/s, mV/s²), all else held at ``state`` (6,).

    y' = velocity, velocity' = b² h − 2 b velocity − b² y, with the drive's balance h.
    """
    balance = _Balance(settings.theta)
    b = settings.theta[3] if name == "y2" else settings.theta[2]
    held = balance.h0(state[1] - state[2]) if name == "y0" else None
    h = held if held is not None else (balance.h1 if name == "y1" else balance.h2)(state[0])
    return velocity, b * b * (h - y) - 2.0 * b * velocity


def portrait(
    settings: Settings,
    x_name: str,
    y_name: str,
    x_limits: tuple[float, float],
    y_limits: tuple[float, float],
    state: np.ndarray,
) -> Portrait:
    """Nullclines and direction field of a projection, within limits.

    About two milliseconds. Noise and stimulus are left out.

    Args:
        settings: the point.
        x_name, y_name: two of ``VARIABLES``.
        x_limits, y_limits: lower and upper end of the axes, in the variables' units.
        state: (6,) present state; it matters where ``field`` is ``flow``.

    Raises:
        ExplorerError: an unknown variable, or limits that are not ascending and finite.
    """
    kind = field_kind(x_name, y_name)
    for limits in (x_limits, y_limits):
        if not (np.isfinite(limits).all() and limits[0] < limits[1]):
            raise ExplorerError("limits of the phase plane", "two ascending numbers", limits)
    empty = np.empty(0)
    if kind == "none":
        return Portrait(kind, empty, empty, empty, empty, (), ())
    x, y = np.meshgrid(np.linspace(*x_limits, _GRID), np.linspace(*y_limits, _GRID))
    if kind == "pull":
        u, v = pull(settings, x_name, y_name, x, y)
    elif y_name in VELOCITIES:
        u, v = own_flow(settings, x_name, x, y, state)
    else:
        v, u = own_flow(settings, y_name, y, x, state)
    some = (slice(_KEEP // 2, None, _KEEP),) * 2
    return Portrait(
        kind,
        x=x[some].ravel(),
        y=y[some].ravel(),
        u=u[some].ravel(),
        v=v[some].ravel(),
        x_nullcline=_zero_lines(x, y, u),
        y_nullcline=_zero_lines(x, y, v),
    )


def _zero_lines(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, ...]:
    lines = contourpy.contour_generator(x, y, z).lines(0.0)
    return tuple(np.asarray(line) for line in lines)
