"""Marginal posteriors on bounded ranges: logit-normal, one for each target.

With t = (θ − low) / (high − low) the network gives m and s of

    logit(t) ~ Normal(m, s²)

which is a narrow Gaussian where the data speak (s ≪ 1) and next to uniform where they do
not (s ≈ 1.8, m = 0), so one head serves every noise level. Quantiles are exact,
low + (high − low) · sigmoid(m + s · Φ⁻¹(q)); mean and variance by Gauss-Hermite quadrature.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

LEAST_SHARE = 1e-4
"""Values closer to an end than this share of the range are taken as this close."""
LEAST_LOG_SD, LARGEST_LOG_SD = -7.0, 1.5
_NODES, _WEIGHTS = (
    torch.tensor(values, dtype=torch.float32) for values in np.polynomial.hermite_e.hermegauss(15)
)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
Z50, Z90 = 0.6744897501960817, 1.6448536269514722


def to_logit(share: Tensor) -> Tensor:
    """logit of shares of a range, held away from its ends."""
    return torch.logit(share.clamp(LEAST_SHARE, 1.0 - LEAST_SHARE))


@dataclass(frozen=True)
class LogitNormal:
    """Marginals (batch, targets).

    Attributes:
        middle, log_sd: of the logit of the share of the range, (batch, targets).
    """

    middle: Tensor
    log_sd: Tensor

    def loss(self, logits: Tensor) -> Tensor:
        """Negative log density of true logits (batch, targets), per case, (batch,)."""
        scaled = (logits - self.middle) * torch.exp(-self.log_sd)
        return (0.5 * scaled**2 + self.log_sd).sum(dim=1)

    def quick_mean(self) -> Tensor:
        """Mean share by MacKay's approximation, E sigmoid(x) ≈ sigmoid(m / √(1 + π s² / 8))."""
        variance = torch.exp(2.0 * self.log_sd)
        return torch.sigmoid(self.middle / torch.sqrt(1.0 + torch.pi / 8.0 * variance))

    def moments(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the share, (batch, targets) each."""
        spread = torch.exp(self.log_sd)[..., None] * _NODES  # (batch, targets, nodes)
        shares = torch.sigmoid(self.middle[..., None] + spread)
        mean = (shares * _WEIGHTS).sum(dim=-1)
        variance = ((shares - mean[..., None]) ** 2 * _WEIGHTS).sum(dim=-1)
        return mean, variance.sqrt()

    def interval(self, z: float) -> Tensor:
        """Central interval of the share, (batch, targets, 2)."""
        reach = z * torch.exp(self.log_sd)
        return torch.sigmoid(torch.stack([self.middle - reach, self.middle + reach], dim=-1))


def from_outputs(outputs: Tensor) -> LogitNormal:
    """Marginals from a network's outputs (batch, 2 · targets)."""
    middle, raw = outputs.chunk(2, dim=1)
    half = 0.5 * (LARGEST_LOG_SD - LEAST_LOG_SD)
    return LogitNormal(middle, LEAST_LOG_SD + half + half * torch.tanh(raw / half))


def mean_error(marginals: LogitNormal, logits: Tensor) -> Tensor:
    """Squared error of the mean share relative to the prior's variance, per case, (batch,)."""
    error = functional.mse_loss(marginals.quick_mean(), torch.sigmoid(logits), reduction="none")
    return 12.0 * error.sum(dim=1)
