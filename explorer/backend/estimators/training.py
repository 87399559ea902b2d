"""Training: one network for all noise levels, from a data set without sensor noise.

Hidden matrices learn by Muon (Jordan et al. 2024), which needs half as many responses here
as AdamW, the rest by AdamW; warm-up, then a cosine to zero. Matrix products run in bfloat16
but for the last tenth of the steps. Validation is on held-out responses under noise that
stays the same; the best network is kept. On one thread of a CPU the same seed gives the
same weights.

A training may go on from weights, with new data and learning rates that rise once more (a
warm restart; Loshchilov & Hutter 2017).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from explorer.backend.errors import ExplorerError
from explorer.backend.estimators.batches import Batches, Plan, Prepared
from explorer.backend.estimators.checkpoint import load_checkpoint, save_checkpoint
from explorer.backend.estimators.front_end import FrontEnd
from explorer.backend.estimators.registry import estimator_kind
from explorer.backend.estimators.shapes import LARGE_MV
from explorer.backend.spreading import Cancelled

WARM_UP = 100
WEIGHT_DECAY = 1e-4
MUON_RATE, MUON_DECAY = 0.02, 0.01
LEAST_SIDE = 48
"""Matrices with both sides this long or longer learn by Muon."""
FULL_PRECISION_FROM = 0.9
"""Share of the steps after which matrix products run in float32."""
LARGEST_GRADIENT = 5.0


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
        data: prepared.
        checkpoint: file to resume from where it exists, and to write to.
        start: parameters to go on from; fresh ones where None.
    """

    def __init__(
        self,
        plan: Plan,
        data: Prepared,
        checkpoint: Path | None = None,
        start: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.plan, self.data, self.checkpoint = plan, data, checkpoint
        torch.manual_seed(plan.seed)
        self.network = estimator_kind(plan.estimator).build(data.front).to(plan.device)
        if start is not None:
            self.network.load_state_dict(dict(start), strict=False)
        self.optimizers = optimizers_of(self.network, plan.rate)
        self.batches = Batches(plan, data)
        self.held = self.batches.held_out()
        self.step, self.best, self.best_step, self.validation = 0, math.inf, 0, math.nan
        self.kept: dict[str, Tensor] = {}
        if checkpoint is not None and checkpoint.exists():
            self._resume(checkpoint)

    def _losses(self, rows: Tensor, scores: Tensor, sigma: Tensor) -> Tensor:
        inputs = self.data.front.inputs(scores, sigma, self.data.context[rows])
        return self.network(inputs, self.data.logits[rows])  # (batch,)

    def _weighted(self, losses: Tensor, scores: Tensor) -> Tensor:
        """Their mean, large responses counted as often as the plan says."""
        if self.plan.large == 1.0:
            return losses.mean()
        large = self.data.front.size(scores) > LARGE_MV
        weights = torch.where(large, self.plan.large, 1.0)
        return (weights * losses).sum() / weights.sum()

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
        cosine = max(0.5 * (1.0 + math.cos(math.pi * self.step / plan.steps)), 1e-3)
        factor = plan.pace * min(1.0, (self.step + 1) / WARM_UP) * cosine
        for rate, optimizer in self.optimizers.items():
            optimizer.zero_grad(set_to_none=True)
            for group in optimizer.param_groups:
                group["lr"] = rate * factor
        rows, scores, sigma = self.batches.draw()
        mixed = self.step < FULL_PRECISION_FROM * plan.steps
        with torch.autocast(plan.device, torch.bfloat16, enabled=mixed):
            loss = self._weighted(self._losses(rows, scores, sigma), scores)
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
                self._losses(*part).mean()
                for part in zip(*(t.split(2048) for t in self.held), strict=True)
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
            self.optimizers.values(), self.batches.generator,
        )  # fmt: skip

    def _resume(self, path: Path) -> None:
        numbers, self.kept = load_checkpoint(
            path, asdict(self.plan), dict(self.network.named_parameters()),
            self.optimizers.values(), self.batches.generator,
        )  # fmt: skip
        self.step, self.best_step = int(numbers["step"]), int(numbers["best_step"])
        self.best, self.validation = numbers["best"], numbers["validation"]
