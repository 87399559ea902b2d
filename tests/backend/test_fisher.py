"""Fisher information against exact derivatives, fits to noisy data, and the published table."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from explorer.backend import circuits
from explorer.backend.circuits import CIRCUITS
from explorer.backend.ensemble import last_two_responses, parameter_sets
from explorer.backend.errors import ExplorerError
from explorer.backend.evoked import Experiment, protocol, remove_baseline
from explorer.backend.fisher import (
    derivatives,
    least_covariance,
    noise_sd_mv,
    prior_sd,
    trained_widths,
)
from explorer.backend.fisher_report import fisher_at, products, symmetries
from explorer.backend.fisher_table import fisher_table
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.settings import Settings, make_settings

REGULAR = {
    "A_e": 6.3, "A_i": 23.6, "b_e": 66.3, "b_i": 42.4, "C": 82.0,
    "a_1": 1.15, "a_2": 0.695, "a_3": 0.266, "a_4": 0.351, "p_mean": 90.0,
}  # fmt: skip
"""A point of jansen_rit that repeats and at which all seven products are well known."""
DESIGN = {
    ("deepjr", None): (1.0, [
        [0.18, 0.02, 0.05, 0.00, 0.44, 0.91, 0.94, 0.96, 0.97],
        [0.76, 0.06, 0.39, 0.03, 0.98, 1.00, 1.00, 1.00, 1.00]]),
    ("jansen_rit", 90.0): (0.72, [
        [0.00, 0.85, 0.01, 0.03, 0.65, 0.77, 0.73, 0.64, 0.78],
        [0.16, 0.91, 0.25, 0.58, 0.90, 0.92, 0.95, 0.81, 0.87]]),
    ("jansen_rit", 220.0): (0.40, [
        [0.00, 0.87, 0.01, 0.02, 0.44, 0.66, 0.62, 0.65, 0.82],
        [0.14, 0.93, 0.19, 0.39, 0.62, 0.92, 0.94, 0.81, 0.91]]),
}  # fmt: skip
"""Repeating share and medians at noise factors 1 and 2500, computed elsewhere from 150 points."""


def strang_by_complex_step(settings: Settings, theta: np.ndarray, n_trials: int) -> np.ndarray:
    """Derivatives (9, samples) of the last response, exact: the scheme in complex NumPy."""
    h, eps = settings.table.dt, 1e-30
    p = np.tile(theta.astype(complex), (9, 1)).T  # (14, 9)
    p[range(9), range(9)] += 1j * eps
    a_e, a_i, b_e, b_i, c, a_1, a_2, a_3, a_4, v_max, v_0, r, p_mean = p[:13]
    w = settings.table.stimulus_weights
    experiment = Experiment(n_trials=n_trials, first_trial=n_trials - 1)
    stimulus, slots = protocol(experiment, h)
    row = slots.first if (slots.first >= 0).any() else slots.second
    y, v = np.zeros((3, 9), complex), np.zeros((3, 9), complex)
    b = np.stack([b_e, b_e, b_i])
    decay = np.exp(-b * h)
    out = np.empty((experiment.time.size, 9))

    def kick(share: float) -> None:
        def rate(x: np.ndarray) -> np.ndarray:
            return v_max / (1 + np.exp(r * (v_0 - x)))

        v[0] += share * h * a_e * b_e * rate(y[1] - y[2])
        v[1] += share * h * a_e * b_e * c * a_2 * rate(c * a_1 * y[0])
        v[2] += share * h * a_i * b_i * c * a_4 * rate(c * a_3 * y[0])

    for n in range(stimulus.size + 1):
        if row[n] >= 0:
            out[row[n]] = (y[1] - y[2]).imag / eps
        if n == stimulus.size:
            break
        kick(0.5)
        u = stimulus[n]
        drive = np.stack([a_e * b_e * w[0] * u, a_e * b_e * (p_mean + w[1] * u),
                          a_i * b_i * w[2] * u])  # fmt: skip
        rest = drive / b**2
        away = y - rest
        y, v = (
            rest + decay * ((1 + b * h) * away + h * v),
            decay * ((1 - b * h) * v - b**2 * h * away),
        )
        kick(0.5)
    return remove_baseline(experiment.time, out.T)


def variational(settings: Settings, theta: np.ndarray, n_trials: int) -> np.ndarray:
    """Derivatives (9, samples) from the variational equations, DOP853 at tight tolerance."""
    w = settings.table.stimulus_weights

    def field(state: np.ndarray, p: np.ndarray, u: float) -> np.ndarray:
        a_e, a_i, b_e, b_i, c, a_1, a_2, a_3, a_4, v_max, v_0, r, p_mean = p[:13]
        y0, y1, y2, v0, v1, v2 = state

        def rate(x: np.ndarray) -> np.ndarray:
            return v_max / (1 + np.exp(r * (v_0 - x)))

        f0 = a_e * b_e * (w[0] * u + rate(y1 - y2)) - 2 * b_e * v0 - b_e**2 * y0
        f1 = a_e * b_e * (p_mean + w[1] * u + c * a_2 * rate(c * a_1 * y0))
        f2 = a_i * b_i * (w[2] * u + c * a_4 * rate(c * a_3 * y0))
        return np.array([v0, v1, v2, f0, f1 - 2 * b_e * v1 - b_e**2 * y1,
                         f2 - 2 * b_i * v2 - b_i**2 * y2])  # fmt: skip

    steps = 1e-30j * np.eye(15)  # derivatives of the field itself by complex steps

    def both(t: float, packed: np.ndarray, u: float) -> np.ndarray:
        state, tangent = packed[:6], packed[6:].reshape(6, 9)
        s = state[:, None] + steps[:6]  # (6, 15)
        p = np.vstack([theta[:9, None] + steps[6:], np.repeat(theta[9:, None], 15, axis=1)])
        slopes = field(s, p, u).imag / 1e-30  # (6, 15)
        return np.append(field(state, theta, u), (slopes[:, :6] @ tangent + slopes[:, 6:]).ravel())

    experiment = Experiment(n_trials=n_trials)
    edges = sorted({0.0, experiment.duration}
                   | {t for o in experiment.onsets for t in (o, o + experiment.width)})  # fmt: skip
    wanted = experiment.onsets[-1] + experiment.time
    packed, found = np.zeros(60), np.full((9, wanted.size), np.nan)
    for start, end in pairwise(edges):
        on = any(abs(start - o) < 1e-9 for o in experiment.onsets)
        inside = np.flatnonzero((wanted >= start - 1e-9) & (wanted <= end + 1e-9))
        times = np.append(np.clip(wanted[inside], start, end), end)
        run = solve_ivp(both, (start, end), packed, "DOP853", np.unique(times),
                        args=(60.0 if on else 0.0,), rtol=1e-10, atol=1e-11)  # fmt: skip
        tangents = run.y[6:].reshape(6, 9, -1)
        at = np.searchsorted(run.t, times[:-1])
        found[:, inside] = (tangents[1] - tangents[2])[:, at]
        packed = run.y[:, -1]
    return remove_baseline(experiment.time, found)


@pytest.mark.parametrize(
    "settings", [make_settings("deepjr"), make_settings("jansen_rit", REGULAR)], ids=["d", "j"]
)
def test_derivatives_are_those_of_the_scheme(settings):
    theta = settings.changed(p_sd=0.0).theta
    found = derivatives(settings, theta[None], n_trials=3)
    exact = strang_by_complex_step(settings, theta, 3)
    scale = np.abs(exact).max(axis=1, keepdims=True)
    assert (np.abs(found.jacobian[0] - exact) / scale).max() < 1e-5  # C of deepjr: rounding
    assert found.error[0] < 1e-6


def test_derivatives_are_those_of_the_equations(monkeypatch):
    fine = {name: replace(table, dt=1e-4) for name, table in CIRCUITS.items()}
    monkeypatch.setattr(circuits, "CIRCUITS", fine)
    settings = make_settings("jansen_rit", REGULAR)
    theta = settings.changed(p_sd=0.0).theta
    found = derivatives(settings, theta[None], n_trials=2)
    exact = variational(settings, theta, 2)
    scale = np.abs(exact).max(axis=1, keepdims=True)
    assert (
        np.abs(found.jacobian[0] - exact) / scale
    ).max() < 1e-3  # the scheme's own error at 0.1 ms


def test_the_bound_is_the_inverse_of_information_and_prior():
    rng = np.random.default_rng(1)
    jacobian, prior = rng.normal(size=(9, 40)), rng.uniform(0.5, 20, 9)
    bound = least_covariance(jacobian, 0.3, prior)
    inverse = np.linalg.inv(jacobian @ jacobian.T / 0.09 + np.diag(prior**-2))
    assert bound.covariance == pytest.approx(inverse, rel=1e-9, abs=1e-12)
    assert bound.sd == pytest.approx(np.sqrt(np.diag(inverse)))
    assert (np.diff(bound.eigenvalues) <= 0).all()
    assert least_covariance(0 * jacobian, 0.3, prior).sd == pytest.approx(prior)


def test_prior_is_that_of_a_uniform_draw():
    table = CIRCUITS["jansen_rit"]
    assert prior_sd(table)[0] == pytest.approx(np.random.default_rng(0).uniform(
        2.6, 6.5, 200_000).std(), rel=0.01)  # fmt: skip
    assert trained_widths(table)[4] == 205.0


@pytest.mark.parametrize(("circuit", "count"), [("jansen_rit", 2), ("deepjr", 1)])
def test_the_named_symmetries_leave_the_source_as_it_is(circuit, count):
    values = REGULAR if circuit == "jansen_rit" else {"A_i": 30.0}
    settings = make_settings(circuit, values)
    base = settings.theta[:9]
    c_up = base * np.array([1, 1, 1, 1, 1.1, *[1 / 1.1] * 4])
    a_i_up = base * np.array([1, 1.1, 1, 1, 1, 1, 1, 1, 1 / 1.1])
    theta = parameter_sets(settings, INFERRED_NAMES, np.array([base, c_up, a_i_up]))
    theta[:, 13] = 0
    last, _ = last_two_responses(settings, theta, 3)
    assert last[1] == pytest.approx(last[0], abs=1e-9)
    assert (np.abs(last[2] - last[0]).max() < 1e-9) == (count == 2)
    assert len(symmetries(settings.table)) == count
    powers = np.array([one.powers for one in products(settings.table)])
    assert np.linalg.matrix_rank(powers) == len(powers) == 9 - count


def test_two_eigenvalues_are_the_priors_and_lie_along_the_symmetries():
    report = fisher_at(make_settings("jansen_rit", REGULAR))
    assert report.n_prior_only == 2
    assert report.eigenvalues[-2:] == pytest.approx(1.0, abs=1e-6)
    value, prior = np.array(list(REGULAR.values())[:9]), prior_sd(CIRCUITS["jansen_rit"])
    tangents = np.array([[0, 0, 0, 0, 1, -1, -1, -1, -1], [0, 1, 0, 0, 0, 0, 0, 0, -1]])
    tangents = tangents * value / prior
    basis = report.eigenvectors[-2:]
    left = tangents - tangents @ basis.T @ basis
    assert np.linalg.norm(left) < 1e-4 * np.linalg.norm(tangents)


def test_a_report_says_what_is_known_and_what_is_not():
    report = fisher_at(make_settings("jansen_rit", REGULAR))
    assert report.repeats
    assert report.reason == ""
    assert (report.sd <= prior_sd(CIRCUITS["jansen_rit"]) * (1 + 1e-9)).all()
    labels = [one.label for one in report.products]
    assert labels == ["A_e", "b_e", "b_i", "C·a_1", "C·a_2", "C·a_3", "A_i·C·a_4"]
    assert report.products_percent.max() < 0.1
    assert report.percent[INFERRED_NAMES.index("A_i")] > 15
    text = " ".join(report.sentences())
    assert "A_i·C·a_4 is known to 0.02 %; A_i alone to " in text
    assert "A_i up and a_4 down by the same factor leaves the source as it is." in text


def test_more_noise_and_less_gain_know_less():
    settings = make_settings("jansen_rit", REGULAR)
    clean, noisy, weak, silent = (
        fisher_at(settings.changed(**change))
        for change in ({}, {"noise_factor": 2500.0}, {"gain": 3.0}, {"noise_factor": 0.0})
    )
    assert noisy.noise_mv == pytest.approx(50 * clean.noise_mv)
    assert weak.noise_mv == pytest.approx(settings["gain"] / 3 * clean.noise_mv)
    assert (noisy.ratio_to_prior >= weak.ratio_to_prior).all()
    assert (weak.ratio_to_prior >= clean.ratio_to_prior).all()
    assert np.isfinite(silent.sd).all()


def test_a_response_that_does_not_repeat_is_said():
    report = fisher_at(make_settings("jansen_rit", {"p_mean": 150.0}))
    assert not report.repeats
    assert np.isnan(report.sd).all()
    assert report.sentences() == (report.reason,)
    assert "out of step with the stimulus" in report.reason


def test_repeating_is_what_whole_trajectories_say():
    settings = make_settings("jansen_rit", {"p_mean": 90.0})
    low, high = np.array(list(settings.table.trained_ranges().values())).T
    points = low + (high - low) * np.random.default_rng(4).random((40, 9))
    theta = parameter_sets(settings, INFERRED_NAMES, points)
    found = derivatives(settings, theta).repeats
    theta[:, 13] = 0
    later, before = last_two_responses(settings, theta, 60)
    assert np.mean(found == (np.abs(later - before).max(axis=1) < 1e-3)) > 0.9
    assert 0.5 < found.mean() < 0.95


@pytest.mark.parametrize(("circuit", "p_mean"), DESIGN)
def test_the_published_table_is_reproduced(circuit, p_mean):
    share, medians = DESIGN[circuit, p_mean]
    found = fisher_table(circuit, p_mean, seed=2)
    tolerance = 3 * np.sqrt(2) * found.error + 0.03  # two samples of 150, and rounding
    assert (np.abs(found.median - medians) < tolerance).all()
    assert abs(found.repeating - share) < 0.18
    assert found.prior_only > 0.98


def test_a_fit_to_noisy_data_spreads_as_the_bound_says():
    """Maximum likelihood in the log products, by Gauss-Newton, over 60 draws of noise."""
    settings, draws = make_settings("jansen_rit", REGULAR), 60
    point = settings.theta[:9]
    lift = np.linalg.pinv(np.array([one.powers for one in products(settings.table)]))  # (9, 7)
    noise = noise_sd_mv(settings)

    def responses(logs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        sets = parameter_sets(settings, INFERRED_NAMES, point * np.exp(logs @ lift.T))
        found = derivatives(settings, sets)
        return found.response, np.einsum("nkt,nk,kp->npt", found.jacobian, sets[:, :9], lift)

    truth, jacobian = responses(np.zeros((1, 7)))
    bound = np.linalg.inv(jacobian[0] @ jacobian[0].T) * noise**2
    data = truth + noise * np.random.default_rng(3).normal(size=(draws, 301))
    logs = np.zeros((draws, 7))
    for _ in range(2):
        y, jacobian = responses(logs)
        logs += [np.linalg.lstsq(jacobian[i].T, data[i] - y[i])[0] for i in range(draws)]
    spread = logs.std(axis=0, ddof=1) / np.sqrt(np.diag(bound))
    assert spread == pytest.approx(1.0, abs=3 / np.sqrt(2 * draws))
    assert np.sqrt(np.mean(spread**2)) == pytest.approx(1.0, abs=0.1)
    report = fisher_at(settings)  # at this point the prior adds next to nothing to the products
    assert report.products_percent / 100 == pytest.approx(np.sqrt(np.diag(bound)), rel=0.01)


def test_a_table_with_bad_input_is_refused():
    with pytest.raises(ExplorerError, match="points"):
        fisher_table("deepjr", n_points=1)
    with pytest.raises(ExplorerError, match="seed"):
        fisher_table("deepjr", n_points=5, seed=0)
    with pytest.raises(ExplorerError, match="p_mean"):
        fisher_table("jansen_rit", 1000.0)
