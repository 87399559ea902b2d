"""Principal components of waveforms, and the Wiener estimate of their whitened scores.

With independent noise of standard deviation σ on the samples, the scores a = Uᵀ (x − μ) of
waveforms of covariance U Λ Uᵀ have independent noise of the same σ, and the linear estimate
of the whitened score is

    z_k = √λ_k / (λ_k + σ²) · a_k        (Wiener; variance λ / (λ + σ²) ≤ 1)
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

_LEAST_VARIANCE = 1e-14


class Components(NamedTuple):
    """Mean (samples,), orthonormal basis (samples, k) and variance along each (k,)."""

    mean: Tensor
    basis: Tensor
    variance: Tensor


def principal_components(waves: Tensor, n: int) -> Components:
    """The n largest components of waves (m, samples), in float32; found in float64."""
    exact = waves.double()
    mean = exact.mean(dim=0)
    centred = exact - mean
    covariance = centred.T @ centred / len(exact)  # (samples, samples)
    values, vectors = torch.linalg.eigh(covariance)
    order = torch.argsort(values, descending=True)[:n]
    variance = values[order].clamp_min(_LEAST_VARIANCE)
    basis = vectors[:, order]
    largest = basis.gather(0, basis.abs().argmax(dim=0, keepdim=True))  # (1, n)
    basis = basis * torch.sign(largest)  # the sign is free: the same on any number of threads
    return Components(mean.float(), basis.float().contiguous(), variance.float())


def whitened(scores: Tensor, variance: Tensor, noise: Tensor) -> Tensor:
    """Wiener estimates (batch, k) of whitened scores.

    Args:
        scores: (batch, k) with noise.
        variance: (k,) without it.
        noise: (batch, 1) standard deviation of the noise, in the unit of the scores.
    """
    return scores * variance.sqrt() / (variance + noise**2)
