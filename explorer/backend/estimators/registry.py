"""The registry of estimators: a new one is a new file and a row here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from torch import nn

from explorer.backend.errors import ExplorerError
from explorer.backend.estimators.bilstm import BiLstm
from explorer.backend.estimators.cnn_bilstm import CnnBiLstm
from explorer.backend.estimators.front_end import FrontEnd
from explorer.backend.estimators.lstm import Lstm
from explorer.backend.estimators.npe import Npe
from explorer.backend.estimators.transformer import Transformer

N_SCORES = {"deepjr": 20, "jansen_rit": 96}
"""Components that an estimator reads unless its row says otherwise."""
DATA_SIZE = {"deepjr": 500_000, "jansen_rit": 1_000_000}
"""Simulations that an estimator learns from unless its row says otherwise."""


@dataclass(frozen=True)
class Again:
    """How the training of a network goes on from its weights.

    Attributes:
        steps: batches of it.
        data: simulations to learn from.
        batch: responses of a batch.
        pace: share of the learning rates.
        large: weight in the loss of a response observed above ``shapes.LARGE_MV``.
    """

    steps: int
    data: int
    batch: int
    pace: float
    large: float


@dataclass(frozen=True)
class EstimatorKind:
    """A kind of estimator.

    Attributes:
        name: key of ``ESTIMATORS``.
        title: name on the page.
        meaning: one sentence.
        build: the untrained network behind a front end.
        samples: whether it draws samples of the posterior.
        steps: batches of training for each circuit unless told otherwise.
        data: simulations to learn from for each circuit unless told otherwise.
        batch: responses of a batch.
        rate: largest learning rate.
        focus: share of the noise drawn from ``batches.FOCUS_MV`` alone.
        noiseless: least share of a batch that are responses without background noise.
        scores: principal components that it reads for each circuit.
        shapes: components of the responses divided by their size, likewise.
        protocols: how the data set of a circuit is drawn, where it is not ``explorer``.
        again: how its training went on for each circuit for which it did.
    """

    name: str
    title: str
    meaning: str
    build: Callable[[FrontEnd], nn.Module]
    samples: bool
    steps: dict[str, int]
    data: dict[str, int] = field(default_factory=lambda: DATA_SIZE)
    batch: int = 1024
    rate: float = 2e-3
    focus: float = 0.0
    noiseless: float = 0.5
    scores: dict[str, int] = field(default_factory=lambda: N_SCORES)
    shapes: dict[str, int] = field(default_factory=dict)
    protocols: dict[str, str] = field(default_factory=dict)
    again: dict[str, Again] = field(default_factory=dict)

    def protocol(self, circuit: str) -> str:
        """Name of the protocol that its data set of a circuit is drawn by."""
        return self.protocols.get(circuit, "explorer")

    def goes_on(self, circuit: str) -> Again:
        """How training goes on from weights; at half the learning rates where nothing is said."""
        data = self.data[circuit]
        plain = Again(self.steps[circuit], data, self.batch, pace=0.5, large=1.0)
        return self.again.get(circuit, plain)


ESTIMATORS: dict[str, EstimatorKind] = {
    row.name: row
    for row in (
        EstimatorKind(
            "bilstm", "Bi-LSTM", "One bidirectional recurrent layer, dense output.",
            BiLstm, False, steps={"deepjr": 2000, "jansen_rit": 3000},
        ),
        EstimatorKind(
            "lstm", "LSTM", "One recurrent layer; only its last state is read.",
            Lstm, False, steps={"deepjr": 6000, "jansen_rit": 6000},
        ),
        EstimatorKind(
            "cnn_bilstm", "CNN-BiLSTM", "Convolutions, then a bidirectional recurrent layer.",
            CnnBiLstm, False, steps={"deepjr": 2000, "jansen_rit": 3000},
        ),
        EstimatorKind(
            "transformer", "Transformer", "Self-attention over the response.",
            Transformer, False, steps={"deepjr": 20_000, "jansen_rit": 45_000}, focus=0.8,
            data={"deepjr": 500_000, "jansen_rit": 6_000_000}, batch=2048, noiseless=0.8,
            scores=N_SCORES | {"jansen_rit": 160}, shapes={"jansen_rit": 160},
            protocols={"jansen_rit": "calm"},
            again={"jansen_rit": Again(48_000, 10_000_000, 3072, pace=0.5, large=2.0)},
        ),
        EstimatorKind(
            "npe", "NPE", "A normalising flow that draws from the whole posterior.",
            Npe, True, steps={"deepjr": 2000, "jansen_rit": 3000},
        ),
    )
}  # fmt: skip


def estimator_kind(name: str) -> EstimatorKind:
    """The kind of estimator of that name.

    Raises:
        ExplorerError: there is none.
    """
    if name not in ESTIMATORS:
        raise ExplorerError("estimator", f"one of {', '.join(ESTIMATORS)}", repr(name))
    return ESTIMATORS[name]
