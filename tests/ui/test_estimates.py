"""The Estimates tab and its card in a real browser; any weights will do, good or rough."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from explorer.backend.assets import ASSETS
from explorer.backend.estimators.interface import observe
from explorer.backend.estimators.names import ESTIMATOR_TITLES
from explorer.backend.estimators.service import QUICK_DRAWS, Service
from explorer.backend.settings import Settings, make_settings
from explorer.backend.snapshot import take_snapshot
from explorer.backend.targets import N_TARGETS, target_extents
from tests.backend import made_recordings as made
from tests.ui import helpers as h
from tests.ui.conftest import READY

if TYPE_CHECKING:
    from playwright.sync_api import Page

FOLDER = ASSETS / "estimators"
SHIPPED = tuple(
    name for name in ESTIMATOR_TITLES if (FOLDER / f"{name}_jansen_rit.safetensors").exists()
)
"""The estimators whose weights ship for the circuit of these tests."""
needs_weights = pytest.mark.skipif(not SHIPPED, reason="no weights in assets/estimators")
COLUMN = """([name, column]) => Array.from(
  Bokeh.documents[0].get_model_by_name(name).data[column] || [])"""
POINT = "?tab=estimates&p_mean=90&p_sd=0"


def column(page: Page, source: str, name: str) -> list[Any]:
    """A column of a named source."""
    return list(page.evaluate(COLUMN, [source, name]))


def wait_marks(
    page: Page, source: str = "estimates_marks", count: int = len(SHIPPED) * N_TARGETS
) -> None:
    h.wait_for(
        page,
        f"""(n) => {{ const s = {h._MODEL}('{source}');
        return s && s.data.along && s.data.along.length === n }}""",
        count,
        timeout=60_000,
    )


def wait_change(page: Page, source: str, before: list[Any]) -> None:
    h.wait_for(
        page,
        f"""([s, old]) => {{ const a = Array.from({h._MODEL}(s).data.along);
        return a.length > 0 && JSON.stringify(a) !== JSON.stringify(old) }}""",
        [source, before],
        timeout=20_000,
    )


def press(page: Page, name: str) -> None:
    page.evaluate(
        f"""(name) => {h._MODEL}(name).trigger_event(
        new (Bokeh.require('core/bokeh_events').ButtonClick)())""",
        name,
    )


@pytest.fixture(scope="module")
def service() -> Service:
    return Service()


def expected(service: Service, settings: Settings, name: str) -> np.ndarray:
    """Shares (13,) of the trained range of one estimator's means."""
    shot = take_snapshot(settings)
    reading = service.read(observe(settings, shot.evoked.source), n_draws=QUICK_DRAWS)
    low, high = target_extents(settings.circuit).T
    share = (reading.estimates[name].mean[0] - low) / (high - low)
    return np.clip(share, -0.035, 1.035)


@needs_weights
def test_rows_show_what_the_networks_say(open_page: Callable[..., Page], service: Service) -> None:
    page = open_page(POINT)
    wait_marks(page)
    names = np.array(column(page, "estimates_marks", "estimator"))
    along = np.array(column(page, "estimates_marks", "along"))
    settings = make_settings("jansen_rit", {"p_mean": 90.0, "p_sd": 0.0})
    for name in SHIPPED:
        shown = along[names == ESTIMATOR_TITLES[name]]
        np.testing.assert_allclose(shown, expected(service, settings, name), atol=2e-3)
    truth = column(page, "estimates_truths", "along")
    np.testing.assert_allclose(truth[:2], [(3.25 - 2.6) / 3.9, (22 - 17.6) / 26.4], rtol=1e-6)
    words = column(page, "estimates_texts", "text")
    assert len(words) == N_TARGETS and all("%" in text for text in words)


@needs_weights
def test_the_card_on_the_dashboard_follows_the_release(page: Page, service: Service) -> None:
    wait_marks(page, "estimates_compact_marks")
    before = column(page, "estimates_compact_marks", "along")
    h.set_slider(page, "p_sd", 0.5)
    h.set_slider(page, "A_e", 4.0)
    h.release(page, "A_e")
    wait_change(page, "estimates_compact_marks", before)
    page.wait_for_timeout(700)
    names = np.array(column(page, "estimates_compact_marks", "estimator"))
    along = np.array(column(page, "estimates_compact_marks", "along"))[names == "Bi-LSTM"]
    settings = make_settings("jansen_rit", {"p_sd": 0.5, "A_e": 4.0})
    np.testing.assert_allclose(along, expected(service, settings, "bilstm"), atol=2e-3)


@needs_weights
def test_toggles_hide_estimators_and_travel_in_the_address_and_undo(
    open_page: Callable[..., Page],
) -> None:
    page = open_page(POINT + "&estimators=bilstm,npe")
    wait_marks(page, count=2 * N_TARGETS)
    assert set(column(page, "estimates_marks", "estimator")) == {"Bi-LSTM", "NPE"}
    page.get_by_role("button", name="Bi-LSTM", exact=False).first.click()
    wait_marks(page, count=N_TARGETS)
    page.wait_for_function("() => location.search.includes('estimators=npe&')")
    page.locator("[data-command=undo]").click()
    wait_marks(page, count=2 * N_TARGETS)


@needs_weights
@pytest.mark.parametrize(
    ("query", "word"),
    [("&stim_width=0.1", "pulse width"), ("&C=600", "outside"), ("&start=from_above", "start")],
)
def test_what_training_did_not_vary_greys_the_estimates_and_says_why(
    open_page: Callable[..., Page], query: str, word: str
) -> None:
    page = open_page(POINT + query)
    wait_marks(page)
    assert set(column(page, "estimates_marks", "dash")) == {"dotted"}
    assert len(set(column(page, "estimates_marks", "colour"))) == 1
    warning = h.get(page, "estimates_warning", "text")
    assert "Not to be trusted" in warning and word in warning.lower()
    assert "not trusted" in "".join(column(page, "estimates_texts", "text")) or word == "outside"


@needs_weights
def test_every_estimate_is_laid_over_what_was_observed(open_page: Callable[..., Page]) -> None:
    page = open_page(POINT)
    h.wait_for(
        page,
        f"() => {h._MODEL}('overlay_table')?.text.includes('NPE')",
        timeout=60_000,
    )
    shot = take_snapshot(make_settings("jansen_rit", {"p_mean": 90.0, "p_sd": 0.0}))
    wave = np.array(h.column(page, "overlay_evoked", 0), dtype=float)
    assert np.abs(wave - shot.evoked.source).max() < 0.03  # sensor noise of the average
    for figure in ("overlay_evoked", "overlay_eeg", "overlay_spectrum"):
        names = column(page, f"{figure}_estimates", "name")
        assert names == [ESTIMATOR_TITLES[name] for name in SHIPPED]
    table = h.get(page, "overlay_table", "text")
    assert table.count("× noise") == len(SHIPPED) and "dB" in table


@needs_weights
def test_realisations_run_show_and_stop(open_page: Callable[..., Page]) -> None:
    page = open_page(POINT + "&estimates=monte_carlo&estimators=bilstm,npe")
    wait_marks(page, count=2 * N_TARGETS)
    press(page, "monte_carlo_run")
    h.wait_for(page, f"() => {h._MODEL}('monte_carlo_progress').text.includes('progress')")
    press(page, "monte_carlo_stop")
    h.wait_for(page, f"() => {h._MODEL}('monte_carlo_stop').disabled")
    assert column(page, "monte_carlo_marks", "along") == []
    press(page, "monte_carlo_run")
    wait_marks(page, "monte_carlo_marks", 2 * N_TARGETS)
    words = column(page, "monte_carlo_texts", "text")
    assert all("bias" in text and "spread" in text for text in words)


@needs_weights
def test_the_pair_plot_shows_draws_the_truth_and_the_exact_posterior(
    open_page: Callable[..., Page],
) -> None:
    page = open_page(POINT + "&estimates=posterior&pair_x=A_e&pair_y=b_e&noise_factor=1000")
    h.wait_for(page, f"() => {h._MODEL}('pair_draws')?.data.x.length === 1000", timeout=60_000)
    assert column(page, "pair_truth", "x") == [3.25] and column(page, "pair_truth", "y") == [100]
    page.get_by_label("Vertical", exact=True).select_option(label="a₄")
    h.wait_for(page, f"() => {h._MODEL}('pair_truth').data.y[0] === 0.25")
    page.wait_for_function("() => location.search.includes('pair_y=a_4')")
    press(page, "exact_run")
    h.wait_for(page, f"() => {h._MODEL}('exact_progress').text.includes('progress')")
    press(page, "exact_stop")
    h.wait_for(page, f"() => {h._MODEL}('exact_stop').disabled")
    assert column(page, "pair_exact_90%", "left") == []


def test_the_ladder_shows_the_benchmark_or_says_that_there_is_none(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("?tab=estimates&estimates=ladder&circuit=deepjr")
    page.wait_for_timeout(1500)
    if (ASSETS / "benchmark.json").exists():
        assert len(column(page, "ladder_points", "x")) > 5 * N_TARGETS
        assert 0.114 in column(page, "ladder_published", "r")
    else:
        assert column(page, "ladder_points", "x") == []


@needs_weights
def test_the_table_can_be_saved(open_page: Callable[..., Page], tmp_path: Path) -> None:
    page = open_page(POINT)
    wait_marks(page)
    with page.expect_download() as download:
        page.locator("#panel-estimates").get_by_text("CSV", exact=True).first.click()
    download.value.save_as(tmp_path / "estimates.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "estimates.csv").read_text("utf-8"))))
    assert len(rows) == len(SHIPPED) * N_TARGETS
    assert {row["estimator"] for row in rows} == set(SHIPPED)
    assert float(rows[0]["error"]) == pytest.approx(float(rows[0]["mean"]) - 3.25)


@needs_weights
def test_a_recording_is_read_and_marked_as_without_ground_truth(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = open_page(POINT + "&estimates=recording")
    wait_marks(page)
    made.write_edf(tmp_path / "made.bdf", bdf=True, status=True)
    page.locator("input[type=file]").set_input_files([str(tmp_path / "made.bdf")])
    h.wait_for(page, f"() => {h._MODEL}('estimates_given').options.length === 2", timeout=30_000)
    page.get_by_label("Given", exact=True).select_option(label="the recording")
    h.wait_for(page, f"() => {h._MODEL}('estimates_warning').text.includes('without ground truth')")
    assert column(page, "estimates_truths", "along") == []
    assert len(column(page, "estimates_marks", "along")) == len(SHIPPED) * N_TARGETS
    assert "epochs" in h.get(page, "recording_context", "text")


OWN_SERVER = """
import sys
from pathlib import Path
from explorer.backend.estimators import service
service.SERVICE.folder = Path(sys.argv[1])
from explorer.ui.app import serve
serve(0, show=False)
"""


@pytest.fixture
def damaged_server(tmp_path: Path) -> Iterator[str]:
    """A server with one damaged file of weights."""
    shutil.copytree(FOLDER, tmp_path / "weights")
    target = tmp_path / "weights" / f"{SHIPPED[0]}_jansen_rit.safetensors"
    content = bytearray(target.read_bytes())
    content[len(content) // 2] ^= 0xFF
    target.write_bytes(content)
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", OWN_SERVER, str(tmp_path / "weights")],
        cwd=Path(__file__).resolve().parents[2], stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    line = next(line for line in process.stdout if "ready at" in line)
    yield line.split("ready at ")[1].split()[0]
    process.terminate()
    process.wait(15)
    process.stdout.close()


@needs_weights
def test_a_damaged_file_gives_one_notice_and_the_page_goes_on(
    browser: Any, damaged_server: str
) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(damaged_server + POINT)
    page.wait_for_function(READY)
    wait_marks(page, count=(len(SHIPPED) - 1) * N_TARGETS)
    title = ESTIMATOR_TITLES[SHIPPED[0]]
    (notice,) = h.notices(page)
    assert f"{title} is off" in notice and f"{SHIPPED[0]}_jansen_rit.safetensors" in notice
    assert title not in column(page, "estimates_marks", "estimator")
    assert f"Off: {title}" in h.get(page, "estimates_warning", "text")
    before = column(page, "estimates_marks", "along")
    h.set_slider(page, "A_e", 5.0)
    h.release(page, "A_e")
    wait_change(page, "estimates_marks", before)
    assert len(h.notices(page)) == 1
    page.close()


@needs_weights
def test_after_a_quick_drag_the_newest_point_stands(
    open_page: Callable[..., Page], service: Service
) -> None:
    page = open_page(POINT)
    wait_marks(page)
    for value in (3.0, 3.5, 4.0, 4.5, 5.0, 5.5):
        h.set_slider(page, "A_e", value, wait=False)
        page.wait_for_timeout(15)
    h.release(page, "A_e")
    page.wait_for_timeout(2500)
    truth = column(page, "estimates_truths", "along")[0]
    assert truth == pytest.approx((5.5 - 2.6) / 3.9)
    names = np.array(column(page, "estimates_marks", "estimator"))
    along = np.array(column(page, "estimates_marks", "along"))[names == "NPE"]
    settings = make_settings("jansen_rit", {"p_mean": 90.0, "p_sd": 0.0, "A_e": 5.5})
    np.testing.assert_allclose(along, expected(service, settings, "npe"), atol=2e-3)
    opacity = page.evaluate(f"() => {h._MODEL}('estimates').styles.opacity ?? '1'")
    assert str(opacity) == "1"
