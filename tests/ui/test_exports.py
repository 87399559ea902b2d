"""What the export dialog saves, read back by independent means."""

from __future__ import annotations

import csv
import io
import struct
import xml.etree.ElementTree as ElementTree

import mne
import numpy as np
import pytest

from explorer.backend.settings import make_settings
from explorer.backend.snapshot import take_snapshot
from tests.ui import helpers as h

TITLES = {
    "eeg": "EEG, last seconds",
    "spectrum": "Spectrum",
    "evoked": "Evoked response",
    "scalp": "Scalp map",
    "phase": "Phase plane",
}


def choose(page, plot: str = "eeg", **fields: str) -> None:
    page.locator("[data-dialog=export-dialog]").click()
    page.get_by_label("Plot").select_option(label=TITLES[plot])
    for label, value in fields.items():
        page.get_by_label(label.replace("_", " ")).select_option(value)
    ending = fields.get("Data_as", "CSV").lower()
    name = "evoked-ave" if ending == "fif" else plot
    page.wait_for_function(  # the file's name comes back from the server
        "(name) => [...Bokeh.documents[0]._all_models.values()].some((m) => m.filename === name)",
        arg=f"jr-explorer-{name}.{ending}",
    )


def saved(page, button: str, path) -> bytes:
    with page.expect_download() as download:
        page.get_by_text(button, exact=True).click()
    download.value.save_as(path / download.value.suggested_filename)
    return (path / download.value.suggested_filename).read_bytes()


@pytest.mark.parametrize("plot", list(TITLES))
def test_csv_holds_what_the_plot_shows(page, tmp_path, plot):
    h.set_slider(page, "A_e", 4.0)
    choose(page, plot, Data_as="CSV")
    words = saved(page, "Save data", tmp_path).decode("utf-8")
    assert (tmp_path / f"jr-explorer-{plot}.csv").exists()
    rows = list(csv.reader(io.StringIO(words)))
    heads, values = rows[0], rows[1:]
    shot = take_snapshot(make_settings(values={"A_e": 4.0}))
    columns = {head: [row[k] for row in values] for k, head in enumerate(heads)}
    if plot == "eeg":
        assert heads == ["time_s", "signal_mv"]
        expected = shot.signal[-2001::2]
    elif plot == "spectrum":
        assert heads == ["frequency_hz", "density_db"]
        inside = (shot.spectrum.frequency >= 1) & (shot.spectrum.frequency <= 45)
        expected = shot.spectrum.decibels()[inside]
    elif plot == "evoked":
        assert (
            heads[0] == "time_ms"
            and len(heads) == 65
            and all(head.endswith("_uv") for head in heads[1:])
        )
        expected = shot.scalp[63, ::2]
    elif plot == "scalp":
        assert heads[0] == "electrode" and "uv" in heads[-1] and "100_ms" in heads[-1]
        expected = shot.scalp[:, np.argmin(np.abs(shot.evoked.time - 0.1))]
    else:
        assert heads == ["y1_mv", "y2_mv"]
        expected = shot.states[-1001:, 2]
    got = np.array(columns[heads[-1]], dtype=float)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)


def test_npz_holds_data_and_settings(page, tmp_path):
    choose(page, "spectrum", Data_as="NPZ")
    content = saved(page, "Save data", tmp_path)
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        assert {"frequency_hz", "density_db"} <= set(arrays.files)
        np.testing.assert_allclose(
            arrays["density_db"], h.line(page, "spectrum", "#12395b"), rtol=1e-6
        )
        assert "jansen_rit" in " ".join(str(arrays[name]) for name in arrays.files)


def test_fif_is_read_by_mne(page, tmp_path):
    choose(page, "evoked", Data_as="FIF")
    saved(page, "Save data", tmp_path)
    path = tmp_path / "jr-explorer-evoked-ave.fif"
    [evoked] = mne.read_evokeds(path, proj=False, verbose="error")
    shot = take_snapshot(make_settings())
    assert evoked.nave == 60 and len(evoked.ch_names) == 64
    np.testing.assert_allclose(evoked.data * 1e6, shot.scalp, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(evoked.times, shot.evoked.time, atol=1e-6)


def test_png_is_a_picture_of_the_plot(page, tmp_path):
    choose(page, "evoked", Picture_as="PNG")
    content = saved(page, "Save picture", tmp_path)
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", content[16:24])
    box = page.locator("#card-evoked .plot").bounding_box()
    assert width == pytest.approx(box["width"], abs=4)
    assert height == pytest.approx(box["height"], abs=4)
    assert len(content) > 5000  # an empty frame takes a few hundred bytes


def test_svg_is_drawn_in_lines_with_its_labels(page, tmp_path):
    choose(page, "spectrum", Picture_as="SVG")
    content = saved(page, "Save picture", tmp_path).decode("utf-8")
    tree = ElementTree.fromstring(content)
    assert tree.tag == "{http://www.w3.org/2000/svg}svg"
    words = " ".join(t.text or "" for t in tree.iter("{http://www.w3.org/2000/svg}text"))
    assert "frequency (Hz)" in words and "alpha" in words
    longest = max(len(p.get("d", "")) for p in tree.iter("{http://www.w3.org/2000/svg}path"))
    assert longest > 1000
