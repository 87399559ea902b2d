"""Many noise realisations of one point: bias and spread of every estimator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from explorer.backend.ensemble import Progress
from explorer.backend.estimators.interface import Observation, observe
from explorer.backend.estimators.service import Service, stacked
from explorer.backend.evoked import evoked
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.settings import Settings
from explorer.backend.spreading import Cancelled
from explorer.backend.targets import target_values

REALISATIONS = 200
DRAWS = 100
"""Draws of the posterior for each realisation; the mean needs no more."""
_FIRST_STREAM = 1000
"""Streams from here on belong to realisations, so that none is the one on the screen."""
_SIMULATING = 0.1  # share of the progress


@dataclass(frozen=True)
class Realised:
    """One estimator over all realisations.

    Attributes:
        mean, sd: (n, 13) its estimates and the standard deviations that it reports.
        covered90: (13,) share of its 90 % intervals that hold the truth.
        truth: (13,).
    """

    mean: np.ndarray
    sd: np.ndarray
    covered90: np.ndarray
    truth: np.ndarray

    @property
    def bias(self) -> np.ndarray:
        """Mean estimate less the truth, (13,)."""
        return self.mean.mean(axis=0) - self.truth

    @property
    def spread(self) -> np.ndarray:
        """Standard deviation of the estimates, (13,)."""
        return self.mean.std(axis=0)


@dataclass(frozen=True)
class MonteCarlo:
    """The estimators over noise realisations of one point.

    Attributes:
        settings: the point.
        truth: (13,) true values of the targets.
        realised: by estimator.
    """

    settings: Settings
    truth: np.ndarray
    realised: Mapping[str, Realised]


def truth_of(settings: Settings) -> np.ndarray:
    """True values (13,) of the targets at a point."""
    return target_values(np.array([settings[name] for name in INFERRED_NAMES]))


def realisations(settings: Settings, n: int, progress: Progress) -> list[Observation]:
    """Observations of one point under n draws of sensor noise and of background noise.

    Raises:
        Cancelled: ``progress`` returned False.
    """
    still = settings["p_sd"] == 0.0
    wave, found = evoked(settings).source, []
    for k in range(_FIRST_STREAM, _FIRST_STREAM + n):
        wave = wave if still else evoked(settings, stream=k).source
        found.append(observe(settings, wave, stream=k))
        if not progress(_SIMULATING * len(found) / n):
            raise Cancelled
    return found


def monte_carlo(
    service: Service,
    settings: Settings,
    names: Sequence[str],
    progress: Progress,
    n: int = REALISATIONS,
) -> MonteCarlo:
    """Ask estimators about n noise realisations of one point.

    Args:
        service: holds the networks.
        settings: the point.
        names: estimators; those that cannot be used are left out.
        progress: told the share done; returns False to stop.
        n: realisations.

    Raises:
        Cancelled: ``progress`` returned False.
    """
    service.wait(settings.circuit, progress)
    arrays = stacked(realisations(settings, n, progress))
    wanted = [name for name in service.available(settings.circuit) if name in names]
    truth, found = truth_of(settings), {}
    for done, name in enumerate(wanted):

        def told(share: float, done: int = done) -> bool:
            return progress(_SIMULATING + (1 - _SIMULATING) * (done + share) / len(wanted))

        one = service.ask(name, settings.circuit, *arrays, n_draws=DRAWS, progress=told)
        low, high = one.interval90[..., 0], one.interval90[..., 1]
        covered = ((low <= truth) & (truth <= high)).mean(axis=0)
        found[name] = Realised(one.mean, one.sd, covered, truth)
    return MonteCarlo(settings, truth, found)
