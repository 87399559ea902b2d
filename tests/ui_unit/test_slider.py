"""Where a value stands on its track, and how it is written: no browser."""

from __future__ import annotations

import math

import pytest

from explorer.backend.circuits import CIRCUITS
from explorer.backend.errors import ExplorerError
from explorer.backend.parameters import PARAMETERS
from explorer.ui.slider import ParameterSlider
from explorer.ui.track import (
    limits,
    number_text,
    position,
    shown,
    stored,
    tooltip,
    track_points,
)

ROWS = [row for table in CIRCUITS.values() for row in table.parameters.values()]
IDS = [f"{name}-{row}" for name, table in CIRCUITS.items() for row in table.parameters]


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_the_ends_of_the_range_are_the_ends_of_the_track(row):
    low, high = limits(row)
    assert low < high
    assert position(row, low) == pytest.approx(0.0, abs=1e-9)
    assert position(row, high) == pytest.approx(100.0)
    assert {shown(row, row.high), shown(row, row.low)} >= {high}
    at = position(row, shown(row, row.default))
    assert 0.0 <= at <= 100.0


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_shown_and_stored_undo_each_other(row):
    for value in (row.low, row.default, row.high):
        assert stored(row, shown(row, value)) == pytest.approx(value, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("row", [r for r in ROWS if r.log], ids=lambda r: r.name)
def test_logarithmic_track_rises_and_its_points_stand_where_position_says(row):
    points = track_points(row)
    assert points is not None and next(iter(points)) == "min" and list(points)[-1] == "max"
    values = [point[0] for point in points.values()]
    assert values == sorted(values) and len(set(values)) == len(values)
    for key, point in list(points.items())[1:-1]:
        assert position(row, point[0]) == pytest.approx(float(key.rstrip("%")), abs=0.3)
        assert point[1] <= point[0] / 9  # steps stay a tenth of the value, or finer


@pytest.mark.parametrize("row", [r for r in ROWS if r.log], ids=lambda r: r.name)
def test_equal_ratios_are_equal_distances(row):
    high = limits(row)[1]
    middle = math.sqrt(row.low * high)
    first = position(row, middle) - position(row, row.low)
    assert position(row, high) - position(row, middle) == pytest.approx(first)


def test_linear_tracks_have_no_points():
    assert track_points(PARAMETERS["A_e"]) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(3.25, "3.25"), (220.0, "220"), (0.00056, "0.00056"), (1350.0, "1350"), (12.34567, "12.35"),
     (0.0, "0"), (10000.0, "10000"), (-41.3, "-41.3")],
)  # fmt: skip
def test_numbers_are_written_short(value, text):
    assert number_text(value) == text


def test_tooltip_says_meaning_letter_range_and_source():
    text = tooltip(PARAMETERS["b_i"])
    assert "inhibitory" in text and "call it b" in text
    assert "13.33 to 40 ms" in text and "Jansen & Rit 1995" in text


class Heard:
    """Takes down what a control reports."""

    def __init__(self, name: str) -> None:
        self.changes: list[tuple[str, float]] = []
        self.releases = 0
        self.errors: list[ExplorerError] = []
        self.row = PARAMETERS[name]
        self.control = ParameterSlider(
            self.row, self.row.default, self._change, self._release, self.errors.append
        )

    def _change(self, name: str, value: float) -> None:
        self.changes.append((name, value))

    def _release(self) -> None:
        self.releases += 1


def test_moving_the_handle_reports_the_stored_value():
    heard = Heard("b_e")
    heard.control.slider.value = 12.5
    assert heard.changes == [("b_e", pytest.approx(80.0))]
    heard.control.slider.trigger("value_throttled", 10.0, 12.5)  # read-only on this side
    assert heard.releases == 1


def test_showing_a_value_reports_nothing():
    heard = Heard("A_e")
    heard.control.show(4.0)
    assert heard.changes == [] and heard.control.slider.value == 4.0
    assert heard.control.input.value == "4" and heard.control.reset.disabled is False
    heard.control.show(3.25)
    assert heard.control.reset.disabled is True


def test_the_rate_is_shown_beside_a_time_constant():
    heard = Heard("b_i")
    assert heard.control.unit.text == "ms, 50 s⁻¹"
    heard.control.show(40.0)
    assert heard.control.unit.text == "ms, 40 s⁻¹" and heard.control.input.value == "25"


@pytest.mark.parametrize("typed", ["abc", "", "nan", "inf", "1e400", "2.5", "10"])
def test_bad_text_is_refused_with_field_expected_and_got(typed):
    heard = Heard("A_e")
    heard.control.input.value = typed or " "
    [error] = heard.errors
    assert error.field == "A_e" and "2.6 to 9.75 mV" in str(error)
    assert heard.changes == [] and heard.control.input.value == "3.25"


def test_refused_text_leaves_every_digit_of_the_value():
    heard = Heard("p_mean")
    heard.control.show(123.456789)
    heard.control.input.value = "abc"
    assert heard.changes == [] and heard.control.input.value == "123.5"


def test_typed_zero_time_constant_is_refused():
    heard = Heard("b_e")
    heard.control.input.value = "0"
    assert heard.errors[0].field == "tau_e" and heard.changes == []


def test_good_text_is_taken_with_a_comma_too():
    heard = Heard("A_i")
    heard.control.input.value = " 30,5 "
    assert heard.changes == [("A_i", 30.5)] and heard.releases == 1 and heard.errors == []


def test_near_the_foot_of_the_noise_track_it_is_off():
    heard = Heard("noise_factor")
    heard.control.slider.value = 0.002
    heard.control.slider.value = 0.008
    assert heard.changes == [("noise_factor", 0.0), ("noise_factor", 0.01)]


def test_trials_are_whole():
    heard = Heard("n_trials")
    heard.control.slider.value = 41.6
    assert heard.changes == [("n_trials", 42.0)]


def test_another_circuit_brings_its_own_default_and_range():
    heard = Heard("v_max")
    row = CIRCUITS["deepjr"].parameters["v_max"]
    heard.control.refit(row)
    heard.control.show(row.default)
    assert (heard.control.slider.start, heard.control.slider.end) == limits(row)
    assert heard.control.reset.disabled is True and heard.changes == []
