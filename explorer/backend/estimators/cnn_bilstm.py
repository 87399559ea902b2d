"""CNN-BiLSTM: convolutions find local shapes, a bidirectional LSTM orders them.

Source of the pairing: Tilwani & O'Reilly 2024 (arXiv 2406.05002), version 2.
"""

from __future__ import annotations

import torch
from torch import nn

from explorer.backend.estimators.front_end import N_CONTEXT, FrontEnd, Inputs
from explorer.backend.estimators.layers import PATCH, Flatten, MarginalHead
from explorer.backend.estimators.marginals import LogitNormal
from explorer.backend.estimators.point import PointNetwork

CHANNELS = 64
HIDDEN = 64
KEPT = 16


class CnnBiLstm(PointNetwork):
    """Two convolutions, the first with a stride of 14 samples (56 ms), then a BiLSTM."""

    def __init__(self, front: FrontEnd) -> None:
        super().__init__()
        self.front = front
        self.convolve = nn.Sequential(
            nn.Conv1d(1 + N_CONTEXT, CHANNELS, 2 * PATCH, stride=PATCH, padding=PATCH),
            nn.GELU(),
            nn.Conv1d(CHANNELS, CHANNELS, 3, padding=1),
            nn.GELU(),
        )
        self.lstm = nn.LSTM(CHANNELS, HIDDEN, batch_first=True, bidirectional=True)
        self.flatten = Flatten(2 * HIDDEN, KEPT)
        count = front.n_samples // PATCH + 1
        self.head = MarginalHead(count * KEPT, width=320, blocks=3)

    def marginals(self, inputs: Inputs) -> LogitNormal:
        wave = self.front.whitened_wave(inputs.scores)[:, None, :]  # (batch, 1, samples)
        beside = inputs.context[:, :, None].expand(-1, -1, wave.shape[2])
        shapes = self.convolve(torch.cat([wave, beside], dim=1))  # (batch, CHANNELS, tokens)
        states, _ = self.lstm(shapes.transpose(1, 2))  # (batch, tokens, 2 · HIDDEN)
        return self.head(self.flatten(states), inputs.context)
