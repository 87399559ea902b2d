"""LSTM: one layer of 64 units in one direction; its last state alone goes to a dense output.

The plain recurrent baseline of Tilwani & O'Reilly 2024 (arXiv 2406.05002), version 2: all
that it knows of the response has to fit into one state.
"""

from __future__ import annotations

from torch import nn

from explorer.backend.estimators.front_end import FrontEnd, Inputs
from explorer.backend.estimators.layers import MarginalHead, Tokens
from explorer.backend.estimators.marginals import LogitNormal
from explorer.backend.estimators.point import PointNetwork

HIDDEN = 64


class Lstm(PointNetwork):
    """LSTM over the tokens, last state."""

    def __init__(self, front: FrontEnd) -> None:
        super().__init__()
        self.tokens = Tokens(front)
        self.lstm = nn.LSTM(self.tokens.size, HIDDEN, batch_first=True)
        self.head = MarginalHead(HIDDEN, width=128, blocks=1)

    def marginals(self, inputs: Inputs) -> LogitNormal:
        states, _ = self.lstm(self.tokens(inputs))  # (batch, tokens, HIDDEN)
        return self.head(states[:, -1], inputs.context)
