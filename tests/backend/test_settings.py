"""Settings: what is kept, and that every wrong field is refused by its name."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from explorer.backend.circuits import CIRCUITS
from explorer.backend.errors import ExplorerError
from explorer.backend.parameters import MODEL_NAMES, PARAMETERS
from explorer.backend.settings import REGIONS, SEED_LIMIT, STARTS, check_seed, make_settings


@pytest.mark.parametrize("name", CIRCUITS)
def test_defaults_are_the_circuits(name):
    settings = make_settings(name)
    assert dict(settings.values) == CIRCUITS[name].defaults()
    assert settings.table is CIRCUITS[name]
    assert settings.theta == pytest.approx([settings[n] for n in MODEL_NAMES], abs=0)
    assert settings.theta.shape == (14,)
    assert (settings.region, settings.start) == ("caudal_middle_frontal", "zero")
    assert (settings.integrator, settings.seed) == ("strang", 1)


def test_given_values_are_kept_and_the_rest_is_default():
    settings = make_settings("deepjr", {"A_e": "5", "n_trials": 10}, start="from_above", seed="7")
    assert settings["A_e"] == 5.0
    assert settings["n_trials"] == 10.0
    assert settings["A_i"] == 22.0
    assert (settings.start, settings.seed) == ("from_above", 7)


def test_changed_is_a_checked_copy():
    settings = make_settings()
    other = settings.changed(p_mean=120.0)
    assert (settings["p_mean"], other["p_mean"]) == (220.0, 120.0)
    assert other["A_e"] == settings["A_e"]
    for wrong in ({"p_mean": 401.0}, {"p_mean": math.nan}, {"tau_e": 10.0}):
        with pytest.raises(ExplorerError):
            settings.changed(**wrong)


def test_ranges_are_those_of_the_circuit():
    assert make_settings("deepjr", {"r": 0.0005})["r"] == 0.0005
    with pytest.raises(ExplorerError, match=r"r: expected a number from 0\.3 to 0\.8"):
        make_settings("jansen_rit", {"r": 0.0005})
    with pytest.raises(ExplorerError, match=r"r: expected a number from 0\.0003 to 0\.0008"):
        make_settings("deepjr", {"r": 0.56})


def test_settings_cannot_be_changed_in_place():
    settings = make_settings()
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.seed = 2  # type: ignore[misc]
    with pytest.raises(TypeError):
        settings.values["A_e"] = 3.0  # type: ignore[index]
    settings.theta[0] = -1.0  # a copy
    assert settings["A_e"] == 3.25


@pytest.mark.parametrize("name", PARAMETERS)
@pytest.mark.parametrize("circuit", CIRCUITS)
def test_every_wrong_value_names_its_parameter(circuit, name):
    row = CIRCUITS[circuit].parameters[name]
    below = row.low - 0.01 * (row.high - row.low)
    for value in (row.high * 1.01, below, math.nan, math.inf, "much", None, [1], 10**400):
        with pytest.raises(ExplorerError) as error:
            make_settings(circuit, {name: value})
        assert error.value.field == name
        assert str(error.value).count("\n") == 0
        assert str(error.value).startswith(f"{name}: expected ")


@pytest.mark.parametrize(
    ("field", "choices"),
    [
        ("circuit", {"circuit_name": "jansen"}),
        ("circuit", {"circuit_name": None}),
        ("parameter", {"values": {"B": 22.0}}),
        ("parameter", {"values": {"tau_e": 10.0}}),
        ("region", {"region": "moon"}),
        ("region", {"region": None}),
        ("region", {"region": ["occipital"]}),
        ("start", {"start": "above"}),
        ("start", {"start": 0}),
        ("integrator", {"integrator": "heun"}),
        ("integrator", {"integrator": "euler"}),  # not offered by jansen_rit
        ("integrator", {"circuit_name": "deepjr", "integrator": ""}),
        ("seed", {"seed": 0}),
        ("seed", {"seed": -1}),
        ("seed", {"seed": 1.5}),
        ("seed", {"seed": math.nan}),
        ("seed", {"seed": "one"}),
        ("seed", {"seed": None}),
        ("seed", {"seed": SEED_LIMIT + 1}),
        ("seed", {"seed": True}),
    ],
)
def test_every_wrong_choice_names_its_field(field, choices):
    with pytest.raises(ExplorerError) as error:
        make_settings(**choices)
    assert error.value.field == field
    assert error.value.expected
    assert str(error.value).count("\n") == 0


@pytest.mark.parametrize("seed", [1, SEED_LIMIT, "12", np.int64(5)])
def test_seeds_that_are_used(seed):
    assert check_seed(seed) == int(seed)


def test_every_choice_is_admitted():
    for region in REGIONS:
        assert make_settings(region=region).region == region
    for start in STARTS:
        assert make_settings(start=start).start == start
    assert make_settings("deepjr", integrator="euler").integrator == "euler"


def test_the_sentence_of_an_error():
    error = ExplorerError("A_e", "a number from 1 to 2 mV", "3")
    assert str(error) == "A_e: expected a number from 1 to 2 mV, got 3."
    assert isinstance(error, ValueError)
