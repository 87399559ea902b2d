"""The Fisher table: how much each parameter could be known to, over random points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from explorer.backend.ensemble import parameter_sets
from explorer.backend.errors import ExplorerError
from explorer.backend.fisher import derivatives, least_covariance, noise_sd_mv, prior_sd
from explorer.backend.fisher_report import symmetries
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.settings import check_seed, make_settings

_RESAMPLES = 400


@dataclass(frozen=True)
class FisherTable:
    """Least posterior standard deviation over prior standard deviation, medians.

    Attributes:
        circuit: its name.
        p_mean: background input in s⁻¹.
        noise_factors: (k,).
        noise_mv: (k,) noise on each sample of the averaged waveform, mV.
        median: (k, 9) over the points that count; 0 = known, 1 = nothing learned.
        error: (k, 9) standard error of the medians, by the bootstrap over points.
        repeating: share of the points whose response repeats.
        regular: share of the points that count: their response repeats and has derivatives
            (a few repeat only barely, and change without bound).
        prior_only: share of those points at which as many eigenvalues as there are exact
            symmetries are the prior's, within 0.1 %, at every noise factor.
        n_points: random points, uniform over the trained ranges.
        seed: of the points.
    """

    circuit: str
    p_mean: float
    noise_factors: tuple[float, ...]
    noise_mv: tuple[float, ...]
    median: np.ndarray
    error: np.ndarray
    repeating: float
    regular: float
    prior_only: float
    n_points: int
    seed: int


def fisher_table(
    circuit: str,
    p_mean: float | None = None,
    noise_factors: Sequence[float] = (1.0, 2500.0),
    n_points: int = 150,
    seed: int = 1,
    *,
    workers: int | None = None,
) -> FisherTable:
    """The bound of ``fisher.py`` at random points of the trained ranges, p_sd = 0.

    Args:
        circuit: key of ``CIRCUITS``.
        p_mean: background input in s⁻¹; the circuit's default where None.
        noise_factors: sensor noise, as in the settings.
        n_points: random points.
        seed: 1 … 2³¹ − 1.
        workers: threads.

    Raises:
        ExplorerError: a value out of its range, or no point whose response repeats.
    """
    values = {} if p_mean is None else {"p_mean": p_mean}
    if not 2 <= n_points <= 5000:
        raise ExplorerError("points", "a whole number from 2 to 5000", n_points)
    settings = make_settings(circuit, values)
    noises = [noise_sd_mv(settings.changed(noise_factor=factor)) for factor in noise_factors]
    low, high = np.array(list(settings.table.trained_ranges().values())).T
    rng = np.random.default_rng(check_seed(seed))
    points = low + (high - low) * rng.random((n_points, 9))
    found = derivatives(settings, parameter_sets(settings, INFERRED_NAMES, points), workers=workers)
    if not found.regular.any():
        raise ExplorerError("points", "at least one whose response repeats", "none")
    prior = prior_sd(settings.table)
    bounds = [
        [least_covariance(jacobian, noise, prior) for jacobian in found.jacobian[found.regular]]
        for noise in noises
    ]
    ratios = np.array([[bound.sd / prior for bound in row] for row in bounds])  # (k, points, 9)
    n_exact = len(symmetries(settings.table))
    flat = np.array([[bound.n_prior_only >= n_exact for bound in row] for row in bounds])
    drawn = rng.integers(ratios.shape[1], size=(_RESAMPLES, ratios.shape[1]))
    return FisherTable(
        circuit=circuit,
        p_mean=settings["p_mean"],
        noise_factors=tuple(noise_factors),
        noise_mv=tuple(noises),
        median=np.median(ratios, axis=1),
        error=np.median(ratios[:, drawn], axis=2).std(axis=1, ddof=1),
        repeating=float(found.repeats.mean()),
        regular=float(found.regular.mean()),
        prior_only=float(flat.all(axis=0).mean()),
        n_points=n_points,
        seed=seed,
    )
