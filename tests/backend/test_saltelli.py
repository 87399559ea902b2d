"""The estimators against exact indices (Ishigami, Sobol's g) and against SALib's numbers."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.backend.errors import ExplorerError
from explorer.backend.saltelli import Problem, analyze, check_base, design, sobol_indices

ISHIGAMI = Problem(("x1", "x2", "x3"), (-np.pi,) * 3, (np.pi,) * 3)
G = Problem(("x1", "x2", "x3", "x4"), (0.0,) * 4, (1.0,) * 4)
A = np.array([0.0, 1.0, 4.5, 9.0])


def ishigami(x: np.ndarray) -> np.ndarray:
    y = np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    return y[:, None]


def exact_ishigami() -> tuple[np.ndarray, np.ndarray, float]:
    """S1, ST and S13; Ishigami & Homma 1990, with a = 7, b = 0.1."""
    a, b = 7.0, 0.1
    v1 = 0.5 * (1 + b * np.pi**4 / 5) ** 2
    v2, v13 = a**2 / 8, b**2 * np.pi**8 * 8 / 225
    total = v1 + v2 + v13
    return np.array([v1, v2, 0]) / total, np.array([v1 + v13, v2, v13]) / total, v13 / total


def g_function(x: np.ndarray) -> np.ndarray:
    return np.prod((np.abs(4 * x - 2) + A) / (1 + A), axis=1)[:, None]


def exact_g() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """S1, ST and S2 of Sobol's g; Saltelli & Sobol 1995."""
    v = 1 / (3 * (1 + A) ** 2)
    total = np.prod(1 + v) - 1
    rest = np.array([np.prod(np.delete(1 + v, k)) for k in range(4)])
    return v / total, v * rest / total, np.outer(v, v) / total


def test_ishigami_within_its_intervals():
    found = sobol_indices(ishigami, ISHIGAMI, 4096, 1, confidence=0.99)
    s1, st, s13 = exact_ishigami()
    assert (np.abs(found.s1[0] - s1) <= found.s1_half[0]).all()
    assert (np.abs(found.st[0] - st) <= found.st_half[0]).all()
    assert abs(found.s2[0, 0, 2] - s13) <= found.s2_half[0, 0, 2]
    assert abs(found.s2[0, 0, 1]) <= found.s2_half[0, 0, 1]
    assert found.s2[0, 2, 0] == found.s2[0, 0, 2]
    assert found.st_half.max() < 0.06


def test_g_function_within_its_intervals_and_bounds():
    found = sobol_indices(g_function, G, 8192, 2, confidence=0.99)
    s1, st, s2 = exact_g()
    assert (np.abs(found.s1[0] - s1) <= found.s1_half[0]).all()
    assert (np.abs(found.st[0] - st) <= found.st_half[0]).all()
    upper = np.triu_indices(4, 1)
    assert (np.abs(found.s2[0] - s2)[upper] <= found.s2_half[0][upper]).all()
    assert (found.s1[0] <= found.st[0] + found.s1_half[0] + found.st_half[0]).all()
    assert found.mean[0] == pytest.approx(1.0, abs=0.01)
    assert found.sd[0] == pytest.approx(np.sqrt(np.prod(1 + 1 / (3 * (1 + A) ** 2)) - 1), rel=0.02)


def test_intervals_cover_the_exact_index_about_as_often_as_they_say():
    s1, st, _ = exact_ishigami()
    runs = [sobol_indices(ishigami, ISHIGAMI, 256, seed, second=False) for seed in range(1, 41)]
    inside = [
        np.append(
            np.abs(run.s1[0] - s1) <= run.s1_half[0], np.abs(run.st[0] - st) <= run.st_half[0]
        )
        for run in runs
    ]
    assert np.mean(inside) > 0.93  # a scrambled net does better than the bootstrap knows


def test_numbers_are_salibs():
    from SALib.analyze import sobol as salib

    points = design(ISHIGAMI, 256, 7)
    flat = points.reshape(-1, 3)
    y = np.column_stack([ishigami(flat), 5 + flat[:, :1], np.exp(flat[:, 1:2] * flat[:, 2:3] / 3)])
    found = analyze(y.reshape(256, 8, 3), 7, resamples=50)
    problem = {"num_vars": 3, "names": list(ISHIGAMI.names), "bounds": [[-np.pi, np.pi]] * 3}
    for k in range(3):
        theirs = salib.analyze(problem, y[:, k], num_resamples=50, seed=7)
        assert found.s1[k] == pytest.approx(theirs["S1"], abs=1e-12)
        assert found.st[k] == pytest.approx(theirs["ST"], abs=1e-12)
        assert found.s1_half[k] == pytest.approx(theirs["S1_conf"], rel=1e-9, abs=1e-12)
        assert found.st_half[k] == pytest.approx(theirs["ST_conf"], rel=1e-9, abs=1e-12)
        upper = np.triu_indices(3, 1)
        assert found.s2[k][upper] == pytest.approx(theirs["S2"][upper], abs=1e-12)
        assert found.s2_half[k][upper] == pytest.approx(theirs["S2_conf"][upper], abs=1e-9)


def test_many_outputs_are_each_what_they_are_alone():
    points = design(ISHIGAMI, 64, 3)
    rng = np.random.default_rng(0)
    y = points @ rng.normal(size=(3, 70)) + 0.3 * np.sin(points @ rng.normal(size=(3, 70)))
    together = analyze(y, 3, second=False, resamples=20)
    for k in (0, 31, 32, 69):
        alone = analyze(y[:, :, k : k + 1], 3, second=False, resamples=20)
        assert together.st[k] == pytest.approx(alone.st[0], abs=1e-12)
        assert together.s1_half[k] == pytest.approx(alone.s1_half[0], rel=1e-9)
    assert together.s2 is None


def test_groups_with_an_undefined_run_are_left_out_whole_and_counted():
    points = design(ISHIGAMI, 512, 5)
    y = ishigami(points.reshape(-1, 3)).reshape(512, 8, 1)
    y[3, 2], y[400, 0], y[401, 7] = np.nan, np.nan, np.nan
    found = analyze(y, 5, resamples=30)
    kept = np.delete(y, [3, 400, 401], axis=0)
    assert found.complete[0] == pytest.approx(509 / 512)
    assert found.defined[0] == pytest.approx(1 - 3 / 4096)
    assert found.st[0] == pytest.approx(analyze(kept, 5, resamples=30).st[0], abs=1e-12)
    assert found.mean[0] == pytest.approx(np.nanmean(y))


def test_too_many_undefined_groups_or_no_variation_give_no_index():
    points = design(ISHIGAMI, 64, 5)
    y = np.repeat(ishigami(points.reshape(-1, 3)).reshape(64, 8, 1), 4, axis=2)
    y[:33, 0, 1] = np.nan
    y[:, :, 2] = 4.0
    y[:, :, 3] = np.nan
    found = analyze(y, 5, resamples=10)
    assert np.isfinite(found.st[0]).all()
    for k in (1, 2, 3):
        assert np.isnan(found.s1[k]).all()
        assert np.isnan(found.st[k]).all()
        assert np.isnan(found.s2[k]).all()
    assert found.complete == pytest.approx([1.0, 31 / 64, 1.0, 0.0])


def test_the_same_seed_gives_the_same_indices_and_another_others():
    one, two, other = (sobol_indices(ishigami, ISHIGAMI, 64, seed) for seed in (4, 4, 5))
    assert np.array_equal(one.st, two.st)
    assert np.array_equal(one.s1_half, two.s1_half)
    assert not np.array_equal(one.st, other.st)


@pytest.mark.parametrize("n", [0, 1, 3, 1000, -8, 8.0, 2**21])
def test_only_powers_of_two(n):
    with pytest.raises(ExplorerError, match="samples: expected a power of two"):
        check_base(n)


@pytest.mark.parametrize("seed", [0, -1, "x", 2**31])
def test_seed_zero_is_refused(seed):
    with pytest.raises(ExplorerError, match="seed: expected a whole number from 1"):
        sobol_indices(ishigami, ISHIGAMI, 64, seed)


@pytest.mark.parametrize("pair", [(1.0, 1.0), (2.0, 1.0), (0.0, np.nan), (-np.inf, 0.0)])
def test_a_range_must_have_low_below_high(pair):
    with pytest.raises(ExplorerError, match="A_e: expected a range with low < high"):
        Problem(("A_e",), (pair[0],), (pair[1],))
