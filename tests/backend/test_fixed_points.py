"""Fixed points against published values, a general root finder and long simulations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import fsolve

from explorer.backend.circuits import CIRCUITS
from explorer.backend.fixed_points import (
    critical_inputs,
    eigenvalues,
    fixed_points,
    jacobians,
    rest_sources,
)
from explorer.backend.parameters import INFERRED_NAMES, MODEL_NAMES
from explorer.backend.settings import make_settings
from explorer.backend.simulate import simulate


def field(theta: np.ndarray, state: np.ndarray) -> np.ndarray:
    """The equations, written out once more."""
    a_e, a_i, b_e, b_i, c, a_1, a_2, a_3, a_4, v_max, v_0, r, p, _ = theta
    y0, y1, y2, v0, v1, v2 = state

    def s(v: float) -> float:
        return v_max / (1.0 + np.exp(r * (v_0 - v)))

    return np.array(
        [
            v0,
            v1,
            v2,
            a_e * b_e * s(y1 - y2) - 2 * b_e * v0 - b_e**2 * y0,
            a_e * b_e * (p + c * a_2 * s(c * a_1 * y0)) - 2 * b_e * v1 - b_e**2 * y1,
            a_i * b_i * c * a_4 * s(c * a_3 * y0) - 2 * b_i * v2 - b_i**2 * y2,
        ]
    )


def random_theta(rng: np.random.Generator, n: int, *, corners: bool = False) -> np.ndarray:
    """Parameter sets of jansen_rit in the trained ranges, p_mean over all of its range."""
    table = CIRCUITS["jansen_rit"].parameters
    theta = np.tile(make_settings().theta, (n, 1))
    names = MODEL_NAMES if corners else (*INFERRED_NAMES, "p_mean")
    for name in names:
        row = table[name]
        low, high = (row.low, row.high) if corners else (row.trained or (row.low, row.high))
        draws = rng.integers(2, size=n) if corners else rng.uniform(size=n)
        theta[:, MODEL_NAMES.index(name)] = low + (high - low) * draws
    return theta


def test_folds_and_hopf_points_of_grimbert_and_faugeras() -> None:
    found = critical_inputs(make_settings().theta, -50.0, 400.0)
    assert [c.kind for c in found] == ["fold", "hopf", "hopf", "fold", "hopf"]
    values = [-41.301, -12.148, 89.829, 113.586, 315.696]
    assert [c.value for c in found] == pytest.approx(values, abs=1e-3)
    frequencies = [c.frequency for c in found if c.frequency is not None]
    assert frequencies == pytest.approx([7.24, 10.38, 11.16], abs=0.005)


def test_number_and_kind_of_rests_between_the_bifurcations() -> None:
    def kinds(p: float) -> list[str]:
        return [f.kind for f in fixed_points(make_settings(values={"p_mean": p}).theta)]

    assert kinds(-45) == ["stable node"] or kinds(-45) == ["stable focus"]
    assert kinds(-20)[1:] == ["saddle", "unstable focus"]
    assert kinds(50)[1:] == ["saddle", "stable focus"]
    assert kinds(100)[1:] == ["saddle", "unstable focus"]
    assert kinds(200) == ["unstable focus"]
    assert kinds(350) == ["stable focus"]


@pytest.mark.parametrize("corners", [False, True])
def test_rests_solve_the_equations_and_none_is_missed(corners: bool) -> None:
    rng = np.random.default_rng(7)
    for theta in random_theta(rng, 40, corners=corners):
        points = fixed_points(theta)
        assert len(points) % 2 == 1
        scale = theta[2] ** 2 * (np.abs([p.state for p in points]).max() + 1.0)
        for point in points:
            assert np.abs(field(theta, point.state)).max() < 1e-10 * scale
        for _ in range(10):  # a general root finder finds no other
            guess = points[0].state + np.r_[rng.normal(size=3) * [0.1, 10, 10], 0, 0, 0]
            with np.errstate(over="ignore"):
                root, _, ok, _ = fsolve(lambda y, t=theta: field(t, y), guess, full_output=True)
            if ok == 1 and np.abs(field(theta, root)).max() < 1e-9 * scale:
                gaps = [abs(root[1] - root[2] - p.source) for p in points]
                assert min(gaps) < 1e-4 * (1.0 + abs(root[1] - root[2]))


def test_jacobian_against_differences() -> None:
    rng = np.random.default_rng(3)
    theta = random_theta(rng, 20)
    source, of = rest_sources(theta)
    exact = jacobians(theta[of], source)
    for k, j in enumerate(of):
        state = next(p.state for p in fixed_points(theta[j]) if abs(p.source - source[k]) < 1e-9)
        steps = 1e-6 * np.eye(6)
        columns = [field(theta[j], state + h) - field(theta[j], state - h) for h in steps]
        numeric = np.array(columns).T / 2e-6
        assert exact[k] == pytest.approx(numeric, rel=1e-5, abs=1e-3)


def test_hopf_point_has_an_imaginary_pair() -> None:
    theta = make_settings().theta
    for point in critical_inputs(theta, -50.0, 400.0):
        theta[12] = point.value
        values = eigenvalues(theta[None], np.array([point.source]))[0]
        leading = values[np.argmin(np.abs(values.real))]
        assert abs(leading.real) < (1e-6 if point.kind == "hopf" else 1e-4)
        if point.frequency is not None:
            assert abs(leading.imag) / (2 * np.pi) == pytest.approx(point.frequency, rel=1e-9)


def test_stability_against_long_simulations_near_each_rest() -> None:
    """Start on and beside each rest of 200 random sets: do the two meet or part?

    The run lasts ten times as long as the eigenvalue needs for a factor of e; points
    within 0.25 s⁻¹ of neutral would need minutes of model time and are skipped.
    """
    rng = np.random.default_rng(11)
    tested = {True: 0, False: 0}
    skipped = 0
    for theta in random_theta(rng, 200):
        values = dict(zip(MODEL_NAMES, theta, strict=True)) | {"p_sd": 0.0}
        settings = make_settings(values=values)
        for point in fixed_points(settings.theta):
            rate = point.eigenvalues[0].real
            if abs(rate) < 0.25:
                skipped += 1
                continue
            nudge = 1e-2 * rng.normal(size=6) * np.r_[0.01, 1, 1, 1, 100, 50]
            duration = 10.0 / abs(rate) + 0.2
            paths = [
                simulate(settings, duration, dt=2.5e-4, every=20, initial=start).source
                for start in (point.state, point.state + nudge)
            ]
            gap = np.abs(paths[1] - paths[0])  # free of the integrator's own small offset
            tenth = gap.size // 10 + 1
            meets = gap[-tenth:].max() < 0.2 * gap[:tenth].max()
            stays = np.abs(paths[1] - point.source).max() < 10 * gap[:tenth].max() + 1e-3
            assert (meets and stays) == point.stable
            tested[point.stable] += 1
    assert tested[True] > 80 and tested[False] > 80 and skipped < 20


def test_corners_of_every_range_have_finite_rests() -> None:
    rng = np.random.default_rng(5)
    for circuit in CIRCUITS.values():
        theta = np.tile([circuit.defaults()[name] for name in MODEL_NAMES], (500, 1))
        for k, name in enumerate(MODEL_NAMES):
            row = circuit.parameters[name]
            theta[:, k] = np.where(rng.integers(2, size=500) == 1, row.low, row.high)
        source, of = rest_sources(theta)
        assert np.isfinite(source).all() and set(of) == set(range(500))
        assert np.isfinite(eigenvalues(theta[of], source)).all()
