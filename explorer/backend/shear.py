"""Coordinates in which a curved, narrow posterior is nearly a ball.

Where noise is low the data hold some combinations of the parameters to parts in ten
thousand and leave others open, and what they hold bends along what they leave: no straight
step follows. From draws of the posterior so far, each principal direction, widest first,
is regressed on the wider ones by a quadratic,

    w_k = (t_k − q_k(t_1 … t_{k−1})) / s_k,

a triangular map whose Jacobian is constant (Parno & Marzouk 2018, SIAM/ASA J Uncertain
Quantif 6:645): a density in w is that in z up to a constant, whatever the quadratics.

The last four coordinates of z are logarithms of couplings that act in pairs, a loop gain
each: their sum enters as exp(power · sum) where that follows the draws better (a circuit
whose sigmoids stay linear responds to the gain itself, not to its logarithm).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

POWERS = (0.0, 0.5)
"""Powers of the loop gains that are tried; 0 stands for the logarithm."""
_RIDGE = 1e-6
_LEAST_SD = 1e-9
_FEWEST_PER_TERM = 4
_PAIRS = ((-4, -3), (-2, -1))


@dataclass(frozen=True)
class Quadratic:
    """constant + linear · t + t · square · t."""

    constant: float
    linear: np.ndarray
    square: np.ndarray

    def __call__(self, t: np.ndarray) -> np.ndarray:
        """Values (n,) at t (n, k)."""
        return self.constant + t @ self.linear + ((t @ self.square) * t).sum(axis=1)


@dataclass(frozen=True)
class Shear:
    """The map between coordinates z (n, k) and w (n, k).

    Attributes:
        power: of the loop gains, 0 for their logarithm.
        middle: (2,) sums of logarithms at which the gains count as 1.
        centre: (k,) of the coordinates with gains, v.
        axes: (k, k), t = (v − centre) · axes, each of unit variance, widest first.
        back: (k, k), the inverse of ``axes``.
        bends: k quadratics, of 0 … k − 1 variables.
        scales: (k,) standard deviation of what the quadratics leave.
    """

    power: float
    middle: np.ndarray
    centre: np.ndarray
    axes: np.ndarray
    back: np.ndarray
    bends: tuple[Quadratic, ...]
    scales: np.ndarray

    def forward(self, z: np.ndarray) -> np.ndarray:
        """w (n, k) of z (n, k)."""
        t = (_with_gains(z, self.power, self.middle) - self.centre) @ self.axes
        bent = [bend(t[:, :k]) for k, bend in enumerate(self.bends)]
        return (t - np.stack(bent, axis=1)) / self.scales

    def inverse(self, w: np.ndarray) -> np.ndarray:
        """z (n, k) of w (n, k); NaN where a gain would be negative."""
        t = w * self.scales
        for k, bend in enumerate(self.bends):
            t[:, k] += bend(t[:, :k])
        return _without_gains(self.centre + t @ self.back, self.power, self.middle)

    def log_jacobian(self, z: np.ndarray) -> np.ndarray:
        """log |dz / dw| at z (n, k) up to a constant, (n,)."""
        return -self.power * (z[:, -4:].sum(axis=1) - self.middle.sum())


def _with_gains(z: np.ndarray, power: float, middle: np.ndarray) -> np.ndarray:
    v = z.copy()
    for (i, j), at in zip(_PAIRS, middle, strict=True):
        total = z[:, i] + z[:, j] - at
        v[:, i] = np.exp(power * total) if power else total
        v[:, j] = z[:, i] - z[:, j]
    return v


def _without_gains(v: np.ndarray, power: float, middle: np.ndarray) -> np.ndarray:
    z = v.copy()
    for (i, j), at in zip(_PAIRS, middle, strict=True):
        gain = v[:, i]
        if power:
            gain = np.log(np.where(gain > 0.0, gain, np.nan)) / power
        z[:, i] = (gain + at + v[:, j]) / 2
        z[:, j] = (gain + at - v[:, j]) / 2
    return z


def best_shear(z: np.ndarray, before: np.ndarray, bent: bool = True) -> Shear:
    """The map under which draws z (n, k) are likeliest to be a standard normal.

    Args:
        z: draws of the density.
        before: (m, k) draws of the prior; they tell what counts as wide.
        bent: whether to fit quadratics; otherwise the map only standardises.
    """
    middle = np.array([before[:, list(pair)].sum(axis=1).mean() for pair in _PAIRS])
    if not bent:
        return _fitted(z, before, 0.0, middle, bent)
    fits = [_fitted(z, before, power, middle, bent) for power in POWERS]
    return max(fits, key=lambda one: _log_likelihood(one, z))


def _log_likelihood(map_: Shear, z: np.ndarray) -> float:
    """Mean log-likelihood of z as a standard normal in w; w has unit variance by the fit."""
    stretch = np.linalg.slogdet(map_.axes)[1] - np.log(map_.scales).sum()
    gains = 2 * np.log(map_.power) if map_.power else 0.0  # dv / dz beside the exponential
    return float(stretch + gains - map_.log_jacobian(z).mean())


def _fitted(
    z: np.ndarray, before: np.ndarray, power: float, middle: np.ndarray, bent: bool
) -> Shear:
    v = _with_gains(z, power, middle)
    unit = _with_gains(before, power, middle).std(axis=0)
    centre = v.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(((v - centre) / unit).T))
    sd = np.sqrt(np.maximum(values[::-1], _LEAST_SD**2))
    axes = (vectors[:, ::-1] / unit[:, None]) / sd  # (k, k)
    back = (vectors[:, ::-1] * unit[:, None] * sd).T
    t = (v - centre) @ axes
    bends = tuple(_regression(t[:, :k], t[:, k], bent) for k in range(t.shape[1]))
    left = [(t[:, k] - bend(t[:, :k])).std() for k, bend in enumerate(bends)]
    scales = np.maximum(left, _LEAST_SD)
    return Shear(power, middle, centre, axes, back, bends, scales)


def _regression(t: np.ndarray, y: np.ndarray, bent: bool) -> Quadratic:
    """The quadratic in t (n, k) nearest to y (n,), or none where draws are too few."""
    n, k = t.shape
    rows, columns = np.triu_indices(k)
    linear, square = np.zeros(k), np.zeros((k, k))
    if not bent or n < _FEWEST_PER_TERM * (1 + k + rows.size):
        return Quadratic(0.0, linear, square)
    design = np.concatenate([np.ones((n, 1)), t, t[:, rows] * t[:, columns]], axis=1)
    gram = design.T @ design + _RIDGE * n * np.eye(design.shape[1])
    found = np.linalg.solve(gram, design.T @ y)
    square[rows, columns] = found[1 + k :]
    return Quadratic(float(found[0]), found[1 : 1 + k], square)
