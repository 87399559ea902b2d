"""The uniform prior over the trained ranges, seen along the products the response depends on.

The nine parameters θ act through fewer products (``fisher_report.products``): for
jansen_rit A_e, b_e, b_i, C·a_1, C·a_2, C·a_3, A_i·C·a_4; for deepjr A_i and C·a_4 apart.
In logarithms, z = M log θ is linear, and what it leaves open, the fibre, is x = log C and,
for jansen_rit, log A_i. With θ uniform over a box, log θ has the density ∏ θ, so that

    π(z) ∝ exp(Σ z) ∫ exp(−3 x) ℓ(x, z) dx,

ℓ the length of log A_i that keeps A_i and a_4 in their ranges (1 for deepjr), x over what
keeps C and the a_i in theirs. The sampler walks in z, where ridges are straight lines left
behind, and the nine are drawn exactly from the fibre afterwards: along it the response does
not change. The integral is a trapezoid rule, the draw its inverse distribution function.
"""

from __future__ import annotations

import numpy as np

from explorer.backend.circuits import Circuit
from explorer.backend.fisher_report import products
from explorer.backend.parameters import INFERRED_NAMES

_NODES = 65
_SHARES = np.linspace(0.0, 1.0, _NODES)
_A_E, _A_I, _B_E, _B_I, _C, _A_1 = range(6)


class ProductPrior:
    """The prior over the logarithms z (n, k) of a circuit's products, and its fibres.

    Attributes:
        powers: (k, 9), z = powers · log θ.
        low, high: (9,) logarithms of the trained ranges.
    """

    def __init__(self, table: Circuit) -> None:
        ranges = np.log(list(table.trained_ranges().values()))  # (9, 2)
        self.low, self.high = ranges.T
        rows = products(table)
        self.powers = np.array([row.powers for row in rows])
        self._joint = table.stimulus_weights[2] == 0.0  # A_i acts only beside C·a_4
        singles = [k for k, row in enumerate(rows) if sum(row.powers) == 1]
        self._singles = np.array(singles)
        self._single_names = self.powers[singles].argmax(axis=1)
        self._couplings = np.array([k for k in range(len(rows)) if k not in singles])  # (4,)
        self._coupled = ranges[_A_1:].T.copy()  # (2, 4) of a_1 … a_4, or A_i·a_4 for the last
        if self._joint:
            self._coupled[:, 3] += ranges[_A_I]

    def log_density(self, z: np.ndarray) -> np.ndarray:
        """Logarithm of π(z), (n,); −inf outside the ranges."""
        inside = self._singles_inside(z)
        nodes, weights = self._fibre(z)  # (n, nodes)
        length = nodes[:, -1] - nodes[:, 0]
        inside &= length > 0.0
        out = np.full(len(z), -np.inf)
        mean = (weights[:, 1:] + weights[:, :-1]).mean(axis=1) / 2
        inside &= mean > 0.0
        out[inside] = z[inside].sum(axis=1) + np.log(mean[inside] * length[inside])
        return out - 3.0 * self.low[_C] - np.log(np.exp(self.high) - np.exp(self.low)).sum()

    def representative(self, z: np.ndarray) -> np.ndarray:
        """Some nine parameters (n, 9) with products exp(z): the middle of the fibre."""
        start, end = self._log_c_limits(z)
        x = (start + end) / 2
        log_a_i = self._a_i_limits(z, x).mean(axis=0) if self._joint else None
        return self._assembled(z, x, log_a_i)

    def draw(self, z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Nine parameters (n, 9), drawn from the prior given their products exp(z)."""
        nodes, weights = self._fibre(z)
        steps = (weights[:, 1:] + weights[:, :-1]) / 2
        below = np.concatenate([np.zeros((len(z), 1)), np.cumsum(steps, axis=1)], axis=1)
        wanted = rng.random(len(z)) * below[:, -1]
        cell = np.clip((below <= wanted[:, None]).sum(axis=1) - 1, 0, _NODES - 2)
        row = np.arange(len(z))
        share = (wanted - below[row, cell]) / np.maximum(steps[row, cell], 1e-300)
        width = nodes[:, 1] - nodes[:, 0]
        x = nodes[row, cell] + np.clip(share, 0.0, 1.0) * width
        if not self._joint:
            return self._assembled(z, x, None)
        low, high = self._a_i_limits(z, x)
        return self._assembled(z, x, low + rng.random(len(z)) * (high - low))

    def _singles_inside(self, z: np.ndarray) -> np.ndarray:
        values = z[:, self._singles]
        low, high = self.low[self._single_names], self.high[self._single_names]
        return ((values > low) & (values < high)).all(axis=1)

    def _log_c_limits(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest log C on the fibre, (n,) each; the same where it is empty."""
        couplings = z[:, self._couplings]  # (n, 4)
        start = np.maximum((couplings - self._coupled[1]).max(axis=1), self.low[_C])
        end = np.minimum((couplings - self._coupled[0]).min(axis=1), self.high[_C])
        return start, np.maximum(end, start)

    def _fibre(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Nodes of log C and the density there, (n, nodes) each."""
        start, end = self._log_c_limits(z)
        nodes = start[:, None] + (end - start)[:, None] * _SHARES
        weights = np.exp(-3.0 * (nodes - self.low[_C]))
        if self._joint:
            a_i_low, a_i_high = self._a_i_limits(z[:, None, :], nodes)
            weights = weights * np.maximum(a_i_high - a_i_low, 0.0)
        return nodes, weights

    def _a_i_limits(self, z: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Lowest and highest log A_i at log C = x, (2, …)."""
        rest = z[..., self._couplings[3]] - x  # log A_i + log a_4
        low = np.maximum(self.low[_A_I], rest - self.high[-1])
        high = np.minimum(self.high[_A_I], rest - self.low[-1])
        return np.stack([low, high])

    def _assembled(self, z: np.ndarray, x: np.ndarray, log_a_i: np.ndarray | None) -> np.ndarray:
        logs = np.empty((len(z), len(INFERRED_NAMES)))
        logs[:, self._single_names] = z[:, self._singles]
        logs[:, _C] = x
        logs[:, _A_1:] = z[:, self._couplings] - x[:, None]
        if log_a_i is not None:
            logs[:, _A_I] = log_a_i
            logs[:, -1] -= log_a_i
        return np.exp(logs)
