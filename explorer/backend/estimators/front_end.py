"""From the noisy waveform to numbers of order one, at every noise level.

The responses of the training set are laid on their principal components and the scores
whitened under the noise (``components``), so that differences of 1e-4 of the amplitude come
through where the noise allows it, and components that are all noise fade away.
``whitened_wave`` lays the whitened scores back on the time axis, for the networks that read
a sequence. Networks may read the scores of the response's ``shapes`` beside them.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from explorer.backend.draws import P_MEAN_RANGE, P_SD_RANGE, TRIALS_RANGE
from explorer.backend.estimators.components import Components, principal_components, whitened
from explorer.backend.estimators.interface import LARGEST_NOISE_MV, LEAST_NOISE_MV
from explorer.backend.estimators.shapes import Shapes, Size, fit_shapes

N_CONTEXT = 4


class Inputs(NamedTuple):
    """What a network reads, of order one.

    Attributes:
        scores: (batch, k).
        context: (batch, 4).
        shapes: (batch, shapes); none where the front end has none.
    """

    scores: Tensor
    context: Tensor
    shapes: Tensor


class FrontEnd(nn.Module):
    """Principal components of the training responses; nothing in it is trained further.

    Args:
        mean: (samples,) mean response, mV.
        basis: (samples, k) principal components, orthonormal.
        variance: (k,) variance along each, mV².
        shapes: components of the responses divided by their size, None for no such scores.
    """

    mean: Tensor
    basis: Tensor
    variance: Tensor

    def __init__(
        self, mean: Tensor, basis: Tensor, variance: Tensor, shapes: Components | None = None
    ) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("basis", basis)
        self.register_buffer("variance", variance)
        wave = Components(mean, basis, variance)
        self.size = Size(wave)
        self.shapes = None if shapes is None else Shapes(shapes, wave)

    @property
    def n_scores(self) -> int:
        """Number of components."""
        return int(self.variance.numel())

    @property
    def n_shape_scores(self) -> int:
        """Scores of the shape and its size; 0 where networks read none."""
        return 0 if self.shapes is None else self.shapes.n_shape_scores

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
        scores = torch.asinh(whitened(projected, self.variance, sigma))
        shapes = scores[:, :0]
        if self.shapes is not None:
            shapes = self.shapes(projected, self.size(projected), sigma)
        return Inputs(scores, _of_order_one(sigma, context), shapes)

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


def fit_front_end(
    waves: Tensor, n_scores: int, n_shapes: int = 0, shaped: Tensor | None = None
) -> FrontEnd:
    """The front end of training responses.

    Args:
        waves: (n, samples) in mV, without sensor noise.
        n_scores: components kept.
        n_shapes: components kept of the responses divided by their size; 0 for none.
        shaped: (m, samples) the responses that these are of; ``waves`` where None.
    """
    shapes = fit_shapes(waves if shaped is None else shaped, n_shapes) if n_shapes else None
    return FrontEnd(*principal_components(waves, n_scores), shapes)
