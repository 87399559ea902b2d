"""Bi-LSTM: one bidirectional layer of 64 units, then a dense output.

Source: Tilwani & O'Reilly 2024 (arXiv 2406.05002), version 1. Here it reads the whitened
waveform in tokens of 56 ms, and the outputs of all tokens go to the dense layers.
"""

from __future__ import annotations

from torch import nn

from explorer.backend.estimators.front_end import FrontEnd, Inputs
from explorer.backend.estimators.layers import Flatten, MarginalHead, Tokens
from explorer.backend.estimators.marginals import LogitNormal
from explorer.backend.estimators.point import PointNetwork

HIDDEN = 64
KEPT = 16


class BiLstm(PointNetwork):
    """Bidirectional LSTM over the tokens."""

    def __init__(self, front: FrontEnd) -> None:
        super().__init__()
        self.tokens = Tokens(front)
        self.lstm = nn.LSTM(self.tokens.size, HIDDEN, batch_first=True, bidirectional=True)
        self.flatten = Flatten(2 * HIDDEN, KEPT)
        self.head = MarginalHead(self.tokens.count * KEPT, width=320, blocks=3)

    def marginals(self, inputs: Inputs) -> LogitNormal:
        states, _ = self.lstm(self.tokens(inputs))  # (batch, tokens, 2 · HIDDEN)
        return self.head(self.flatten(states), inputs.context)
