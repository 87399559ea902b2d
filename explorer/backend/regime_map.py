"""Regimes over a plane of two parameters, from the batch kernel, coarse first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from explorer.backend.bifurcation import sweep_values
from explorer.backend.errors import ExplorerError
from explorer.backend.parameters import MODEL_NAMES
from explorer.backend.rhythm import differ, is_rest, name_regimes, tended_swing
from explorer.backend.settings import Settings
from explorer.backend.simulate import SETTLE_S, SETTLE_SHIFT
from explorer.backend.spreading import spread
from explorer.backend.sweep import N_SUMMARY, summarize_batch

STAGES = (25, 50, 100)
"""Sizes in which a map is refined."""
SETTLE_READ_S = (4.5, 4.5)
"""Seconds skipped and read from the present start."""
OTHER_SETTLE_READ_S = (3.0, 2.4)
OTHER_SHIFT_S = 1.0
_STEP_S, _EVERY = 1e-3, 4
_P_INDEX, _P_SD_INDEX, _V_0_INDEX = 12, 13, 10


@dataclass(frozen=True)
class RegimeMap:
    """Behaviour over a plane; rows follow y, columns x.

    Attributes:
        x_name, y_name: the two parameters.
        x, y: (n,) their values, ascending, in their units.
        frequency: (n, n) Hz, NaN at rest and where a cycle outlasts the run.
        amplitude: (n, n) peak to peak of the source, mV; 0 at rest.
        mean: (n, n) mean source, mV.
        regime: (n, n) int8, positions in ``REGIMES``.
        bistable: (n, n) bool, whether the other start ends in another state.
    """

    x_name: str
    y_name: str
    x: np.ndarray
    y: np.ndarray
    frequency: np.ndarray
    amplitude: np.ndarray
    mean: np.ndarray
    regime: np.ndarray
    bistable: np.ndarray


def _summaries(
    theta: np.ndarray,
    state: np.ndarray,
    seconds: tuple[float, float],
    progress: Callable[[float], bool] | None,
) -> np.ndarray:
    """Summaries (n, 8) of theta (n, 14) from states (n, 6), which become the final ones."""
    settle, read = (round(s / _STEP_S) for s in seconds)
    out = np.empty((theta.shape[0], N_SUMMARY))

    def run(first: int, last: int) -> None:
        summarize_batch(theta, state, _STEP_S, settle, _EVERY, read // _EVERY, out, first, last)

    spread(run, theta.shape[0], settle + read, progress=progress)
    return out


def _shifted_start(theta: np.ndarray, shift: float, seconds: float) -> np.ndarray:
    """States (n, 6) after some time at another background input, from zero."""
    moved = theta.copy()
    moved[:, _P_INDEX] += shift
    state = np.zeros((theta.shape[0], 6))
    _summaries(moved, state, (seconds, 0.12), None)
    return state


def plane(
    settings: Settings, x_name: str, y_name: str, n: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values x (n,), y (n,) and noise-free parameters (n·n, 14) of a map, row by row.

    Raises:
        ExplorerError: parameters that are equal or have no map, or n out of range.
    """
    if x_name == y_name:
        raise ExplorerError("parameters of the map", "two different ones", f"{x_name} twice")
    if not 2 <= n <= 500:
        raise ExplorerError("size of the map", "a whole number from 2 to 500", n)
    x, y = sweep_values(settings, x_name, n), sweep_values(settings, y_name, n)
    theta = np.tile(settings.theta, (n * n, 1))
    theta[:, _P_SD_INDEX] = 0.0
    theta[:, MODEL_NAMES.index(x_name)] = np.tile(x, n)
    theta[:, MODEL_NAMES.index(y_name)] = np.repeat(y, n)
    return x, y, theta


def regime_map(
    settings: Settings,
    x_name: str,
    y_name: str,
    n: int = 100,
    progress: Callable[[float], bool] | None = None,
) -> RegimeMap:
    """Name the noise-free behaviour at n × n points over the whole ranges of two parameters.

    The regime is that from ``settings.start``, by the rule of ``rhythm.py``; for ``bistable``
    each point is run again from the other side (from more input, or from zero where the
    present start is from above).

    Args:
        settings: the values of all other parameters.
        x_name, y_name: two of ``bifurcation.SWEEPABLE``.
        n: points along each.
        progress: called with the share done; False stops the work.

    Raises:
        ExplorerError: parameters or a size that cannot be used.
        Cancelled: ``progress`` returned False.
    """
    x, y, theta = plane(settings, x_name, y_name, n)
    from_above = settings.start == "from_above"
    state = np.zeros((n * n, 6))
    if settings.start != "zero":
        state = _shifted_start(theta, SETTLE_SHIFT if from_above else -SETTLE_SHIFT, SETTLE_S)
    summary = _summaries(theta, state, SETTLE_READ_S, _part(progress, 0.0, 0.6))
    state = (
        np.zeros((n * n, 6)) if from_above else _shifted_start(theta, SETTLE_SHIFT, OTHER_SHIFT_S)
    )
    other = _summaries(theta, state, OTHER_SETTLE_READ_S, _part(progress, 0.6, 1.0))
    regime = name_regimes(summary, theta[:, _V_0_INDEX])
    at_rest = is_rest(regime)
    square = (n, n)  # (y, x)
    return RegimeMap(
        x_name,
        y_name,
        x,
        y,
        frequency=np.where(at_rest, np.nan, summary[:, 3]).reshape(square),
        amplitude=np.where(at_rest, 0.0, tended_swing(summary)[0]).reshape(square),
        mean=summary[:, 2].reshape(square),
        regime=regime.astype(np.int8).reshape(square),
        bistable=differ(summary, other).reshape(square),
    )


def _part(
    progress: Callable[[float], bool] | None, start: float, stop: float
) -> Callable[[float], bool] | None:
    if progress is None:
        return None
    return lambda share: progress(start + (stop - start) * share)


def refined_maps(
    settings: Settings,
    x_name: str,
    y_name: str,
    stages: tuple[int, ...] = STAGES,
    progress: Callable[[float], bool] | None = None,
) -> Iterator[RegimeMap]:
    """The same map at growing sizes, coarse first; arguments and errors as ``regime_map``."""
    for n in stages:
        yield regime_map(settings, x_name, y_name, n, progress)
