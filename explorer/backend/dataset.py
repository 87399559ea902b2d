"""Simulated responses with the parameters behind them: what the estimators learn from.

How they are drawn is in ``draws``. The sensor noise is not in a data set: it is drawn anew with
every batch of the training.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from explorer.backend.circuits import circuit
from explorer.backend.draws import BLOCK, CONTEXT_NAMES, Draws, draw
from explorer.backend.ensemble import Progress, parameter_sets
from explorer.backend.evoked import Experiment, evoked_batch
from explorer.backend.parameters import INFERRED_NAMES, MODEL_NAMES
from explorer.backend.settings import make_settings
from explorer.backend.spreading import Cancelled

_P_SD = MODEL_NAMES.index("p_sd")


@dataclass(frozen=True)
class DataSet:
    """Simulated evoked responses.

    Attributes:
        circuit: key of ``CIRCUITS``.
        protocol: key of ``draws.PROTOCOLS``.
        seed: of the draws and the background noise.
        time: (samples,) in s from the onset.
        parameters: (n, 9) the inferred parameters, in their units.
        context: (n, 3) p_mean in s⁻¹, p_sd in s⁻¹·√s and the number of trials.
        waves: (n, samples) float32, averaged source in mV, baseline removed, no sensor noise.
    """

    circuit: str
    protocol: str
    seed: int
    time: np.ndarray
    parameters: np.ndarray
    context: np.ndarray
    waves: np.ndarray

    def __len__(self) -> int:
        return len(self.parameters)


def parameter_matrix(circuit_name: str, draws: Draws) -> np.ndarray:
    """Model parameters (n, 14) of draws, the rest at the circuit's defaults."""
    settings = make_settings(circuit_name)
    names = (*INFERRED_NAMES, *CONTEXT_NAMES[:2])
    return parameter_sets(settings, names, np.hstack([draws.parameters, draws.context[:, :2]]))


def simulated_blocks(
    circuit_name: str, draws: Draws, seed: int, workers: int | None = None
) -> Iterator[tuple[slice, np.ndarray]]:
    """Rows of draws and their evoked responses (rows, samples) in mV, block after block.

    Noise stream i belongs to draw i, so neither the blocks nor the cores matter.
    """
    table = circuit(circuit_name)
    theta = parameter_matrix(circuit_name, draws)
    trials = draws.context[:, 2].astype(int)
    starts = np.flatnonzero(np.r_[True, np.diff(trials) != 0])
    for first, last in _blocks(starts, len(theta)):
        experiment = Experiment(n_trials=int(trials[first]))
        waves = np.empty((last - first, experiment.time.size))
        noisy = theta[first:last, _P_SD] > 0.0
        for alike in (noisy, ~noisy):  # no noise is drawn where none of them has any
            streams = first + np.flatnonzero(alike)
            if streams.size:
                waves[alike] = evoked_batch(
                    table, theta[streams], experiment, seed=seed, streams=streams, workers=workers
                )
        yield slice(first, last), waves


def simulate_draws(
    circuit_name: str,
    draws: Draws,
    seed: int,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """Evoked responses (n, samples) float32 in mV of draws; noise stream i belongs to draw i.

    Raises:
        Cancelled: ``progress`` returned False.
    """
    waves = np.empty((len(draws.parameters), Experiment().time.size), dtype=np.float32)
    trials = draws.context[:, 2]
    done, total = 0.0, float(trials.sum())
    for rows, block in simulated_blocks(circuit_name, draws, seed, workers):
        waves[rows] = block
        done += float(trials[rows].sum())
        if progress is not None and not progress(done / total):
            raise Cancelled
    return waves


def _blocks(starts: np.ndarray, n: int) -> list[tuple[int, int]]:
    """Ranges of rows with one number of trials, none longer than a block."""
    ends = [*starts[1:], n]
    return [
        (first, min(first + BLOCK, int(end)))
        for start, end in zip(starts, ends, strict=True)
        for first in range(int(start), int(end), BLOCK)
    ]


def make_data_set(
    circuit_name: str,
    size: int,
    seed: int = 1,
    protocol: str = "explorer",
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> DataSet:
    """Draw and simulate a data set.

    Args:
        circuit_name: key of ``CIRCUITS``.
        size: simulations, 1 … 20,000,000.
        seed: 1 … 2³¹ − 1; the same seed gives the same data set on any number of cores.
        protocol: key of ``draws.PROTOCOLS``.
        workers: threads.
        progress: told the share done; returns False to stop.

    Raises:
        ExplorerError: an unknown name, or a size or seed out of range.
        Cancelled: ``progress`` returned False.
    """
    draws = draw(circuit_name, size, seed, protocol)
    waves = simulate_draws(circuit_name, draws, seed, workers=workers, progress=progress)
    time = Experiment().time
    return DataSet(circuit_name, protocol, seed, time, draws.parameters, draws.context, waves)
