"""Forward Euler against plain-Python loops, and the figures of the published circuit."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from explorer.backend.circuits import CIRCUITS
from explorer.backend.evoked import Experiment
from explorer.backend.settings import make_settings
from explorer.backend.simulate import simulate

EXPERIMENT = Experiment()
STEPS = 61_000


def loop_in_table_units(theta, weights, stimulus, h):
    """Forward Euler in mV, each sum and product in the kernel's order."""
    a_e, a_i, a, b, c, a_1, a_2, a_3, a_4, v_max, v_0, r, p, _ = theta
    c1, c2, c3, c4 = c * a_1, c * a_2, c * a_3, c * a_4
    y0 = y1 = y2 = y3 = y4 = y5 = 0.0
    states = [(y0, y1, y2, y3, y4, y5)]
    for u in stimulus:
        f0 = v_max / (1.0 + math.exp(r * (v_0 - (y1 - y2))))
        f1 = v_max / (1.0 + math.exp(r * (v_0 - c1 * y0)))
        f2 = v_max / (1.0 + math.exp(r * (v_0 - c3 * y0)))
        d0 = a_e * a * (u * weights[0] + f0) - 2 * a * y3 - a * a * y0
        d1 = a_e * a * (p + u * weights[1] + c2 * f1) - 2 * a * y4 - a * a * y1
        d2 = a_i * b * (u * weights[2] + c4 * f2) - 2 * b * y5 - b * b * y2
        y0, y1, y2 = y0 + h * y3, y1 + h * y4, y2 + h * y5
        y3, y4, y5 = y3 + h * d0, y4 + h * d1, y5 + h * d2
        states.append((y0, y1, y2, y3, y4, y5))
    return np.array(states)


def loop_in_volts(a_e, a_i, b_e, b_i, c, shares, stimulus, h=1e-3):
    """The published circuit: gains and potentials in V, the slope 0.56 applied to volts.

    Returns the potentials (steps + 1, 3) in V and every sigmoid as a share of its maximum.
    """

    def share(v):
        return 1.0 / (1.0 + math.exp(0.56 * (0.006 - v)))

    x, dx = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]
    potentials, sigmoids = [tuple(x)], []
    rates = (b_e, b_e, b_i)
    gains = (a_e, a_e, a_i)
    for u in stimulus:
        s = (share(x[1] - x[2]), share(c * shares[0] * x[0]), share(c * shares[2] * x[0]))
        into = (
            0.56 * u + 0.05 * s[0],
            u + c * shares[1] * 0.05 * s[1],
            u + c * shares[3] * 0.05 * s[2],
        )
        slope = [
            g * k * i - 2 * k * v - k * k * y
            for g, k, i, v, y in zip(gains, rates, into, dx, x, strict=True)
        ]
        x = [y + h * v for y, v in zip(x, dx, strict=True)]
        dx = [v + h * d for v, d in zip(dx, slope, strict=True)]
        potentials.append(tuple(x))
        sigmoids.append(s)
    return np.array(potentials), np.array(sigmoids)


def pulses(steps: int) -> list[float]:
    """60 s⁻¹ for 50 steps from each whole second on, as the published code has it."""
    return [60.0 if n >= 1000 and n % 1000 < 50 else 0.0 for n in range(steps)]


@pytest.fixture(scope="module")
def published():
    return loop_in_volts(0.00325, 0.022, 100.0, 50.0, 135.0, (1.0, 0.8, 0.25, 0.25), pulses(STEPS))


@pytest.fixture(scope="module")
def euler():
    settings = make_settings("deepjr", integrator="euler")
    return simulate(settings, 61.0, stimulus=EXPERIMENT.pulses)


def test_the_experiment_has_the_published_stimulus():
    assert EXPERIMENT.pulses.per_step(STEPS, 1e-3) == pytest.approx(pulses(STEPS), abs=1e-8)


@pytest.mark.parametrize("case", range(4))
def test_bit_for_bit_the_plain_loop(case):
    rows = CIRCUITS["deepjr"].parameters
    rng = np.random.default_rng(case)
    values = {}
    if case:
        values = {n: rng.uniform(row.low, row.high) for n, row in rows.items() if n != "n_trials"}
    settings = make_settings("deepjr", values | {"p_sd": 0.0}, integrator="euler")
    stimulus = EXPERIMENT.pulses.per_step(5000, 1e-3)
    loop = loop_in_table_units(
        settings.theta.tolist(), settings.table.stimulus_weights, stimulus.tolist(), 1e-3
    )
    found = simulate(settings, 5.0, stimulus=EXPERIMENT.pulses)
    assert (found.states == loop).all()
    assert np.ptp(found.source) > 0.1


def test_the_published_formulation_in_volts(published, euler):
    potentials, _ = published
    scale = np.abs(potentials).max(axis=0)
    assert (np.abs(euler.states[:, :3] / 1000 - potentials).max(axis=0) < 1e-9 * scale).all()


def test_other_parameters_in_volts():
    rng = np.random.default_rng(2)
    rows = CIRCUITS["deepjr"].parameters
    q = {n: rng.uniform(*rows[n].trained) for n in list(rows)[:9]}
    volts, _ = loop_in_volts(
        q["A_e"] / 1000, q["A_i"] / 1000, q["b_e"], q["b_i"], q["C"],
        [q[f"a_{i}"] for i in (1, 2, 3, 4)], pulses(5000),
    )  # fmt: skip
    found = simulate(
        make_settings("deepjr", q, integrator="euler"), 5.0, stimulus=EXPERIMENT.pulses
    )
    error = np.abs(found.states[:, :3] / 1000 - volts).max(axis=0)
    assert (error < 1e-9 * np.abs(volts).max(axis=0)).all()


def test_figures_of_the_published_run(published, euler):
    _, sigmoids = published
    assert sigmoids.min() == pytest.approx(0.4966, abs=5e-5)
    assert sigmoids.max() == pytest.approx(0.5192, abs=5e-5)
    assert euler.source.min() == pytest.approx(-18.23, abs=5e-3)
    assert euler.source.max() == pytest.approx(0.0, abs=5e-3)


def test_strang_tells_the_same_story(euler):
    strang = simulate(make_settings("deepjr"), 61.0, stimulus=EXPERIMENT.pulses).source
    assert strang.min() > -18.3
    assert strang.max() < 1e-9
    assert np.abs(strang - euler.source).max() < 0.06 * np.ptp(strang)  # first-order error


def test_deepjr_by_strang_follows_the_exact_solution(exact):
    true = exact("deepjr", duration=2.5, pulses=((1.0, 1.05, 60.0), (2.0, 2.05, 60.0)))
    found = simulate(make_settings("deepjr"), 2.5, stimulus=EXPERIMENT.pulses)
    assert np.abs(found.source - (true[:, 1] - true[:, 2])).max() < 1e-4


def test_euler_is_first_order(exact):
    true = exact("deepjr", duration=2.5, pulses=((1.0, 1.05, 60.0), (2.0, 2.05, 60.0)))
    settings = make_settings("deepjr", integrator="euler")
    errors = []
    for dt in (1e-4, 0.5e-4):
        states = simulate(
            settings, 2.5, dt=dt, every=round(1e-3 / dt), stimulus=EXPERIMENT.pulses
        ).states
        errors.append(np.abs((states - true)[:, 1] - (states - true)[:, 2]).max())
    assert math.log2(errors[0] / errors[1]) == pytest.approx(1.0, abs=0.05)


def test_euler_noise_has_the_right_strength():
    """Stationary variance of y1 with the coupling as good as constant, to first order."""
    settings = make_settings("deepjr", {"p_sd": 1.8}, integrator="euler")
    y1 = simulate(settings, 400.0, dt=1e-4, every=500).states[20:, 1]
    true = (3.25 * 100 * 1.8) ** 2 / (4 * 100**3)
    assert y1.var() == pytest.approx(true, rel=4 * math.sqrt(2 / y1.size) + 0.01)


def test_why_jansen_rit_does_not_offer_it(cycle):
    """At 1 ms and p_mean 220: 10.04 Hz and 6.08 mV where 10.94 Hz and 2.95 mV are right."""
    quiet = make_settings("jansen_rit", {"p_sd": 0.0})
    rhythm = cycle(simulate(replace(quiet, integrator="euler"), 20.0).source[10_000:], 1e-3)
    assert rhythm.frequency == pytest.approx(10.04, abs=0.01)
    assert rhythm.peak_to_peak == pytest.approx(6.08, abs=0.02)
