"""A recording dropped on the page in a real browser, the real one included."""

from __future__ import annotations

import os
from pathlib import Path

import mne
import numpy as np
import pytest

from explorer.backend.settings import make_settings
from explorer.backend.snapshot import take_snapshot
from tests.ui import helpers as h

ORANGE = "#c05000"
FOLDER = Path(
    os.environ.get("JR_EXPLORER_RECORDINGS")
    or Path(__file__).resolve().parents[3] / "shared" / "recordings"
)
SET, FDT = FOLDER / "eeglab_data.set", FOLDER / "eeglab_data.fdt"


def drop(page, *paths: Path) -> None:
    page.locator("input[type=file]").set_input_files([str(path) for path in paths])


def orange(page, figure: str) -> tuple[np.ndarray, np.ndarray]:
    index = page.evaluate(
        "([f, c]) => Bokeh.documents[0].get_model_by_name(f).renderers"
        ".findIndex((r) => r.glyph.line_color?.value === c)",
        [figure, ORANGE],
    )
    x, y = h.column(page, figure, index, "x"), h.column(page, figure, index, "y")
    return np.array(x, dtype=float), np.array(y, dtype=float)


def dash(page, figure: str) -> object:
    return page.evaluate(
        "([f, c]) => Bokeh.documents[0].get_model_by_name(f).renderers"
        ".find((r) => r.glyph.line_color?.value === c).glyph.line_dash.value",
        [figure, ORANGE],
    )


def wait_for_overlay(page, there: bool = True) -> None:
    h.wait_for(
        page,
        """([c, there]) => {
        const r = Bokeh.documents[0].get_model_by_name("spectrum").renderers
          .find((r) => r.glyph.line_color?.value === c);
        return (r.data_source.data.y.length > 0) === there }""",
        [ORANGE, there],
        timeout=30_000,
    )
    h.settled(page, 500)


def words(page) -> str:
    return page.locator("#side").evaluate(
        """(side) => { const all = (n) => [...n.childNodes].map((c) => c.nodeType === 3 ? c.data
        : c.tagName === "STYLE" ? "" : all(c.shadowRoot || c)).join(" "); return all(side) }"""
    )


@pytest.fixture
def with_recording(page):
    if not (SET.exists() and FDT.exists()):
        pytest.skip(f"no recording in {FOLDER}; name a folder with it in JR_EXPLORER_RECORDINGS")
    drop(page, SET, FDT)
    wait_for_overlay(page)
    return page


@pytest.fixture(scope="module")
def raw():
    """The recording by MNE alone, 0.5–40 Hz."""
    raw = mne.io.read_raw_eeglab(SET, preload=True, verbose="error")
    return raw.filter(0.5, 40.0, verbose="error")


def test_real_recording_lies_over_the_spectrum(with_recording, raw):
    page = with_recording
    page.get_by_label("Channel", exact=True).select_option("POz")
    h.settled(page, 500)
    frequency, density = orange(page, "spectrum")
    above = frequency > 5
    assert frequency[above][np.argmax(density[above])] == pytest.approx(10.1, abs=0.3)
    assert dash(page, "spectrum")
    labels = [
        text for k in range(5) for text in (h.column(page, "spectrum", k, "text") if k >= 2 else [])
    ]
    assert any("10.1 Hz" in text for text in labels)
    assert "eeglab_data" in words(page) and "POz" in words(page)
    truth = raw.compute_psd("welch", fmin=1, fmax=45, picks=["POz"], n_fft=512, verbose="error")
    inside = (truth.freqs >= 8) & (truth.freqs <= 13)
    expected = 10 * np.log10(np.mean(truth.get_data()[0][inside]) * 1e12)
    mine = density[(frequency >= 8) & (frequency <= 13)]
    assert 10 * np.log10(np.mean(10 ** (mine / 10))) == pytest.approx(expected, abs=1.0)


def test_real_recording_lies_over_the_evoked_response(with_recording, raw):
    page = with_recording
    page.get_by_label("Channel", exact=True).select_option("POz")
    h.settled(page, 500)
    assert page.get_by_label("Event", exact=True).input_value() == "square (80)" or (
        "square"
        in page.get_by_label("Event", exact=True).evaluate("(s) => s.selectedOptions[0].text")
    )
    time, wave = orange(page, "evoked")
    events, ids = mne.events_from_annotations(raw, verbose="error")
    epochs = mne.Epochs(
        raw, events, ids["square"], -0.2, 1.0, baseline=(-0.2, 0), preload=True, verbose="error"
    )
    assert len(epochs) == 80
    expected = epochs.average(picks=["POz"]).data[0] * 1e6
    mine = np.interp(epochs.times * 1e3, time, wave)
    assert np.corrcoef(mine, expected)[0, 1] > 0.98
    assert np.sqrt(np.mean((mine - expected) ** 2)) < 0.2 * expected.std() + 0.1
    told = words(page)
    assert "80 epochs" in told and "r =" in told and "RMSE =" in told and "µV" in told


def test_misfit_follows_the_model(with_recording):
    page = with_recording
    before = words(page)
    h.set_slider(page, "A_e", 4.2)
    h.release(page, "A_e")
    assert words(page).split("RMSE")[1] != before.split("RMSE")[1]


def test_recording_can_be_removed_and_loaded_again(with_recording):
    page = with_recording
    page.get_by_role("button", name="Remove", exact=True).last.click()
    wait_for_overlay(page, there=False)
    assert orange(page, "evoked")[0].size == 0 and "No recording" in words(page)
    assert "eeglab_data" not in words(page)
    drop(page, SET, FDT)
    wait_for_overlay(page)
    assert "eeglab_data" in words(page)


def test_recording_is_in_its_own_window_only(with_recording, open_page):
    assert orange(open_page(), "spectrum")[0].size == 0


def made_csv(path: Path) -> Path:
    """Ten seconds of a 6 Hz wave of 10 µV."""
    time = np.arange(0, 20, 1 / 200)
    wave = 10 * np.sin(2 * np.pi * 6 * time)
    lines = ["time_s,Cz"] + [f"{t:.4f},{v:.6f}" for t, v in zip(time, wave, strict=True)]
    path.write_text("\n".join(lines))
    return path


def test_csv_without_events_shows_its_spectrum_and_says_so(page, tmp_path):
    drop(page, made_csv(tmp_path / "wave.csv"))
    wait_for_overlay(page)
    frequency, density = orange(page, "spectrum")
    assert frequency[np.argmax(density)] == pytest.approx(6.0, abs=0.3)
    assert orange(page, "evoked")[0].size == 0
    told = h.notices(page)
    assert len(told) == 1 and "no events" in told[0]


def large_csv(path: Path) -> Path:
    """Sixty megabytes, which take seconds to read: 16 channels of noise, 500 samples a second."""
    rows = np.round(np.random.default_rng(1).normal(0, 10, (1000, 16)), 3)
    body = [",".join(map(str, row)) for row in rows]
    with path.open("w") as file:
        file.write("time_s," + ",".join(f"c{k}" for k in range(16)) + "\n")
        file.writelines(f"{k / 500:.3f},{body[k % 1000]}\n" for k in range(600_000))
    assert path.stat().st_size > 50e6
    return path


def test_dragging_goes_on_while_a_large_recording_is_read_and_it_can_be_stopped(page, tmp_path):
    path = large_csv(tmp_path / "large.csv")
    drop(page, path)
    page.get_by_role("button", name="Stop loading").wait_for(timeout=60_000)
    assert "Loading large.csv" in " ".join(words(page).split())
    for gain in (4.0, 5.0):  # both are drawn while the file is being read
        h.set_slider(page, "A_e", gain)
        shot = take_snapshot(make_settings(values={"A_e": gain}))
        np.testing.assert_allclose(h.column(page, "eeg"), shot.signal[-2001::2], rtol=1e-5)
    page.get_by_role("button", name="Stop loading").click()
    page.get_by_role("button", name="Stop loading").wait_for(state="hidden")
    h.settled(page, 1000)
    assert "No recording" in words(page) and orange(page, "spectrum")[0].size == 0
    drop(page, made_csv(tmp_path / "wave.csv"))
    wait_for_overlay(page)
    assert "wave.csv" in words(page)


def test_a_huge_file_is_refused_before_it_is_sent(page, tmp_path):
    path = tmp_path / "huge.edf"
    with path.open("wb") as file:
        file.truncate(201_000_000)
    drop(page, path)
    page.locator(".notice.error").first.wait_for()
    assert h.notices(page) == [
        "recording: expected at most 200 MB, got huge.edf, which makes 201 MB."
    ]
    drop(page, made_csv(tmp_path / "wave.csv"))
    wait_for_overlay(page)


def truncated(folder: Path) -> Path:
    path = folder / "cut.edf"
    path.write_bytes(b"0       " + b"X" * 40)
    return path


def unknown(folder: Path) -> Path:
    path = folder / "letter.docx"
    path.write_bytes(b"PK\x03\x04 not a recording")
    return path


def empty(folder: Path) -> Path:
    path = folder / "empty.csv"
    path.write_bytes(b"")
    return path


def words_for_numbers(folder: Path) -> Path:
    path = folder / "words.csv"
    path.write_text("time_s,Cz\n0,a\n0.01,b\n0.02,c\n")
    return path


def lonely(folder: Path) -> Path:
    """Not a MATLAB file at all, though it ends like one."""
    path = folder / "broken.set"
    path.write_bytes(b"MATLAB 5.0 MAT-file" + b"\x00" * 50)
    return path


@pytest.mark.parametrize("make", [truncated, unknown, empty, words_for_numbers, lonely])
def test_unusable_file_gives_one_notice_and_the_page_goes_on(page, tmp_path, make):
    path = make(tmp_path)
    drop(page, path)
    page.locator(".notice.error").first.wait_for(timeout=20_000)
    page.wait_for_timeout(500)
    told = h.notices(page)
    assert len(told) == 1 and path.name in told[0] and "Traceback" not in told[0]
    assert orange(page, "spectrum")[0].size == 0
    h.set_slider(page, "A_e", 4.0)
    shot = take_snapshot(make_settings(values={"A_e": 4.0}))
    np.testing.assert_allclose(h.column(page, "eeg"), shot.signal[-2001::2], rtol=1e-5)
    drop(page, made_csv(tmp_path / "wave.csv"))  # and takes a good one next
    wait_for_overlay(page)


def test_bad_file_keeps_the_recording_before_it(page, tmp_path):
    drop(page, made_csv(tmp_path / "wave.csv"))
    wait_for_overlay(page)
    before = orange(page, "spectrum")[1]
    drop(page, empty(tmp_path))
    page.locator(".notice.error").first.wait_for()
    np.testing.assert_array_equal(orange(page, "spectrum")[1], before)


def test_two_thirds_of_an_eeglab_recording_is_refused(page, tmp_path):
    if not SET.exists():
        pytest.skip(f"no recording in {FOLDER}")
    cut = tmp_path / FDT.name
    cut.write_bytes(FDT.read_bytes()[: FDT.stat().st_size * 2 // 3])
    drop(page, SET, cut)
    page.locator(".notice.error").first.wait_for(timeout=20_000)
    told = h.notices(page)
    assert len(told) == 1 and "eeglab_data" in told[0]
