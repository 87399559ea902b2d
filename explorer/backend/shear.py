"""Coordinates in which a curved, narrow posterior is nearly a ball.

Where noise is low the data hold some combinations of the parameters to parts in ten
thousand and leave others open, and what they hold bends along what they leave: no straight
step follows. From draws of the posterior so far, each principal direction, widest first,
is regressed on the wider ones by a polynomial,

    w_k = (t_k − q_k(t_1 … t_{k−1})) / s_k,

a triangular map whose Jacobian is constant (Parno & Marzouk 2018, SIAM/ASA J Uncertain
Quantif 6:645): a density in w is that in z up to a constant, whatever the polynomials.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

_RIDGE = 1e-6
_LEAST_SD = 1e-9
_FEWEST_PER_TERM = 4


@dataclass(frozen=True)
class Shear:
    """The map between coordinates z (n, k) and w (n, k).

    Attributes:
        centre: (k,) of z.
        axes: (k, k), t = (z − centre) · axes, each of unit variance, widest first.
        coefficients: of each polynomial q_k.
        scales: (k,) standard deviation of what the polynomials leave.
        degree: of the polynomials.
    """

    centre: np.ndarray
    axes: np.ndarray
    coefficients: tuple[np.ndarray, ...]
    scales: np.ndarray
    degree: int

    def forward(self, z: np.ndarray) -> np.ndarray:
        """w (n, k) of z (n, k)."""
        t = (z - self.centre) @ self.axes
        bent = [terms(t[:, :k], self.degree) @ c for k, c in enumerate(self.coefficients)]
        return (t - np.stack(bent, axis=1)) / self.scales

    def inverse(self, w: np.ndarray) -> np.ndarray:
        """z (n, k) of w (n, k)."""
        t = w * self.scales
        for k, c in enumerate(self.coefficients):
            t[:, k] += terms(t[:, :k], self.degree) @ c
        return self.centre + np.linalg.solve(self.axes.T, t.T).T


def terms(t: np.ndarray, degree: int) -> np.ndarray:
    """All monomials (n, terms) of columns t (n, k) up to a degree, the constant first."""
    columns = [np.ones(len(t))]
    for order in range(1, degree + 1):
        for chosen in combinations_with_replacement(range(t.shape[1]), order):
            column = t[:, chosen[0]]
            for k in chosen[1:]:
                column = column * t[:, k]
            columns.append(column)
    return np.stack(columns, axis=1)


def fit_shear(z: np.ndarray, unit: np.ndarray, degree: int) -> Shear:
    """The map from draws z (n, k).

    Args:
        z: draws of the density.
        unit: (k,) what counts as wide, in units of z: its spread before any data.
        degree: of the polynomials; 0 standardises only.
    """
    centre = z.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(((z - centre) / unit).T))
    order = np.argsort(values)[::-1]
    sd = np.sqrt(np.maximum(values[order], _LEAST_SD**2))
    axes = (vectors[:, order] / unit[:, None]) / sd  # (k, k)
    t = (z - centre) @ axes
    coefficients, scales = [], []
    for k in range(z.shape[1]):
        design = terms(t[:, :k], degree)  # (n, terms)
        if len(z) < _FEWEST_PER_TERM * design.shape[1]:
            design = design[:, :1]
        gram = design.T @ design + _RIDGE * len(z) * np.eye(design.shape[1])
        found = np.linalg.solve(gram, design.T @ t[:, k])
        scales.append(max(float((t[:, k] - design @ found).std()), _LEAST_SD))
        full = np.zeros(terms(t[:1, :k], degree).shape[1])
        full[: found.size] = found
        coefficients.append(full)
    return Shear(centre, axes, tuple(coefficients), np.array(scales), degree)
