"""Bifurcation diagram over any parameter: rests, folds, Hopf points, cycles both ways.

Rests come from the closed form (``fixed_points.py``), folds and Hopf points by bisection.
Cycles come from continuation: the circuit is simulated along the values of the parameter,
upward and downward, each value starting in the state in which the one before ended. Such
a sweep sees stable states alone, and keeps to one for as long as it exists, so the two
directions differ where states coexist.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from explorer.backend.critical import Column, critical_points, rest_columns
from explorer.backend.errors import ExplorerError
from explorer.backend.fixed_points import Critical, fixed_points
from explorer.backend.parameters import MODEL_NAMES
from explorer.backend.rhythm import REGIME_NAMES, differ, is_rest, name_regimes, tended_swing
from explorer.backend.settings import Settings
from explorer.backend.spreading import Cancelled
from explorer.backend.sweep import N_SUMMARY, continue_attractor

SWEEPABLE = tuple(name for name in MODEL_NAMES if name != "p_sd")
"""Parameters with a diagram: all that the noise-free equations contain."""
WINDOW_S, PATIENCE, TOLERANCE, NUDGE_MV = 1.0, 8, 0.01, 0.1
_STEP_S = 1e-3
_PIECES = 8


@dataclass(frozen=True)
class RestBranch:
    """A connected stretch of rests of one stability.

    Attributes:
        values: (k,) the parameter, in its unit.
        source: (k,) mV.
        stable: whether small perturbations die out all along it.
    """

    values: np.ndarray
    source: np.ndarray
    stable: bool


@dataclass(frozen=True)
class CycleBranch:
    """What a sweep in one direction finds, ordered by ascending value.

    Attributes:
        minimum, maximum: (n,) extremes of the source, mV; equal at rest.
        frequency: (n,) Hz; NaN at rest and where a cycle outlasts three seconds.
        regime: (n,) positions in ``REGIMES``.
    """

    minimum: np.ndarray
    maximum: np.ndarray
    frequency: np.ndarray
    regime: np.ndarray


@dataclass(frozen=True)
class BifurcationDiagram:
    """The diagram over one parameter, the others held.

    Attributes:
        name: the parameter.
        values: (n,) its values, ascending, in its unit.
        rests: branches of rests.
        criticals: folds and Hopf points, by ascending value.
        up, down: cycles and rests found by the sweeps upward and downward.
        differs: (n,) bool, where the two sweeps end in different states.
    """

    name: str
    values: np.ndarray
    rests: tuple[RestBranch, ...]
    criticals: tuple[Critical, ...]
    up: CycleBranch
    down: CycleBranch
    differs: np.ndarray

    def coexisting(self, one: str, other: str) -> np.ndarray:
        """Where the sweeps find these two regimes, whichever way round, (n,) bool."""
        a, b = REGIME_NAMES.index(one), REGIME_NAMES.index(other)
        up, down = self.up.regime, self.down.regime
        return ((up == a) & (down == b)) | ((up == b) & (down == a))


def sweep_values(settings: Settings, name: str, n: int) -> np.ndarray:
    """The n values of a diagram over a parameter, over its whole range, ascending.

    Raises:
        ExplorerError: a parameter without a diagram, or fewer than 2 or more than 5000 values.
    """
    if name not in SWEEPABLE:
        raise ExplorerError("parameter", f"one of {', '.join(SWEEPABLE)}", repr(name))
    if not 2 <= n <= 5000:
        raise ExplorerError("number of values", "a whole number from 2 to 5000", n)
    row = settings.table.parameters[name]
    space = np.geomspace if row.log else np.linspace
    return np.clip(space(row.low, row.high, n), row.low, row.high)


def theta_along(settings: Settings, name: str, values: np.ndarray) -> np.ndarray:
    """Noise-free model parameters (n, 14) along values (n,) of one of them."""
    theta = np.tile(settings.theta, (values.size, 1))
    theta[:, MODEL_NAMES.index("p_sd")] = 0.0
    theta[:, MODEL_NAMES.index(name)] = values
    return theta


def _branch(summary: np.ndarray, theta: np.ndarray) -> CycleBranch:
    regime = name_regimes(summary, theta[:, MODEL_NAMES.index("v_0")])
    swing, _ = tended_swing(summary)
    at_rest = is_rest(regime)
    middle = 0.5 * (summary[:, 0] + summary[:, 1])
    half = np.where(at_rest, 0.0, 0.5 * swing)
    frequency = np.where(at_rest, np.nan, summary[:, 3])
    return CycleBranch(middle - half, middle + half, frequency, regime)


def _sweep(theta: np.ndarray, start: np.ndarray, may_go_on: Callable[[], bool]) -> np.ndarray:
    """Summaries (n, 8) along theta (n, 14) in its order, from a state (6,)."""
    summary = np.empty((theta.shape[0], N_SUMMARY))
    state = start.copy()
    for piece in np.array_split(np.arange(theta.shape[0]), _PIECES):
        if not may_go_on():
            raise Cancelled
        part = slice(piece[0], piece[-1] + 1) if piece.size else slice(0)
        continue_attractor(
            theta[part], state, _STEP_S, round(WINDOW_S / _STEP_S), PATIENCE, TOLERANCE,
            NUDGE_MV, summary[part],
        )  # fmt: skip
    return summary


def bifurcation_diagram(
    settings: Settings,
    name: str = "p_mean",
    n: int = 200,
    progress: Callable[[float], bool] | None = None,
) -> BifurcationDiagram:
    """Rests, folds, Hopf points and both sweeps over the whole range of a parameter.

    The upward sweep starts at the lowest rest, the downward one at the highest.

    Args:
        settings: the values of all other parameters; noise and stimulus are left out.
        name: one of ``SWEEPABLE``.
        n: number of values; logarithmic where the control is.
        progress: called with the share done, from worker threads; False stops the work.

    Raises:
        ExplorerError: a parameter without a diagram, or a number of values out of range.
        Cancelled: ``progress`` returned False.
    """
    values = sweep_values(settings, name, n)
    theta = theta_along(settings, name, values)
    ends = (fixed_points(theta[0])[0], fixed_points(theta[-1])[-1])
    steps = [0]

    def may_go_on() -> bool:
        steps[0] += 1
        return progress is None or progress(min(1.0, steps[0] / (2 * _PIECES + 1)))

    with ThreadPoolExecutor(2, thread_name_prefix="sweep") as pool:
        up = pool.submit(_sweep, theta, ends[0].state, may_go_on)
        backward = np.ascontiguousarray(theta[::-1])
        down = pool.submit(_sweep, backward, ends[1].state, may_go_on)
        columns = rest_columns(theta)  # while the sweeps run
        criticals = critical_points(settings, name, values, theta, columns)
        rests = rest_branches(values, columns, criticals)
        summaries = up.result(), np.ascontiguousarray(down.result()[::-1])
    up_branch, down_branch = (_branch(summary, theta) for summary in summaries)
    return BifurcationDiagram(
        name, values, rests, criticals, up_branch, down_branch, differ(*summaries)
    )


def rest_branches(
    values: np.ndarray, columns: tuple[Column, ...], criticals: tuple[Critical, ...]
) -> tuple[RestBranch, ...]:
    """Connect the rests of neighbouring values; lines end at folds and Hopf points."""
    open_lines: dict[int, list[tuple[float, float]]] = {}
    done: list[tuple[list[tuple[float, float]], bool]] = []
    for j, column in enumerate(columns):
        came_from = {b: a for a, b in columns[j - 1].links} if j else {}
        lines: dict[int, list[tuple[float, float]]] = {}
        for k in range(column.source.size):
            here = (float(values[j]), float(column.source[k]))
            a = came_from.get(k)
            if a is not None and columns[j - 1].stable[a] == column.stable[k]:
                lines[k] = [*open_lines.pop(a), here]
            else:
                end = _between(criticals, values[j - 1], values[j], here[1]) if j else None
                lines[k] = [end, here] if end else [here]
        for a, line in open_lines.items():
            end = _between(criticals, values[j - 1], values[j], line[-1][1])
            done.append(([*line, end] if end else line, bool(columns[j - 1].stable[a])))
        open_lines = lines
    done += [(line, bool(columns[-1].stable[k])) for k, line in open_lines.items()]
    return tuple(
        RestBranch(np.array([v for v, _ in line]), np.array([x for _, x in line]), stable)
        for line, stable in done
    )


def _between(
    criticals: tuple[Critical, ...], low: float, high: float, source: float
) -> tuple[float, float] | None:
    inside = [c for c in criticals if low <= c.value <= high]
    if not inside:
        return None
    nearest = min(inside, key=lambda c: abs(c.source - source))
    return nearest.value, nearest.source
