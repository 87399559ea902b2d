"""What a network learns from: a data set prepared, and batches of it with noise.

With every batch the standard deviation σ of the noise is drawn log-uniformly, a share of it
from the middle of its range where the plan says so, and the noise itself in the space of the
principal components, where it is as independent as on the samples. Half of a batch or more
are responses without background noise, a quarter of the data: they hold the most to be
learned, and as the networks are told p_sd, how often a value of it comes changes no posterior.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from explorer.backend.dataset import DataSet
from explorer.backend.draws import CONTEXT_NAMES
from explorer.backend.estimators.front_end import FrontEnd, fit_front_end
from explorer.backend.estimators.marginals import to_logit
from explorer.backend.estimators.registry import estimator_kind
from explorer.backend.targets import target_extents, target_values

NOISE_RANGE_MV = (1e-4, 2.0)
"""Noise of training, log-uniform: noise factor 0.001 to 400,000 at the defaults."""
FOCUS_MV = (2e-3, 0.3)
"""Noise that a training may dwell on: noise factor 0.4 to 8,000 at the defaults."""
VALIDATION = 8192
EVERY = 100
"""Steps between validations, which are checkpoints too."""
_FIT = 100_000
_CHUNK = 20_000


@dataclass(frozen=True)
class Plan:
    """How a network is trained.

    Attributes:
        estimator: key of ``ESTIMATORS``.
        circuit: key of ``CIRCUITS``.
        steps: batches in all.
        batch: responses of a batch.
        rate: largest learning rate of AdamW.
        patience: validations without a gain after which training stops.
        seed: of initial weights, batches and noise.
        device: ``cpu`` or ``cuda``.
        every: steps between validations.
        held_out: responses for validation (a fifth of all at most).
        least_noise_mv, largest_noise_mv: noise on the waveform, log-uniform between, mV.
        focus: share of the noise drawn from ``FOCUS_MV``; as the networks are told σ, it
            changes no posterior.
        noiseless: least share of a batch that are responses without background noise.
        pace: share of the learning rates.
        large: weight in the loss of a response observed above ``shapes.LARGE_MV``; as the
            networks read what is observed, it changes no posterior.
        start: SHA-256 of the weights gone on from; none for a training from nothing.
        data: what the data set is, so that no checkpoint goes on with another one.
    """

    estimator: str
    circuit: str
    steps: int
    batch: int
    rate: float
    patience: int = 10
    seed: int = 1
    device: str = "cpu"
    every: int = EVERY
    held_out: int = VALIDATION
    least_noise_mv: float = NOISE_RANGE_MV[0]
    largest_noise_mv: float = NOISE_RANGE_MV[1]
    focus: float = 0.0
    noiseless: float = 0.5
    pace: float = 1.0
    large: float = 1.0
    start: str = ""
    data: str = ""


@dataclass(frozen=True)
class Prepared:
    """A data set as the training reads it, on the training's device.

    Attributes:
        front: the front end fitted to it.
        projected: (n, k) scores without noise, mV.
        context: (n, 3).
        logits: (n, 13) true values as logits of their share of the range.
    """

    front: FrontEnd
    projected: Tensor
    context: Tensor
    logits: Tensor


def fitted_front_end(data: DataSet, estimator: str) -> FrontEnd:
    """The front end of an estimator, of the first responses of a data set.

    The shapes are those of the responses without background noise, if it has any.
    """
    kind = estimator_kind(estimator)
    waves = torch.from_numpy(data.waves[:_FIT])
    calm = data.context[:_FIT, CONTEXT_NAMES.index("p_sd")] == 0.0
    shaped = waves[torch.from_numpy(calm)] if calm.any() else waves
    n_shapes = kind.shapes.get(data.circuit, 0)
    return fit_front_end(waves, kind.scores[data.circuit], n_shapes, shaped)


def prepare(
    data: DataSet, estimator: str, device: str = "cpu", front: FrontEnd | None = None
) -> Prepared:
    """Project a data set on a front end, or on that of the estimator fitted to it."""
    waves = torch.from_numpy(data.waves)
    if front is None:
        front = fitted_front_end(data, estimator)
    projected = torch.empty(len(waves), front.n_scores)
    for part, out in zip(waves.split(_CHUNK), projected.split(_CHUNK), strict=True):
        out.copy_(front.project(part))
    extents = target_extents(data.circuit)
    shares = (target_values(data.parameters) - extents[:, 0]) / (extents[:, 1] - extents[:, 0])
    logits = to_logit(torch.from_numpy(shares)).float()
    context = torch.from_numpy(data.context).float()
    return Prepared(front.to(device), projected.to(device), context.to(device), logits.to(device))


class Batches:
    """Batches of a data set; the last of it are held out, as many as the plan says.

    Args:
        plan: how.
        data: prepared.

    Attributes:
        generator: of rows and noise.
    """

    def __init__(self, plan: Plan, data: Prepared) -> None:
        self.plan, self.data = plan, data
        self.generator = torch.Generator(plan.device).manual_seed(plan.seed)
        self._n = len(data.logits) - min(plan.held_out, len(data.logits) // 5)
        calm = data.context[: self._n, CONTEXT_NAMES.index("p_sd")] == 0.0
        self._calm = torch.nonzero(calm)[:, 0]
        common = len(self._calm) / self._n  # of the rest of a batch
        self._share = max(0.0, (plan.noiseless - common) / max(1.0 - common, 1e-9))

    def draw(self) -> tuple[Tensor, Tensor, Tensor]:
        """Rows of a batch, drawn with replacement, their noisy scores and σ in mV."""
        rows = self._rows()
        return rows, *self._noisy(rows, self.generator)

    def held_out(self) -> tuple[Tensor, Tensor, Tensor]:
        """The rows kept from learning, their noisy scores and σ in mV; always the same."""
        rows = torch.arange(self._n, len(self.data.logits), device=self.plan.device)
        generator = torch.Generator(self.plan.device).manual_seed(self.plan.seed + 1)
        return rows, *self._noisy(rows, generator)

    def _rows(self) -> Tensor:
        options: dict[str, Any] = {"generator": self.generator, "device": self.plan.device}
        size = self.plan.batch
        every = torch.randint(self._n, (size,), **options)
        n_calm = len(self._calm)
        if n_calm in (0, self._n):
            return every
        calm = self._calm[torch.randint(n_calm, (size,), **options)]
        return torch.where(torch.rand(size, **options) < self._share, calm, every)

    def _noisy(self, rows: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Scores with noise (batch, k), and its σ (batch,) in mV."""
        plan = self.plan
        options: dict[str, Any] = {"generator": generator, "device": plan.device}
        low, high = math.log(plan.least_noise_mv), math.log(plan.largest_noise_mv)
        drawn = torch.rand(len(rows), **options)
        log_sigma = low + (high - low) * drawn
        if plan.focus > 0.0:
            low, high = (math.log(end) for end in FOCUS_MV)
            chosen = torch.rand(len(rows), **options) < plan.focus
            log_sigma = torch.where(chosen, low + (high - low) * drawn, log_sigma)
        sigma = torch.exp(log_sigma)
        clean = self.data.projected[rows]
        noise = torch.randn(clean.shape, generator=generator, device=plan.device)
        return clean + sigma[:, None] * noise, sigma
