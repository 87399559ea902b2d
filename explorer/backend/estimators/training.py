"""Training: one network for all noise levels, from a data set without sensor noise.

With every batch the standard deviation σ of the noise is drawn log-uniformly, and the
noise itself in the space of the principal components, where it is as independent as on the
samples. Hidden matrices learn by Muon (Jordan et al. 2024), which needs half as many
responses here as AdamW, the rest by AdamW; warm-up, then a cosine to zero. Matrix products
run in bfloat16 but for the last fifth of the steps. Validation is on held-out responses
under noise that stays the same; the best network is kept. On one thread of a CPU the same
seed gives the same weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from explorer.backend.dataset import DataSet
from explorer.backend.errors import ExplorerError
from explorer.backend.estimators.checkpoint import load_checkpoint, save_checkpoint
from explorer.backend.estimators.front_end import FrontEnd, fit_front_end
from explorer.backend.estimators.marginals import to_logit
from explorer.backend.estimators.registry import estimator_kind
from explorer.backend.simulate import Cancelled
from explorer.backend.targets import target_extents, target_values

NOISE_RANGE_MV = (1e-4, 2.0)
"""Noise of training, log-uniform: noise factor 0.001 to 400,000 at the defaults."""
N_SCORES = {"deepjr": 20, "jansen_rit": 96}
"""Components kept: those that stand out of the least noise, or that the estimators use."""
VALIDATION = 8192
EVERY = 100
"""Steps between validations, which are checkpoints too."""
WARM_UP = 100
WEIGHT_DECAY = 1e-4
MUON_RATE, MUON_DECAY = 0.02, 0.01
LEAST_SIDE = 48
"""Matrices with both sides this long or longer learn by Muon."""
FULL_PRECISION_FROM = 0.8
"""Share of the steps after which matrix products run in float32."""
LARGEST_GRADIENT = 5.0
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
    data: str = ""


@dataclass(frozen=True)
class Progress:
    """Where a training stands.

    Attributes:
        step, steps: batches done and in all.
        loss: of training, averaged since the last report.
        validation: newest validation loss, NaN before the first.
        best: least validation loss so far.
    """

    step: int
    steps: int
    loss: float
    validation: float
    best: float


@dataclass(frozen=True)
class Trained:
    """A trained network.

    Attributes:
        front: the front end.
        network: on the CPU, with the parameters that validated best.
        validation: its validation loss.
        steps: batches seen.
        stopped_early: whether patience ran out before the plan's end.
    """

    front: FrontEnd
    network: nn.Module
    validation: float
    steps: int
    stopped_early: bool


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


def prepare(data: DataSet, device: str = "cpu") -> Prepared:
    """Fit the front end and project a data set on it."""
    waves = torch.from_numpy(data.waves)
    front = fit_front_end(waves[:_FIT], N_SCORES[data.circuit])
    projected = torch.cat([front.project(part) for part in waves.split(_CHUNK)])
    extents = target_extents(data.circuit)
    shares = (target_values(data.parameters) - extents[:, 0]) / (extents[:, 1] - extents[:, 0])
    logits = to_logit(torch.from_numpy(shares)).float()
    context = torch.from_numpy(data.context).float()
    return Prepared(front.to(device), projected.to(device), context.to(device), logits.to(device))


def check_device(device: str) -> str:
    """The device, if torch can use it.

    Raises:
        ExplorerError: it cannot.
    """
    if device == "cpu" or (device == "cuda" and torch.cuda.is_available()):
        return device
    raise ExplorerError("device", "cpu, or cuda where a GPU can be used", repr(device))


def optimizers_of(network: nn.Module, rate: float) -> dict[float, torch.optim.Optimizer]:
    """Muon for large matrices and AdamW for the rest, each under its largest learning rate."""
    every = list(network.parameters())
    large = [value for value in every if value.ndim == 2 and min(value.shape) >= LEAST_SIDE]
    chosen = {id(value) for value in large}
    rest = [value for value in every if id(value) not in chosen]
    return {
        MUON_RATE: torch.optim.Muon(large, lr=MUON_RATE, weight_decay=MUON_DECAY),
        rate: torch.optim.AdamW(rest, lr=rate, weight_decay=WEIGHT_DECAY),
    }


class Trainer:
    """One training, from the start or from a checkpoint.

    Args:
        plan: how.
        data: prepared; the last of it are held out, as many as the plan says.
        checkpoint: file to resume from where it exists, and to write to.
    """

    def __init__(self, plan: Plan, data: Prepared, checkpoint: Path | None = None) -> None:
        self.plan, self.data, self.checkpoint = plan, data, checkpoint
        torch.manual_seed(plan.seed)
        self.network = estimator_kind(plan.estimator).build(data.front).to(plan.device)
        self.optimizers = optimizers_of(self.network, plan.rate)
        self.generator = torch.Generator(plan.device).manual_seed(plan.seed)
        held = min(plan.held_out, len(data.logits) // 5)
        self.n_train = len(data.logits) - held
        self.held = self._held_out()
        self.step, self.best, self.best_step, self.validation = 0, math.inf, 0, math.nan
        self.kept: dict[str, Tensor] = {}
        if checkpoint is not None and checkpoint.exists():
            self._resume(checkpoint)

    def _noisy(self, rows: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Scores with noise (batch, k), and its σ (batch,) in mV."""
        plan = self.plan
        low, high = math.log(plan.least_noise_mv), math.log(plan.largest_noise_mv)
        drawn = torch.rand(len(rows), generator=generator, device=plan.device)
        sigma = torch.exp(low + (high - low) * drawn)
        clean = self.data.projected[rows]
        noise = torch.randn(clean.shape, generator=generator, device=plan.device)
        return clean + sigma[:, None] * noise, sigma

    def _held_out(self) -> tuple[Tensor, Tensor, Tensor]:
        rows = torch.arange(self.n_train, len(self.data.logits), device=self.plan.device)
        generator = torch.Generator(self.plan.device).manual_seed(self.plan.seed + 1)
        return rows, *self._noisy(rows, generator)

    def _loss(self, rows: Tensor, scores: Tensor, sigma: Tensor) -> Tensor:
        inputs = self.data.front.inputs(scores, sigma, self.data.context[rows])
        return self.network(inputs, self.data.logits[rows]).mean()

    def run(self, told: Callable[[Progress], bool] | None = None) -> Trained:
        """Train to the end of the plan, or until patience runs out.

        Args:
            told: how far it is, after each step; returns False to stop.

        Raises:
            Cancelled: ``told`` returned False; the checkpoint is written.
            ExplorerError: the loss is no longer finite.
        """
        total, counted, early = 0.0, 0, False
        while self.step < self.plan.steps and not early:
            total, counted = total + self._advance(), counted + 1
            if self.step % self.plan.every == 0 or self.step == self.plan.steps:
                early = self._validate()
            state = Progress(
                self.step, self.plan.steps, total / counted, self.validation, self.best
            )
            if self.step % self.plan.every == 0:
                total, counted = 0.0, 0
            if told is not None and not told(state):
                if self.checkpoint is not None:
                    self._write(self.checkpoint)
                raise Cancelled
        self.network.load_state_dict(self.kept, strict=False)
        network = self.network.to("cpu").eval()
        return Trained(self.data.front.to("cpu"), network, self.best, self.step, early)

    def _advance(self) -> float:
        """One step; its loss."""
        plan = self.plan
        factor = min(1.0, (self.step + 1) / WARM_UP) * max(
            0.5 * (1.0 + math.cos(math.pi * self.step / plan.steps)), 1e-3
        )
        for rate, optimizer in self.optimizers.items():
            optimizer.zero_grad(set_to_none=True)
            for group in optimizer.param_groups:
                group["lr"] = rate * factor
        rows = torch.randint(
            self.n_train, (plan.batch,), generator=self.generator, device=plan.device
        )
        mixed = self.step < FULL_PRECISION_FROM * plan.steps
        with torch.autocast(plan.device, torch.bfloat16, enabled=mixed):
            loss = self._loss(rows, *self._noisy(rows, self.generator))
        value = loss.item()
        if not math.isfinite(value):
            raise ExplorerError("loss", "a finite number", f"{value} at step {self.step}")
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), LARGEST_GRADIENT)
        for optimizer in self.optimizers.values():
            optimizer.step()
        self.step += 1
        return value

    def _validate(self) -> bool:
        """Measure, keep the best, write the checkpoint; whether patience has run out."""
        self.network.eval()
        with torch.no_grad():
            losses = [
                self._loss(*part) for part in zip(*(t.split(2048) for t in self.held), strict=True)
            ]
            sizes = [len(part) for part in self.held[0].split(2048)]
        self.network.train()
        self.validation = sum(v.item() * n for v, n in zip(losses, sizes, strict=True)) / sum(sizes)
        if self.validation < self.best:
            self.best, self.best_step = self.validation, self.step
            self.kept = {k: v.detach().clone() for k, v in self.network.named_parameters()}
        if self.checkpoint is not None:
            self._write(self.checkpoint)
        return self.step - self.best_step >= self.plan.patience * self.plan.every

    def _write(self, path: Path) -> None:
        numbers = {"step": self.step, "best": self.best, "best_step": self.best_step,
                   "validation": self.validation}  # fmt: skip
        save_checkpoint(
            path, asdict(self.plan), numbers, dict(self.network.named_parameters()), self.kept,
            self.optimizers.values(), self.generator,
        )  # fmt: skip

    def _resume(self, path: Path) -> None:
        numbers, self.kept = load_checkpoint(
            path, asdict(self.plan), dict(self.network.named_parameters()),
            self.optimizers.values(), self.generator,
        )  # fmt: skip
        self.step, self.best_step = int(numbers["step"]), int(numbers["best_step"])
        self.best, self.validation = numbers["best"], numbers["validation"]
