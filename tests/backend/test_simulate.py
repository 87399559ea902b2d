"""The integrator against DOP853, the figures of the model, and the two kernels' agreement."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from explorer.backend.circuits import CIRCUITS
from explorer.backend.errors import ExplorerError
from explorer.backend.parameters import MODEL_NAMES
from explorer.backend.settings import make_settings
from explorer.backend.simulate import (
    average_source,
    check_state,
    decimated_slots,
    n_steps_for,
    simulate,
    simulate_batch,
)
from explorer.backend.spreading import Cancelled
from explorer.backend.stimulus import PulseTrain

FIGURES = {120.0: (4.809, 9.944, 3.670), 220.0: (10.938, 2.946, 7.568)}
"""p_mean → upward crossings of the mean per second, peak to peak (mV), plain mean (mV),
from 10 s to 20 s after a start from zero, by DOP853: the figures this project began with."""
FREQUENCIES = {120.0: 2.3846, 220.0: 10.9380}
"""p_mean → true frequency in Hz. A slow spike has a second hump that crosses the mean, so
there the crossing rate is about twice the frequency."""


def quiet(p_mean: float, **choices):
    return make_settings("jansen_rit", {"p_mean": p_mean, "p_sd": 0.0}, **choices)


@pytest.fixture(scope="module")
def settled(exact, cycle):
    """Cycle of the exact solution from 10 s to 20 s, by p_mean."""
    return {p: cycle(settled_source(exact(duration=20.0, p_mean=p)), 1e-3) for p in FIGURES}


def settled_source(states: np.ndarray) -> np.ndarray:
    return (states[:, 1] - states[:, 2])[10_000:]


def relative(found, true) -> tuple[float, float, float]:
    pairs = (
        (found.frequency, true.frequency),
        (found.peak_to_peak, true.peak_to_peak),
        (found.mean, true.mean),
    )
    return tuple(abs(a / b - 1.0) for a, b in pairs)


@pytest.mark.parametrize("p_mean", FIGURES)
def test_exact_solution_shows_the_published_figures(exact, settled, p_mean):
    true, mean = settled[p_mean], settled_source(exact(duration=20.0, p_mean=p_mean)).mean()
    found = (true.crossing_rate, true.peak_to_peak, mean)
    assert found == pytest.approx(FIGURES[p_mean], abs=6e-4)
    assert true.frequency == pytest.approx(FREQUENCIES[p_mean], abs=1e-4)


@pytest.mark.parametrize(
    ("p_mean", "frequency", "amplitude"), [(220.0, 0.003, 0.01), (120.0, 0.025, 0.01)]
)
def test_one_millisecond_is_close(settled, cycle, p_mean, frequency, amplitude):
    source = simulate(quiet(p_mean), 20.0).source[10_000:]
    errors = relative(cycle(source, 1e-3), settled[p_mean])
    assert errors[0] < frequency
    assert errors[1] < amplitude
    assert errors[2] < 0.02


@pytest.mark.parametrize("p_mean", FIGURES)
def test_a_tenth_of_a_millisecond_is_within_half_a_thousandth(settled, cycle, p_mean):
    source = simulate(quiet(p_mean), 20.0, dt=1e-4, every=10).source[10_000:]
    found = cycle(source, 1e-3)
    assert max(relative(found, settled[p_mean])) < 5e-4
    assert found.crossing_rate == pytest.approx(FIGURES[p_mean][0], rel=5e-4)
    assert found.peak_to_peak == pytest.approx(FIGURES[p_mean][1], rel=5e-4)
    assert source.mean() == pytest.approx(FIGURES[p_mean][2], rel=5e-4)


def path_error(exact, p_mean: float, dt: float, seconds: float) -> float:
    every = round(1e-3 / dt)
    states = exact(duration=20.0, p_mean=p_mean)[: round(seconds * 1000) + 1]
    source = simulate(quiet(p_mean), seconds, dt=dt, every=every).source
    return float(np.abs(source - (states[:, 1] - states[:, 2])).max())


@pytest.mark.parametrize("p_mean", FIGURES)
def test_second_order(exact, p_mean):
    steps = (1e-3, 0.5e-3, 0.25e-3, 0.125e-3)
    errors = np.array([path_error(exact, p_mean, dt, 1.0) for dt in steps])
    assert np.log2(errors[:-1] / errors[1:]) == pytest.approx(2.0, abs=0.03)


@pytest.mark.parametrize(
    ("dt", "seconds", "error"),
    [
        (1e-3, 1.0, 0.1136), (0.5e-3, 1.0, 0.0284), (1e-4, 1.0, 0.00114),
        (1e-3, 2.0, 0.213), (0.5e-3, 2.0, 0.0532), (1e-4, 2.0, 0.00213),
    ],
)  # fmt: skip
def test_path_errors_are_those_of_the_documentation(exact, dt, seconds, error):
    assert path_error(exact, 220.0, dt, seconds) == pytest.approx(error, rel=0.01)


def test_all_six_states_follow_the_exact_solution(exact):
    states = simulate(quiet(220.0), 1.0, dt=1e-4, every=10).states
    true = exact(duration=20.0, p_mean=220.0)[:1001]
    assert np.abs(states - true).max(axis=0) == pytest.approx(0.0, abs=1e-3 * np.abs(true).max())
    assert (np.abs(states - true).max(axis=0) < 1e-3 * np.ptp(true, axis=0)).all()


def test_history_decides_between_spikes_and_alpha(exact, cycle):
    """At 120 s⁻¹ from above: settled at 220, then brought to 120; the rhythm is alpha."""
    above = exact(duration=20.0, p_mean=220.0)[5000]
    true = exact(duration=20.0, p_mean=120.0, initial=tuple(above))
    found = simulate(quiet(120.0, start="from_above"), 20.0)
    assert np.abs(found.states[0] - above)[:3].max() < 0.6  # mV, after 5 s at 1 ms
    rhythm = cycle(settled_source(found.states), 1e-3)
    assert max(relative(rhythm, cycle(settled_source(true), 1e-3))) < 0.01
    assert 8.0 < rhythm.frequency < 13.0
    assert cycle(simulate(quiet(120.0), 20.0).source[10_000:], 1e-3).frequency < 6.0


def test_from_below_settles_at_less_input():
    below = simulate(quiet(20.0), 5.0).states[-1]
    assert simulate(quiet(120.0, start="from_below"), 0.01).states[0] == pytest.approx(below)


PULSES = PulseTrain(300.0, 0.0503, (0.1007, 1.1))


def kernel_gap(settings: list, initial: np.ndarray) -> np.ndarray:
    """Largest difference of the two kernels' sources over 1.5 s, mV, (n,)."""
    theta = np.array([s.theta for s in settings])
    batch = simulate_batch(
        settings[0].table, theta, PULSES.per_step(1500, 1e-3), decimated_slots(1500, 4),
        initial=initial, seed=5,
    )  # fmt: skip
    gaps = []
    for i, s in enumerate(settings):
        alone = simulate(s, 1.5, stimulus=PULSES, initial=initial[i], stream=i)
        assert batch.final[i] == pytest.approx(alone.states[-1], rel=1e-4, abs=1e-3)
        gaps.append(np.abs(batch.source[i] - alone.source[::4]).max())
    return np.array(gaps)


@pytest.mark.parametrize("name", CIRCUITS)
@pytest.mark.parametrize(("p_sd", "bound"), [(0.0, 1e-8), (1.8, 1e-8), (20.0, 1e-7)])
def test_batch_kernel_equals_single_kernel(name, p_sd, bound):
    """At the defaults, in two blocks and a part of a third."""
    settings = [make_settings(name, {"p_sd": p_sd}, seed=5)] * 37
    initial = np.random.default_rng(3).normal(0, 1, (37, 6))
    assert kernel_gap(settings, initial).max() < bound


@pytest.mark.parametrize("name", CIRCUITS)
def test_batch_kernel_equals_single_kernel_all_over_the_ranges(name):
    """Where neighbouring paths part fast, 1e-12 of the sigmoids grows to 1e-5 mV."""
    rows = CIRCUITS[name].parameters
    rng = np.random.default_rng(3)
    settings = [
        make_settings(
            name, {k: rng.uniform(rows[k].low, rows[k].high) for k in MODEL_NAMES}, seed=5
        )
        for _ in range(150)
    ]
    gaps = kernel_gap(settings, np.zeros((150, 6)))
    assert np.median(gaps) < 1e-8
    assert gaps.max() < 1e-4


def test_lanes_do_not_touch_each_other():
    """A lane in the company of wild neighbours gives bit for bit what it gives alone."""
    table, theta = CIRCUITS["jansen_rit"], quiet(220.0).theta
    slots, stimulus = decimated_slots(500, 5), np.zeros(500)
    alone = simulate_batch(table, theta[None], stimulus, slots).source[0]
    for position in (0, 7, 15, 16, 20):
        crowd = np.random.default_rng(0).uniform(0.5, 2.0, (21, 14)) * theta
        crowd[position] = theta
        found = simulate_batch(table, crowd, stimulus, slots).source[position]
        assert (found == alone).all()


def corners(name: str) -> np.ndarray:
    rows = [CIRCUITS[name].parameters[k] for k in MODEL_NAMES]
    return np.array(list(itertools.product(*((row.low, row.high) for row in rows))))


@pytest.mark.parametrize("name", CIRCUITS)
def test_every_corner_of_the_ranges_is_finite_and_bounded(name):
    """All 2¹⁴ corners; y0 and y2 are filtered rates, so they never pass A/b · input."""
    theta = corners(name)
    w_e, _, w_i = CIRCUITS[name].stimulus_weights
    stimulus = PulseTrain(300.0, 0.3, (0.2,)).per_step(2000, 1e-3)
    batch = simulate_batch(CIRCUITS[name], theta, stimulus, decimated_slots(2000, 50), seed=9)
    assert np.isfinite(batch.source).all()
    assert np.isfinite(batch.final).all()
    a_e, a_i, b_e, b_i, c, a_4, v_max = theta.T[[0, 1, 2, 3, 4, 8, 9]]
    assert (batch.final[:, 0] <= 1.002 * a_e / b_e * (v_max + w_e * 300)).all()
    assert (batch.final[:, 2] <= 1.002 * a_i / b_i * (c * a_4 * v_max + w_i * 300)).all()
    assert (batch.final[:, [0, 2]] >= -1e-9).all()
    assert np.ptp(batch.source, axis=1).min() > 1e-6  # something was simulated everywhere


@pytest.mark.parametrize("name", CIRCUITS)
def test_corners_are_finite_for_one_trajectory_and_each_integrator(name):
    some = np.random.default_rng(1).choice(corners(name), 100, replace=False)
    for integrator, vector in itertools.product(CIRCUITS[name].integrators, some):
        values = dict(zip(MODEL_NAMES, vector, strict=True))
        settings = make_settings(name, values, integrator=integrator, start="from_below")
        states = simulate(settings, 1.0, stimulus=PulseTrain(300.0, 0.3, (0.2,))).states
        assert np.isfinite(states).all()


def test_decimation_and_averages_keep_the_right_moments():
    settings = make_settings("jansen_rit", {"p_sd": 5.0})
    whole = simulate(settings, 1.0)
    thinned = simulate(settings, 1.0, every=7)
    assert (thinned.states == whole.states[::7]).all()
    assert thinned.time == pytest.approx(np.arange(143) * 0.007)
    slots = decimated_slots(1000, 4, skip=200)
    assert average_source(settings, np.zeros(1000), slots, 1e-3) == pytest.approx(
        whole.source[200::4], abs=1e-12
    )


def test_a_run_may_be_cut_and_continued():
    whole = simulate(quiet(220.0), 2.0).states
    first = simulate(quiet(220.0), 0.7).states
    second = simulate(quiet(220.0), 1.3, initial=first[-1]).states
    assert np.vstack([first, second[1:]]) == pytest.approx(whole, abs=1e-9)


def test_the_initial_state_given_is_left_alone():
    state = np.ones(6)
    simulate(quiet(220.0), 0.1, initial=state)
    simulate_batch(
        CIRCUITS["jansen_rit"], quiet(220.0).theta[None], np.zeros(9), decimated_slots(9, 1),
        initial=state,
    )  # fmt: skip
    assert (state == 1.0).all()


@pytest.mark.parametrize(
    ("duration", "dt", "field"),
    [
        (0.0, 1e-3, "duration"), (-1.0, 1e-3, "duration"), (float("nan"), 1e-3, "duration"),
        (float("inf"), 1e-3, "duration"), (1e6, 1e-3, "duration"), (1e-4, 1e-3, "duration"),
        (1.0, 0.0, "dt"), (1.0, -1e-3, "dt"), (1.0, 0.02, "dt"), (1.0, float("nan"), "dt"),
    ],
)  # fmt: skip
def test_durations_and_steps_that_cannot_be_used(duration, dt, field):
    with pytest.raises(ExplorerError) as error:
        n_steps_for(duration, dt)
    assert error.value.field == field


@pytest.mark.parametrize("state", [np.zeros(5), np.zeros((2, 6)), np.full(6, np.nan)])
def test_initial_states_that_cannot_be_used(state):
    with pytest.raises(ExplorerError) as error:
        check_state(state)
    assert error.value.field == "initial"


@pytest.mark.parametrize("theta", [np.zeros(14), np.zeros((2, 13)), np.full((2, 14), np.nan)])
def test_parameter_arrays_that_cannot_be_used(theta):
    with pytest.raises(ExplorerError) as error:
        simulate_batch(CIRCUITS["jansen_rit"], theta, np.zeros(9), decimated_slots(9, 1))
    assert error.value.field == "theta"


def test_progress_ends_at_one_and_can_stop_the_work():
    theta = np.tile(quiet(220.0).theta, (640, 1))
    seen: list[float] = []

    def go_on(share: float) -> bool:
        seen.append(share)
        return True

    stimulus, slots = np.zeros(2000), decimated_slots(2000, 100)
    simulate_batch(CIRCUITS["jansen_rit"], theta, stimulus, slots, progress=go_on)
    assert seen[-1] == 1.0
    assert seen == sorted(seen)
    with pytest.raises(Cancelled):
        simulate_batch(CIRCUITS["jansen_rit"], theta, stimulus, slots, progress=lambda share: False)
