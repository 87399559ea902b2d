"""Draws from a density whose modes may lie far apart: sequential Monte Carlo.

Particles drawn from a reference q that covers all modes are carried to the target p through

    f_β ∝ q^(1 − β) p^β,  β from 0 to 1.

Each step of β makes the weights (p/q)^Δβ worth half the particles, which are then resampled
and moved by differential evolution within f_β. Every mode that has particles when it parts
from the others keeps the share it deserves, however far away it is. The product of the mean
weights estimates the evidence ∫ p, so that particles of several references can be joined.

Source: Del Moral, Doucet & Jasra 2006 (J R Stat Soc B 68:411); steps of β by Jasra et al.
2011; moves by ter Braak 2006 (Stat Comput 16:239).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.optimize import brentq
from scipy.special import logsumexp

from explorer.backend.errors import ExplorerError
from explorer.backend.spreading import Cancelled

N_PARTICLES = 1024
SWEEPS = 4
"""Moves of each particle after a step of β."""
LAST_SWEEPS = 12
"""And at the target."""
WORTH = 0.5
"""Share of the particles that the weights of a step of β are worth."""
LARGEST_JUMP = 0.1
"""Share of the moves that take the whole difference of two particles: from mode to mode."""
_MOST_DRAWS = 32  # of the reference, for each particle
_WIDTHS = (-0.5, 0.8)  # mean and spread of the logarithm of the other moves' scale

LogDensity = Callable[[np.ndarray], np.ndarray]


class Reference(Protocol):
    """A density that can be drawn from, over points (n, k)."""

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draws (n, k)."""

    def log_density(self, z: np.ndarray) -> np.ndarray:
        """Logarithm of the density (n,), to the same constant as the target's."""


class Particles:
    """Where the particles are, and both densities there.

    Attributes:
        z: (n, k).
        log_q, log_p: (n,) of reference and target.
    """

    def __init__(self, z: np.ndarray, log_q: np.ndarray, log_p: np.ndarray) -> None:
        self.z, self.log_q, self.log_p = z, log_q, log_p

    def __len__(self) -> int:
        return len(self.z)

    def at(self, beta: float) -> np.ndarray:
        """log f_β, (n,)."""
        return (1.0 - beta) * self.log_q + beta * self.log_p

    def taken(self, rows: np.ndarray) -> Particles:
        """Those of the rows."""
        return Particles(self.z[rows], self.log_q[rows], self.log_p[rows])

    def put(self, rows: np.ndarray, others: Particles) -> None:
        """Put others into the rows."""
        self.z[rows], self.log_q[rows], self.log_p[rows] = others.z, others.log_q, others.log_p


@dataclass(frozen=True)
class Tempered:
    """What arrived at the target.

    Attributes:
        z: (n, k) draws, none where the reference covers nothing of the target.
        log_evidence: logarithm of the integral of the target's density, estimated; −inf where
            there are no draws.
    """

    z: np.ndarray
    log_evidence: float


def tempered(
    density: LogDensity,
    reference: Reference,
    *,
    rng: np.random.Generator,
    n: int = N_PARTICLES,
    report: Callable[[float], bool] = lambda share: True,
) -> Tempered:
    """Draws of a density, all the modes that a reference covers in their shares.

    Args:
        density: log density of the target at (m, k), (m,); −inf where there is none.
        reference: covers the target.
        rng: for all that is drawn.
        n: particles, an even number.
        report: called after each move of all with the share done; False stops.

    Raises:
        Cancelled: ``report`` returned False.
    """
    particles, log_evidence = _first(density, reference, n, rng)
    if len(particles) == 0:
        return Tempered(particles.z, -math.inf)
    beta, opening, share = 0.0, 0.0, 0.0
    while beta < 1.0:
        step = _step(particles, beta)
        weights = step * (particles.log_p - particles.log_q)
        log_evidence += float(logsumexp(weights)) - math.log(n)
        particles = particles.taken(_resampled(weights, rng))
        beta = min(beta + step, 1.0)
        opening = opening or math.log(beta) - 1e-9
        share = max(share, 0.8 * (1.0 - math.log(beta) / opening))
        for sweep in range(LAST_SWEEPS if beta == 1.0 else SWEEPS):
            _move(particles, beta, density, reference, rng)
            if not report(share + 0.2 * sweep / LAST_SWEEPS * (beta == 1.0)):
                raise Cancelled
    return Tempered(particles.z, log_evidence)


def joined(parts: Sequence[Tempered], n: int, rng: np.random.Generator) -> np.ndarray:
    """n draws (n, k) of several populations of one target, each with the weight of its evidence.

    A population that missed a mode found less evidence than one that did not.

    Raises:
        ExplorerError: none of them found any.
    """
    if not any(len(one.z) for one in parts):
        raise ExplorerError(
            "exact posterior", "a prior with responses that repeat with the stimulus", "none"
        )
    evidence = np.repeat([one.log_evidence for one in parts], [len(one.z) for one in parts])
    every = np.concatenate([one.z for one in parts])
    return every[_resampled(evidence, rng, n)]


def _first(
    density: LogDensity, reference: Reference, n: int, rng: np.random.Generator
) -> tuple[Particles, float]:
    """n particles of the reference where the target has density, and the log of its share."""
    parts: list[Particles] = []
    drawn = found = 0
    while found < n and drawn < _MOST_DRAWS * n:
        z = reference.draw(n, rng)
        some = _evaluated(z, density, reference)
        parts.append(some.taken(np.flatnonzero(np.isfinite(some.log_p))))
        drawn, found = drawn + n, found + len(parts[-1])
    every = Particles(
        *(np.concatenate([getattr(one, name) for one in parts]) for name in ("z", "log_q", "log_p"))
    )
    if found == 0:
        return every, -math.inf
    rows = np.arange(n) if found >= n else rng.integers(found, size=n)
    return every.taken(rows), math.log(found / drawn)


def _evaluated(z: np.ndarray, density: LogDensity, reference: Reference) -> Particles:
    return Particles(z, reference.log_density(z), density(z))


def _worth(log_weights: np.ndarray) -> float:
    """Effective share of weighted particles."""
    weights = np.exp(log_weights - log_weights.max())
    return float(weights.sum() ** 2 / (weights**2).sum() / len(weights))


def _step(particles: Particles, beta: float) -> float:
    """The largest step of β whose weights are worth ``WORTH``."""
    gain = particles.log_p - particles.log_q
    if _worth((1.0 - beta) * gain) >= WORTH:
        return 1.0 - beta

    def short(log_step: float) -> float:
        return _worth(math.exp(log_step) * gain) - WORTH

    return math.exp(brentq(short, math.log(1e-12), math.log(1.0 - beta), xtol=1e-3))


def _resampled(
    log_weights: np.ndarray, rng: np.random.Generator, n: int | None = None
) -> np.ndarray:
    """n rows (as many as there are where None) by their weights, systematically, shuffled."""
    n = len(log_weights) if n is None else n
    weights = np.exp(log_weights - log_weights.max())
    ends = np.cumsum(weights / weights.sum())
    rows = np.searchsorted(ends, (rng.random() + np.arange(n)) / n)
    return rng.permutation(np.minimum(rows, len(ends) - 1))


def _move(
    particles: Particles, beta: float, density: LogDensity, reference: Reference,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Each half once, along differences within the other half."""
    halves = np.split(rng.permutation(len(particles)), 2)
    for mine, others in (halves, halves[::-1]):
        k, m = particles.z.shape[1], len(mine)
        a, b = particles.z[others[rng.integers(len(others), size=(2, m))]]
        scale = 2.38 / math.sqrt(2 * k) * np.exp(rng.normal(*_WIDTHS, size=(m, 1)))
        scale = np.where(rng.random((m, 1)) < LARGEST_JUMP, 1.0, scale)
        here = particles.taken(mine)
        there = _evaluated(here.z + scale * (a - b), density, reference)
        with np.errstate(invalid="ignore"):
            gain = np.where(np.isfinite(there.log_p), there.at(beta) - here.at(beta), -np.inf)
        accepted = np.flatnonzero(np.log(rng.random(m)) < gain)
        particles.put(mine[accepted], there.taken(accepted))
