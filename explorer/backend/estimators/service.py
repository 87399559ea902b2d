"""All networks of this process: loaded once, in a thread, and asked from any thread.

torch takes two seconds to import, so nothing here imports it before it is needed: the page
opens meanwhile. Each call computes on one core, which leaves the other to the live views
and, beside them, is faster than two cores that both are wanted elsewhere.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from explorer.backend.calm import give_way
from explorer.backend.circuits import CIRCUITS
from explorer.backend.ensemble import Progress
from explorer.backend.errors import ExplorerError
from explorer.backend.estimators.interface import N_SAMPLES, Estimates, Observation
from explorer.backend.estimators.names import ESTIMATOR_TITLES, SAMPLER
from explorer.backend.spreading import Cancelled

if TYPE_CHECKING:
    from explorer.backend.estimators.weights import Weights

QUICK_DRAWS = 300
"""Draws of the posterior where only mean and intervals are wanted."""
PIECE = 10  # observations between two looks at whether to go on
_LOOK_S = 0.05


@dataclass(frozen=True)
class Failure:
    """An estimator that cannot be used.

    Attributes:
        estimator, circuit: which.
        error: why, in one sentence.
        missing: whether its weights were never made, rather than damaged.
    """

    estimator: str
    circuit: str
    error: ExplorerError
    missing: bool


@dataclass(frozen=True)
class Reading:
    """What the estimators believe of one observation.

    Attributes:
        observation: what they were given.
        estimates: by estimator, one row each; those that could be asked.
        outliers: estimators to whose training the observation is foreign.
        failures: those that could not be asked.
        seconds: time taken.
    """

    observation: Observation
    estimates: Mapping[str, Estimates]
    outliers: frozenset[str]
    failures: tuple[Failure, ...]
    seconds: float


class Service:
    """The networks of a folder of weights.

    Args:
        folder: of the weights; the shipped one where None.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._weights: dict[tuple[str, str], Weights] = {}
        self._failures: dict[tuple[str, str], Failure] = {}
        self._ready = {name: threading.Event() for name in CIRCUITS}
        self._started = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to load in a thread, where that has not begun yet."""
        with self._lock:
            if self._started:
                return
            self._started = True
        threading.Thread(target=self._load, name="estimators", daemon=True).start()

    def ready(self, circuit: str) -> bool:
        """Whether a circuit's networks have been loaded, or found wanting."""
        return self._ready[circuit].is_set()

    def wait(self, circuit: str, progress: Progress | None = None) -> None:
        """Load if need be, and wait until a circuit's networks are there.

        Raises:
            Cancelled: ``progress`` returned False.
        """
        self.start()
        while not self._ready[circuit].wait(_LOOK_S):
            if progress is not None and not progress(0.0):
                raise Cancelled

    def failures(self, circuit: str) -> tuple[Failure, ...]:
        """The circuit's estimators that cannot be used."""
        return tuple(f for (_, of), f in self._failures.items() if of == circuit)

    def available(self, circuit: str) -> tuple[str, ...]:
        """The circuit's estimators that can be used, in the registry's order."""
        return tuple(name for name in ESTIMATOR_TITLES if (name, circuit) in self._weights)

    def _load(self) -> None:
        give_way()
        try:
            import torch  # slow, see above

            torch.set_num_threads(1)
        except ImportError as error:
            self._fail_all(ExplorerError("torch", "a working installation", str(error)))
            return
        for circuit in CIRCUITS:
            for name in ESTIMATOR_TITLES:
                self._load_one(name, circuit)
            self._ready[circuit].set()

    def _fail_all(self, error: ExplorerError) -> None:
        for circuit, event in self._ready.items():
            for name in ESTIMATOR_TITLES:
                self._failures[name, circuit] = Failure(name, circuit, error, missing=False)
            event.set()

    def _load_one(self, name: str, circuit: str) -> None:
        from explorer.backend.estimators import weights as stored

        folder, missing = self.folder or stored.FOLDER, False
        try:
            missing = stored.file_name(name, circuit) not in stored.read_manifest(folder)
            self._weights[name, circuit] = stored.load_weights(name, circuit, folder)
        except ExplorerError as error:
            self._failures[name, circuit] = Failure(name, circuit, error, missing)
            return
        nothing = np.zeros((1, N_SAMPLES))  # the first time is slow
        self.ask(name, circuit, nothing, np.ones(1), np.ones((1, 3)), n_draws=QUICK_DRAWS)

    def ask(
        self,
        name: str,
        circuit: str,
        waves: np.ndarray,
        noise_mv: np.ndarray,
        context: np.ndarray,
        *,
        n_draws: int = QUICK_DRAWS,
        progress: Progress | None = None,
    ) -> Estimates:
        """One estimator on waves (n, 301) in mV; arguments as ``predict.estimate_waves``.

        Raises:
            ExplorerError: the estimator cannot be used.
            Cancelled: ``progress`` returned False.
        """
        from explorer.backend.estimators.predict import estimate_waves, joined

        failure = self._failures.get((name, circuit))
        if failure is not None:
            raise failure.error
        weights, pieces = self._weights[name, circuit], []
        for first in range(0, len(waves), PIECE):
            rows = slice(first, first + PIECE)
            pieces.append(
                estimate_waves(
                    weights, waves[rows], noise_mv[rows], context[rows],
                    n_draws=n_draws, seed=first + 1,
                )
            )  # fmt: skip
            if progress is not None and not progress(min(1.0, (first + PIECE) / len(waves))):
                raise Cancelled
        return joined(pieces)

    def read(
        self,
        observation: Observation,
        names: Iterable[str] | None = None,
        *,
        n_draws: int = QUICK_DRAWS,
        progress: Progress | None = None,
    ) -> Reading:
        """What estimators believe of an observation; those that cannot be asked are listed.

        Args:
            observation: of one circuit.
            names: estimators; all where None.
            n_draws: draws of the posterior.
            progress: told the share done; returns False to stop.

        Raises:
            Cancelled: ``progress`` returned False.
        """
        began, circuit = time.perf_counter(), observation.circuit
        self.wait(circuit, progress)
        arrays = stacked([observation])
        wanted = [name for name in self.available(circuit) if names is None or name in names]
        found: dict[str, Estimates] = {}
        for done, name in enumerate(wanted, start=1):
            found[name] = self.ask(name, circuit, *arrays, n_draws=n_draws)
            if progress is not None and not progress(done / len(wanted)):
                raise Cancelled
        return Reading(
            observation, found, outliers_of(found), self.failures(circuit),
            time.perf_counter() - began,
        )  # fmt: skip

    def draws(self, observation: Observation, n: int, progress: Progress | None) -> np.ndarray:
        """Draws (n, 9) of the posterior of the estimator that samples.

        Raises:
            ExplorerError: it cannot be used.
            Cancelled: ``progress`` returned False.
        """
        self.wait(observation.circuit, progress)
        arrays = stacked([observation])
        found = self.ask(SAMPLER, observation.circuit, *arrays, n_draws=n, progress=progress)
        if found.samples is None:
            raise ExplorerError(SAMPLER, "an estimator that draws", "one that does not")
        return found.samples[0]


def outliers_of(estimates: Mapping[str, Estimates]) -> frozenset[str]:
    """Estimators to whose training the first observation is foreign."""
    if not estimates:
        return frozenset()
    from explorer.backend.estimators.evidence import OUTLIER_RANK

    return frozenset(n for n, one in estimates.items() if one.evidence_rank[0] < OUTLIER_RANK)


def stacked(observations: Sequence[Observation]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Waves (n, 301) in mV, noise (n,) in mV and context (n, 3) of observations."""
    return (
        np.stack([one.wave for one in observations]),
        np.array([one.noise_mv for one in observations]),
        np.array([[one.p_mean, one.p_sd, one.n_trials] for one in observations]),
    )


SERVICE = Service()  # the one of this process
