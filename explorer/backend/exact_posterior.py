"""The exact posterior of the nine parameters, sampled with the simulator itself.

Without background noise (p_sd = 0) the likelihood of an observed waveform is exact: the
averaged evoked response plus independent Gaussian noise of standard deviation σ on each
sample. The prior is uniform over the trained ranges, restricted to parameter sets whose
response repeats with the stimulus. ``walkers`` samples it along the products that the
response depends on, ``product_prior`` spreads the draws over the nine.

Modes far apart are found: particles that start from the whole prior and from around one
point, that of the settings unless another is given, are tempered towards the posterior
(``tempering``, ``covering``), and the walkers start from where they arrive.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from explorer.backend.averaged_response import AveragedResponse
from explorer.backend.covering import Around, Everywhere
from explorer.backend.ensemble import Progress, parameter_sets
from explorer.backend.errors import ExplorerError
from explorer.backend.evoked import experiment_of
from explorer.backend.fisher import (
    LEAST_NOISE_MV,
    derivatives,
    least_covariance,
    noise_sd_mv,
    prior_sd,
)
from explorer.backend.fisher_report import Product, product
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.product_prior import ProductPrior
from explorer.backend.settings import Settings, check_seed
from explorer.backend.targets import TARGETS
from explorer.backend.tempering import Reference, joined, tempered
from explorer.backend.walkers import explore

PRODUCTS: tuple[Product, ...] = tuple(
    product(**dict.fromkeys(target.members, 1)) for target in TARGETS.values() if target.is_product
)
"""The products shown beside the nine."""
LEVELS = (0.05, 0.25, 0.75, 0.95)
"""Quantiles that are kept: the ends of the 90 % and 50 % intervals."""
_NO_DERIVATIVES = 1e-3  # width around the point, in logarithms, where there is no Fisher bound
_TEMPERING = 0.4  # of the progress
_FIRST = 1024  # draws from which the walkers' coordinates and places are taken


@dataclass(frozen=True)
class ExactPosterior:
    """Draws of the exact posterior, and what they say.

    Attributes:
        samples: (n, 9) in the units of the inferred parameters.
        products: (n, 4) of ``PRODUCTS``, in their units.
        mean, sd: (13,) of the nine and the four.
        quantiles: (13, 4) at ``LEVELS``.
        r_hat, ess: (13,) rank-normalised split R-hat and effective sample size.
        converged: whether all of them pass (``chain_checks``).
        noise_mv: σ, mV.
        n_evaluations: parameter sets simulated.
        seconds: time taken.
    """

    samples: np.ndarray
    products: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    quantiles: np.ndarray
    r_hat: np.ndarray
    ess: np.ndarray
    converged: bool
    noise_mv: float
    n_evaluations: int
    seconds: float


def products_of(theta: np.ndarray) -> np.ndarray:
    """The four ``PRODUCTS`` (…, 4) of nine parameters (…, 9)."""
    powers = np.array([one.powers for one in PRODUCTS])
    return np.exp(np.log(theta) @ powers.T)


class Posterior:
    """The log density over the products' logarithms z, for one observation.

    Attributes:
        prior: the prior over z.
        model: the forward model, with its count of evaluations.
    """

    def __init__(
        self, settings: Settings, observed: np.ndarray, noise_mv: float, workers: int | None = None
    ) -> None:
        """For an observed waveform (samples,) in mV under noise (mV)."""
        self.prior = ProductPrior(settings.table)
        self.model = AveragedResponse(settings, noise_mv)
        self._settings, self._observed = settings, observed
        self._noise_mv, self._workers = noise_mv, workers

    def log_likelihood(self, theta: np.ndarray) -> np.ndarray:
        """Of parameters (n, 9), up to a constant, (n,); −inf where the response does not repeat."""
        sets = parameter_sets(self._settings, INFERRED_NAMES, theta)
        misfit = (self.model(sets, self._workers) - self._observed) / self._noise_mv
        found = -0.5 * (misfit**2).sum(axis=1)
        return np.where(np.isnan(found), -np.inf, found)

    def log_density(self, z: np.ndarray) -> np.ndarray:
        """Prior times likelihood at z (n, k), (n,)."""
        out = self.prior.log_density(z)
        inside = np.isfinite(out)
        if inside.any():
            out[inside] += self.log_likelihood(self.prior.representative(z[inside]))
        return out


def exact_posterior(
    settings: Settings,
    observed: np.ndarray,
    *,
    noise_mv: float | None = None,
    start: Sequence[float] | np.ndarray | None = None,
    n_samples: int = 2000,
    seed: int = 1,
    progress: Progress | None = None,
    workers: int | None = None,
) -> ExactPosterior:
    """Sample the posterior of the nine inferred parameters given an averaged evoked response.

    Args:
        settings: circuit, stimulus, trials, start, and what the nine are not; p_sd = 0.
        observed: (301,) in mV, 250 Hz, baseline removed.
        noise_mv: noise on each sample, mV; that of the settings' sensors where None.
        start: nine around which the particles start that do not come from the prior; those of
            the settings where None.
        n_samples: draws returned.
        seed: 1 … 2³¹ − 1.
        progress: called with the share done; False stops.
        workers: threads.

    Raises:
        ExplorerError: background noise, an observation or start that cannot be used.
        Cancelled: ``progress`` returned False.
    """
    began = time.perf_counter()
    seed, waveform = check_seed(seed), _checked_waveform(settings, observed)
    noise = max(noise_sd_mv(settings) if noise_mv is None else noise_mv, LEAST_NOISE_MV)
    point = _checked_start(settings, start)
    target = Posterior(settings, waveform, noise, workers)
    rng = np.random.default_rng([seed, 0xE8AC7])
    report = progress or _go_on
    places: tuple[Reference, ...] = (
        _around(settings, target, point, noise), Everywhere(target.prior)
    )  # fmt: skip
    populations = [
        tempered(
            target.log_density, place, rng=rng, report=_part(report, k, len(places)),
        )
        for k, place in enumerate(places)
    ]  # fmt: skip
    first = joined(populations, _FIRST, rng)
    before = Everywhere(target.prior).draw(2000, rng)

    def nine(z: np.ndarray) -> np.ndarray:
        return target.prior.draw(z.reshape(-1, z.shape[-1]), np.random.default_rng([seed, 2]))

    def quantities(z: np.ndarray) -> np.ndarray:
        theta = nine(z).reshape(*z.shape[:2], 9)
        return np.concatenate([theta, products_of(theta)], axis=2).transpose(2, 1, 0)

    found = explore(
        target.log_density, first, before, quantities, seed=seed,
        report=lambda share: report(_TEMPERING + (1.0 - _TEMPERING) * share),
    )  # fmt: skip
    everything = nine(found.z)
    values = np.concatenate([everything, products_of(everything)], axis=1)  # (draws, 13)
    kept = values[np.linspace(0, len(values) - 1, n_samples).round().astype(int)]
    return ExactPosterior(
        samples=kept[:, :9],
        products=kept[:, 9:],
        mean=values.mean(axis=0),
        sd=values.std(axis=0),
        quantiles=np.quantile(values, LEVELS, axis=0).T,
        r_hat=found.r_hat,
        ess=found.ess,
        converged=found.converged,
        noise_mv=noise,
        n_evaluations=target.model.n_evaluations,
        seconds=time.perf_counter() - began,
    )


def _go_on(share: float) -> bool:
    return True


def _part(report: Progress, k: int, n: int) -> Progress:
    """Progress of the k-th of n temperings."""
    return lambda share: report(_TEMPERING * (k + share) / n)


def _checked_waveform(settings: Settings, observed: np.ndarray) -> np.ndarray:
    if settings["p_sd"] > 0.0:
        raise ExplorerError(
            "p_sd", "0, for without background noise alone the likelihood is exact",
            f"{settings['p_sd']:g}",
        )  # fmt: skip
    waveform, size = np.asarray(observed, dtype=float), experiment_of(settings).time.size
    if waveform.shape != (size,) or not np.isfinite(waveform).all():
        raise ExplorerError("observed", f"{size} finite numbers", f"shape {waveform.shape}")
    return waveform


def _checked_start(settings: Settings, start: Sequence[float] | np.ndarray | None) -> np.ndarray:
    point = settings.theta[:9] if start is None else np.asarray(start, dtype=float)
    if point.shape != (9,):
        raise ExplorerError("start", "nine numbers", f"shape {point.shape}")
    for value, (name, (low, high)) in zip(
        point, settings.table.trained_ranges().items(), strict=True
    ):
        if not low <= value <= high:
            raise ExplorerError(
                name, f"a value in the trained range, {low:g} to {high:g}", f"{value:g}"
            )
    return point


def _around(settings: Settings, target: Posterior, point: np.ndarray, noise: float) -> Around:
    """What lies around a point (9,), as far as the Fisher bound says."""
    sets = parameter_sets(settings, INFERRED_NAMES, point[None])
    if not np.isfinite(target.log_likelihood(point[None])[0]):
        raise ExplorerError(
            "exact posterior", "a point whose response repeats with the stimulus",
            "a response that runs out of step with it",
        )  # fmt: skip
    powers = target.prior.powers
    found = derivatives(settings, sets)
    spread = powers @ powers.T * _NO_DERIVATIVES**2
    if found.regular[0]:
        bound = least_covariance(found.jacobian[0], noise, prior_sd(settings.table)).covariance
        spread = powers @ (bound / np.outer(point, point)) @ powers.T
    return Around(powers @ np.log(point), spread)
