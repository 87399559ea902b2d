"""Nullclines and fields against the fixed points, the right-hand side and SciPy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.optimize import root

from explorer.backend.circuits import CIRCUITS
from explorer.backend.errors import ExplorerError
from explorer.backend.fixed_points import fixed_points
from explorer.backend.portrait import POTENTIALS, field_kind, portrait, pull
from explorer.backend.settings import Settings, make_settings
from tests.conftest import CHANGES, DEFAULTS, WEIGHTS, model_rhs

PLANES = list(itertools.permutations(POTENTIALS, 2))


def coordinate(state: np.ndarray, name: str) -> float:
    columns = {"y0": state[0], "y1": state[1], "y2": state[2], "y1-y2": state[1] - state[2]}
    return float(columns[name])


def bistable() -> Settings:
    """Three fixed points at this input."""
    return make_settings(values={"p_mean": 60.0, "p_sd": 0.0})


@pytest.mark.parametrize(("x_name", "y_name"), PLANES)
def test_both_pulls_vanish_at_every_fixed_point_and_nowhere_else(x_name: str, y_name: str) -> None:
    settings = bistable()
    points = fixed_points(settings.theta)
    assert len(points) == 3
    known = np.array([[coordinate(p.state, n) for n in (x_name, y_name)] for p in points])
    u, v = pull(settings, x_name, y_name, known[:, 0], known[:, 1])
    assert u == pytest.approx(np.zeros(3), abs=1e-8)
    assert v == pytest.approx(np.zeros(3), abs=1e-8)
    rng = np.random.default_rng(5)
    reach = np.ptp(known, axis=0)
    for start in known.mean(axis=0) + reach * rng.uniform(-1, 1, (40, 2)):
        found = root(lambda q: pull(settings, x_name, y_name, *q), start, tol=1e-10)
        if found.success:
            assert np.abs(known - found.x).sum(axis=1).min() < 1e-5


@pytest.mark.parametrize(("x_name", "y_name"), PLANES)
def test_nullclines_cross_at_the_fixed_points(x_name: str, y_name: str) -> None:
    settings = bistable()
    points = fixed_points(settings.theta)
    known = np.array([[coordinate(p.state, n) for n in (x_name, y_name)] for p in points])
    span = 1.2 * np.ptp(known, axis=0)
    low, high = known.mean(axis=0) - span, known.mean(axis=0) + span
    got = portrait(settings, x_name, y_name, (low[0], high[0]), (low[1], high[1]), np.zeros(6))
    assert got.field == "pull"
    for lines in (got.x_nullcline, got.y_nullcline):
        for point in known:
            gaps = [_distance((line - low) / span, (point - low) / span) for line in lines]
            assert min(gaps) < 0.02


def _distance(line: np.ndarray, point: np.ndarray) -> float:
    """From a point to a polyline (k, 2)."""
    a, d = line[:-1], np.diff(line, axis=0)
    along = np.clip(((point - a) * d).sum(1) / np.maximum((d * d).sum(1), 1e-30), 0.0, 1.0)
    return float(np.linalg.norm(a + along[:, None] * d - point, axis=1).min())


@pytest.mark.parametrize("circuit", list(CIRCUITS))
@pytest.mark.parametrize("k", [0, 1, 2])
def test_the_flow_is_the_models(circuit: str, k: int) -> None:
    settings = make_settings(circuit, {"p_sd": 0.0})
    state = np.array([0.1, 14.0, 9.0, 2.0, -30.0, 15.0])
    rhs = model_rhs(
        DEFAULTS | CHANGES[circuit] | {"p_mean": settings["p_mean"]}, WEIGHTS[circuit], 0.0
    )
    reach = (-0.1, 0.4) if k == 0 else (-5.0, 20.0)
    for x_name, y_name in ((f"y{k}", f"dy{k}"), (f"dy{k}", f"y{k}")):
        limits = [(-50.0, 60.0) if name[0] == "d" else reach for name in (x_name, y_name)]
        got = portrait(settings, x_name, y_name, *limits, state)
        assert got.field == "flow"
        assert got.x.size > 100
        for x, y, u, v in zip(got.x, got.y, got.u, got.v, strict=True):
            moved = state.copy()
            position, velocity = (x, y) if x_name == f"y{k}" else (y, x)
            moved[k], moved[3 + k] = position, velocity
            if k == 0:  # its own potential does not drive it
                assert moved[1] - moved[2] == state[1] - state[2]
            exact = rhs(0.0, moved)
            pair = (exact[k], exact[3 + k])
            expected = pair if x_name == f"y{k}" else pair[::-1]
            assert (u, v) == pytest.approx(expected, rel=1e-9, abs=1e-6)
        at_rest = np.concatenate(got.x_nullcline if x_name == f"y{k}" else got.y_nullcline)
        velocity_column = 1 if x_name == f"y{k}" else 0
        assert at_rest[:, velocity_column] == pytest.approx(np.zeros(len(at_rest)), abs=1e-9)


def test_the_pull_is_the_flow_of_first_order_lags() -> None:
    """Against finite differences of the balance written out by hand."""
    settings = make_settings(values={"p_mean": 150.0})
    q = {n: settings[n] for n in DEFAULTS}

    def rate(v: float) -> float:
        return q["v_max"] / (1 + np.exp(q["r"] * (q["v_0"] - v)))

    y0, y1 = 0.12, 20.0
    y2 = q["A_i"] / q["b_i"] * q["C"] * q["a_4"] * rate(q["C"] * q["a_3"] * y0)
    drive = q["p_mean"] + q["C"] * q["a_2"] * rate(q["C"] * q["a_1"] * y0)
    u, v = pull(settings, "y0", "y1", np.array([y0]), np.array([y1]))
    assert u[0] == pytest.approx(q["A_e"] * rate(y1 - y2) - q["b_e"] * y0)
    assert v[0] == pytest.approx(q["A_e"] * drive - q["b_e"] * y1)


def test_other_planes_have_neither() -> None:
    settings = bistable()
    for x_name, y_name in (("y0", "dy1"), ("dy0", "dy1"), ("y1-y2", "dy1"), ("y1", "y1")):
        got = portrait(settings, x_name, y_name, (0.0, 1.0), (0.0, 1.0), np.zeros(6))
        assert got.field == "none" and got.x.size == 0 and got.x_nullcline == ()


def test_errors_name_the_field() -> None:
    with pytest.raises(ExplorerError, match="phase plane"):
        field_kind("y3", "y0")
    with pytest.raises(ExplorerError, match="limits"):
        portrait(bistable(), "y0", "y1", (1.0, 1.0), (0.0, 1.0), np.zeros(6))


@pytest.mark.parametrize("circuit", list(CIRCUITS))
def test_corners_of_the_ranges_stay_finite(circuit: str) -> None:
    rows = CIRCUITS[circuit].parameters
    names = ("A_e", "A_i", "C", "r", "v_max", "p_mean")
    for ends in itertools.product((0, 1), repeat=len(names)):
        values = {n: (rows[n].low, rows[n].high)[e] for n, e in zip(names, ends, strict=True)}
        settings = make_settings(circuit, values)
        got = portrait(settings, "y1", "y2", (-100.0, 400.0), (-10.0, 3000.0), np.zeros(6))
        assert np.isfinite(got.u).all() and np.isfinite(got.v).all()
