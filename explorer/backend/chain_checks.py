"""Whether chains of a sampler have converged, and how many independent draws they are worth.

Source: Vehtari, Gelman, Simpson, Carpenter & Bürkner 2021 (Bayesian Analysis 16:667):
rank-normalised split R-hat, folded too (section 4), and bulk effective sample size from
the chains' autocorrelations, cut by Geyer's initial monotone sequence (section 3.2).
"""

from __future__ import annotations

import numpy as np
from scipy import fft
from scipy.special import ndtri
from scipy.stats import rankdata

LARGEST_R_HAT = 1.1
"""Chains whose R-hat is below this count as mixed. The 1.01 of the source is meant for four
long chains. Walkers are 64 short ones, of which R-hat is about √(1 + τ/n) even when mixed, n
the draws in half a chain and τ their autocorrelation time: 1.1 asks for n of five τ, which
64 walkers turn into a size of about 500."""
LEAST_ESS = 200.0
"""Draws that a quantity must be worth at least: its mean is then known to 0.07 of its sd."""


def split_r_hat(chains: np.ndarray) -> float:
    """Rank-normalised split R-hat, the larger of the plain and the folded one.

    √((n−1)/n + B/(n W)): B/n the variance of the half chains' means, W the mean of their
    variances, n their length. 1 = cannot be told apart.

    Args:
        chains: (chains, draws), at least 4 draws each.
    """
    halves = _split(chains)
    folded = np.abs(halves - np.median(halves))
    return max(_plain_r_hat(_normal_scores(halves)), _plain_r_hat(_normal_scores(folded)))


def effective_sample_size(chains: np.ndarray) -> float:
    """Bulk effective sample size of chains (chains, draws): draws over autocorrelation time.

    Held to draws · log₁₀(draws), as in the source; 0 for chains that never move.
    """
    halves = _normal_scores(_split(chains))
    m, n = halves.shape
    covariance = _autocovariance(halves)  # (m, n)
    within = covariance[:, 0].mean() * n / (n - 1)
    pooled = within * (n - 1) / n + halves.mean(axis=1).var(ddof=1)
    if pooled <= 0.0 or within <= 0.0:
        return 0.0
    rho = 1.0 - (within - covariance.mean(axis=0) * n / (n - 1)) / pooled  # (n,)
    rho[0] = 1.0
    pairs = rho[: n - n % 2].reshape(-1, 2).sum(axis=1)  # (n // 2,)
    ends = np.flatnonzero(pairs <= 0.0)
    positive = pairs[: ends[0]] if ends.size else pairs
    time = -1.0 + 2.0 * np.minimum.accumulate(positive).sum()
    return float(m * n / max(time, 1.0 / np.log10(m * n)))


def _split(chains: np.ndarray) -> np.ndarray:
    """Each chain (chains, draws) as two, (2 · chains, draws // 2)."""
    half = chains.shape[1] // 2
    return np.concatenate([chains[:, :half], chains[:, -half:]])


def _normal_scores(chains: np.ndarray) -> np.ndarray:
    """Ranks over all chains as normal deviates (Blom's)."""
    ranks = rankdata(chains).reshape(chains.shape)
    return ndtri((ranks - 0.375) / (chains.size + 0.25))


def _plain_r_hat(chains: np.ndarray) -> float:
    n = chains.shape[1]
    within = chains.var(axis=1, ddof=1).mean()
    between = chains.mean(axis=1).var(ddof=1)
    if within <= 0.0:
        return 1.0 if between <= 0.0 else np.inf
    return float(np.sqrt((n - 1) / n + between / within))


def _autocovariance(chains: np.ndarray) -> np.ndarray:
    """Autocovariance (chains, draws) by lag, each chain about its own mean."""
    n = chains.shape[1]
    centred = chains - chains.mean(axis=1, keepdims=True)
    power = np.abs(fft.rfft(centred, 2 * n, axis=1)) ** 2
    return fft.irfft(power, 2 * n, axis=1)[:, :n] / n
