"""What the data could tell at most: Fisher information of the evoked response.

With y(θ) the settled evoked response (baseline removed) and independent Gaussian noise of
standard deviation σ on each of its samples, the information on the nine inferred
parameters is J Jᵀ / σ², J = ∂y/∂θ. The prior, uniform over the trained ranges, is treated
as Gaussian of the same variance, range² / 12, so that the least posterior covariance is
(J Jᵀ / σ² + diag(12 / range²))⁻¹ (Bayesian Cramér-Rao bound; van Trees 1968, section 2.4).

Derivatives are central differences at two steps, extrapolated to step zero (Richardson);
their difference tells the error. Every trajectory of it is a lane of one batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.backend.circuits import Circuit
from explorer.backend.ensemble import last_two_responses
from explorer.backend.evoked import Experiment, remove_baseline
from explorer.backend.parameters import MODEL_NAMES
from explorer.backend.sensors import waveform_noise_sd_mv
from explorer.backend.settings import Settings

SETTLED_TRIALS = 29
"""The response to this trial counts as settled."""
REPEAT_TOLERANCE_MV = 1e-3
"""Two trials repeat if the source differs by less than this; noise is 0.0033 at its least."""
STEP = 1e-5
"""Larger step of the differences, as a share of the trained range: there the differences
agree to 1e-6 or better at regular points of both circuits, and rounding does not show."""
LARGEST_ERROR = 1e-3
"""With a larger relative error of the derivatives there are no derivatives to speak of."""
LEAST_NOISE_MV = 1e-5
"""Noise below this is taken as this: the derivatives are not exact enough for less."""
SYMMETRY_EIGENVALUE = 1.001
"""An eigenvalue below this is the prior's alone."""
_OFFSETS = (1.0, -1.0, 0.5, -0.5)  # perturbations of each parameter, in steps


@dataclass(frozen=True)
class Derivatives:
    """Settled responses of n parameter sets, and how they change.

    Attributes:
        time: (samples,) in s from the onset.
        response: (n, samples) in mV, baseline removed.
        jacobian: (n, 9, samples), by the inferred parameters, mV per unit of each.
        error: (n,) estimated error of the derivatives, relative to the largest change.
        drift: (n,) largest difference between the last two trials, mV.
    """

    time: np.ndarray
    response: np.ndarray
    jacobian: np.ndarray
    error: np.ndarray
    drift: np.ndarray

    @property
    def repeats(self) -> np.ndarray:
        """Whether each response repeats from trial to trial, (n,)."""
        return self.drift < REPEAT_TOLERANCE_MV

    @property
    def regular(self) -> np.ndarray:
        """Whether each response repeats and has derivatives, (n,)."""
        return self.repeats & (self.error < LARGEST_ERROR)


@dataclass(frozen=True)
class Bound:
    """The least posterior covariance at one point.

    Attributes:
        covariance: (9, 9) in the units of the inferred parameters.
        eigenvalues: (9,) of the information in units of the prior's, prior included,
            descending; 1 = nothing beyond the prior.
        eigenvectors: (9, 9), row k the direction of eigenvalue k, in prior standard
            deviations.
    """

    covariance: np.ndarray
    eigenvalues: np.ndarray
    eigenvectors: np.ndarray

    @property
    def sd(self) -> np.ndarray:
        """Least posterior standard deviation of each parameter, (9,)."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def n_prior_only(self) -> int:
        """Number of directions of which the data say nothing (0.1 % at most)."""
        return int((self.eigenvalues < SYMMETRY_EIGENVALUE).sum())


def trained_widths(table: Circuit) -> np.ndarray:
    """Widths (9,) of the trained ranges, in the units of the inferred parameters."""
    return np.array([high - low for low, high in table.trained_ranges().values()])


def prior_sd(table: Circuit) -> np.ndarray:
    """Standard deviation (9,) of the uniform prior over the trained ranges."""
    return trained_widths(table) / np.sqrt(12.0)


def noise_sd_mv(settings: Settings) -> float:
    """Noise (mV) on each sample of the averaged waveform, held above ``LEAST_NOISE_MV``."""
    return max(waveform_noise_sd_mv(settings), LEAST_NOISE_MV)


def derivatives(
    settings: Settings,
    theta: np.ndarray,
    *,
    n_trials: int = SETTLED_TRIALS,
    step: float = STEP,
    workers: int | None = None,
) -> Derivatives:
    """Settled responses and their derivatives by the inferred parameters, without noise.

    Args:
        settings: circuit, stimulus and start; its parameters are not used.
        theta: (n, 14) parameter sets; p_sd is taken as 0.
        n_trials: trials simulated; the last one counts.
        step: larger step of the differences, as a share of the trained range.
        workers: threads.
    """
    steps = step * trained_widths(settings.table)  # (9,)
    lanes = np.tile(theta, (1 + 9 * len(_OFFSETS), 1, 1))  # (37, n, 14)
    lanes[:, :, MODEL_NAMES.index("p_sd")] = 0.0
    for k in range(9):
        for i, offset in enumerate(_OFFSETS):
            lanes[1 + k * len(_OFFSETS) + i, :, k] += offset * steps[k]
    last, before = last_two_responses(settings, lanes.reshape(-1, 14), n_trials, workers)
    time = Experiment().time
    drift = np.abs(last[: len(theta)] - before[: len(theta)]).max(axis=1)
    responses = remove_baseline(time, last).reshape(len(lanes), len(theta), -1)
    moved = responses[1:].reshape(9, len(_OFFSETS), len(theta), -1)
    wide = (moved[:, 0] - moved[:, 1]) / (2 * steps[:, None, None])  # (9, n, samples)
    narrow = (moved[:, 2] - moved[:, 3]) / steps[:, None, None]
    jacobian = (4 * narrow - wide) / 3
    change = np.abs(jacobian * steps[:, None, None]).max(axis=(0, 2))  # (n,)
    differ = np.abs((narrow - wide) * steps[:, None, None]).max(axis=(0, 2)) / 3
    error = np.divide(differ, change, out=np.zeros_like(change), where=change > 0)
    return Derivatives(time, responses[0], jacobian.swapaxes(0, 1), error, drift)


def least_covariance(jacobian: np.ndarray, noise_mv: float, prior: np.ndarray) -> Bound:
    """The bound from derivatives (9, samples), noise (mV) and the prior's sd (9,)."""
    scaled = jacobian * (prior / noise_mv)[:, None]  # (9, samples), in prior standard deviations
    vectors, singular, _ = np.linalg.svd(scaled, full_matrices=False)
    eigenvalues = 1.0 + singular**2
    whitened = (vectors / eigenvalues) @ vectors.T
    return Bound(whitened * np.outer(prior, prior), eigenvalues, vectors.T)
