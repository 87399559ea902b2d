"""Checkpoints of a training as safetensors: parameters, optimizers, generator, plan."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from explorer.backend.errors import ExplorerError
from explorer.backend.export import write_atomically

_MOMENTS = ("exp_avg", "exp_avg_sq", "step", "momentum_buffer")


def save_checkpoint(
    path: Path,
    plan: Mapping[str, Any],
    numbers: Mapping[str, float],
    parameters: Mapping[str, Tensor],
    best: Mapping[str, Tensor],
    optimizers: Iterable[torch.optim.Optimizer],
    generator: torch.Generator,
) -> None:
    """Write all that a training needs to go on as if it had never stopped."""
    tensors = {f"now.{name}": value.detach() for name, value in parameters.items()}
    tensors |= {f"best.{name}": value for name, value in best.items()}
    for name, value in parameters.items():
        for state in (one.state[value] for one in optimizers if value in one.state):
            tensors |= {f"{key}.{name}": state[key] for key in _MOMENTS if key in state}
    tensors["generator"] = generator.get_state()
    about = {"plan": json.dumps(dict(plan)), "numbers": json.dumps(dict(numbers))}
    content = save({name: value.cpu().contiguous() for name, value in tensors.items()}, about)
    write_atomically(path, True, lambda beside: _write(beside, content))


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def load_checkpoint(
    path: Path,
    plan: Mapping[str, Any],
    parameters: Mapping[str, Tensor],
    optimizers: Iterable[torch.optim.Optimizer],
    generator: torch.Generator,
) -> tuple[dict[str, float], dict[str, Tensor]]:
    """Bring parameters, optimizers and generator to a checkpoint; its numbers and best weights.

    Raises:
        ExplorerError: a damaged file, or one of another plan.
    """
    try:
        with safe_open(str(path), framework="pt") as stored:
            about = stored.metadata() or {}
            tensors = {key: stored.get_tensor(key) for key in stored.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ExplorerError("checkpoint", "a readable checkpoint", f"{path}: {error}") from None
    if json.loads(about.get("plan", "null")) != dict(plan):
        raise ExplorerError("checkpoint", "a checkpoint of the same plan (or none)", str(path))
    learner = {
        id(value): optimizer
        for optimizer in optimizers
        for group in optimizer.param_groups
        for value in group["params"]
    }
    with torch.no_grad():
        for name, value in parameters.items():
            value.copy_(tensors[f"now.{name}"])
            moments = {k: tensors[f"{k}.{name}"] for k in _MOMENTS if f"{k}.{name}" in tensors}
            learner[id(value)].state[value] = {
                key: moment if key == "step" else moment.to(value.device)
                for key, moment in moments.items()
            }
    generator.set_state(tensors["generator"])
    best = {
        key.removeprefix("best."): value for key, value in tensors.items()
        if key.startswith("best.")
    }  # fmt: skip
    return json.loads(about["numbers"]), best
