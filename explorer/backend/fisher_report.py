"""The Fisher information in words: what is known at a point, stiff, sloppy and exact.

Everything here is of ``fisher.least_covariance``; combinations are products of powers of
the parameters, read off in log-parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.backend.circuits import Circuit
from explorer.backend.fisher import (
    SETTLED_TRIALS,
    SYMMETRY_EIGENVALUE,
    Bound,
    derivatives,
    least_covariance,
    noise_sd_mv,
    prior_sd,
)
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.settings import Settings

LEAST_POWER = 0.15
"""Powers smaller than this, relative to the largest, are not written out."""
NOT_REPEATING = (
    "The response differs from trial to trial: the circuit oscillates out of step with the "
    "stimulus, and the information of one settled response is not defined here."
)

TOO_SHARP = (
    "The response repeats only barely: it depends on the parameters too sharply here for "
    "derivatives, and so for an information."
)
WORTH_SAYING = 0.5
"""A product is set beside its members if it is known to less than this share of theirs."""


@dataclass(frozen=True)
class Product:
    """A product of powers of the inferred parameters.

    Attributes:
        label: for example ``A_i·C·a_4``.
        powers: (9,).
    """

    label: str
    powers: tuple[float, ...]


@dataclass(frozen=True)
class Direction:
    """One eigenvector of the information.

    Attributes:
        eigenvalue: in units of the prior's information, prior included; 1 = prior alone.
        combination: the product of powers it is about this point, its powers rounded to a
            tenth and small ones left out.
        relative_sd: least posterior standard deviation of the unrounded product, as a
            share of it.
    """

    eigenvalue: float
    combination: Product
    relative_sd: float


@dataclass(frozen=True)
class FisherReport:
    """The least uncertainty at one point, under one noise.

    Attributes:
        settings: the point.
        noise_mv: noise on each sample of the averaged waveform, mV.
        repeats: whether the response repeats from trial to trial.
        reason: why there are no figures (they are NaN then), else "".
        sd: (9,) least posterior standard deviation in the units of the parameters.
        percent: (9,) the same in per cent of the value.
        ratio_to_prior: (9,) the same over the prior's; 0 = known, 1 = nothing learned.
        products: what the response depends on.
        products_percent: (products,) least posterior sd of each product, per cent.
        eigenvalues: (9,) of the information in units of the prior's, prior included.
        eigenvectors: (9, 9), row k the direction of eigenvalue k, in prior sds.
        directions: stiffest first, in log-parameters.
        symmetries: sentences that name the directions in which the source does not change.
        derivative_error: estimated relative error of the derivatives.
    """

    settings: Settings
    noise_mv: float
    repeats: bool
    reason: str
    sd: np.ndarray
    percent: np.ndarray
    ratio_to_prior: np.ndarray
    products: tuple[Product, ...]
    products_percent: np.ndarray
    eigenvalues: np.ndarray
    eigenvectors: np.ndarray
    directions: tuple[Direction, ...]
    symmetries: tuple[str, ...]
    derivative_error: float

    @property
    def n_prior_only(self) -> int:
        """Number of directions of which the data say nothing (0.1 % at most)."""
        return int((self.eigenvalues < SYMMETRY_EIGENVALUE).sum())

    def sentences(self) -> tuple[str, ...]:
        """What a reader should know, one sentence each."""
        if self.reason:
            return (self.reason,)
        best = int(np.argmin(self.products_percent))
        worst = int(np.argmax(self.ratio_to_prior))
        return (
            f"Known best: {self.products[best].label}, to "
            f"{percent_text(self.products_percent[best])}.",
            f"Known least: {INFERRED_NAMES[worst]}, {self.ratio_to_prior[worst]:.0%} of its "
            "prior spread remains.",
            *self._products_beside_members(),
            *self.symmetries,
        )

    def _products_beside_members(self) -> tuple[str, ...]:
        said = []
        for product, percent in zip(self.products, self.products_percent, strict=True):
            members = [k for k, power in enumerate(product.powers) if power]
            worst = max(members, key=lambda k: self.percent[k])
            if percent < WORTH_SAYING * self.percent[worst]:
                said.append(
                    f"{product.label} is known to {percent_text(percent)}; "
                    f"{INFERRED_NAMES[worst]} alone to {percent_text(self.percent[worst])}."
                )
        return tuple(said)


def percent_text(value: float) -> str:
    """A percentage with two digits: ``0.034 %``, ``2.1 %``, ``60 %``."""
    return f"{float(f'{value:.2g}'):g} %"


def product(**powers: float) -> Product:
    """A product of powers, with its label."""
    terms = [
        name if power == 1 else f"{name}^{power:.2g}".replace("-", "−")
        for name, power in powers.items()
    ]
    return Product("·".join(terms), tuple(powers.get(name, 0.0) for name in INFERRED_NAMES))


def products(table: Circuit) -> tuple[Product, ...]:
    """What the source depends on: the nine parameters act through these alone.

    C enters only beside one of a_1 … a_4. Where the stimulus does not enter y2, its
    equation is linear in A_i·C·a_4 alone.
    """
    singles = [product(A_e=1), product(b_e=1), product(b_i=1)]
    couplings = [product(**{"C": 1, f"a_{i}": 1}) for i in (1, 2, 3)]
    if table.stimulus_weights[2] == 0.0:
        return (*singles, *couplings, product(A_i=1, C=1, a_4=1))
    return (singles[0], product(A_i=1), *singles[1:], *couplings, product(C=1, a_4=1))


def symmetries(table: Circuit) -> tuple[str, ...]:
    """Sentences naming the changes of the nine that leave the source as it is."""
    first = "C up and a_1, a_2, a_3, a_4 down by the same factor leaves the source as it is."
    second = "A_i up and a_4 down by the same factor leaves the source as it is."
    return (first, second) if table.stimulus_weights[2] == 0.0 else (first,)


def fisher_at(settings: Settings, *, workers: int | None = None) -> FisherReport:
    """The least uncertainty of the nine parameters at the point of the settings.

    The noise is the sensors' on the averaged waveform; the model's background noise is
    left out (p_sd = 0), and the integrator is Strang splitting.

    Args:
        settings: the point, its stimulus and its noise.
        workers: threads.
    """
    found = derivatives(settings, settings.theta[None], n_trials=SETTLED_TRIALS, workers=workers)
    noise = noise_sd_mv(settings)
    regular = bool(found.regular[0])
    prior = prior_sd(settings.table)
    bound = least_covariance(found.jacobian[0], noise, prior) if regular else _unknown()
    value = settings.theta[:9]
    logs = bound.covariance / np.outer(value, value)  # covariance of log-parameters
    combined = products(settings.table)
    return FisherReport(
        settings=settings,
        noise_mv=noise,
        repeats=bool(found.repeats[0]),
        reason="" if regular else TOO_SHARP if found.repeats[0] else NOT_REPEATING,
        sd=bound.sd,
        percent=100 * bound.sd / value,
        ratio_to_prior=bound.sd / prior,
        products=combined,
        products_percent=100 * np.array([_log_sd(one.powers, logs) for one in combined]),
        eigenvalues=bound.eigenvalues,
        eigenvectors=bound.eigenvectors,
        directions=_directions(bound, value / prior, logs) if regular else (),
        symmetries=symmetries(settings.table),
        derivative_error=float(found.error[0]),
    )


def _unknown() -> Bound:
    return Bound(np.full((9, 9), np.nan), np.full(9, np.nan), np.full((9, 9), np.nan))


def _log_sd(powers: tuple[float, ...], logs: np.ndarray) -> float:
    weights = np.asarray(powers)
    return float(np.sqrt(max(weights @ logs @ weights, 0.0)))


def _directions(bound: Bound, scale: np.ndarray, logs: np.ndarray) -> tuple[Direction, ...]:
    """Each eigenvector as a product of powers; ``scale`` is value over prior sd, (9,)."""
    found = []
    for eigenvalue, vector in zip(bound.eigenvalues, bound.eigenvectors, strict=True):
        powers = vector * scale
        powers = powers / powers[np.argmax(np.abs(powers))]
        spread = _log_sd(tuple(powers), logs)
        found.append(Direction(float(eigenvalue), _rounded(powers), spread))
    return tuple(found)


def _rounded(powers: np.ndarray) -> Product:
    """The product with its powers to a tenth, without the small ones."""
    return product(
        **{
            name: float(np.round(power, 1))
            for name, power in zip(INFERRED_NAMES, powers, strict=True)
            if abs(power) >= LEAST_POWER
        }
    )
