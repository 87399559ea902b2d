"""Could this waveform be one of the training set's? A Gaussian evidence, and its rank.

    log p(x | σ) = log Normal(x; μ, U Λ Uᵀ + σ² I) / samples

with the components of the front end, and nothing but noise across them. The rank is the
share of training responses, with noise of the same σ, whose evidence is lower; it is read
off quantiles kept for a ladder of noise levels.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from explorer.backend.estimators.front_end import FrontEnd

LADDER_MV = tuple(10.0 ** (k / 2) for k in range(-9, 3))
"""Noise levels at which quantiles are kept, mV."""
RANKS = (0.0, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)
OUTLIER_RANK = 0.002
"""At a lower rank an observation counts as out of distribution."""
_CALIBRATION_SEED = 20240


def log_evidence(front: FrontEnd, waves: Tensor, noise: Tensor) -> Tensor:
    """Log evidence per sample, (batch,), of waves (batch, samples) under noise (batch,), mV."""
    centred = waves.double() - front.mean.double()
    scores = centred @ front.basis.double()  # (batch, k)
    rest = (centred**2).sum(dim=1) - (scores**2).sum(dim=1)  # across the components
    variance = front.variance.double() + noise.double()[:, None] ** 2
    across = front.n_samples - front.n_scores
    log = -0.5 * (scores**2 / variance + torch.log(variance)).sum(dim=1)
    log = log - 0.5 * rest.clamp_min(0.0) / noise.double() ** 2 - across * torch.log(noise.double())
    return log / front.n_samples - 0.5 * math.log(2.0 * math.pi)


def evidence_quantiles(front: FrontEnd, waves: Tensor) -> Tensor:
    """Quantiles (ladder, ranks) of the log evidence of training responses (n, samples)."""
    generator = torch.Generator().manual_seed(_CALIBRATION_SEED)
    ranks = torch.tensor(RANKS, dtype=torch.float64)
    rows = []
    for sigma in LADDER_MV:
        noise = torch.full((len(waves),), sigma)
        noisy = waves + sigma * torch.randn(waves.shape, generator=generator)
        rows.append(torch.quantile(log_evidence(front, noisy, noise), ranks))
    return torch.stack(rows)


def evidence_rank(quantiles: Tensor, log: Tensor, noise: Tensor) -> Tensor:
    """Rank (batch,) of log evidences (batch,) under noise (batch,) mV, 0 … 1.

    Between two levels of the ladder the quantiles are interpolated in the logarithm of σ.
    """
    places = (torch.log10(noise.double()) * 2 + 9).clamp(0, len(LADDER_MV) - 1)
    below = places.floor().long().clamp_max(len(LADDER_MV) - 2)
    share = (places - below)[:, None]
    mine = (1 - share) * quantiles[below] + share * quantiles[below + 1]  # (batch, ranks)
    ranks = torch.tensor(RANKS, dtype=torch.float64)
    upper = (mine <= log[:, None]).sum(dim=1).clamp(1, len(RANKS) - 1)
    low, high = (mine.gather(1, (upper + k)[:, None])[:, 0] for k in (-1, 0))
    inside = ((log - low) / (high - low).clamp_min(1e-12)).clamp(0.0, 1.0)
    return ranks[upper - 1] + inside * (ranks[upper] - ranks[upper - 1])
