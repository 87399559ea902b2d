"""One-at-a-time maps against single runs of the evoked experiment."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.backend.circuits import CIRCUITS
from explorer.backend.errors import ExplorerError
from explorer.backend.evoked import evoked
from explorer.backend.oat import all_maps, one_at_a_time
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.settings import make_settings
from explorer.backend.spreading import Cancelled


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_rows_are_the_evoked_responses_at_their_values(circuit):
    settings = make_settings(circuit, {"n_trials": 4, "p_sd": 1.0}, seed=3)
    found = one_at_a_time(settings, "b_e", 11)
    assert found.values == pytest.approx(np.linspace(50.0, 150.0, 11))
    assert found.response.shape == found.difference.shape == found.relative.shape == (11, 301)
    for k in (2, 7):
        alone = evoked(settings.changed(b_e=found.values[k]))
        assert found.response[k] == pytest.approx(alone.source, abs=1e-8)
    assert found.reference == pytest.approx(evoked(settings.changed(b_e=100.0)).source, abs=1e-8)


def test_differences_are_from_the_default_whatever_the_present_value():
    settings = make_settings("deepjr", {"A_i": 40.0, "n_trials": 2})
    found = one_at_a_time(settings, "A_i", 5)
    assert found.present == 40.0
    assert found.default == 22.0
    assert found.values[2] == pytest.approx(22.0)
    assert found.response[2] == pytest.approx(found.reference, abs=1e-12)
    assert found.difference == pytest.approx(found.response - found.reference, abs=1e-12)
    # nearly linear in A_i: half of the gain leaves about half of the lowest point
    assert found.relative[0].max() == pytest.approx(0.5, abs=0.05)
    assert np.abs(found.relative).max() <= np.abs(found.difference).max() / np.abs(
        found.reference
    ).max() * (1 + 1e-12)


@pytest.mark.parametrize("start", ["from_above", "from_below"])
def test_the_start_of_the_settings_is_kept(start):
    settings = make_settings("jansen_rit", {"p_mean": 120, "p_sd": 0, "n_trials": 3}, start=start)
    found = one_at_a_time(settings, "A_i", 3)
    assert found.response[1] == pytest.approx(evoked(settings).source, abs=1e-5)


def test_a_flat_reference_has_no_relative_difference():
    settings = make_settings("deepjr", {"stim_amplitude": 0.0, "n_trials": 2})
    found = one_at_a_time(settings, "C", 3)
    assert np.isnan(found.relative).all() or np.abs(found.reference).max() > 0


def test_all_maps_and_their_progress():
    settings = make_settings("deepjr", {"n_trials": 1})
    shares: list[float] = []
    maps = all_maps(settings, 4, progress=lambda done: shares.append(done) or True)
    assert tuple(maps) == INFERRED_NAMES
    assert all(key == found.name for key, found in maps.items())
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
    with pytest.raises(Cancelled):
        all_maps(settings, 4, progress=lambda done: False)


def test_only_inferred_parameters_and_at_least_two_values():
    settings = make_settings("deepjr")
    with pytest.raises(ExplorerError, match="parameter: expected one of A_e"):
        one_at_a_time(settings, "p_mean")
    with pytest.raises(ExplorerError, match="n: expected a whole number from 2"):
        one_at_a_time(settings, "A_e", 1)
