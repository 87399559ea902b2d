"""Transformer: self-attention over the tokens of the response.

Source: Tilwani & O'Reilly 2024 (arXiv 2406.05002), version 2; the encoder is that of
Vaswani et al. 2017 with normalisation first, positions learned.
"""

from __future__ import annotations

import torch
from torch import nn

from explorer.backend.estimators.front_end import FrontEnd, Inputs
from explorer.backend.estimators.layers import Flatten, MarginalHead, Tokens
from explorer.backend.estimators.marginals import LogitNormal
from explorer.backend.estimators.point import PointNetwork

WIDTH = 64
HEADS = 4
LAYERS = 2
KEPT = 24
PATCH = 21
"""Samples of a token: 301 samples are 15 tokens of 84 ms."""


class Transformer(PointNetwork):
    """Encoder over the tokens, all of which go to the dense layers."""

    def __init__(self, front: FrontEnd) -> None:
        super().__init__()
        self.tokens = Tokens(front, PATCH)
        self.embed = nn.Linear(self.tokens.size, WIDTH)
        self.position = nn.Parameter(0.02 * torch.randn(self.tokens.count, WIDTH))
        layer = nn.TransformerEncoderLayer(
            WIDTH, HEADS, 2 * WIDTH, dropout=0.0, activation="gelu", batch_first=True,
            norm_first=True,
        )  # fmt: skip
        self.encoder = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.flatten = Flatten(WIDTH, KEPT)
        self.head = MarginalHead(self.tokens.count * KEPT, width=320, blocks=3)

    def marginals(self, inputs: Inputs) -> LogitNormal:
        tokens = self.embed(self.tokens(inputs)) + self.position  # (batch, tokens, WIDTH)
        return self.head(self.flatten(self.encoder(tokens)), inputs.context)
