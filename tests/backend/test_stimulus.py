"""Pulse trains: exact areas anywhere on the grid, and the response of the filters to them."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.backend.parameters import PARAMETERS
from explorer.backend.settings import make_settings
from explorer.backend.simulate import decimated_slots, simulate, simulate_batch
from explorer.backend.stimulus import NO_STIMULUS, PulseTrain


def overlap(pulses: PulseTrain, n: int, dt: float) -> np.ndarray:
    """Mean over each step by cutting each pulse with each step."""
    left, right = np.arange(n) * dt, (np.arange(n) + 1) * dt
    total = np.zeros(n)
    for onset in pulses.onsets:
        total += np.clip(np.minimum(right, onset + pulses.width) - np.maximum(left, onset), 0, None)
    return total * pulses.amplitude / dt


@pytest.mark.parametrize("dt", [1e-3, 1e-4, 0.7e-3])
@pytest.mark.parametrize(
    ("width", "onsets"),
    [
        (0.05, (1.0,)), (0.05, (0.1234567, 0.91)), (0.005, (0.0, 0.5)), (0.0003, (0.20013,)),
        (0.3, tuple(0.3331 * k for k in range(6))), (0.0100004, (0.7, 1.9999)), (0.1, ()),
    ],
)  # fmt: skip
def test_mean_over_each_step(width, onsets, dt):
    pulses, n = PulseTrain(60.0, width, onsets), round(2.1 / dt)
    found = pulses.per_step(n, dt)
    assert found.shape == (n,)
    assert found == pytest.approx(overlap(pulses, n, dt), abs=1e-7 * 60)


def test_areas_of_random_pulses_are_exact():
    rng = np.random.default_rng(0)
    for _ in range(50):
        width = rng.uniform(PARAMETERS["stim_width"].low, PARAMETERS["stim_width"].high)
        pulses = PulseTrain(rng.uniform(1, 300), width, tuple(np.arange(60) + rng.uniform(0, 0.5)))
        area = pulses.per_step(62_000, 1e-3).sum() * 1e-3
        assert area == pytest.approx(60 * width * pulses.amplitude, rel=1e-11)


def test_a_pulse_beyond_the_end_is_cut():
    cut = PulseTrain(10.0, 0.2, (0.9, 5.0)).per_step(1000, 1e-3)
    assert cut.sum() * 1e-3 == pytest.approx(10.0 * 0.1)


def test_no_stimulus_is_exactly_nothing():
    assert (NO_STIMULUS.per_step(100, 1e-3) == 0.0).all()
    assert (PulseTrain(0.0, 0.05, (0.01,)).per_step(100, 1e-3) == 0.0).all()
    steps = PulseTrain(60.0, 0.05, tuple(range(1, 61))).per_step(62_000, 1e-3)
    assert np.count_nonzero(steps) == 60 * 50  # no dust of rounding between the pulses


def step_response(t: np.ndarray, gain: float, b: float) -> np.ndarray:
    """Response of y'' = gain·b − 2 b y' − b² y, at rest before t = 0."""
    t = np.maximum(t, 0.0)
    return gain / b * (1.0 - (1.0 + b * t) * np.exp(-b * t))


@pytest.mark.parametrize(("onset", "width"), [(0.1, 0.05), (0.1, 0.2), (0.123, 0.005)])
def test_linear_response_to_a_pulse_is_exact(onset, width):
    """With v_max = 0 each potential is a filtered pulse; on the grid no error is left."""
    settings = make_settings("deepjr")
    theta = np.repeat(settings.theta[None], 3, axis=0)
    theta[:, 9] = 0.0
    theta[1:, 0] = 5.0, 0.0  # A_e
    theta[1, 1] = 0.0  # A_i
    stimulus = PulseTrain(60.0, width, (onset,)).per_step(600, 1e-3)
    found = simulate_batch(settings.table, theta, stimulus, decimated_slots(600, 1)).source
    t = np.arange(601) * 1e-3 - onset

    def pulse(gain: float, b: float) -> np.ndarray:
        return 60.0 * (step_response(t, gain, b) - step_response(t - width, gain, b))

    assert found[0] == pytest.approx(pulse(3.25, 100.0) - pulse(22.0, 50.0), abs=1e-9)
    assert found[1] == pytest.approx(pulse(5.0, 100.0), abs=1e-9)
    assert found[2] == pytest.approx(-pulse(22.0, 50.0), abs=1e-9)


@pytest.mark.parametrize("circuit", ["deepjr", "jansen_rit"])
def test_response_to_pulses_off_the_grid(exact, circuit):
    """An edge inside a step is spread over it: an error of second order in the step."""
    pulses = PulseTrain(60.0, 0.05037, (0.30041, 0.7009))
    edges = tuple((on, on + pulses.width, pulses.amplitude) for on in pulses.onsets)
    true = exact(circuit, duration=1.2, pulses=edges, p_mean=60.0)
    source = true[:, 1] - true[:, 2]
    settings = make_settings(circuit, {"p_mean": 60.0, "p_sd": 0.0})
    errors = [
        np.abs(
            simulate(settings, 1.2, dt=dt, every=round(1e-3 / dt), stimulus=pulses).source - source
        )
        for dt in (1e-3, 1e-4)
    ]
    assert errors[0].max() < 0.01 * np.ptp(source)
    assert errors[1].max() < 0.0003 * np.ptp(source)
