"""Diagram and map of the Dynamics tab in a real browser."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from explorer.backend.circuits import CIRCUITS, circuit
from tests.ui.dynamics_page import (
    CRITICALS,
    MODEL,
    drag,
    named_source,
    open_tab,
    running_source,
    set_model,
    spot,
    wait_for_diagram,
    wait_for_map,
)
from tests.ui.helpers import column, get, release, set_slider, settled, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Page

HERE = f"""([x, y]) => Math.abs({MODEL}('p_mean').value - x) < 5
  && Math.abs({MODEL}('A_e').value - y) < 0.15"""


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


def test_a_click_and_a_drag_on_the_diagram_go_there(open_page: Callable[..., Page]) -> None:
    page = open_tab(open_page, p_sd=0)
    wait_for_diagram(page)

    def share(p: float) -> float:
        return (p + 50.0) / 450.0

    page.mouse.click(*spot(page, "bifurcation", share(300.0), 0.3))
    wait_for(page, f"() => Math.abs({MODEL}('p_mean').value - 300) < 2")
    wait_for(page, f"() => Math.abs({MODEL}('bifurcation_now').data.x[0] - 300) < 2")
    wait_for(page, "() => Math.abs(new URLSearchParams(location.search).get('p_mean') - 300) < 2")
    drag(page, "bifurcation", (share(300.0), 0.3), (share(50.0), 0.4))
    wait_for(page, f"() => Math.abs({MODEL}('p_mean').value - 50) < 3")
    wait_for(page, "() => Math.abs(new URLSearchParams(location.search).get('p_mean') - 50) < 3")


def test_the_map_is_refined_and_moves_the_sliders(open_page: Callable[..., Page]) -> None:
    page = open_tab(open_page, p_sd=0)
    wait_for_map(page)
    words = named_source(page, "regime_map_names", "text")
    assert {"rest", "spikes", "alpha"} <= set(words)
    assert get(page, "regime_map_sentence", "text") == ""
    assert named_source(page, "regime_map_here", "x") == [220]
    set_slider(page, "p_mean", 60)
    assert named_source(page, "regime_map_here", "x") == [60]
    assert named_source(page, "regime_map_trail", "x") == [220, 60]
    page.mouse.click(*spot(page, "regime_map", 0.4, 0.5))
    wait_for(page, HERE, [130, 6.175])
    codes = page.evaluate(f"() => new Set({MODEL}('regime_map_source').data.image[0]).size")
    assert codes >= 3
    set_model(page, "regime_map_colour", "value", "frequency")
    wait_for(
        page,
        f"() => Array.from({MODEL}('regime_map_source').data.image[0])"
        ".some((v) => v > 9.5 && v < 12)",
    )
    wait_for(page, f"() => {MODEL}('regime_map_scale').visible")
    assert get(page, "regime_map_scale", "title") == "frequency (Hz)"


def test_dragging_over_the_map_takes_both_sliders_along_and_leaves_a_trail(
    open_page: Callable[..., Page],
) -> None:
    page = open_tab(open_page, p_sd=0)
    wait_for_map(page)
    drag(page, "regime_map", (0.6, 0.9), (0.3, 0.5), (0.5, 0.2))
    wait_for(page, HERE, [175, 8.32])
    wait_for(page, "() => new URLSearchParams(location.search).get('A_e') > 8")
    assert len(named_source(page, "regime_map_trail", "x")) >= 3


def test_a_third_parameter_moves_the_map_coarse_at_once_fine_at_rest(
    open_page: Callable[..., Page],
) -> None:
    page = open_tab(open_page, p_sd=0)
    wait_for_map(page)
    set_slider(page, "A_i", 30.0, wait=False)
    wait_for_map(page, 25)
    wait_for_map(page, 100)
    wait_for(page, f"() => {MODEL}('regime_map').renderers[0].glyph.global_alpha.value === 1")


def test_a_map_without_any_rhythm_says_so(open_page: Callable[..., Page]) -> None:
    page = open_tab(open_page, circuit="deepjr")
    set_model(page, "regime_map_colour", "value", "frequency")
    wait_for(page, f"() => {MODEL}('regime_map_sentence').text.startsWith('No oscillation')")
    set_model(page, "regime_map_colour", "value", "regime")
    wait_for(page, f"() => {MODEL}('regime_map_sentence').text === ''")


def test_other_parameters_make_another_map(open_page: Callable[..., Page]) -> None:
    page = open_tab(open_page, p_sd=0)
    set_model(page, "regime_map_y", "value", "C")
    wait_for(page, f"() => {MODEL}('regime_map').left[0].axis_label.startsWith('C,')")
    wait_for_map(page)
    set_model(page, "regime_map_x", "value", "C")  # the two change places
    wait_for(page, f"() => {MODEL}('regime_map').left[0].axis_label.startsWith('p_mean')")
    wait_for(page, f"() => {MODEL}('regime_map').below[0].axis_label.startsWith('C,')")


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
        y = running_source(page)
        assert y.size and np.isfinite(y).all()
        drawn = len(column(page, "running_spectrum"))
        assert drawn or get(page, "running_spectrum_words", "text")
        assert all(
            v is not None
            for way in ("up", "down")
            for v in named_source(page, f"bifurcation_{way}", "y")
        )
        rests = [named_source(page, f"bifurcation_{k}", "xs") for k in ("stable", "unstable")]
        assert any(rests) and get(page, "bifurcation_waiting", "text") == ""
        assert all(math.isfinite(v) for v in named_source(page, "bifurcation_now", "y"))
        wait_for_map(page)
        codes = page.evaluate(f"() => Array.from({MODEL}('regime_map_source').data.image[0])")
        assert set(codes) <= {0, 1, 2, 3, 4, 5}
        assert "NaN" not in page.locator("body").inner_text()


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
