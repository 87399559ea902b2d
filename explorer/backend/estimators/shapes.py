"""The shape of a response, apart from its size.

The variance that scales the scores of the front end is that of the largest responses; most
of those of jansen_rit are a twentieth of them, and lie in a corner of that space. Here each
response is divided by its own root mean square s,

    y = x / s,   noise σ / s,

and whitened with the mean and the components of the training responses treated alike.
``½ log s`` goes beside. Everything is read off the scores of the front end, in whose noise the
networks are trained.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from explorer.backend.estimators.components import Components, principal_components, whitened

LARGE_MV = 1.0
"""Root mean square above which a response is a large one: mostly spikes of the columns."""
LEAST_SIZE_MV = 1e-5
"""Size that a response is taken to have at least."""


class Size(nn.Module):
    """Root mean square of responses, read off their scores.

    Args:
        wave: components behind the scores, mV.
    """

    def __init__(self, wave: Components) -> None:
        super().__init__()
        mean, basis = wave.mean.double(), wave.basis.double()
        self._n_samples = mean.numel()
        self.register_buffer("_along", (2.0 * basis.T @ mean).float(), persistent=False)
        self.register_buffer("_power", mean.square().sum().float(), persistent=False)

    def forward(self, projected: Tensor) -> Tensor:
        """Sizes (batch,) in mV of scores (batch, k) in mV."""
        power = projected.square().sum(dim=1) + projected @ self._along + self._power
        return (power / self._n_samples).clamp_min(LEAST_SIZE_MV**2).sqrt()


class Shapes(nn.Module):
    """Components of the responses divided by their size; nothing in it is trained further.

    Args:
        shape: components of the training responses divided by their size.
        wave: components behind the scores that it reads, mV.
    """

    basis: Tensor
    mean: Tensor
    variance: Tensor

    def __init__(self, shape: Components, wave: Components) -> None:
        super().__init__()
        for name, value in shape._asdict().items():
            self.register_buffer(name, value)
        turned = wave.basis.double().T @ shape.basis.double()  # (k, shapes)
        constant = wave.mean.double() @ shape.basis.double()
        middle = shape.mean.double() @ shape.basis.double()
        hidden = {"turned": turned, "constant": constant, "middle": middle}
        for name, value in hidden.items():
            self.register_buffer(f"_{name}", value.float().contiguous(), persistent=False)

    @property
    def n_shape_scores(self) -> int:
        """Numbers for a response: the scores of its shape, and its size."""
        return int(self.variance.numel()) + 1

    def forward(self, projected: Tensor, size: Tensor, sigma: Tensor) -> Tensor:
        """Whitened scores of the shape and half the logarithm of the size, (batch, shapes).

        Args:
            projected: (batch, k) scores of the front end with noise, mV.
            size: (batch,) root mean square, mV.
            sigma: (batch, 1) standard deviation of the noise, mV.
        """
        size = size[:, None]
        scores = (projected @ self._turned + self._constant) / size - self._middle
        found = whitened(scores, self.variance, sigma / size)
        return torch.cat([torch.asinh(found), 0.5 * torch.log(size)], dim=1)


def fit_shapes(waves: Tensor, n: int) -> Components:
    """Components of responses (m, samples) in mV, each divided by its root mean square."""
    exact = waves.double()
    size = exact.square().mean(dim=1, keepdim=True).clamp_min(LEAST_SIZE_MV**2).sqrt()
    return principal_components(exact / size, n)
