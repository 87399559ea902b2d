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

    def protocol(self, circuit: str) -> str:
        """Name of the protocol that its data set of a circuit is drawn by."""
        return self.protocols.get(circuit, "explorer")


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
