"""Tempered particles on densities whose modes, shares and integrals are known exactly."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import logsumexp

from explorer.backend.errors import ExplorerError
from explorer.backend.spreading import Cancelled
from explorer.backend.tempering import Tempered, joined, tempered

K = 5


class Ball:
    """A Gaussian of one width around a point."""

    def __init__(self, centre: float, width: float) -> None:
        self.centre, self.width = centre, width

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return self.centre + self.width * rng.normal(size=(n, K))

    def log_density(self, z: np.ndarray) -> np.ndarray:
        away = ((z - self.centre) ** 2).sum(axis=1) / self.width**2
        return -0.5 * away - K * math.log(self.width * math.sqrt(2 * math.pi))


WIDE = Ball(0.0, 5.0)
NARROW, BROAD = Ball(4.0, 0.7), Ball(-4.0, 1.0)
SHARE = 0.6
"""Of the narrow peak."""


def two_peaks(z: np.ndarray) -> np.ndarray:
    """exp(7) times a density with two peaks, far apart."""
    parts = [math.log(SHARE) + NARROW.log_density(z), math.log(1 - SHARE) + BROAD.log_density(z)]
    return 7.0 + logsumexp(parts, axis=0)


def share_of_narrow(z: np.ndarray) -> float:
    return float((z[:, 0] > 0).mean())


def test_peaks_far_apart_keep_their_shares_and_the_integral_is_found():
    runs = [tempered(two_peaks, WIDE, rng=np.random.default_rng(seed)) for seed in range(8)]
    shares = np.array([share_of_narrow(one.z) for one in runs])
    evidence = np.array([one.log_evidence for one in runs])
    assert shares.mean() == pytest.approx(SHARE, abs=max(4 * shares.std() / math.sqrt(8), 0.02))
    assert shares.std() < 0.15
    assert evidence.mean() == pytest.approx(7.0, abs=0.2)
    near = runs[0].z[runs[0].z[:, 0] > 0]
    assert near.mean(axis=0) == pytest.approx(np.full(K, 4.0), abs=0.15)
    assert near.std(axis=0) == pytest.approx(np.full(K, 0.7), rel=0.2)


def test_who_misses_a_peak_counts_for_what_was_found():
    """Around the narrow peak alone; everywhere; and both joined."""
    near = tempered(two_peaks, Ball(4.0, 0.9), rng=np.random.default_rng(1))
    assert share_of_narrow(near.z) == 1.0
    assert near.log_evidence == pytest.approx(7.0 + math.log(SHARE), abs=0.1)
    wide = tempered(two_peaks, WIDE, rng=np.random.default_rng(2))
    both = joined([near, wide], 4000, np.random.default_rng(3))
    weights = np.exp([near.log_evidence - 7.0, wide.log_evidence - 7.0])
    expected = (weights[0] + weights[1] * share_of_narrow(wide.z)) / weights.sum()
    assert share_of_narrow(both) == pytest.approx(expected, abs=0.01)
    lost = Tempered(np.full((10, K), -4.0), 7.0 - 50.0)
    assert share_of_narrow(joined([near, lost], 1000, np.random.default_rng(3))) == 1.0


def test_half_a_density_is_entered_from_outside():
    """Where there is no density the particles of the reference are left out, and counted."""

    def half(z: np.ndarray) -> np.ndarray:
        return np.where(z[:, 0] > 0, WIDE.log_density(z), -np.inf)

    found = tempered(half, WIDE, rng=np.random.default_rng(4))
    assert (found.z[:, 0] > 0).all()
    assert found.log_evidence == pytest.approx(math.log(0.5), abs=0.05)
    assert found.z[:, 0].mean() == pytest.approx(5.0 * math.sqrt(2 / math.pi), abs=0.5)


def test_where_there_is_nothing_nothing_is_drawn():
    def nothing(z: np.ndarray) -> np.ndarray:
        return np.full(len(z), -np.inf)

    found = tempered(nothing, WIDE, rng=np.random.default_rng(5), n=64)
    assert found.z.shape == (0, K) and found.log_evidence == -math.inf
    with pytest.raises(ExplorerError, match="repeat with the stimulus"):
        joined([found], 10, np.random.default_rng(6))
    some = tempered(two_peaks, WIDE, rng=np.random.default_rng(5), n=64)
    assert len(joined([found, some], 10, np.random.default_rng(6))) == 10


def test_it_reports_stops_and_repeats():
    told: list[float] = []

    def report(share: float) -> bool:
        told.append(share)
        return True

    a = tempered(two_peaks, WIDE, rng=np.random.default_rng(7), n=128, report=report)
    b = tempered(two_peaks, WIDE, rng=np.random.default_rng(7), n=128)
    assert (a.z == b.z).all() and a.log_evidence == b.log_evidence
    assert told == sorted(told)
    assert 0.0 <= told[0] < 0.5 < told[-1] < 1.0
    with pytest.raises(Cancelled):
        tempered(two_peaks, WIDE, rng=np.random.default_rng(7), report=lambda share: False)
