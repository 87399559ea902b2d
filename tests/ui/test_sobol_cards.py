"""The Sobol cards of the Sensitivity tab in a real browser."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest

from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.sobol_store import load_sobol
from tests.ui.sensitivity_page import (
    ADVANCED,
    data,
    floats,
    get,
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
    caption = get(tab, "sobol_caption", "text")
    assert "deepjr below 0.01" in caption and caption.count("8\u202f192") == 2


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


def test_around_a_point_says_what_to_do_until_it_has_run(tab: Page) -> None:
    tab.get_by_role("button", name="around this point").click()
    invited = (
        "(m(n).renderers.some((r) => (r.data_source.data.text || [])[0]?.includes('Press Run')))"
    )
    wait(tab, f"['sobol', 'sobol_time', 'sobol_second'].every((n) => {invited})")
    assert data(tab, "sobol_time", 0, "x") == []
    tab.get_by_role("button", name="trained ranges").click()
    wait(tab, "m('sobol_time').renderers[0].data_source.data.x.length === 301")


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


def test_stop_stops_at_once_and_sliders_work_meanwhile(tab: Page) -> None:
    start_run(tab, 4096)
    wait(tab, "m('sobol_progress').text.includes('<progress')")
    frame = get(tab, "bridge_model", "frame")
    put(tab, "A_i", "value", 23.0)
    tab.wait_for_function(ADVANCED, arg=["bridge_model", frame], timeout=10_000)
    assert get(tab, "sobol_stop", "disabled") is False
    tab.get_by_role("button", name="Stop", exact=True).click(no_wait_after=True)
    wait(tab, "m('sobol_stop').disabled && m('sobol_progress').text === 'stopped'", 2000)
    tab.wait_for_timeout(1000)  # it stays said
    assert get(tab, "sobol_progress", "text") == "stopped"
    assert "around the point" not in get(tab, "sobol_caption", "text")
