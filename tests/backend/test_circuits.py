"""The two circuits as data."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.backend.circuits import CIRCUITS, circuit, model_vector
from explorer.backend.errors import ExplorerError
from explorer.backend.parameters import INFERRED_NAMES, MODEL_NAMES, PARAMETERS
from explorer.backend.simulate import SINGLE_KERNELS


def test_keys_are_names():
    assert set(CIRCUITS) == {"jansen_rit", "deepjr"}
    for key, table in CIRCUITS.items():
        assert table.name == key
        assert circuit(key) is table
        assert list(table.parameters) == list(PARAMETERS)
        assert all(name == row.name for name, row in table.parameters.items())


def test_jansen_rit_is_the_table():
    table = CIRCUITS["jansen_rit"]
    assert dict(table.parameters) == PARAMETERS
    assert table.stimulus_weights == (0.0, 1.0, 0.0)
    assert table.integrators == ("strang",)  # Euler at 1 ms doubles its amplitude


def test_deepjr_is_the_published_code_in_millivolts():
    """Slope 0.56 per volt, maximum rate 0.05, no background input."""
    table = CIRCUITS["deepjr"]
    values = table.defaults()
    assert values["r"] == pytest.approx(0.56 / 1000)
    assert values["v_max"] == 0.05
    assert values["p_mean"] == values["p_sd"] == 0.0
    assert table.stimulus_weights == (0.56, 1.0, 1.0)
    assert table.integrators == ("strang", "euler")
    same = set(PARAMETERS) - {"r", "v_max", "p_mean", "p_sd"}
    assert all(values[name] == PARAMETERS[name].default for name in same)


def test_deepjr_is_trained_over_the_full_ranges():
    for name, (low, high) in CIRCUITS["deepjr"].trained_ranges().items():
        assert (low, high) == (PARAMETERS[name].low, PARAMETERS[name].high)
    assert CIRCUITS["jansen_rit"].trained_ranges()["C"] == (65.0, 270.0)
    assert all(list(t.trained_ranges()) == list(INFERRED_NAMES) for t in CIRCUITS.values())


def test_a_circuit_changes_nothing_but_numbers():
    """Names, units and words are the table's, so controls and prints fit both circuits."""
    for table in CIRCUITS.values():
        for name, row in table.parameters.items():
            base = PARAMETERS[name]
            assert (row.unit, row.html, row.handle, row.group, row.jr95, row.log) == (
                base.unit, base.html, base.handle, base.group, base.jr95, base.log
            )  # fmt: skip


def test_integrators_exist_and_steps_fit_the_sampling():
    for table in CIRCUITS.values():
        assert set(table.integrators) <= set(SINGLE_KERNELS)
        assert (0.004 / table.dt) == pytest.approx(round(0.004 / table.dt))


def test_tables_cannot_be_changed():
    with pytest.raises(TypeError):
        CIRCUITS["deepjr"].parameters["r"] = None  # type: ignore[index]


def test_model_vector_is_in_the_kernels_order():
    values = {name: float(i) for i, name in enumerate(MODEL_NAMES)}
    assert model_vector(values) == list(np.arange(14.0))


@pytest.mark.parametrize("name", ["", "JANSEN_RIT", "jr", None, 3, ["deepjr"]])
def test_unknown_circuits_are_refused(name):
    with pytest.raises(ExplorerError) as error:
        circuit(name)
    assert error.value.field == "circuit"
    assert error.value.expected == "one of jansen_rit, deepjr"
