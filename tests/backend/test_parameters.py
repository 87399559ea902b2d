"""The table of parameters against the published values, and its checks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from explorer.backend.circuits import CIRCUITS
from explorer.backend.docs_tables import DOCUMENT, with_tables
from explorer.backend.errors import ExplorerError
from explorer.backend.parameters import INFERRED_NAMES, MODEL_NAMES, PARAMETERS, parameter

PUBLISHED = {
    "A_e": ("A", "mV", 3.25, 2.6, 9.75, (2.6, 6.5)),
    "A_i": ("B", "mV", 22, 17.6, 110, (17.6, 44)),
    "b_e": ("a", "s⁻¹", 100, 50, 150, (50, 150)),
    "b_i": ("b", "s⁻¹", 50, 25, 75, (25, 75)),
    "C": ("C", "", 135, 65, 1350, (65, 270)),
    "a_1": ("C1/C", "", 1, 0.5, 1.5, (0.5, 1.5)),
    "a_2": ("C2/C", "", 0.8, 0.4, 1.2, (0.4, 1.2)),
    "a_3": ("C3/C", "", 0.25, 0.125, 0.375, (0.125, 0.375)),
    "a_4": ("C4/C", "", 0.25, 0.125, 0.375, (0.125, 0.375)),
    "v_max": ("2e0", "s⁻¹", 5, 1, 10, None),
    "v_0": ("v0", "mV", 6, 3.12, 6, None),
    "r": ("r", "mV⁻¹", 0.56, 0.3, 0.8, None),
    "p_mean": ("p", "s⁻¹", 220, -50, 400, None),
    "p_sd": ("", "s⁻¹·√s", 1.8, 0, 20, None),
}
"""JR95's letter, unit, default, range and trained range of the model's parameters."""

ROWS = [(c, name) for c in CIRCUITS for name in PARAMETERS]


@pytest.mark.parametrize("name", PUBLISHED)
def test_rows_are_the_published_ones(name):
    row = PARAMETERS[name]
    found = (row.jr95, row.unit, row.default, row.low, row.high)
    assert found == pytest.approx(PUBLISHED[name][:5])
    assert row.trained == pytest.approx(PUBLISHED[name][5])


def test_order_of_the_names():
    assert list(PUBLISHED) == list(MODEL_NAMES)
    assert INFERRED_NAMES == ("A_e", "A_i", "b_e", "b_i", "C", "a_1", "a_2", "a_3", "a_4")
    assert [n for n, row in PARAMETERS.items() if row.trained and n in MODEL_NAMES] == list(
        INFERRED_NAMES
    )


def test_noise_equals_the_uniform_draws_of_jr95():
    """Uniform on 120 … 320 s⁻¹ each millisecond: sd 200/√12, times √(1 ms)."""
    row = PARAMETERS["p_sd"]
    assert row.default == pytest.approx(200 / math.sqrt(12) * math.sqrt(1e-3), rel=0.02)
    assert "1.83" in row.meaning


def test_keys_handles_and_words():
    assert all(key == row.name for key, row in PARAMETERS.items())
    handles = [row.handle for row in PARAMETERS.values()]
    assert len(set(handles)) == len(handles)
    assert {PARAMETERS["b_e"].handle, PARAMETERS["b_i"].handle} == {"tau_e", "tau_i"}
    for row in PARAMETERS.values():
        assert row.meaning.endswith(".")
        assert row.source
        assert row.label
        assert row.html


@pytest.mark.parametrize(("circuit", "name"), ROWS)
def test_defaults_trained_ranges_and_marks_lie_within_the_range(circuit, name):
    row = CIRCUITS[circuit].parameters[name]
    assert row.low < row.high
    assert row.low <= row.default <= row.high
    assert row.step > 0
    assert not row.log or row.low > 0
    if row.trained:
        assert row.low <= row.trained[0] < row.trained[1] <= row.high
        assert row.trained[0] <= row.default <= row.trained[1]
    for value, word in row.marks:
        assert row.low <= value <= row.high
        assert word


@pytest.mark.parametrize("name", [n for n, row in PARAMETERS.items() if row.display])
def test_display_goes_there_and_back(name):
    row = PARAMETERS[name]
    for value in np.linspace(row.low, row.high, 11):
        assert row.display.stored(row.display.shown(value)) == pytest.approx(value, rel=1e-14)


def test_what_is_shown():
    assert PARAMETERS["b_e"].display.shown(100.0) == pytest.approx(10.0)
    assert PARAMETERS["b_i"].display.shown(50.0) == pytest.approx(20.0)
    assert PARAMETERS["stim_width"].display.shown(0.05) == pytest.approx(50.0)
    assert {row.display.unit for row in PARAMETERS.values() if row.display} == {"ms"}


@pytest.mark.parametrize(("circuit", "name"), ROWS)
def test_ends_of_the_range_are_admitted(circuit, name):
    row = CIRCUITS[circuit].parameters[name]
    for value in (row.low, row.high, row.default):
        assert row.check(value) == value
        assert row.check(repr(value)) == value
    rounded = row.high + 1e-12 * (row.high - row.low)
    if not row.integer:
        assert row.check(rounded) == row.high  # rounding of a shown value does no harm


@pytest.mark.parametrize(("circuit", "name"), ROWS)
def test_anything_else_is_refused_by_name(circuit, name):
    row = CIRCUITS[circuit].parameters[name]
    margin = 1e-3 * (row.high - row.low)
    wrong = [
        row.low - margin, row.high + margin, math.nan, math.inf, -math.inf, 1e308, 10**400,
        "alpha", "", None, [1.0], (1.0, 2.0), {}, 1j, "nan", "inf", b"\xff",
    ]  # fmt: skip
    for value in wrong:
        if row.zero and value == 0.0:
            continue
        with pytest.raises(ExplorerError) as error:
            row.check(value)
        assert error.value.field == name
        assert error.value.expected == row.range_text
        assert f"{row.high:g}" in str(error.value)
        assert row.unit in str(error.value)


def test_whole_numbers_and_zero():
    with pytest.raises(ExplorerError, match="whole number"):
        PARAMETERS["n_trials"].check(2.5)
    assert PARAMETERS["noise_factor"].check(0) == 0.0
    with pytest.raises(ExplorerError, match=r"0 or a number from 0\.01"):
        PARAMETERS["noise_factor"].check(0.001)


@pytest.mark.parametrize("name", ["alpha", "", "a", "A", "tau_e", None])
def test_unknown_parameters_are_refused(name):
    with pytest.raises(ExplorerError) as error:
        parameter(name)
    assert error.value.field == "parameter"
    assert "A_e, A_i, b_e" in error.value.expected


def test_document_holds_the_tables_as_they_are_now():
    """If this fails: python -m explorer.backend.docs_tables."""
    text = DOCUMENT.read_text(encoding="utf-8")
    assert with_tables(text) == text
    for row in PARAMETERS.values():
        assert f"| {row.name} |" in text
