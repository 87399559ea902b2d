"""Axes that hold still, checked by what a reader of the plot would ask of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from explorer.ui.axes import SteadyRange, round_limits, round_step

SPANS = [1e-6, 0.03, 0.7, 1.0, 4.9, 5.0, 12.0, 99.0, 1e5]


@pytest.mark.parametrize("span", SPANS)
def test_step_is_round_and_gives_two_to_five_intervals(span):
    step = round_step(span)
    mantissa = step / 10 ** math.floor(math.log10(step) + 1e-9)
    assert any(mantissa == pytest.approx(m) for m in (1, 2, 2.5, 5))
    assert 2 <= span / step <= 5 + 1e-9


@pytest.mark.parametrize("span", [0.0, -1.0, math.nan, math.inf])
def test_step_of_nothing_is_one(span):
    assert round_step(span) == 1.0


def test_limits_contain_the_data_with_room_on_round_numbers():
    rng = np.random.default_rng(5)
    for low, span in zip(rng.normal(0, 20, 200), rng.lognormal(1, 2, 200), strict=True):
        start, end = round_limits(low, low + span, 0.1)
        assert start < low and end > low + span
        assert end - start < 2.0 * span + 0.4  # and do not waste the frame
        step = round_step(max(span, 0.1))
        assert start / step == pytest.approx(round(start / step), abs=1e-6)


def test_limits_of_a_flat_line_keep_the_least_span():
    start, end = round_limits(7.0, 7.0, 1.0)
    assert end - start >= 1.0 and start < 7.0 < end


def test_axis_grows_at_once_and_never_shrinks_in_a_movement():
    axis = SteadyRange(0.0, 10.0, 1.0)
    axis.follow(2.0, 3.0)
    assert (axis.range.start, axis.range.end) == (0.0, 10.0)
    axis.follow(-4.0, 3.0)
    assert axis.range.start <= -4.0 and axis.range.end >= 10.0
    low = axis.range.start
    axis.follow(2.0, 3.0)
    assert axis.range.start == low


def test_axis_fits_on_release_only_where_much_is_empty():
    axis = SteadyRange(0.0, 10.0, 1.0)
    axis.settle(1.0, 9.0)
    assert (axis.range.start, axis.range.end) == (0.0, 10.0)
    axis.settle(4.0, 5.5)
    assert axis.range.start <= 4.0 and axis.range.end >= 5.5
    assert axis.range.end - axis.range.start < 4.0


def test_settling_twice_changes_nothing_more():
    axis = SteadyRange(0.0, 100.0, 1.0)
    axis.settle(3.0, 4.7)
    first = (axis.range.start, axis.range.end)
    axis.settle(3.0, 4.7)
    assert (axis.range.start, axis.range.end) == first


def test_locked_axis_stays_and_follows_again_when_unlocked():
    axis = SteadyRange(0.0, 10.0, 1.0)
    axis.locked = True
    axis.follow(-50.0, 50.0)
    axis.settle(4.0, 4.1)
    assert (axis.range.start, axis.range.end) == (0.0, 10.0)
    axis.locked = False
    axis.follow(-50.0, 50.0)
    assert axis.range.start <= -50.0


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_values_that_are_not_finite_move_no_axis(bad):
    axis = SteadyRange(0.0, 10.0, 1.0)
    axis.follow(bad, 5.0)
    axis.settle(0.0, bad)
    assert (axis.range.start, axis.range.end) == (0.0, 10.0)
