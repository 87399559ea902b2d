"""One-at-a-time maps: the evoked response while one parameter alone moves.

The figure of Tilwani & O'Reilly 2024: each parameter from 0.5 to 1.5 × its default.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.backend.ensemble import Progress, evoked_waves, parameter_sets
from explorer.backend.errors import ExplorerError
from explorer.backend.evoked import experiment_of
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.settings import Settings

SPAN = (0.5, 1.5)
"""Ends of a map, as shares of the default."""


@dataclass(frozen=True)
class OatMap:
    """The evoked response over one parameter.

    Attributes:
        name: the parameter that moves; all others are as in the settings.
        values: (n,) its values, in its unit.
        time: (samples,) in s from the pulse's onset.
        response: (n, samples) in mV, baseline removed.
        default: value at which the reference is taken, in its unit.
        reference: (samples,) response at the default, mV.
        difference: (n, samples) response − reference, mV.
        relative: (n, samples) difference over the largest |reference|; NaN where the
            reference is flat.
        present: the value of the settings.
    """

    name: str
    values: np.ndarray
    time: np.ndarray
    response: np.ndarray
    default: float
    reference: np.ndarray
    difference: np.ndarray
    relative: np.ndarray
    present: float


def one_at_a_time(
    settings: Settings,
    name: str,
    n: int = 200,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> OatMap:
    """The evoked response of the settings' experiment as one parameter moves.

    The background noise is that of ``evoked``, the same for every value; integration is by
    Strang splitting. Values may lie outside the parameter's range.

    Args:
        settings: all else.
        name: one of the inferred parameters.
        n: values, at least 2.
        workers: threads.
        progress: told the share done; the work stops where it returns False.

    Raises:
        ExplorerError: no inferred parameter, or fewer than 2 values.
        Cancelled: ``progress`` returned False.
    """
    if name not in INFERRED_NAMES:
        raise ExplorerError("parameter", f"one of {', '.join(INFERRED_NAMES)}", repr(name))
    if not 2 <= n <= 2000:
        raise ExplorerError("n", "a whole number from 2 to 2000", n)
    default = settings.table.parameters[name].default
    values = default * np.linspace(*SPAN, n)
    sets = parameter_sets(settings, (name,), np.append(values, default)[:, None])  # (n + 1, 14)
    experiment = experiment_of(settings)
    waves = evoked_waves(settings, sets, experiment, workers=workers, progress=progress)
    response, reference = waves[:-1], waves[-1]
    difference = response - reference
    scale = np.abs(reference).max()
    return OatMap(
        name,
        values,
        experiment.time,
        response,
        default,
        reference,
        difference,
        difference / scale if scale > 0 else np.full_like(difference, np.nan),
        settings[name],
    )


def all_maps(
    settings: Settings,
    n: int = 200,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> dict[str, OatMap]:
    """The nine maps, by parameter; args and errors as ``one_at_a_time``."""
    maps = {}
    for k, name in enumerate(INFERRED_NAMES):

        def part(done: float, k: int = k) -> bool:
            return progress is None or progress((k + done) / len(INFERRED_NAMES))

        maps[name] = one_at_a_time(settings, name, n, workers=workers, progress=part)
    return maps
