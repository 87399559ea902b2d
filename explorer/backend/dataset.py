"""Simulated responses with the parameters behind them: what the estimators learn from.

Three protocols. ``published`` draws as Tilwani & O'Reilly 2024 do: each parameter from
Normal(middle of its range, range / 4), at the circuit's default background input and 60
trials. ``explorer`` draws uniformly over the trained ranges and, for a circuit with
background input, the context too: p_mean and p_sd (a quarter of it exactly 0) and the
number of trials, which tells how much of the background noise is averaged away. ``calm`` has
background noise in fewer of them, and the background input at which the exact posterior is
sampled in half of the others: where the most can be learned, the most is shown. As the
estimators are told the context, how often a value of it comes changes no posterior.

The sensor noise is not in a data set: it is drawn anew with every batch of the training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from explorer.backend.ceiling import P_MEAN
from explorer.backend.circuits import Circuit, circuit
from explorer.backend.ensemble import Progress, parameter_sets
from explorer.backend.errors import ExplorerError
from explorer.backend.evoked import Experiment, evoked_batch
from explorer.backend.parameters import INFERRED_NAMES, MODEL_NAMES, PARAMETERS
from explorer.backend.settings import check_seed, make_settings
from explorer.backend.spreading import Cancelled

CONTEXT_NAMES = ("p_mean", "p_sd", "n_trials")
"""What an estimator is told beside the waveform and the noise on it."""
P_MEAN_RANGE = (50.0, 350.0)
P_SD_RANGE = (0.0, 4.0)
NOISELESS_SHARE = 0.25
CALM_SHARE, STEADY_SHARE = 0.85, 0.5
"""Of ``calm``: without background noise, and of those at the p_mean of the exact posteriors."""
TRIALS_RANGE = (1.0, 200.0)
LARGEST = 20_000_000
_P_SD = MODEL_NAMES.index("p_sd")
_BLOCK = 2000  # simulations with one number of trials


@dataclass(frozen=True)
class DataSet:
    """Simulated evoked responses.

    Attributes:
        circuit: key of ``CIRCUITS``.
        protocol: key of ``PROTOCOLS``.
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


@dataclass(frozen=True)
class Draws:
    """Parameters (n, 9) and context (n, 3), as in ``DataSet``."""

    parameters: np.ndarray
    context: np.ndarray


@dataclass(frozen=True)
class Protocol:
    """How a data set is drawn.

    Attributes:
        name: key of ``PROTOCOLS``.
        meaning: one sentence.
        draw: n draws for a circuit.
    """

    name: str
    meaning: str
    draw: Callable[[Circuit, int, np.random.Generator], Draws]


def default_context(table: Circuit) -> np.ndarray:
    """The context (3,) at a circuit's defaults without background noise."""
    return np.array([table.parameters["p_mean"].default, 0.0, PARAMETERS["n_trials"].default])


def _published(table: Circuit, n: int, rng: np.random.Generator) -> Draws:
    low, high = np.array(list(table.trained_ranges().values())).T
    drawn = rng.normal((low + high) / 2, (high - low) / 4, (n, 9))
    while (outside := drawn <= 0).any():  # a gain or a rate below zero means nothing
        again = rng.normal((low + high) / 2, (high - low) / 4, (n, 9))
        drawn[outside] = again[outside]
    return Draws(drawn, np.tile(default_context(table), (n, 1)))


def _explorer(table: Circuit, n: int, rng: np.random.Generator) -> Draws:
    low, high = np.array(list(table.trained_ranges().values())).T
    parameters = low + (high - low) * rng.random((n, 9))
    context = np.tile(default_context(table), (n, 1))
    if table.parameters["p_mean"].default > 0:
        context[:, 0] = rng.uniform(*P_MEAN_RANGE, n)
        context[:, 1] = rng.uniform(*P_SD_RANGE, n) * (rng.random(n) >= NOISELESS_SHARE)
        blocks = -(-n // _BLOCK)
        fewest, most = (float(np.log(end)) for end in TRIALS_RANGE)
        trials = np.exp(rng.uniform(fewest, most, blocks)).round()
        context[:, 2] = np.repeat(trials, _BLOCK)[:n]
    return Draws(parameters, context)


def _calm(table: Circuit, n: int, rng: np.random.Generator) -> Draws:
    draws = _explorer(table, n, rng)
    if table.name in P_MEAN:
        chances = rng.random((2, n))
        more = (CALM_SHARE - NOISELESS_SHARE) / (1.0 - NOISELESS_SHARE)
        draws.context[chances[0] < more, 1] = 0.0
        steady = (draws.context[:, 1] == 0.0) & (chances[1] < STEADY_SHARE)
        draws.context[steady, 0] = P_MEAN[table.name]
    return draws


PROTOCOLS: dict[str, Protocol] = {
    row.name: row
    for row in (
        Protocol(
            "published",
            "parameters from Normal(middle of the range, range / 4), as in the paper",
            _published,
        ),
        Protocol(
            "explorer",
            "parameters uniform over the trained ranges; background input and trials drawn too",
            _explorer,
        ),
        Protocol(
            "calm",
            "as explorer, most of it without background noise and half of that at the p_mean of "
            "the exact posteriors",
            _calm,
        ),
    )
}
"""How data sets are drawn, by name."""


def protocol_of(name: str) -> Protocol:
    """The protocol of that name.

    Raises:
        ExplorerError: there is none.
    """
    if name not in PROTOCOLS:
        raise ExplorerError("protocol", f"one of {', '.join(PROTOCOLS)}", repr(name))
    return PROTOCOLS[name]


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
        (first, min(first + _BLOCK, int(end)))
        for start, end in zip(starts, ends, strict=True)
        for first in range(int(start), int(end), _BLOCK)
    ]


def draw(circuit_name: str, size: int, seed: object, protocol: str) -> Draws:
    """The parameters and the context of a data set, before any simulation.

    Raises:
        ExplorerError: an unknown name, or a size or seed out of range.
    """
    if not 1 <= size <= LARGEST:
        raise ExplorerError("size", f"a whole number from 1 to {LARGEST}", size)
    rng = np.random.default_rng(check_seed(seed))
    return protocol_of(protocol).draw(circuit(circuit_name), size, rng)


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
        protocol: key of ``PROTOCOLS``.
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
