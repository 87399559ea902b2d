"""Running mode in a real browser: it remembers, keeps time, and builds up no backlog."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from explorer.ui.running import AHEAD
from tests.ui.dynamics_page import (
    MODEL,
    model_seconds,
    named_source,
    open_tab,
    press,
    restart,
    running_source,
    set_model,
)
from tests.ui.helpers import get, release, set_slider, settled, text, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Page

SPEED = f"""
async () => {{
  const link = {MODEL}('running_link');
  const c = link.clock, t = performance.now();
  await new Promise((done) => setTimeout(done, 2000));
  return (link.clock - c) / (performance.now() - t) * 1000;
}}
"""


def swing(page: Page) -> tuple[float, float]:
    """Peak to peak (mV) and frequency (Hz, crossings of the middle) of the running EEG."""
    y = running_source(page)
    assert y.size > 1000
    middle = 0.5 * (y.max() + y.min())
    up = np.flatnonzero((y[:-1] < middle) & (y[1:] >= middle))
    rate = (up.size - 1) / ((up[-1] - up[0]) / 250.0) if up.size > 1 else math.nan
    return float(np.ptp(y)), rate


def test_hysteresis_shows_in_running_mode(open_page: Callable[..., Page]) -> None:
    """100 up to 130 and back to 120 on the upper branch stays alpha; from zero 120 spikes."""
    page = open_tab(open_page, circuit="jansen_rit", p_mean=100, p_sd=0, start="from_above")
    model_seconds(page, 1.0)
    for p in [*range(105, 131, 5), *range(128, 119, -4)]:
        set_slider(page, "p_mean", p)
    release(page, "p_mean")
    press(page, "4×")
    model_seconds(page, 12.0)
    size, rate = swing(page)
    assert 1.5 < size < 4.0 and 10.0 < rate < 11.0
    restart(page, "zero")
    model_seconds(page, 12.0)
    size, rate = swing(page)
    assert 9.5 < size < 10.5 and 2.2 < rate < 2.6
    restart(page, "other branch")
    model_seconds(page, 12.0)
    size, rate = swing(page)
    assert 1.5 < size < 4.0 and 10.0 < rate < 11.0


def test_pause_step_and_speed(open_page: Callable[..., Page]) -> None:
    page = open_tab(open_page, p_sd=0)
    press(page, "pause")
    wait_for(page, f"() => {MODEL}('running_play').label === 'play'")
    before = get(page, "running_link", "clock")
    page.wait_for_timeout(500)
    assert get(page, "running_link", "clock") == before
    press(page, "step 10 ms")
    wait_for(page, f"(t) => {MODEL}('running_link').clock > t", before)
    assert get(page, "running_link", "clock") == pytest.approx(before + 0.01)
    press(page, "play")
    for label, speed in (("¼×", 0.25), ("4×", 4.0)):
        press(page, label)
        page.wait_for_timeout(400)
        shares = [page.evaluate(SPEED)]
        while abs(shares[-1] / speed - 1) > 0.1 and len(shares) < 5:  # the machine was busy
            shares.append(page.evaluate(SPEED))
        assert shares[-1] == pytest.approx(speed, rel=0.1), shares


def test_stimulus_and_kick_move_a_resting_model(open_page: Callable[..., Page]) -> None:
    page = open_tab(open_page, p_mean=20, p_sd=0)
    restart(page, "rest")
    model_seconds(page, 2.0)
    assert np.ptp(running_source(page)) < 1e-3
    assert "no oscillation" in get(page, "running_spectrum_words", "text")
    for label, least in (("stimulate", 1.0), ("kick 5 mV", 3.0)):
        press(page, label)
        model_seconds(page, 1.0)
        assert np.ptp(running_source(page)) > least
        restart(page, "rest")


def test_it_runs_only_while_it_is_seen(open_page: Callable[..., Page]) -> None:
    page = open_tab(open_page, p_sd=0)
    page.click("#tab-explore")
    settled(page, 600)
    before = get(page, "running_link", "frame")
    page.wait_for_timeout(1000)
    assert get(page, "running_link", "frame") <= before + AHEAD
    clock = get(page, "running_link", "clock")
    page.click("#tab-dynamics")
    wait_for(page, f"(n) => {MODEL}('running_link').frame > n + {AHEAD}", before)
    assert get(page, "running_link", "clock") < clock + 3.0  # went on, did not replay


def test_a_stalled_page_builds_up_no_backlog(open_page: Callable[..., Page]) -> None:
    page = open_tab(open_page, p_sd=0)
    grown, gained = page.evaluate(
        f"""async () => {{
          const link = {MODEL}('running_link');
          const frame = link.frame, clock = link.clock;
          const end = performance.now() + 2500;
          while (performance.now() < end);
          await new Promise((done) => setTimeout(done, 15));
          return [link.frame - frame, link.clock - clock];
        }}"""
    )
    assert grown <= AHEAD + 1
    assert gained < 2.5 + AHEAD * 0.1 + 0.3  # the wall's time at most, in few pictures
    before = get(page, "running_link", "frame")
    wait_for(page, f"(n) => {MODEL}('running_link').frame > n + 10", before, timeout=30_000)


def test_coexistence_is_said_and_leads_to_the_other_start(
    open_page: Callable[..., Page],
) -> None:
    page = open_tab(open_page, p_mean=120, p_sd=0)
    assert "alpha" in text(page, "running_words")
    press(page, "start there")
    wait_for(page, "() => location.search.includes('start=from_above')")
    wait_for(page, f"() => {MODEL}('headline').text.startsWith('alpha')")
    set_slider(page, "p_mean", 250)
    assert text(page, "running_words") == ""
    assert get(page, "running_other_branch", "disabled")


def test_portrait_marks_the_fixed_points_by_type(open_page: Callable[..., Page]) -> None:
    page = open_tab(open_page, p_mean=100, p_sd=0, phase_x="y0", phase_y="y1-y2")
    kinds = named_source(page, "portrait_points", "kind")
    assert kinds == ["stable node", "saddle", "unstable focus"] or (
        len(kinds) == 3 and kinds[1] == "saddle" and kinds[0].startswith("stable")
    )
    assert len(set(named_source(page, "portrait_points", "marker"))) == 3
    assert len(named_source(page, "portrait_nullclines", "xs")) >= 2
    assert named_source(page, "portrait_arrows", "x") == []
    set_model(page, "running_field", "active", [0])
    wait_for(page, f"() => {MODEL}('portrait_arrows').data.x.length > 100")
    set_model(page, "running_phase_y", "value", "dy1")
    wait_for(page, f"() => {MODEL}('portrait_nullclines').data.xs.length === 0")
    wait_for(page, f"() => {MODEL}('running_phase').left[0].axis_label.startsWith('dy1')")
