"""The page's state without a page: history, reset, and the address."""

from __future__ import annotations

import dataclasses
from urllib.parse import parse_qsl

import pytest

from explorer.backend.circuits import CIRCUITS
from explorer.backend.errors import ExplorerError
from explorer.backend.parameters import PARAMETERS
from explorer.backend.presets import PRESETS
from explorer.backend.settings import make_settings
from explorer.state import HISTORY, Choices, ExplorerState, check_choice, parse_query


def test_a_value_is_set_and_bad_ones_change_nothing():
    state = ExplorerState()
    state.set_value("A_e", 4.0)
    assert state.settings["A_e"] == 4.0
    for bad in (100.0, "x", float("nan")):
        with pytest.raises(ExplorerError) as caught:
            state.set_value("A_e", bad)
        assert caught.value.field == "A_e" and state.settings["A_e"] == 4.0


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [("seed", 7, 0), ("region", "occipital", "moon"), ("start", "from_above", "left"),
     ("integrator", "strang", "rk4")],
)  # fmt: skip
def test_fields_are_checked(field, good, bad):
    state = ExplorerState()
    state.set_field(field, good)
    assert getattr(state.settings, field) == good
    with pytest.raises(ExplorerError) as caught:
        state.set_field(field, bad)
    assert caught.value.field == field and getattr(state.settings, field) == good


def test_a_movement_is_one_step_and_redo_brings_it_back():
    state = ExplorerState()
    for value in (3.5, 3.7, 4.0):
        state.set_value("A_e", value)
    assert state.commit() and not state.commit()
    state.set_value("p_mean", 100)
    state.commit()
    assert state.undo() and state.settings["p_mean"] == 220 and state.settings["A_e"] == 4.0
    assert state.undo() and state.settings["A_e"] == 3.25
    assert not state.undo() and not state.can_undo
    assert state.redo() and state.settings["A_e"] == 4.0
    assert state.redo() and state.settings["p_mean"] == 100
    assert not state.redo() and not state.can_redo


def test_a_new_change_forgets_what_was_undone():
    state = ExplorerState()
    state.set_value("A_e", 4.0)
    state.commit()
    state.undo()
    state.set_value("A_i", 30.0)
    state.commit()
    assert not state.can_redo


def test_undo_of_an_unfinished_movement_goes_to_its_beginning():
    state = ExplorerState()
    state.set_value("A_e", 4.0)
    assert state.can_undo and state.undo()
    assert state.settings["A_e"] == 3.25


def test_undo_covers_the_choices():
    state = ExplorerState()
    state.choose(eeg="Oz")
    state.commit()
    state.undo()
    assert state.choices.eeg == "source"


def test_history_is_bounded():
    state = ExplorerState()
    for k in range(HISTORY + 50):
        state.set_value("p_mean", float(k % 300) + 0.5 * (k // 300))
        state.commit()
    steps = 0
    while state.undo():
        steps += 1
    assert steps == HISTORY


def test_reset_returns_to_the_preset_and_then_to_the_defaults():
    state = ExplorerState()
    state.load(PRESETS["slow_spikes"].settings(), "slow_spikes")
    state.set_value("A_e", 5.0)
    state.reset()
    assert state.settings == PRESETS["slow_spikes"].settings()
    state.reset()
    assert state.settings == make_settings() and state.preset == ""
    state.undo()
    assert state.settings == PRESETS["slow_spikes"].settings()


def test_circuit_switch_keeps_stimulus_and_measurement():
    state = ExplorerState(make_settings(values={"A_e": 5, "stim_width": 0.1, "n_trials": 30}))
    state.switch_circuit("deepjr")
    defaults = make_settings("deepjr")
    assert state.settings["A_e"] == defaults["A_e"] and state.settings["r"] == defaults["r"]
    assert state.settings["stim_width"] == 0.1 and state.settings["n_trials"] == 30
    state.undo()
    assert state.settings.circuit == "jansen_rit" and state.settings["A_e"] == 5


@pytest.mark.parametrize("name", list(PRESETS))
def test_the_address_says_everything(name):
    settings = dataclasses.replace(PRESETS[name].settings(), seed=42)
    choices = Choices("Oz", "Cz", "y0", "dy1", -52.0, "model")
    state = ExplorerState(settings, choices=choices)
    query = state.query()
    parsed = parse_query(query)
    assert parsed.errors == () and parsed.settings == settings and parsed.choices == choices
    keys = [key for key, _ in parse_qsl(query[1:])]
    assert set(PARAMETERS) < set(keys) and len(keys) == len(set(keys))


def test_the_address_keeps_every_digit():
    state = ExplorerState(make_settings(values={"b_e": 1000 / 12.3, "C": 135.123456789012}))
    assert parse_query(state.query()).settings == state.settings


def test_an_empty_address_is_the_defaults():
    for query in ("", "?"):
        parsed = parse_query(query)
        assert parsed.settings == make_settings() and parsed.choices == Choices()
        assert parsed.errors == ()


@pytest.mark.parametrize(
    ("pair", "field"),
    [("A_e=banana", "A_e"), ("A_e=", "A_e"), ("p_mean=1e9", "p_mean"), ("C=nan", "C"),
     ("n_trials=2.5", "n_trials"), ("seed=0", "seed"), ("region=moon", "region"),
     ("start=left", "start"), ("integrator=euler", "integrator"), ("circuit=tvb", "circuit"),
     ("eeg=XX", "eeg"), ("phase_x=z", "phase_x"), ("cursor_ms=5000", "cursor_ms"),
     ("cursor_ms=nan", "cursor_ms"), ("tab=secret", "tab"), ("bogus=1", "URL")],
)  # fmt: skip
def test_a_bad_value_is_named_and_the_rest_is_kept(pair, field):
    parsed = parse_query(f"?{pair}&b_i=40")
    [error] = parsed.errors
    assert error.field == field
    assert parsed.settings == make_settings(values={"b_i": 40})
    assert parsed.choices == Choices()


def test_values_are_checked_by_the_circuit_they_belong_to():
    low = CIRCUITS["deepjr"].parameters["r"].low
    assert low < PARAMETERS["r"].low
    assert parse_query(f"?circuit=deepjr&r={low}").errors == ()
    assert parse_query(f"?r={low}").errors != ()


def test_euler_is_admitted_where_the_circuit_offers_it():
    parsed = parse_query("?circuit=deepjr&integrator=euler")
    assert parsed.errors == () and parsed.settings.integrator == "euler"


def test_an_endless_address_is_refused_in_one_error():
    parsed = parse_query("?" + "&".join(f"x{k}=1" for k in range(300)))
    assert len(parsed.errors) == 1 and parsed.settings == make_settings()


def test_cursor_is_admitted_within_the_epoch():
    assert check_choice("cursor_ms", "-200") == -200.0
    assert check_choice("cursor_ms", "1000") == 1000.0
    with pytest.raises(ExplorerError):
        check_choice("cursor_ms", "-201")
