"""The evoked experiment against cutting and averaging the whole trajectory by hand."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.backend.circuits import CIRCUITS
from explorer.backend.errors import ExplorerError
from explorer.backend.evoked import (
    Experiment,
    evoked,
    evoked_batch,
    experiment_of,
    protocol,
    remove_baseline,
)
from explorer.backend.settings import make_settings
from explorer.backend.simulate import simulate


def by_hand(source: np.ndarray, dt: float, n_trials: int, first_trial: int = 0) -> np.ndarray:
    """Mean of the epochs −0.2 … 1.0 s around 1, 2, 3 … s, every 4 ms, less its baseline."""
    per_second = round(1 / dt)
    epochs = []
    for k in range(first_trial, n_trials):
        onset = (k + 1) * per_second
        epochs.append(source[onset - per_second // 5 : onset + per_second + 1 : per_second // 250])
    mean = np.mean(epochs, axis=0)
    return mean - mean[:51].mean()


def test_times_of_the_published_protocol():
    experiment = Experiment()
    assert experiment.duration == pytest.approx(61.0)
    assert experiment.onsets == pytest.approx(np.arange(1, 61))
    assert experiment.time.size == 301
    assert experiment.time[[0, 50, 300]] == pytest.approx([-0.2, 0.0, 1.0], abs=1e-12)
    stimulus, slots = protocol(experiment, 1e-3)
    assert stimulus.shape == (61_000,)
    assert slots.first.shape == slots.second.shape == (61_001,)
    assert (slots.counts == 60).all()


def test_every_epoch_fills_every_slot_and_overlaps_are_kept_apart():
    _, slots = protocol(Experiment(n_trials=7), 1e-3)
    for index in (slots.first, slots.second):
        assert set(index) <= set(range(-1, 301))
    used = np.bincount(slots.first[slots.first >= 0], minlength=301)
    used += np.bincount(slots.second[slots.second >= 0], minlength=301)
    assert (used == 7).all()
    shared = np.flatnonzero((slots.first >= 0) & (slots.second >= 0)) / 1000
    assert shared.size == 6 * 51  # −0.2 … 0 s of all epochs but the first
    assert shared.min() == 1.8


@pytest.mark.parametrize("name", CIRCUITS)
@pytest.mark.parametrize("n_trials", [1, 2, 5])
@pytest.mark.parametrize("dt", [1e-3, 1e-4])
def test_response_is_the_average_by_hand(name, n_trials, dt):
    settings = make_settings(
        name, {"n_trials": n_trials, "p_sd": 1.8, "stim_width": 0.0305}, seed=3
    )
    response = evoked(settings, dt=dt)
    pulses = experiment_of(settings).pulses
    whole = simulate(settings, n_trials + 1.0, dt=dt, stimulus=pulses, stream=1)
    assert response.source == pytest.approx(by_hand(whole.source, dt, n_trials), abs=1e-9)
    assert response.n_trials == n_trials
    assert response.stimulus == (60.0, 0.0305)
    assert np.ptp(response.source) > 0.1


@pytest.mark.parametrize("integrator", ["strang", "euler"])
def test_the_integrator_asked_for_is_used(integrator):
    settings = make_settings("deepjr", {"n_trials": 3}, integrator=integrator)
    whole = simulate(settings, 4.0, stimulus=experiment_of(settings).pulses)
    assert evoked(settings).source == pytest.approx(by_hand(whole.source, 1e-3, 3), abs=1e-9)


def test_the_start_asked_for_is_used():
    settings = make_settings(
        "jansen_rit", {"n_trials": 2, "p_mean": 120, "p_sd": 0.0}, start="from_above"
    )
    whole = simulate(settings, 3.0, stimulus=experiment_of(settings).pulses)
    assert evoked(settings).source == pytest.approx(by_hand(whole.source, 1e-3, 2), abs=1e-9)


def test_later_trials_only():
    settings = make_settings("jansen_rit", {"p_mean": 90.0, "p_sd": 0.0})
    experiment = Experiment(n_trials=6, first_trial=4)
    found = evoked_batch(settings.table, settings.theta[None], experiment)[0]
    whole = simulate(settings, 7.0, stimulus=experiment.pulses)
    assert found == pytest.approx(by_hand(whole.source, 1e-3, 6, first_trial=4), abs=1e-7)


def test_batch_equals_single_for_common_streams():
    means = (60.0, 90.0, 220.0)
    settings = [make_settings("jansen_rit", {"p_mean": p}, seed=7) for p in means]
    theta = np.array([s.theta for s in settings])
    found = evoked_batch(
        settings[0].table, theta, experiment_of(settings[0]), seed=7, streams=np.ones(3, dtype=int)
    )
    for wave, s in zip(found, settings, strict=True):
        assert wave == pytest.approx(evoked(s).source, abs=1e-6)


@pytest.mark.parametrize("dt", [0.0015, 0.003, 0.0099, float("nan"), 0.0])
def test_steps_that_miss_the_samples_are_refused(dt):
    with pytest.raises(ExplorerError) as error:
        evoked(make_settings("deepjr"), dt=dt)
    assert error.value.field == "dt"


def test_the_baseline_is_zero():
    waves = np.random.default_rng(0).normal(5.0, 2.0, (4, 301))
    time = Experiment().time
    flat = remove_baseline(time, waves)
    assert flat[:, :51].mean(axis=1) == pytest.approx(0.0, abs=1e-12)
    assert np.diff(flat) == pytest.approx(np.diff(waves))
    response = evoked(make_settings("deepjr"))
    assert response.source[response.time <= 1e-9].mean() == pytest.approx(0.0, abs=1e-12)


def test_deepjr_default_response_is_that_of_the_exact_solution(exact):
    """All trials of the linear filter are alike once the start has been forgotten."""
    true = exact("deepjr", duration=3.0, pulses=((1.0, 1.05, 60.0), (2.0, 2.05, 60.0)))
    second = (true[:, 1] - true[:, 2])[1800:3001:4]
    response = evoked(make_settings("deepjr"))
    assert response.source == pytest.approx(second - second[:51].mean(), abs=1e-3)
    assert response.source.min() == pytest.approx(-17.66, abs=0.01)


def test_deepjr_default_response_by_euler_is_the_published_one():
    """−18.23 mV at its lowest, less a rest at −0.28 mV."""
    response = evoked(make_settings("deepjr", integrator="euler"))
    assert response.source.min() == pytest.approx(-18.23 + 0.28, abs=0.01)
    assert response.time[response.source.argmin()] == pytest.approx(0.056)


def test_averaging_reduces_noise_by_the_root_of_the_trials():
    """Below the first bifurcation trials are independent."""
    table = CIRCUITS["jansen_rit"]
    theta = np.tile(make_settings("jansen_rit", {"p_mean": 50.0, "p_sd": 5.0}).theta, (400, 1))
    one, nine = (
        evoked_batch(table, theta, Experiment(n_trials=n), seed=2)[:, 150:].var(axis=0).mean()
        for n in (1, 9)
    )
    assert one / nine == pytest.approx(9.0, rel=0.15)
