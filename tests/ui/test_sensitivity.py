"""The Sensitivity tab in a real browser: the information, the maps, the layout."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest

from explorer.backend.circuits import CIRCUITS
from explorer.backend.fisher_report import NOT_REPEATING, TOO_SHARP, fisher_at
from explorer.backend.oat import one_at_a_time
from explorer.backend.parameters import MODEL_NAMES
from explorer.backend.settings import make_settings
from explorer.backend.sobol_store import load_sobol
from tests.ui.helpers import settled
from tests.ui.sensitivity_page import (
    MODEL,
    data,
    floats,
    get,
    image,
    open_sensitivity,
    put,
    start_run,
    wait,
)

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def tab(page: Page) -> Iterator[Page]:
    """The page with the Sensitivity tab open and everything drawn."""
    yield open_sensitivity(page)
    page.wait_for_timeout(500)  # maps of the last movement arrive before the page closes


def test_a_page_opened_at_the_tab_has_all_its_words(open_page: Callable[..., Page]) -> None:
    page = open_page("?tab=sensitivity")
    for words in (
        "Known best",
        "2 exact symmetries",
        "values from 0.5 to 1.5",
        "Least possible SD",
    ):
        page.get_by_text(words).first.wait_for(timeout=20_000)
    page.wait_for_timeout(500)


def test_the_information_follows_the_slider(tab: Page) -> None:
    before = data(tab, "fisher", 0, "text")
    put(tab, "p_mean", "value", 90.0)
    settings = make_settings("jansen_rit", {"p_mean": 90.0})
    report = fisher_at(settings)
    wait(tab, f"Math.abs(m('fisher').renderers[1].data_source.data.ratio[4] - "
              f"{report.ratio_to_prior[4]:.12f}) < 1e-6")  # fmt: skip
    ratio = floats(data(tab, "fisher", 1, "ratio"))
    np.testing.assert_allclose(ratio, report.ratio_to_prior, rtol=1e-6)
    assert data(tab, "fisher", 0, "text") != before
    words = get(tab, "fisher_sentences", "text")
    assert "2 exact symmetries" in words
    assert "A<sub>i</sub> up and a<sub>4</sub> down by the same factor" in words


def test_a_response_that_does_not_repeat_says_why(tab: Page) -> None:
    put(tab, "A_i", "value", 25.0)
    wait(tab, "m('fisher_sentences').text.includes('out of step with the stimulus')")
    assert np.isnan(floats(data(tab, "fisher", 1, "ratio"))).all()


@pytest.mark.parametrize("name", list(CIRCUITS))
def test_corners_of_the_ranges_show_numbers_or_a_sentence(
    open_page: Callable[..., Page], name: str
) -> None:
    rows = CIRCUITS[name].parameters
    rng = np.random.default_rng(4)
    page = open_page(f"?tab=sensitivity&p_sd=0&circuit={name}")
    for _ in range(3):
        ends = {n: (rows[n].low, rows[n].high)[rng.integers(2)] for n in MODEL_NAMES if n != "p_sd"}
        for n, value in ends.items():
            row = rows[n]
            shown = (row.display.name, row.display.shown(value)) if row.display else (n, value)
            put(page, shown[0], "value", shown[1])
        settled(page, 800)
        wait(page, "m('fisher').styles.opacity !== '0.4'")  # what is shown is of this point
        known = np.isfinite(floats(data(page, "fisher", 1, "ratio")))
        said = get(page, "fisher_sentences", "text")
        assert known.all() or any(reason in said for reason in (NOT_REPEATING, TOO_SHARP))
        assert "nan" not in said and known.all() == ("Known best" in said)
        put(page, "oat_parameter", "value", "C")
        wait(page, "m('oat').styles.opacity === '1' && m('oat_caption').text.includes('C =')")
        assert np.isfinite(image(page)).all()
        before = get(page, "sobol_caption", "text")
        start_run(page, 256)
        wait(page, f"m('sobol_caption').text.includes('around the point') && "
                   f"m('sobol_caption').text !== {json.dumps(before)}", 60_000)  # fmt: skip
        st = floats(data(page, "sobol", 0, "st"))
        said = page.evaluate(
            f"() => {MODEL}('sobol').renderers.some((r) => (r.data_source.data.text || [])[0])"
        )
        assert st.size == 9 and (np.isfinite(st).all() or said)
    page.wait_for_timeout(500)


def test_the_map_is_the_models_and_its_shades_change(tab: Page) -> None:
    oat = one_at_a_time(make_settings("jansen_rit"), "A_e")
    np.testing.assert_allclose(image(tab), oat.response, atol=1e-4)
    tab.get_by_role("button", name="difference").click()
    wait(tab, "m('oat').right[0].title === 'difference (mV)'")
    np.testing.assert_allclose(image(tab), oat.difference, atol=1e-4)
    tab.get_by_role("button", name="relative").click()
    wait(tab, "m('oat').right[0].title === 'difference (%)'")
    np.testing.assert_allclose(image(tab), 100 * oat.relative, atol=1e-2)


def test_the_line_follows_the_slider_and_a_click_goes_there(
    tab: Page, at: Callable[[Page, float], tuple[float, float, float]]
) -> None:
    assert get(tab, "oat_line", "location") == 3.25
    put(tab, "A_e", "value", 4.0)
    wait(tab, "m('oat_line').location === 4")
    x, y, value = at(tab, 0.2)
    tab.mouse.click(x, y)
    wait(tab, f"Math.abs(m('A_e').value - {value}) < 0.01 && m('oat_line').location > 4")
    tab.wait_for_timeout(500)  # two clicks at once are a double click, which goes nowhere
    x, y, _ = at(tab, 0.98)  # 0.54 × the default is below the range
    tab.mouse.click(x, y)
    tab.get_by_text("A_e: expected").first.wait_for(timeout=15_000)
    assert get(tab, "A_e", "value") == pytest.approx(value, abs=0.01)


@pytest.fixture
def at() -> Callable[[Page, float], tuple[float, float, float]]:
    """Where on the screen a share of the map's height lies, and the value there."""
    code = f"""
    (share) => {{
      const view = Bokeh.index.find_one({MODEL}("oat"));
      const box = view.el.getBoundingClientRect(), frame = view.frame.bbox;
      const y = frame.y0 + share * frame.height;
      return [box.x + frame.x0 + frame.width / 2, box.y + y, view.frame.y_scale.invert(y)];
    }}
    """
    return lambda page, share: tuple(page.evaluate(code, share))


def test_another_parameter_has_its_own_map(tab: Page) -> None:
    put(tab, "oat_parameter", "value", "b_i")
    wait(tab, "m('oat').left[0].axis_label.includes('s⁻¹') && m('oat_line').location === 50")
    oat = one_at_a_time(make_settings("jansen_rit"), "b_i")
    wait(tab, "m('oat').styles.opacity !== '0.4'")
    np.testing.assert_allclose(image(tab), oat.response, atol=1e-4)


def test_the_other_circuit_brings_its_own_table(tab: Page) -> None:
    tab.get_by_role("button", name="deepjr").click()
    table = load_sobol("deepjr")
    wait(tab, "m('sobol_caption').text.includes('deepjr')")
    st = floats(data(tab, "sobol", 0, "st"))
    np.testing.assert_allclose(st, table.of_features.st[table.row("rms")])
    wait(tab, "m('fisher_sentences').text.includes('1 exact symmetry')")


def test_everything_is_above_the_fold_and_in_one_column_when_narrow(tab: Page) -> None:
    box = f"""(name) => {{ const r = Bokeh.index.find_one({MODEL}(name)).el
      .getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; }}"""
    boxes = {n: tab.evaluate(box, n) for n in ("sobol", "sobol_time", "fisher", "oat")}
    assert all(b[3] <= 900 and b[2] <= 1440 for b in boxes.values()), boxes
    assert all(b[2] - b[0] > 250 and b[3] - b[1] > 150 for b in boxes.values()), boxes
    tab.set_viewport_size({"width": 800, "height": 1000})
    tab.wait_for_timeout(500)
    boxes = {n: tab.evaluate(box, n) for n in ("sobol", "sobol_time", "fisher", "oat")}
    tops = [boxes[n][1] for n in ("sobol", "sobol_time", "fisher", "oat")]
    assert tops == sorted(tops) and tops[1] > boxes["sobol"][3] - 1
    assert all(b[2] <= 800 for b in boxes.values()), boxes
