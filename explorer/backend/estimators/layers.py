"""Layers that the estimators share."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from explorer.backend.estimators.front_end import N_CONTEXT, FrontEnd, Inputs
from explorer.backend.estimators.marginals import LogitNormal, from_outputs
from explorer.backend.targets import N_TARGETS

PATCH = 14
"""Samples of a token: 301 samples are 22 tokens of 56 ms."""


class ResidualBlock(nn.Module):
    """x + W₂ gelu(W₁ norm(x)) (pre-activation; He et al. 2016, Identity Mappings)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


def residual_stack(inputs: int, width: int, blocks: int) -> nn.Sequential:
    """(batch, inputs) → (batch, width)."""
    return nn.Sequential(
        nn.Linear(inputs, width),
        *(ResidualBlock(width) for _ in range(blocks)),
        nn.LayerNorm(width),
    )


class MarginalHead(nn.Module):
    """Dense head: residual blocks, then a logit-normal marginal for each target.

    Args:
        inputs: features of a case, the context not counted.
        width, blocks: of the residual stack.
    """

    def __init__(self, inputs: int, width: int, blocks: int) -> None:
        super().__init__()
        self.stack = residual_stack(inputs + N_CONTEXT, width, blocks)
        self.out = nn.Linear(width, 2 * N_TARGETS)
        nn.init.zeros_(self.out.bias)

    def forward(self, features: Tensor, context: Tensor) -> LogitNormal:
        """Marginals of features (batch, inputs) in a context (batch, 4)."""
        stacked = self.stack(torch.cat([features, context], dim=1))
        with torch.autocast(stacked.device.type, enabled=False):
            return from_outputs(self.out(stacked.float()))


class Tokens(nn.Module):
    """The whitened waveform cut into tokens, the context beside each.

    (batch, k) → (batch, tokens, patch + 4); gives the sequence to recurrent networks and
    the transformer.

    Args:
        front: front end, whose scores are laid back on the time axis.
        patch: samples of a token.
    """

    def __init__(self, front: FrontEnd, patch: int = PATCH) -> None:
        super().__init__()
        self.front = front
        self.patch = patch
        self.count = math.ceil(front.n_samples / patch)
        self.size = patch + N_CONTEXT

    def forward(self, inputs: Inputs) -> Tensor:
        wave = self.front.whitened_wave(inputs.scores)  # (batch, samples)
        wave = nn.functional.pad(wave, (0, self.count * self.patch - wave.shape[1]))
        patches = wave.reshape(len(wave), self.count, self.patch)  # (batch, tokens, patch)
        beside = inputs.context[:, None, :].expand(-1, self.count, -1)
        return torch.cat([patches, beside], dim=2)


class Flatten(nn.Module):
    """Each token (batch, tokens, width) to a few numbers, then all of them in one row."""

    def __init__(self, width: int, kept: int) -> None:
        super().__init__()
        self.reduce = nn.Linear(width, kept)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.reduce(tokens).flatten(1)  # (batch, tokens · kept)
