"""From the noisy waveform to numbers of order one, at every noise level.

The responses of the training set have mean μ and covariance U Λ Uᵀ. With independent noise
of standard deviation σ on the samples, the scores a = Uᵀ (x − μ) have independent noise of
the same σ, and the linear estimate of the whitened score is

    z_k = √λ_k / (λ_k + σ²) · a_k        (Wiener; variance λ / (λ + σ²) ≤ 1)

so that differences of 1e-4 of the amplitude come through where the noise allows it, and
components that are all noise fade away. ``whitened_wave`` lays z back on the time axis,
U z, for the networks that read a sequence.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from explorer.backend.dataset import P_MEAN_RANGE, P_SD_RANGE, TRIALS_RANGE
from explorer.backend.estimators.interface import LARGEST_NOISE_MV, LEAST_NOISE_MV

N_CONTEXT = 4


class Inputs(NamedTuple):
    """What a network reads: scores (batch, k) of order one, context (batch, 4)."""

    scores: Tensor
    context: Tensor


class FrontEnd(nn.Module):
    """Principal components of the training responses; nothing in it is trained further.

    Args:
        mean: (samples,) mean response, mV.
        basis: (samples, k) principal components, orthonormal.
        variance: (k,) variance along each, mV².
    """

    mean: Tensor
    basis: Tensor
    variance: Tensor

    def __init__(self, mean: Tensor, basis: Tensor, variance: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("basis", basis)
        self.register_buffer("variance", variance)

    @property
    def n_scores(self) -> int:
        """Number of components."""
        return int(self.variance.numel())

    @property
    def n_samples(self) -> int:
        """Samples of a waveform."""
        return int(self.mean.numel())

    def project(self, waves: Tensor) -> Tensor:
        """Scores (batch, k) in mV of waves (batch, samples) in mV, in float32.

        Products in float64: a score may be a millionth of the wave.
        """
        centred = waves.double() - self.mean.double()
        return (centred @ self.basis.double()).float()

    def inputs(self, projected: Tensor, noise: Tensor, context: Tensor) -> Inputs:
        """What the networks read.

        Args:
            projected: (batch, k) scores with noise, mV.
            noise: (batch,) standard deviation of the noise, mV.
            context: (batch, 3) p_mean, p_sd and the number of trials.
        """
        sigma = noise.clamp(LEAST_NOISE_MV, LARGEST_NOISE_MV)[:, None]  # (batch, 1)
        scores = projected * self.variance.sqrt() / (self.variance + sigma**2)
        return Inputs(torch.asinh(scores), _of_order_one(sigma, context))

    def whitened_wave(self, scores: Tensor) -> Tensor:
        """Scores (batch, k) laid back on the time axis, (batch, samples)."""
        return scores @ self.basis.T * (self.n_samples / self.n_scores) ** 0.5


def _middle_and_half(low: float, high: float) -> tuple[float, float]:
    return (low + high) / 2, (high - low) / 2


def _of_order_one(sigma: Tensor, context: Tensor) -> Tensor:
    """Context (batch, 4) from noise (batch, 1) and p_mean, p_sd, trials (batch, 3)."""
    p_middle, p_half = _middle_and_half(*P_MEAN_RANGE)
    sd_middle, sd_half = _middle_and_half(*P_SD_RANGE)
    return torch.cat(
        [
            (torch.log10(sigma) + 2.0) / 2.0,
            (context[:, :1] - p_middle) / p_half,
            (context[:, 1:2] - sd_middle) / sd_half,
            torch.log(context[:, 2:3]) / torch.log(torch.tensor(TRIALS_RANGE[1])) * 2.0 - 1.0,
        ],
        dim=1,
    )


def fit_front_end(waves: Tensor, n_scores: int) -> FrontEnd:
    """The front end of training responses (n, samples) in mV.

    Args:
        waves: without sensor noise.
        n_scores: components kept.
    """
    exact = waves.double()
    mean = exact.mean(dim=0)
    centred = exact - mean
    covariance = centred.T @ centred / len(exact)  # (samples, samples)
    values, vectors = torch.linalg.eigh(covariance)
    order = torch.argsort(values, descending=True)[:n_scores]
    variance = values[order].clamp_min(1e-14)
    basis = vectors[:, order]
    largest = basis.gather(0, basis.abs().argmax(dim=0, keepdim=True))  # (1, k)
    basis = basis * torch.sign(largest)  # the sign is free: the same on any number of threads
    return FrontEnd(mean.float(), basis.float().contiguous(), variance.float())
