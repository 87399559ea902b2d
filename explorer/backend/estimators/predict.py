"""Asking an estimator: observations in, estimates in the units of the table out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
import torch

from explorer.backend.errors import ExplorerError
from explorer.backend.estimators.evidence import evidence_rank, log_evidence
from explorer.backend.estimators.front_end import Inputs
from explorer.backend.estimators.interface import (
    LARGEST_NOISE_MV,
    LEAST_NOISE_MV,
    Estimates,
    Observation,
)
from explorer.backend.estimators.marginals import Z50, Z90
from explorer.backend.estimators.npe import Npe
from explorer.backend.estimators.point import PointNetwork
from explorer.backend.estimators.weights import Weights
from explorer.backend.spreading import Cancelled
from explorer.backend.targets import target_extents, target_values

N_DRAWS = 1000
_CHUNK = 256  # observations at a time, so that a stop is prompt
_DRAW_SEED = 4
Progress = Callable[[float], bool]


def estimate(
    weights: Weights,
    observations: Sequence[Observation],
    *,
    n_draws: int = N_DRAWS,
    seed: int = _DRAW_SEED,
    progress: Progress | None = None,
) -> Estimates:
    """What one estimator believes of observations.

    Args:
        weights: the trained network.
        observations: of the circuit that it was trained on.
        n_draws: draws from the posterior, for an estimator that draws.
        seed: of the draws.
        progress: told the share done; returns False to stop.

    Raises:
        ExplorerError: an observation of another circuit, or none.
        Cancelled: ``progress`` returned False.
    """
    if not observations:
        raise ExplorerError("observations", "one or more", 0)
    for one in observations:
        if one.circuit != weights.circuit:
            raise ExplorerError("circuit", weights.circuit, one.circuit)
    waves = np.stack([one.wave for one in observations])
    noise = np.array([one.noise_mv for one in observations])
    context = np.array([[one.p_mean, one.p_sd, one.n_trials] for one in observations])
    return estimate_waves(
        weights, waves, noise, context, n_draws=n_draws, seed=seed, progress=progress
    )


def estimate_waves(
    weights: Weights,
    waves: np.ndarray,
    noise_mv: np.ndarray,
    context: np.ndarray,
    *,
    n_draws: int = N_DRAWS,
    seed: int = _DRAW_SEED,
    progress: Progress | None = None,
) -> Estimates:
    """The same for arrays: waves (n, 301) in mV, noise (n,) in mV, context (n, 3)."""
    generator = torch.Generator().manual_seed(seed)
    pieces: list[Estimates] = []
    for start in range(0, len(waves), _CHUNK):
        rows = slice(start, start + _CHUNK)
        piece = _estimate_chunk(
            weights, waves[rows], noise_mv[rows], context[rows], n_draws, generator
        )
        pieces.append(piece)
        if progress is not None and not progress(min(1.0, (start + _CHUNK) / len(waves))):
            raise Cancelled
    return joined(pieces)


@torch.inference_mode()
def _estimate_chunk(
    weights: Weights,
    waves: np.ndarray,
    noise_mv: np.ndarray,
    context: np.ndarray,
    n_draws: int,
    generator: torch.Generator,
) -> Estimates:
    front = weights.front
    exact = torch.from_numpy(np.asarray(waves, dtype=np.float64))
    noise = torch.from_numpy(np.clip(noise_mv, LEAST_NOISE_MV, LARGEST_NOISE_MV))
    inputs = front.inputs(
        front.project(exact), noise.float(), torch.from_numpy(np.asarray(context)).float()
    )
    log = log_evidence(front, exact, noise)
    rank = evidence_rank(weights.quantiles, log, noise)
    samples = None
    if isinstance(weights.network, Npe):
        samples = _draws(weights, inputs, n_draws, generator)
        summary = _of_samples(samples)
    else:
        summary = _of_marginals(weights, inputs)
    return Estimates(
        weights.estimator, weights.circuit, *summary, samples, log.numpy(), rank.numpy()
    )


_Summary = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _of_marginals(weights: Weights, inputs: Inputs) -> _Summary:
    marginals = cast(PointNetwork, weights.network).marginals(inputs)
    extents = torch.from_numpy(target_extents(weights.circuit).copy())  # (13, 2)
    low, width = extents[:, 0], extents[:, 1] - extents[:, 0]
    mean, sd = marginals.moments()
    intervals = [
        (low[:, None] + width[:, None] * marginals.interval(z)).numpy() for z in (Z50, Z90)
    ]
    return (low + width * mean).numpy(), (width * sd).numpy(), intervals[0], intervals[1]


def _draws(weights: Weights, inputs: Inputs, n: int, generator: torch.Generator) -> np.ndarray:
    """Draws (batch, n, 9) in the units of the inferred parameters."""
    extents = torch.from_numpy(target_extents(weights.circuit)[:9].copy())
    shares = torch.sigmoid(cast(Npe, weights.network).draw(inputs, n, generator).double())
    return (extents[:, 0] + (extents[:, 1] - extents[:, 0]) * shares).numpy()


def _of_samples(samples: np.ndarray) -> _Summary:
    values = target_values(samples)  # (batch, n, 13)
    quantiles = np.quantile(values, [0.05, 0.25, 0.75, 0.95], axis=1)  # (4, batch, 13)
    return (
        values.mean(axis=1), values.std(axis=1),
        np.stack([quantiles[1], quantiles[2]], axis=-1),
        np.stack([quantiles[0], quantiles[3]], axis=-1),
    )  # fmt: skip


def joined(pieces: Sequence[Estimates]) -> Estimates:
    """Estimates of one estimator, one after another."""
    first = pieces[0]
    drawn = [piece.samples for piece in pieces if piece.samples is not None]
    return Estimates(
        first.estimator,
        first.circuit,
        samples=np.concatenate(drawn) if drawn else None,
        **{
            name: np.concatenate([getattr(piece, name) for piece in pieces])
            for name in (
                "mean", "sd", "interval50", "interval90", "log_evidence", "evidence_rank",
            )
        },
    )  # fmt: skip
