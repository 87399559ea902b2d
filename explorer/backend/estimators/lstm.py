"""LSTM: one layer of 64 units in one direction; its last state alone goes to a dense output.

The plain recurrent baseline of Tilwani & O'Reilly 2024 (arXiv 2406.05002), version 2: all
that it knows of the response has to fit into one state.
"""

from __future__ import annotations

import torch
from torch import nn

from explorer.backend.estimators.front_end import FrontEnd, Inputs
from explorer.backend.estimators.layers import MarginalHead, Tokens
from explorer.backend.estimators.marginals import LogitNormal
from explorer.backend.estimators.point import PointNetwork

HIDDEN = 64
FORGET_BIAS = 3.0
"""Bias of the forget gate before training: with 0 the state has forgotten the response's
first tokens by the last one, and nothing is learned (Jozefowicz et al. 2015, ICML)."""


class Lstm(PointNetwork):
    """LSTM over the tokens, last state."""

    def __init__(self, front: FrontEnd) -> None:
        super().__init__()
        self.tokens = Tokens(front)
        self.lstm = nn.LSTM(self.tokens.size, HIDDEN, batch_first=True)
        with torch.no_grad():
            self.lstm.bias_hh_l0[HIDDEN : 2 * HIDDEN] = FORGET_BIAS
        self.head = MarginalHead(HIDDEN, width=128, blocks=1)

    def marginals(self, inputs: Inputs) -> LogitNormal:
        states, _ = self.lstm(self.tokens(inputs))  # (batch, tokens, HIDDEN)
        return self.head(states[:, -1], inputs.context)
