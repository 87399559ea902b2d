"""Transformer: self-attention over the tokens of the response.

A small encoder finds what belongs together in time; most of the work is done by the dense
layers, which read the whitened scores beside its tokens: for the same time of training that
comes nearer to the exact posterior than more layers of attention (measured).

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

WIDTH = 48
HEADS = 1
LAYERS = 1
KEPT = 16
HEAD_WIDTH, WIDER = 384, 512
"""Of the dense layers; the wider ones for a front end that gives shapes beside the scores."""
BLOCKS = 3
PATCH = 43
"""Samples of a token: 301 samples are 7 tokens of 172 ms."""


class Transformer(PointNetwork):
    """Encoder over the tokens, all of which go to the dense layers with the scores."""

    mean_weight = 10.0

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
        beside = front.n_scores + front.n_shape_scores
        width = WIDER if front.n_shape_scores else HEAD_WIDTH
        self.head = MarginalHead(self.tokens.count * KEPT + beside, width, BLOCKS)

    def marginals(self, inputs: Inputs) -> LogitNormal:
        tokens = self.embed(self.tokens(inputs)) + self.position  # (batch, tokens, WIDTH)
        found = self.flatten(self.encoder(tokens))  # (batch, tokens · KEPT)
        return self.head(torch.cat([found, inputs.scores, inputs.shapes], dim=1), inputs.context)
