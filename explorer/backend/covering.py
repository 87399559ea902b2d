"""Where the search for the modes of an exact posterior begins: everywhere, and around a point.

From draws of the whole prior modes are found wherever they are, but not those so narrow
that no draw comes near; from Gaussians of several widths around a point its mode is found,
however narrow. ``tempering`` weighs what was found from both.
"""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

from explorer.backend.product_prior import ProductPrior

WIDTHS = (0.3, 1.0, 3.0, 10.0)
"""Of the Gaussians, in standard deviations of the Fisher bound."""
_LEAST_RELATIVE_VARIANCE = 1e-10  # of the widest direction, in any


class Everywhere:
    """The prior over the logarithms z of the products."""

    def __init__(self, prior: ProductPrior) -> None:
        self._prior = prior
        self.log_density = prior.log_density

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draws (n, k)."""
        low, high = np.exp(self._prior.low), np.exp(self._prior.high)
        theta = low + (high - low) * rng.random((n, len(low)))
        return np.log(theta) @ self._prior.powers.T


class Around:
    """Gaussians of the four ``WIDTHS`` around a point, in equal parts.

    Args:
        centre: (k,) the point.
        covariance: (k, k) at width 1.
    """

    def __init__(self, centre: np.ndarray, covariance: np.ndarray) -> None:
        self._centre = centre
        values, self._axes = np.linalg.eigh(covariance)
        self._sd = np.sqrt(np.maximum(values, _LEAST_RELATIVE_VARIANCE * values.max()))

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draws (n, k)."""
        widths = np.array(WIDTHS)[np.arange(n) % len(WIDTHS), None]
        steps = widths * self._sd * rng.normal(size=(n, len(self._centre)))
        return self._centre + steps @ self._axes.T

    def log_density(self, z: np.ndarray) -> np.ndarray:
        """Logarithm of the density, (n,)."""
        distance = (((z - self._centre) @ self._axes / self._sd) ** 2).sum(axis=1)
        k = z.shape[1]
        peak = -0.5 * k * np.log(2 * np.pi) - np.log(self._sd).sum() - np.log(len(WIDTHS))
        return logsumexp([peak - k * np.log(w) - 0.5 * distance / w**2 for w in WIDTHS], axis=0)
