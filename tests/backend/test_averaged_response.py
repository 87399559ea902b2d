"""The cheap averaged response against the whole simulation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from explorer.backend.averaged_response import AveragedResponse
from explorer.backend.ensemble import evoked_waves, last_two_responses, parameter_sets
from explorer.backend.evoked import experiment_of
from explorer.backend.fisher import REPEAT_TOLERANCE_MV, SETTLED_TRIALS, noise_sd_mv
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.settings import Settings, make_settings


def random_sets(settings: Settings, n: int, seed: int) -> np.ndarray:
    low, high = np.array(list(settings.table.trained_ranges().values())).T
    points = low + (high - low) * np.random.default_rng(seed).random((n, 9))
    return parameter_sets(settings, INFERRED_NAMES, points)


@pytest.mark.parametrize("circuit", ["deepjr", "jansen_rit"])
@pytest.mark.parametrize("noise_factor", [1.0, 2500.0])
def test_it_is_the_average_of_all_trials(circuit, noise_factor):
    values = {"p_mean": 90.0, "p_sd": 0.0, "noise_factor": noise_factor}
    settings = make_settings(circuit, values)
    theta, noise = random_sets(settings, 128, 1), noise_sd_mv(settings)
    model = AveragedResponse(settings, noise)
    found = model(theta)
    whole = evoked_waves(settings, theta, experiment_of(settings))
    repeats = np.isfinite(found[:, 0])
    assert np.abs(found - whole)[repeats].max() < 0.1 * noise
    assert (repeats.mean() > 0.6) & (repeats.all() == (circuit == "deepjr"))
    assert model.n_evaluations == 128
    full = 128 * (800 + 61_000)
    assert model.n_steps < (0.05 if circuit == "deepjr" else 0.6) * full


def test_what_does_not_repeat_is_left_out():
    settings = make_settings("jansen_rit", {"p_mean": 90.0, "p_sd": 0.0})
    theta = random_sets(settings, 128, 2)
    last, before = last_two_responses(settings, theta, SETTLED_TRIALS)
    repeats = np.abs(last - before).max(axis=1) < REPEAT_TOLERANCE_MV
    found = np.isfinite(AveragedResponse(settings, noise_sd_mv(settings))(theta)[:, 0])
    assert np.mean(found == repeats) > 0.99
    assert not repeats.all()


@pytest.mark.parametrize("n_trials", [1, 3, 40])
@pytest.mark.parametrize("start", ["zero", "from_above"])
def test_any_number_of_trials_and_any_start(n_trials, start):
    values = {"p_mean": 90.0, "p_sd": 0.0, "n_trials": n_trials}
    settings = replace(make_settings("jansen_rit", values), start=start)
    theta = random_sets(settings, 48, 3)
    found = AveragedResponse(settings, noise_sd_mv(settings))(theta)
    whole = evoked_waves(settings, theta, experiment_of(settings))
    repeats = np.isfinite(found[:, 0])
    assert repeats.sum() > 20
    assert np.abs(found - whole)[repeats].max() < 0.1 * noise_sd_mv(settings)
