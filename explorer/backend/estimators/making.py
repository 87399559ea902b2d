"""From a data set to a file of weights with its record: what ``jr-explorer train`` does."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

import explorer
from explorer.backend.dataset import DataSet
from explorer.backend.errors import ExplorerError
from explorer.backend.estimators.batches import EVERY, Plan, prepare
from explorer.backend.estimators.evidence import evidence_quantiles
from explorer.backend.estimators.registry import EstimatorKind, estimator_kind
from explorer.backend.estimators.training import Progress, Trained, Trainer
from explorer.backend.estimators.weights import Weights, save_weights
from explorer.backend.revision import revision

SHIPPED_DATA_SEED = 11
LEAST_DATA = 1_000
VALIDATIONS = 60
"""Of a long training; a short one has one every ``EVERY`` steps."""
_EVIDENCE = 20_000  # responses behind the quantiles of the evidence


def shipped_plan(
    estimator: str,
    data: DataSet,
    *,
    steps: int | None = None,
    seed: int = 1,
    device: str = "cpu",
    start: Weights | None = None,
) -> Plan:
    """The plan that made the shipped weights, on this data set.

    Args:
        estimator: key of ``ESTIMATORS``.
        data: what is learned from; its identity is part of the plan.
        steps: batches in all; the registry's for the circuit where None.
        seed: of initial weights, batches and noise.
        device: ``cpu`` or ``cuda``.
        start: weights to go on from.

    Raises:
        ExplorerError: an unknown estimator, no steps, too little data, or weights of another
            estimator or circuit.
    """
    kind = estimator_kind(estimator)
    if steps is not None and steps < 1:
        raise ExplorerError("steps", "a whole number from 1 on", steps)
    if len(data) < LEAST_DATA:
        raise ExplorerError("size", f"{LEAST_DATA} simulations or more", len(data))
    planned = steps or kind.steps[data.circuit]
    plan = Plan(
        kind.name, data.circuit, planned, kind.batch, kind.rate, seed=seed, device=device,
        every=max(EVERY, planned // VALIDATIONS), focus=kind.focus,
        noiseless=kind.noiseless, data=data_words(data),
    )  # fmt: skip
    return plan if start is None else _gone_on(plan, kind, start, steps)


def _gone_on(plan: Plan, kind: EstimatorKind, start: Weights, steps: int | None) -> Plan:
    """The plan of a training that goes on from weights."""
    if (start.estimator, start.circuit) != (plan.estimator, plan.circuit):
        wanted = f"weights of {plan.estimator} for {plan.circuit}"
        raise ExplorerError("from", wanted, f"{start.estimator} for {start.circuit}")
    again = kind.goes_on(plan.circuit)
    planned = steps or again.steps
    return replace(
        plan, steps=planned, every=max(EVERY, planned // VALIDATIONS), batch=again.batch,
        pace=again.pace, large=again.large, start=str(start.record["sha256"]),
    )  # fmt: skip


def data_words(data: DataSet) -> str:
    """A data set's identity in words."""
    return f"{data.circuit}, {data.protocol}, {len(data)} simulations, seed {data.seed}"


def train_estimator(
    plan: Plan,
    data: DataSet,
    folder: Path,
    checkpoint: Path | None = None,
    told: Callable[[Progress], bool] | None = None,
    start: Weights | None = None,
) -> Trained:
    """Train, then write the weights and their entry in the manifest.

    Args:
        plan: how.
        data: what is learned from.
        folder: where the weights go.
        checkpoint: file to resume from where it exists; removed once the weights are written.
        told: how far it is; returns False to stop.
        start: weights to go on from, those of the plan.

    Raises:
        Cancelled: ``told`` returned False; the checkpoint is written.
        ExplorerError: a checkpoint of another plan, or a folder that cannot be written to.
    """
    front, own = (None, None) if start is None else (start.front, start.network.state_dict())
    prepared = prepare(data, plan.estimator, plan.device, front)
    trained = Trainer(plan, prepared, checkpoint, own).run(told)
    quantiles = evidence_quantiles(trained.front, torch.from_numpy(data.waves[:_EVIDENCE]))
    save_weights(
        folder, plan.estimator, plan.circuit, trained.front, trained.network, quantiles,
        training_record(plan, data, trained, start),
    )  # fmt: skip
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    return trained


def training_record(
    plan: Plan, data: DataSet, trained: Trained, start: Weights | None = None
) -> dict[str, Any]:
    """How weights were made, for the manifest; with how those that they go on from were."""
    before = {} if start is None else {"from": dict(start.record)}
    return before | {
        "estimator": plan.estimator,
        "circuit": plan.circuit,
        "protocol": data.protocol,
        "data_size": len(data),
        "data_seed": data.seed,
        "seed": plan.seed,
        "steps": trained.steps,
        "planned_steps": plan.steps,
        "stopped_early": trained.stopped_early,
        "batch": plan.batch,
        "rate": plan.rate,
        "focus": plan.focus,
        "noiseless": plan.noiseless,
        "pace": plan.pace,
        "large": plan.large,
        "noise_mv": [plan.least_noise_mv, plan.largest_noise_mv],
        "device": plan.device,
        "torch": str(torch.__version__),
        "version": explorer.__version__,
        "commit": revision(),
        "validation_loss": trained.validation,
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
    }
