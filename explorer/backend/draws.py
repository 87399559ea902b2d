"""What is drawn for a data set: the inferred parameters, and what the estimators are told.

Three protocols. ``published`` draws as Tilwani & O'Reilly 2024 do: each parameter from
Normal(middle of its range, range / 4), at the circuit's default background input and 60
trials. ``explorer`` draws uniformly over the trained ranges and, for a circuit with
background input, the context too: p_mean and p_sd (a quarter of it exactly 0) and the
number of trials, which tells how much of the background noise is averaged away. ``calm`` has
background noise in fewer of them, and the background input at which the exact posterior is
sampled in half of the others: where the most can be learned, the most is shown. As the
estimators are told the context, how often a value of it comes changes no posterior.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from explorer.backend.circuits import Circuit, circuit
from explorer.backend.errors import ExplorerError
from explorer.backend.parameters import PARAMETERS
from explorer.backend.settings import check_seed

CONTEXT_NAMES = ("p_mean", "p_sd", "n_trials")
"""What an estimator is told beside the waveform and the noise on it."""
P_MEAN_RANGE = (50.0, 350.0)
P_SD_RANGE = (0.0, 4.0)
TRIALS_RANGE = (1.0, 200.0)
REPEATING_P_MEAN = {"jansen_rit": 90.0}
"""Background input (s⁻¹) of the exact posteriors where it is not the circuit's default: there
about 70 % of the responses repeat with the stimulus."""
NOISELESS_SHARE = 0.25
CALM_SHARE, STEADY_SHARE = 0.85, 0.5
"""Of ``calm``: without background noise, and of those at ``REPEATING_P_MEAN``."""
LARGEST = 20_000_000
BLOCK = 2000
"""Draws with one number of trials."""


@dataclass(frozen=True)
class Draws:
    """Parameters (n, 9) and context (n, 3), as in ``dataset.DataSet``."""

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
        blocks = -(-n // BLOCK)
        fewest, most = (float(np.log(end)) for end in TRIALS_RANGE)
        trials = np.exp(rng.uniform(fewest, most, blocks)).round()
        context[:, 2] = np.repeat(trials, BLOCK)[:n]
    return Draws(parameters, context)


def _calm(table: Circuit, n: int, rng: np.random.Generator) -> Draws:
    draws = _explorer(table, n, rng)
    if table.name in REPEATING_P_MEAN:
        chances = rng.random((2, n))
        more = (CALM_SHARE - NOISELESS_SHARE) / (1.0 - NOISELESS_SHARE)
        draws.context[chances[0] < more, 1] = 0.0
        steady = (draws.context[:, 1] == 0.0) & (chances[1] < STEADY_SHARE)
        draws.context[steady, 0] = REPEATING_P_MEAN[table.name]
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


def draw(circuit_name: str, size: int, seed: object, protocol: str) -> Draws:
    """The parameters and the context of a data set, before any simulation.

    Raises:
        ExplorerError: an unknown name, or a size or seed out of range.
    """
    if not 1 <= size <= LARGEST:
        raise ExplorerError("size", f"a whole number from 1 to {LARGEST}", size)
    rng = np.random.default_rng(check_seed(seed))
    return protocol_of(protocol).draw(circuit(circuit_name), size, rng)
