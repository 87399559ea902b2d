"""Draws from a density by an ensemble of walkers, run until they have converged.

The sampler is emcee's (Foreman-Mackey et al. 2013, PASP 125:306) with differential
evolution (ter Braak 2006) and stretch moves, each step in two batches of half the
walkers. It walks in the coordinates of ``shear``, which are fitted to draws of a warm-up
and held fixed while draws are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import emcee
import numpy as np

from explorer.backend.chain_checks import (
    LARGEST_R_HAT,
    LEAST_ESS,
    effective_sample_size,
    split_r_hat,
)
from explorer.backend.shear import Shear, best_shear
from explorer.backend.spreading import Cancelled

N_WALKERS = 64
WARM_UP = (100, 150)
"""Steps of the warm-up; after each round the coordinates are fitted to its second half."""
ATTEMPTS = ((400, 600, 800, 1200, 1600), (1200, 1600, 2400, 3200, 4800))
"""Steps after which convergence is looked at. A second attempt starts with coordinates
fitted to the first, and keeps none of its draws."""
DISCARDED = 0.2
"""Share of an attempt's steps that is left out."""
THIN = 4
_POOL = 6000  # draws to which coordinates are fitted

LogDensity = Callable[[np.ndarray], np.ndarray]
"""log density (n,) at points z (n, k)."""
Quantities = Callable[[np.ndarray], np.ndarray]
"""(q, walkers, draws) whose convergence counts, from draws of z (draws, walkers, k)."""


@dataclass(frozen=True)
class Draws:
    """What the walkers found.

    Attributes:
        z: (draws, walkers, k).
        r_hat, ess: (q,) of the quantities; each walker is a chain.
        converged: all R-hat below ``LARGEST_R_HAT`` and sizes above ``LEAST_ESS``.
        n_steps: steps of the ensemble, warm-up included.
    """

    z: np.ndarray
    r_hat: np.ndarray
    ess: np.ndarray
    converged: bool
    n_steps: int


class _Walk:
    """An ensemble on its way, in whatever coordinates it has at the moment."""

    def __init__(
        self, density: LogDensity, first: np.ndarray, before: np.ndarray, seed: int,
        report: Callable[[float], bool],
    ) -> None:  # fmt: skip
        self._density, self._before, self._report = density, before, report
        self._random = np.random.RandomState(seed).get_state()
        self.place = spread_out(first, N_WALKERS)
        self.shear = best_shear(first, before, bent=len(first) > N_WALKERS)
        self.n_steps = 0
        self._planned = sum(WARM_UP) + ATTEMPTS[0][0]

    def plan(self, more: int) -> None:
        """The work still ahead is ``more`` steps."""
        self._planned = self.n_steps + more

    def sampler(self) -> emcee.EnsembleSampler:
        """An ensemble that starts where the last one stopped, in the present coordinates."""
        shear, density = self.shear, self._density

        def log_prob(w: np.ndarray) -> np.ndarray:
            z = shear.inverse(w)
            out = np.full(len(z), -np.inf)
            known = np.isfinite(z).all(axis=1)
            if known.any():
                out[known] = density(z[known]) + shear.log_jacobian(z[known])
            return out

        moves = emcee.moves
        one = emcee.EnsembleSampler(
            *self.place.shape, log_prob, vectorize=True,
            moves=[(moves.DEMove(), 0.55), (moves.DEMove(gamma0=1.0), 0.25),
                   (moves.StretchMove(), 0.2)],
        )  # fmt: skip
        one.random_state = self._random
        return one

    def run(
        self, sampler: emcee.EnsembleSampler, steps: int, state: emcee.State = None
    ) -> emcee.State:
        """Steps of the ensemble, with a report after each."""
        state = self.shear.forward(self.place) if state is None else state
        for now in sampler.sample(
            state, iterations=steps // THIN, thin_by=THIN, skip_initial_state_check=True
        ):
            state = now
            self.n_steps += THIN
            if not self._report(min(self.n_steps / self._planned, 1.0)):
                raise Cancelled
        self._random = sampler.random_state
        self.place = self.shear.inverse(np.array(state.coords))
        return state

    def refit(self, sampler: emcee.EnsembleSampler) -> None:
        """Fit the coordinates to the second half of what a sampler has drawn."""
        chain = sampler.get_chain()
        z = self.shear.inverse(chain[len(chain) // 2 :].reshape(-1, chain.shape[2]))
        self.shear = best_shear(z[:: max(1, len(z) // _POOL)], self._before)


def spread_out(draws: np.ndarray, n: int) -> np.ndarray:
    """n of the draws (m, k), evenly along their widest direction: each mode in its share."""
    centred = draws - draws.mean(axis=0)
    widest = np.linalg.svd(centred, full_matrices=False)[2][0]
    order = np.argsort(centred @ widest, kind="stable")
    return draws[order[((np.arange(n) + 0.5) * len(draws) / n).astype(int)]]


def explore(
    density: LogDensity,
    first: np.ndarray,
    before: np.ndarray,
    quantities: Quantities,
    *,
    seed: int = 1,
    report: Callable[[float], bool] = lambda share: True,
) -> Draws:
    """Draw until the quantities have converged, or the last attempt is used up.

    Args:
        density: log density; −inf where there is none.
        first: (64 or more, k) draws to start from, all of finite density, k ≥ 4.
        before: (m, k) draws of the prior (see ``shear.best_shear``).
        quantities: what must have converged.
        seed: of the moves.
        report: called with the share done (of the attempt at hand); False stops.

    Raises:
        Cancelled: ``report`` returned False.
    """
    walk = _Walk(density, first, before, seed, report)
    for steps in WARM_UP:
        sampler = walk.sampler()
        walk.run(sampler, steps)
        walk.refit(sampler)
    for looks in ATTEMPTS:
        sampler, state, done = walk.sampler(), None, 0
        for look in looks:
            walk.plan(look - done)
            state = walk.run(sampler, look - done, state)
            done = look
            found = _judged(sampler, walk.shear, quantities, walk.n_steps)
            if found.converged:
                return found
        walk.refit(sampler)
    return found


def _judged(
    sampler: emcee.EnsembleSampler, shear: Shear, quantities: Quantities, n_steps: int
) -> Draws:
    chain = sampler.get_chain()
    chain = chain[int(DISCARDED * len(chain)) :]  # (draws, walkers, k)
    z = shear.inverse(chain.reshape(-1, chain.shape[2])).reshape(chain.shape)
    checked = quantities(z)
    r_hat = np.array([split_r_hat(one) for one in checked])
    ess = np.array([effective_sample_size(one) for one in checked])
    converged = bool((r_hat < LARGEST_R_HAT).all() and (ess > LEAST_ESS).all())
    return Draws(z, r_hat, ess, converged, n_steps)
