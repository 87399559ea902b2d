"""The Sensitivity tab in a real browser."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from explorer.backend.fisher_report import fisher_at
from explorer.backend.oat import one_at_a_time
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.settings import make_settings
from explorer.backend.sobol_store import load_sobol

if TYPE_CHECKING:
    from playwright.sync_api import Page

MODEL = "((name) => Bokeh.documents[0].get_model_by_name(name))"
DATA = f"""
([figure, renderer, column]) => {{
  const data = {MODEL}(figure).renderers[renderer].data_source.data[column];
  return Array.from(data, (v) => typeof v === "number" && Number.isNaN(v) ? null : v);
}}
"""
ADVANCED = "([name, before]) => " + MODEL + "(name).frame > before"


def get(page: Page, name: str, attribute: str) -> Any:
    return page.evaluate(f"([n, a]) => {MODEL}(n)[a]", [name, attribute])


def put(page: Page, name: str, attribute: str, value: object) -> None:
    page.evaluate(f"([n, a, v]) => {{ {MODEL}(n)[a] = v; }}", [name, attribute, value])


def data(page: Page, figure: str, renderer: int, column: str) -> list[Any]:
    return page.evaluate(DATA, [figure, renderer, column])  # type: ignore[no-any-return]


def wait(page: Page, condition: str, timeout: float = 20_000) -> None:
    page.wait_for_function(
        "() => { const m = " + MODEL + f"; return {condition}; }}", timeout=timeout
    )


def floats(values: list[Any]) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in values], dtype=float)


@pytest.fixture
def tab(page: Page) -> Iterator[Page]:
    """The page with the Sensitivity tab open and everything drawn."""
    page.get_by_role("tab", name="Sensitivity").click()
    wait(page, "m('fisher_sentences') && m('fisher_sentences').text.includes('Known best')")
    wait(page, "m('oat_caption').text !== ''")
    yield page
    page.wait_for_timeout(500)  # maps of the last movement arrive before the page closes


def test_the_bars_are_the_shipped_indices(tab: Page) -> None:
    table = load_sobol("jansen_rit")
    row = table.row("rms")
    np.testing.assert_allclose(floats(data(tab, "sobol", 0, "st")), table.of_features.st[row])
    np.testing.assert_allclose(floats(data(tab, "sobol", 1, "s1")), table.of_features.s1[row])
    caption = get(tab, "sobol_caption", "text")
    for word in ("Jansen-Rit", "trained ranges", "8\u202f192", table.date[:10], "2.6–6.5 mV"):
        assert word in caption


def test_the_circuits_stand_side_by_side(tab: Page) -> None:
    tab.get_by_role("button", name="both circuits").click()
    wait(tab, "m('sobol').renderers[0].data_source.data.st.length === 18")
    st = floats(data(tab, "sobol", 0, "st")).reshape(2, 9)
    connections = [INFERRED_NAMES.index(n) for n in ("C", "a_1", "a_2", "a_3", "a_4")]
    assert (st[0, connections] > 0.2).all()
    assert (st[1, connections] < 0.01).all()
    assert "deepjr" in get(tab, "sobol_caption", "text")


def test_an_undefined_feature_says_so_in_words(tab: Page) -> None:
    put(tab, "sobol_feature", "value", "peak_frequency")
    wait(tab, "m('sobol_caption').text !== '' && m('sobol').renderers.some((r) => "
              "(r.data_source.data.text || [])[0]?.includes('too few for'))")  # fmt: skip
    assert np.isnan(floats(data(tab, "sobol", 0, "st"))).all()


def test_time_and_pairs_are_the_shipped_indices(tab: Page) -> None:
    table = load_sobol("jansen_rit")
    stack = floats(data(tab, "sobol_time", 8, "high_a_4"))
    expected = np.clip(table.of_waves.st, 0, None).sum(axis=1)
    np.testing.assert_allclose(stack, expected, rtol=1e-5)
    tab.get_by_role("button", name="pairs").click()
    wait(tab, "m('sobol_second').visible && !m('sobol_time').visible")
    values = floats(data(tab, "sobol_second", 0, "value"))
    later, earlier = np.tril_indices(9, -1)
    s2 = table.of_features.s2
    assert s2 is not None
    np.testing.assert_allclose(values, s2[table.row("rms"), later, earlier])


def test_the_tables_are_saved_as_csv_and_netcdf(tab: Page) -> None:
    panel = tab.get_by_role("tabpanel", name="Sensitivity")
    with tab.expect_download() as csv_saved:
        panel.get_by_text("CSV", exact=True).click()
    text = csv_saved.value.path().read_text(encoding="utf-8")
    assert csv_saved.value.suggested_filename == "sobol-jansen_rit.csv"
    rows = list(csv.DictReader(io.StringIO(text)))
    first = next(r for r in rows if (r["output"], r["index"], r["factor"]) == ("rms", "ST", "C"))
    table = load_sobol("jansen_rit")
    expected = table.of_features.st[table.row("rms"), INFERRED_NAMES.index("C")]
    assert float(first["value"]) == pytest.approx(expected, rel=1e-5)
    with tab.expect_download() as netcdf_saved:
        panel.get_by_text("NetCDF", exact=True).click()
    assert netcdf_saved.value.path().read_bytes()[:3] == b"CDF"


def start_run(page: Page, samples: int) -> None:
    page.get_by_role("button", name="around this point").click()
    put(page, "sobol_samples", "value", str(samples))
    page.get_by_role("button", name="Run", exact=True).click()


def test_a_run_around_the_point_dims_once_the_point_moves(tab: Page) -> None:
    start_run(tab, 256)
    wait(tab, "m('sobol_caption').text.includes('±10 % around the point')", 60_000)
    assert floats(data(tab, "sobol", 0, "st")).size == 9
    assert "256" in get(tab, "sobol_caption", "text")
    assert "mV, A<sub>i</sub> 22 mV" in get(tab, "sobol_caption", "text")
    assert get(tab, "sobol", "styles").get("opacity", "1") == "1"
    put(tab, "A_i", "value", 25.0)
    wait(tab, "m('sobol').styles.opacity === '0.4'")
    put(tab, "A_i", "value", 22.0)
    wait(tab, "m('sobol').styles.opacity === '1'")


def test_stop_stops_within_half_a_second_and_sliders_work_meanwhile(tab: Page) -> None:
    start_run(tab, 4096)
    wait(tab, "m('sobol_progress').text.includes('<progress')")
    frame = get(tab, "bridge_model", "frame")
    put(tab, "A_i", "value", 23.0)
    tab.wait_for_function(ADVANCED, arg=["bridge_model", frame], timeout=3000)
    assert get(tab, "sobol_stop", "disabled") is False
    tab.get_by_role("button", name="Stop", exact=True).click(no_wait_after=True)
    wait(tab, "m('sobol_stop').disabled && m('sobol_progress').text === 'stopped'", 500)
    assert "around the point" not in get(tab, "sobol_caption", "text")


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


def image(page: Page) -> np.ndarray:
    code = f"() => Array.from({MODEL}('oat').renderers[0].data_source.data.image[0])"
    return np.array(page.evaluate(code)).reshape(200, 301)


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
