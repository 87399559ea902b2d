"""The published protocol: the figures of the paper, and a training on as little data.

1,000 simulations of the deepjr circuit, parameters from Normal(middle of the range,
range / 4), 800 to learn from, 100 to validate, 100 to test; noise factor 1
(Tilwani & O'Reilly 2024, arXiv 2406.05002).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import torch

from explorer.backend.dataset import DataSet, make_data_set
from explorer.backend.estimators.batches import Plan, prepare
from explorer.backend.estimators.evidence import evidence_quantiles
from explorer.backend.estimators.registry import estimator_kind
from explorer.backend.estimators.training import Progress, Trainer
from explorer.backend.estimators.weights import Weights
from explorer.backend.parameters import PARAMETERS
from explorer.backend.targets import target_values

CIRCUIT = "deepjr"
NOISE_FACTOR = PARAMETERS["noise_factor"].default
N_TRAIN, N_VALIDATE, N_TEST = 800, 100, 100
DATA_SEED = 11
STEPS, BATCH, RATE = 1500, 128, 1e-3
EVERY, PATIENCE = 25, 12
LEAST_NOISE_MV, LARGEST_NOISE_MV = 1e-3, 0.05
"""Noise in training: around the 0.0033 mV of noise factor 1, so that no two batches are alike."""


@dataclass(frozen=True)
class Published:
    """Published scores.

    Attributes:
        estimator: as it is called there.
        source: where the figures stand.
        r: Pearson's correlation by parameter.
    """

    estimator: str
    source: str
    r: MappingProxyType[str, float]


PUBLISHED = Published(
    "transformer",
    "Tilwani & O'Reilly 2024 (arXiv 2406.05002), the authors' own notebook: deepjr circuit, "
    "1,000 simulations, 80/10/10 split, noise factor 1",
    MappingProxyType(
        {
            "A_e": 0.114, "A_i": 0.988, "b_e": 0.489, "b_i": 0.895, "a_1": -0.067,
            "a_2": 0.049, "a_3": -0.019, "a_4": 0.043, "C": 0.180,
        }
    ),
)  # fmt: skip
"""Their LSTM in torch scored between −0.19 and 0.18 on every parameter: it had not learned."""


@dataclass(frozen=True)
class SmallData:
    """The thousand simulations.

    Attributes:
        learned: the first 900, of which the last 100 validate.
        truth: (100, 13) of the last 100.
        waves: (100, samples) of the last 100, mV, no sensor noise.
        context: (100, 3) of the last 100.
    """

    learned: DataSet
    truth: np.ndarray
    waves: np.ndarray
    context: np.ndarray


def small_data() -> SmallData:
    """Draw and split the thousand simulations."""
    data = make_data_set(CIRCUIT, N_TRAIN + N_VALIDATE + N_TEST, DATA_SEED, "published")
    first, rest = slice(0, N_TRAIN + N_VALIDATE), slice(N_TRAIN + N_VALIDATE, None)
    learned = replace(
        data, parameters=data.parameters[first], context=data.context[first],
        waves=data.waves[first],
    )  # fmt: skip
    truth = target_values(data.parameters[rest])
    return SmallData(learned, truth, data.waves[rest], data.context[rest])


def small_plan(estimator: str, steps: int = STEPS, seed: int = 1) -> Plan:
    """How a network is trained on 800 simulations: often validated, soon stopped."""
    return Plan(
        estimator_kind(estimator).name, CIRCUIT, steps, BATCH, RATE, PATIENCE, seed, every=EVERY,
        held_out=N_VALIDATE, least_noise_mv=LEAST_NOISE_MV, largest_noise_mv=LARGEST_NOISE_MV,
        data="published, 900 of 1000",
    )  # fmt: skip


def train_small(
    estimator: str,
    data: SmallData,
    steps: int = STEPS,
    told: Callable[[Progress], bool] | None = None,
) -> Weights:
    """A network that has seen the 800 simulations alone.

    Raises:
        Cancelled: ``told`` returned False.
    """
    trained = Trainer(small_plan(estimator, steps), prepare(data.learned, estimator)).run(told)
    quantiles = evidence_quantiles(trained.front, torch.from_numpy(data.learned.waves)).double()
    record = {"steps": trained.steps, "validation_loss": trained.validation}
    return Weights(estimator, CIRCUIT, trained.front, trained.network, quantiles, record)
