"""The Dynamics tab in a real browser: diagram, running mode, map, portrait; its clock alone."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from explorer.backend.circuits import CIRCUITS, circuit
from explorer.ui.parameter_axis import ParameterAxis
from explorer.ui.running import AHEAD, CATCH_UP_S, WallClock
from tests.ui.helpers import column, get, release, set_slider, settled, text, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Page

MODEL = "((name) => Bokeh.documents[0].get_model_by_name(name))"
CRITICALS = "bifurcation_criticals"


# --- without a browser ---------------------------------------------------------------------


def test_the_clock_does_not_drift() -> None:
    clock, model, rng = WallClock(1e-3), 0.0, np.random.default_rng(1)
    clock.anchor(100.0, model)
    now = 100.0
    for _ in range(7500):  # five minutes of uneven ticks
        now += float(rng.uniform(0.03, 0.06))
        model += clock.due(now, model)
        assert abs(model - (now - 100.0)) <= 0.5e-3 + 1e-9


@pytest.mark.parametrize("speed", [0.25, 1.0, 4.0])
def test_after_a_pause_the_clock_skips_ahead(speed: float) -> None:
    clock = WallClock(1e-3)
    clock.speed = speed
    clock.anchor(0.0, 0.0)
    made_up = clock.due(60.0, 0.0)
    assert made_up == pytest.approx(CATCH_UP_S * max(1.0, speed))
    assert clock.due(60.0, made_up) == 0.0
    assert clock.due(60.1, made_up) == pytest.approx(0.1 * speed)


@pytest.mark.parametrize("name", list(CIRCUITS))
def test_axes_name_quantity_and_unit_and_come_back(name: str) -> None:
    for row in circuit(name).parameters.values():
        if row.zero:
            continue
        axis = ParameterAxis(row)
        for value in (row.low, row.default, row.high):
            assert axis.value(float(axis.place(value))) == pytest.approx(value)
        ticks = axis.ticks()
        assert len(ticks) >= 2, row.name
        for place, label in ticks.items():
            shown = row.display.shown(axis.value(place)) if row.display else axis.value(place)
            assert float(label) == pytest.approx(shown, rel=1e-6, abs=1e-12)
    table = circuit(name).parameters
    assert ParameterAxis(table["b_e"]).label == "tau_e, excitatory time constant (ms)"
    assert ParameterAxis(table["p_mean"]).shown(-41.30141, digits=5) == "−41.301 s⁻¹"


# --- in the browser ------------------------------------------------------------------------


def open_tab(open_page: Callable[..., Page], **values: Any) -> Page:
    query = "&".join(f"{k}={v}" for k, v in {"tab": "dynamics", **values}.items())
    page = open_page(f"?{query}")
    wait_for(page, f"() => {MODEL}('running_link')?.painted > 2", timeout=20_000)
    return page


def model_seconds(page: Page, seconds: float) -> None:
    """Let the running model go on for so long."""
    start = get(page, "running_link", "clock")
    wait_for(page, f"(t) => {MODEL}('running_link').clock > t", start + seconds, timeout=60_000)


def press(page: Page, label: str) -> None:
    page.get_by_role("button", name=label, exact=True).click()


def set_model(page: Page, name: str, attribute: str, value: Any) -> None:
    page.evaluate(f"([n, k, v]) => {{ {MODEL}(n)[k] = v }}", [name, attribute, value])


def swing(page: Page) -> tuple[float, float]:
    """Peak to peak (mV) and frequency (Hz, crossings of the middle) of the running EEG."""
    y = np.array([v for v in column(page, "running_eeg") if v is not None])
    assert y.size > 1000
    middle = 0.5 * (y.max() + y.min())
    up = np.flatnonzero((y[:-1] < middle) & (y[1:] >= middle))
    rate = (up.size - 1) / ((up[-1] - up[0]) / 250.0) if up.size > 1 else math.nan
    return float(np.ptp(y)), rate


def named_source(page: Page, name: str, columns: str) -> list[Any]:
    values = page.evaluate(f"([n, c]) => Array.from({MODEL}(n).data[c])", [name, columns])
    return list(values)


def wait_for_diagram(page: Page) -> None:
    wait_for(page, f"() => {MODEL}('{CRITICALS}')?.data.x.length > 0", timeout=20_000)


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
    press(page, "zero")
    model_seconds(page, 12.0)
    size, rate = swing(page)
    assert 9.5 < size < 10.5 and 2.2 < rate < 2.6
    press(page, "other branch")
    model_seconds(page, 12.0)
    size, rate = swing(page)
    assert 1.5 < size < 4.0 and 10.0 < rate < 11.0


def test_diagram_has_the_published_points_and_follows(open_page: Callable[..., Page]) -> None:
    page = open_tab(open_page, p_sd=0)
    wait_for_diagram(page)
    places = named_source(page, CRITICALS, "x")
    expected = [-41.301, -12.148, 89.829, 113.586, 315.696]
    assert places == pytest.approx(expected, abs=0.01)
    words = named_source(page, CRITICALS, "text")
    assert [w.split()[0] for w in words] == ["fold", "Hopf", "Hopf", "fold", "Hopf"]
    hertz = [float(re.search(r"([\d.]+) Hz", w).group(1)) for w in words if "Hz" in w]  # type: ignore[union-attr]
    assert hertz == pytest.approx([7.24, 10.38, 11.16], abs=0.01)
    for way, other in (("up", "down"), ("down", "up")):
        x = named_source(page, f"bifurcation_{way}", "x")
        assert len(x) > 100, f"no cycles {way}, though {other} has some"
    tall = np.array(named_source(page, "bifurcation_up", "y")).max()
    assert tall == pytest.approx(11.5, abs=0.4)  # spikes: on the way up alone
    assert np.array(named_source(page, "bifurcation_down", "y")).max() < 9.5

    set_slider(page, "p_mean", 180)
    assert named_source(page, "bifurcation_now", "x") == [180.0, 180.0]
    assert named_source(page, CRITICALS, "x") == places
    set_slider(page, "A_e", 3.5)
    release(page, "A_e")
    wait_for(page, f"() => {MODEL}('{CRITICALS}').data.x.length === 1")
    assert named_source(page, CRITICALS, "x") == pytest.approx([95.8], abs=0.1)

    set_model(page, "bifurcation_parameter", "value", "b_e")
    wait_for(page, f"() => {MODEL}('bifurcation').below[0].axis_label.startsWith('tau_e')")
    wait_for(page, f"() => {MODEL}('bifurcation_now').data.x[0] === 100")


def test_a_click_on_the_diagram_goes_there(open_page: Callable[..., Page]) -> None:
    page = open_tab(open_page, p_sd=0)
    wait_for_diagram(page)
    box = page.evaluate(
        f"""() => {{
          const view = Bokeh.index.find_one({MODEL}('bifurcation'));
          const at = view.el.getBoundingClientRect(), f = view.frame.bbox;
          return [at.x + f.left, at.y + f.top, f.width, f.height];
        }}"""
    )
    low, high = page.evaluate(
        f"() => [{MODEL}('bifurcation').x_range.start, {MODEL}('bifurcation').x_range.end]"
    )
    share = (300.0 - low) / (high - low)
    page.mouse.click(box[0] + share * box[2], box[1] + 0.3 * box[3])
    wait_for(page, f"() => Math.abs({MODEL}('p_mean').value - 300) < 2")
    wait_for(page, f"() => Math.abs({MODEL}('bifurcation_now').data.x[0] - 300) < 2")
    assert "p_mean=" in page.url


def test_the_map_is_refined_and_moves_the_sliders(open_page: Callable[..., Page]) -> None:
    page = open_tab(open_page, p_sd=0)
    wait_for(
        page, f"() => {MODEL}('regime_map_source')?.data.image[0]?.length === 10000",
        timeout=30_000,
    )  # fmt: skip
    words = named_source(page, "regime_map_names", "text")
    assert {"rest", "spikes", "alpha"} <= set(words)
    assert named_source(page, "regime_map_here", "x") == [220]
    set_slider(page, "p_mean", 60)
    assert named_source(page, "regime_map_here", "x") == [60]
    assert named_source(page, "regime_map_trail", "x") == [220, 60]
    box = page.evaluate(
        f"""() => {{
          const view = Bokeh.index.find_one({MODEL}('regime_map'));
          const at = view.el.getBoundingClientRect(), f = view.frame.bbox;
          return [at.x + f.left, at.y + f.top, f.width, f.height];
        }}"""
    )
    page.mouse.click(box[0] + 0.4 * box[2], box[1] + 0.5 * box[3])
    wait_for(page, f"() => Math.abs({MODEL}('p_mean').value - 130) < 3")
    wait_for(page, f"() => Math.abs({MODEL}('A_e').value - 6.175) < 0.1")
    codes = page.evaluate(f"() => new Set({MODEL}('regime_map_source').data.image[0]).size")
    assert codes >= 3
    set_model(page, "regime_map_colour", "value", "frequency")
    wait_for(
        page,
        f"() => Array.from({MODEL}('regime_map_source').data.image[0])"
        ".some((v) => v > 9.5 && v < 12)",
    )


def test_other_parameters_make_another_map(open_page: Callable[..., Page]) -> None:
    page = open_tab(open_page, p_sd=0)
    set_model(page, "regime_map_y", "value", "C")
    wait_for(page, f"() => {MODEL}('regime_map').left[0].axis_label.startsWith('C,')")
    wait_for(
        page, f"() => {MODEL}('regime_map_source')?.data.image[0]?.length === 10000",
        timeout=30_000,
    )  # fmt: skip
    set_model(page, "regime_map_x", "value", "C")  # the two change places
    wait_for(page, f"() => {MODEL}('regime_map').left[0].axis_label.startsWith('p_mean')")
    wait_for(page, f"() => {MODEL}('regime_map').below[0].axis_label.startsWith('C,')")


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


def test_pause_step_and_speed(open_page: Callable[..., Page]) -> None:
    page = open_tab(open_page, p_sd=0)
    press(page, "pause")
    page.wait_for_timeout(300)
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
        share = page.evaluate(
            f"""async () => {{
              const link = {MODEL}('running_link');
              const c = link.clock, t = performance.now();
              await new Promise((done) => setTimeout(done, 2000));
              return (link.clock - c) / (performance.now() - t) * 1000;
            }}"""
        )
        assert share == pytest.approx(speed, rel=0.2)


def test_stimulus_and_kick_move_a_resting_model(open_page: Callable[..., Page]) -> None:
    page = open_tab(open_page, p_mean=20, p_sd=0)
    press(page, "rest")
    model_seconds(page, 2.0)
    y = np.array([v for v in column(page, "running_eeg") if v is not None])
    assert np.ptp(y) < 1e-3
    assert "no oscillation" in get(page, "running_spectrum_words", "text")
    for label, least in (("stimulate", 1.0), ("kick 5 mV", 3.0)):
        press(page, label)
        model_seconds(page, 1.0)
        y = np.array([v for v in column(page, "running_eeg") if v is not None])
        assert np.ptp(y[-300:]) > least
        press(page, "rest")
        model_seconds(page, 0.5)


def test_it_runs_only_while_it_is_seen(open_page: Callable[..., Page]) -> None:
    page = open_tab(open_page, p_sd=0)
    page.click("#tab-explore")
    settled(page, 600)
    before = get(page, "running_link", "frame")
    page.wait_for_timeout(700)
    assert get(page, "running_link", "frame") <= before + AHEAD
    clock = get(page, "running_link", "clock")
    page.click("#tab-dynamics")
    wait_for(page, f"(n) => {MODEL}('running_link').frame > n + 5", before)
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
    assert gained < AHEAD * CATCH_UP_S + 0.3  # of 2.5 s: skipped, not replayed
    before = get(page, "running_link", "frame")
    wait_for(page, f"(n) => {MODEL}('running_link').frame > n + 10", before)


def test_coexistence_is_said_and_leads_to_the_other_start(
    open_page: Callable[..., Page],
) -> None:
    page = open_tab(open_page, p_mean=120, p_sd=0)
    assert "alpha" in text(page, "running_words")
    press(page, "start there")
    wait_for(page, "() => location.search.includes('start=from_above')")
    assert "alpha" in text(page, "headline")
    set_slider(page, "p_mean", 250)
    assert text(page, "running_words") == ""
    assert get(page, "running_other_branch", "disabled")


CORNER = ("A_e", "A_i", "C", "r", "v_max", "v_0", "p_mean", "b_e", "b_i")


@pytest.mark.parametrize("name", list(CIRCUITS))
def test_corners_of_the_ranges_show_numbers_or_a_sentence(
    open_page: Callable[..., Page], name: str
) -> None:
    rows = circuit(name).parameters
    rng = np.random.default_rng(3)
    page = open_tab(open_page, circuit=name, p_sd=0)
    for _ in range(4):
        ends = {n: (rows[n].low, rows[n].high)[rng.integers(2)] for n in CORNER}
        page.evaluate(
            f"(vs) => {{ for (const [n, v] of Object.entries(vs)) {MODEL}(n).value = v; }}",
            {
                (rows[n].display.name if rows[n].display else n): (
                    rows[n].display.shown(v) if rows[n].display else v
                )
                for n, v in ends.items()
            },
        )
        settled(page, 800)
        before = get(page, "running_link", "frame")
        wait_for(page, f"(n) => {MODEL}('running_link').frame > n + 15", before, timeout=40_000)
        y = [v for v in column(page, "running_eeg") if v is not None]
        assert y and all(math.isfinite(v) for v in y)
        drawn = len(column(page, "running_spectrum"))
        assert drawn or get(page, "running_spectrum_words", "text")
        assert all(
            v is not None
            for way in ("up", "down")
            for v in named_source(page, f"bifurcation_{way}", "y")
        )
        rests = [named_source(page, f"bifurcation_{k}", "xs") for k in ("stable", "unstable")]
        assert any(rests)
        assert named_source(page, "bifurcation_now", "y")


def test_narrow_is_one_column(open_page: Callable[..., Page]) -> None:
    page = open_page("?tab=dynamics", width=800, height=1000)
    wait_for(page, f"() => {MODEL}('running_link')?.painted > 2", timeout=20_000)
    lefts = page.evaluate(
        f"""() => ['bifurcation', 'regime_map', 'running_eeg', 'running_phase'].map((n) => {{
          const at = Bokeh.index.find_one({MODEL}(n)).el.getBoundingClientRect();
          return [at.left, at.width, at.height];
        }})"""
    )
    assert max(v[0] for v in lefts) - min(v[0] for v in lefts) < 20
    assert all(width > 600 and height > 150 for _, width, height in lefts)
