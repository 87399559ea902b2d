"""The kernels' arithmetic against the standard library, and their random numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numba import njit
from scipy import stats

from explorer.backend import kernel_math as km

MASK = 2**64 - 1


@njit
def over(function, x):
    out = np.empty_like(x)
    for i in range(x.size):
        out[i] = function(x[i])
    return out


@njit
def words(s0, s1, n):
    """The generator as the kernels step it."""
    out = np.empty(n, dtype=np.uint64)
    for i in range(n):
        out[i] = km.rotate_left(s0 + s1, 17) + s0
        s1 = s1 ^ s0
        s0, s1 = km.rotate_left(s0, 49) ^ s1 ^ (s1 << np.uint64(21)), km.rotate_left(s1, 28)
    return out


@njit
def normals(draws):
    out = np.empty((draws.size, 2))
    for i in range(draws.size):
        out[i, 0], out[i, 1] = km.normal_pair(draws[i])
    return out


def draw(seed: int, stream: int, n: int) -> np.ndarray:
    """n pairs of normal deviates, (n, 2), of one stream."""
    s0, s1 = km.generator_state(np.uint64(seed), np.uint64(stream))
    return normals(words(np.uint64(s0), np.uint64(s1), n))


def rotl(x: int, k: int) -> int:
    return ((x << k) | (x >> (64 - k))) & MASK


def xoroshiro128pp(s0: int, s1: int, n: int) -> list[int]:
    """Blackman & Vigna's generator in whole numbers of unlimited size."""
    out = []
    for _ in range(n):
        out.append((rotl((s0 + s1) & MASK, 17) + s0) & MASK)
        s1 ^= s0
        s0, s1 = rotl(s0, 49) ^ s1 ^ ((s1 << 21) & MASK), rotl(s1, 28)
    return out


def test_exp_within_its_range():
    x = np.linspace(-60.0, 60.0, 200_001)
    found = over(km.exp_of_64th, x / 64.0)
    remainder = 64 * np.abs(x / 64) ** 7 / 5040  # first term left out, 64 times over
    error = np.abs(found / np.exp(x) - 1)
    assert (error < 1.3 * np.exp(np.abs(x) / 64) * remainder + 3e-14).all()
    beyond = over(km.exp_of_64th, np.array([-1e9, 1e9]))
    assert (beyond == found[[0, -1]]).all()


def test_logistic_built_on_exp_is_right_everywhere():
    x = np.concatenate([np.linspace(-200.0, 200.0, 400_001), [-1e6, 1e6]])
    found = 1.0 / (1.0 + over(km.exp_of_64th, x / 64.0))
    assert np.abs(found - 0.5 * (1.0 - np.tanh(x / 2.0))).max() < 3e-12


def test_logarithm():
    x = np.concatenate([np.geomspace(1e-300, 1e300, 100_001), np.linspace(0.5, 2.0, 100_000)])
    true = np.log(x)
    assert np.abs(over(km.fast_log, x) - true).max() < 1e-10
    apart = np.abs(true) > 1e-3
    assert np.abs(over(km.fast_log, x) / np.where(apart, true, 1) - 1)[apart].max() < 1e-11


def test_sine_and_cosine():
    x = np.linspace(-math.pi / 4, math.pi / 4, 100_001)
    assert np.abs(over(km.sine, x) - np.sin(x)).max() < 1e-11
    assert np.abs(over(km.cosine, x) - np.cos(x)).max() < 1e-12


def test_splitmix_gives_the_published_sequence():
    gamma = 0x9E3779B97F4A7C15
    found = [
        int(over(km.splitmix, np.array([(1234567 + k * gamma) & MASK], dtype=np.uint64))[0])
        for k in range(3)
    ]
    assert found == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_xoroshiro_gives_the_published_sequence_and_that_of_plain_python():
    found = [int(word) for word in words(np.uint64(1), np.uint64(2), 1000)]
    assert found[:4] == [
        393217, 669327710093319, 1732421326133921491, 11394790081659126983,
    ]  # fmt: skip
    assert found == xoroshiro128pp(1, 2, 1000)


def test_normal_pair_is_box_muller_on_the_halves_of_a_word():
    for seed in (1, 2**31 - 1):
        s0, s1 = (int(s) for s in km.generator_state(np.uint64(seed), np.uint64(7)))
        found = draw(seed, 7, 2000)
        for word, pair in zip(xoroshiro128pp(s0, s1, 2000), found, strict=True):
            radius = math.sqrt(-2.0 * math.log(1.0 - (word >> 32) / 2**32))
            angle = ((word & 0xFFFFFFFF) / 2**32 - 0.5) * 2.0 * math.pi
            assert pair == pytest.approx(
                [radius * math.cos(angle), radius * math.sin(angle)], abs=1e-9
            )


def test_words_at_the_ends_give_finite_deviates():
    ends = np.array([0, MASK, MASK << 32 & MASK, 0xFFFFFFFF, 1 << 63], dtype=np.uint64)
    assert np.isfinite(normals(ends)).all()
    assert np.abs(normals(ends)).max() < 6.7  # sqrt(2 · 32 ln 2) = 6.66


@pytest.mark.parametrize(("seed", "stream"), [(1, 0), (2, 0), (1, 1), (2**31 - 1, 10**6)])
def test_deviates_are_standard_normal(seed, stream):
    n = 500_000
    z = draw(seed, stream, n)
    for column in z.T:
        assert stats.kstest(column, "norm").pvalue > 1e-3
        assert abs(column.mean()) < 4 / math.sqrt(n)
        assert abs(column.var() - 1) < 4 * math.sqrt(2 / n)
        assert abs(stats.skew(column)) < 4 * math.sqrt(6 / n)
        assert abs(stats.kurtosis(column)) < 4 * math.sqrt(24 / n)
    beyond = (np.abs(z) > 4).mean()
    assert beyond == pytest.approx(2 * stats.norm.sf(4), rel=0.6)


def test_deviates_are_uncorrelated_in_pairs_and_in_time():
    n = 500_000
    z = draw(4, 2, n)
    bound = 4.5 / math.sqrt(n)
    assert abs(np.corrcoef(z.T)[0, 1]) < bound
    assert abs(np.corrcoef(z.T**2)[0, 1]) < bound
    flat = z.ravel()
    for lag in (1, 2, 3, 16, 32):
        assert abs(np.corrcoef(flat[:-lag], flat[lag:])[0, 1]) < bound


def test_streams_and_seeds_are_independent():
    """Neighbouring seeds and streams, swapped ones too, never share or correlate."""
    keys = [(s, k) for s in (1, 2, 3, 2**31 - 1) for k in (0, 1, 2, 3, 10**6, 2**31 - 1)]
    n = 20_000
    z = np.array([draw(*key, n).ravel() for key in keys])
    r = np.corrcoef(z)[np.triu_indices(len(keys), 1)]
    assert np.abs(r).max() < 5 / math.sqrt(2 * n)
    assert r.std() == pytest.approx(1 / math.sqrt(2 * n), rel=0.2)


def test_first_deviates_across_streams_are_normal():
    """What an ensemble sees: the first deviate of each of many streams."""
    z = np.array([draw(1, k, 2) for k in range(20_000)])
    for column in z.reshape(z.shape[0], -1).T:
        assert stats.kstest(column, "norm").pvalue > 1e-3
    assert np.abs(np.corrcoef(z.reshape(z.shape[0], -1).T) - np.eye(4)).max() < 5 / math.sqrt(2e4)
