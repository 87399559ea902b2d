"""Recordings of a known signal come back as they were written, in every format."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from explorer.backend.errors import ExplorerError
from explorer.backend.recording import (
    Recording,
    best_channel,
    best_event,
    filtered,
    recording_evoked,
    recording_spectrum,
)
from explorer.backend.recording_files import KINDS, load_recording, load_uploaded
from tests.backend import made_recordings as made

WRITERS = {
    ".edf": (made.write_edf, 0.02, None),
    ".bdf": (lambda path: made.write_edf(path, bdf=True, status=True), 0.04, "7"),
    ".vhdr": (made.write_brainvision, 1e-4, "Stimulus/S  7"),
    ".set": (made.write_eeglab, 1e-4, "square"),
    ".fif": (made.write_fif, 1e-9, "square"),
    ".csv": (made.write_csv, 1e-6, None),
}
"""By kind: who writes it, its resolution in µV, the name of its event."""


def test_every_kind_is_tested() -> None:
    assert set(WRITERS) == set(KINDS)


@pytest.mark.parametrize("kind", WRITERS)
def test_every_kind_gives_back_what_was_written(kind: str, tmp_path: Path) -> None:
    write, resolution, event = WRITERS[kind]
    path = tmp_path / f"made{kind}"
    write(path)
    recording = load_recording(path)
    assert recording.name == f"made{kind}"
    assert recording.rate == made.RATE
    assert recording.channels == ("Fz", "Cz", "POz")  # HEOG is not EEG
    np.testing.assert_allclose(recording.data_uv, made.truth_uv()[:3], atol=resolution)
    if event is None:
        assert not recording.events
    else:
        np.testing.assert_allclose(recording.events[event], made.ONSETS_S, atol=1e-9)
    assert best_channel(recording) == "POz"


def test_fif_has_both_annotations_and_triggers_and_positions(tmp_path: Path) -> None:
    made.write_fif(tmp_path / "made.fif")
    recording = load_recording(tmp_path / "made.fif", name="mine")
    assert recording.name == "mine"
    assert set(recording.events) == {"square", "7"}
    assert best_event(recording) in recording.events
    assert recording.positions is not None
    x, y = recording.positions[1]
    assert np.hypot(x, y) < 0.2  # Cz on top
    assert recording.positions[0][1] > 0.3 and recording.positions[2][1] < -0.3


def test_upload_of_several_files_is_read_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.write_brainvision(tmp_path / "made.vhdr")
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    recording = load_uploaded(files)
    np.testing.assert_allclose(recording.data_uv, made.truth_uv()[:3], atol=1e-4)
    assert not list(scratch.iterdir())


def test_upload_stays_in_its_folder(tmp_path: Path) -> None:
    made.write_csv(tmp_path / "made.csv")
    recording = load_uploaded({"../../made.csv": (tmp_path / "made.csv").read_bytes()})
    assert recording.name == "made.csv"


def test_uploads_that_are_refused(tmp_path: Path) -> None:
    made.write_csv(tmp_path / "a.csv")
    content = (tmp_path / "a.csv").read_bytes()
    for files, words in (
        ({}, "no file"),
        ({"a.csv": content, "b.csv": content}, "a.csv, b.csv"),
        ({"a.fdt": content}, "a.fdt"),
        ({"a.csv": bytes(201_000_000)}, "201 MB"),
    ):
        with pytest.raises(ExplorerError, match=words) as error:
            load_uploaded(files)
        assert error.value.field == "recording"


def _cut(path: Path, share: float) -> None:
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])


@pytest.mark.parametrize("kind", [*WRITERS])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.02])
def test_a_truncated_file_is_refused_in_one_sentence(
    kind: str, share: float, tmp_path: Path
) -> None:
    path = tmp_path / f"made{kind}"
    WRITERS[kind][0](path)
    _cut(path, share)
    _assert_refused(path)


@pytest.mark.parametrize("kind", [".edf", ".bdf", ".fdt", ".set", ".eeg"])
@pytest.mark.parametrize("share", [0.3, 0.7])
def test_a_file_cut_in_its_data_is_refused(kind: str, share: float, tmp_path: Path) -> None:
    mains = {".fdt": "made.set", ".eeg": "made.vhdr"}
    main = tmp_path / mains.get(kind, f"made{kind}")
    WRITERS[main.suffix][0](main)
    _cut(main.with_suffix(kind), share)
    _assert_refused(main)


@pytest.mark.parametrize("kind", [".edf", ".bdf", ".vhdr", ".set", ".fif", ".csv", ".docx"])
@pytest.mark.parametrize("content", [b"", b"hello\n", bytes(range(256)) * 40, b"1,2\n3,4\n"])
def test_nonsense_is_refused_in_one_sentence(kind: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / f"x{kind}").write_bytes(content)
    _assert_refused(tmp_path / f"x{kind}")


@pytest.mark.parametrize(("main", "missing"), [("a.set", "a.fdt"), ("a.vhdr", "a.eeg")])
def test_a_missing_companion_is_named(main: str, missing: str, tmp_path: Path) -> None:
    WRITERS[Path(main).suffix][0](tmp_path / main)
    (tmp_path / missing).unlink()
    assert Path(missing).suffix in _assert_refused(tmp_path / main)


def test_recordings_without_eeg_or_of_epochs_are_refused(tmp_path: Path) -> None:
    made.write_fif(tmp_path / "a.fif", kind="misc")
    assert "EEG channel" in _assert_refused(tmp_path / "a.fif")
    made.write_eeglab(tmp_path / "a.set", trials=4)
    assert "trials" in _assert_refused(tmp_path / "a.set")
    _assert_refused(tmp_path / "absent.edf")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Fz,Cz\n1,2\n3,4\n", "time_s or time"),
        ("time_s,Fz\n", "no rows"),
        ("time_s,Fz\n0,1\n0.01,2\n0.05,3\n", "evenly spaced.*line 3"),
        ("time_s,Fz\n" + "".join(f"{k / 100},nan\n" for k in range(200)), "NaN in channel Fz"),
        ("time_s,Fz\n" + "".join(f"{k},1\n" for k in range(200)), "samples per s"),
        ("time_s,Fz\n" + "".join(f"{k / 100},1\n" for k in range(50)), "at least 1 s"),
        ("time_s\n" + "".join(f"{k / 100}\n" for k in range(200)), "EEG channel"),
        ("time_s,Fz\n0,1\n0.01\n", "numbers"),
        ("time_s,Fz\n0,one\n", "numbers"),
    ],
)
def test_csv_that_cannot_be_used(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ExplorerError, match=words):
        load_recording(tmp_path / "a.csv")


def test_csv_with_times_rounded_to_milliseconds(tmp_path: Path) -> None:
    rows = "".join(f"{k / 128:.3f},{k % 7}\n" for k in range(1280))
    (tmp_path / "a.csv").write_text("time,Fz\n" + rows)
    assert load_recording(tmp_path / "a.csv").rate == pytest.approx(128, rel=1e-4)


def _assert_refused(path: Path) -> str:
    with pytest.raises(ExplorerError) as error:
        load_recording(path)
    text = str(error.value)
    assert error.value.field == "recording"
    assert path.name in text and "\n" not in text and str(path.parent) not in text
    return text


def _tones(rate: float = 250.0) -> Recording:
    time = np.arange(round(40 * rate)) / rate
    tones = 10 * np.sin(2 * np.pi * 10 * time) + 8 * np.sin(2 * np.pi * 50 * time)
    drift = 50 + 10 * np.sin(2 * np.pi * 0.05 * time)
    return Recording("tones", rate, ("Cz",), (tones + drift)[None], {})


def test_filter_keeps_the_band_and_removes_the_rest() -> None:
    recording = filtered(_tones())
    time = np.arange(recording.data_uv.shape[1]) / recording.rate
    middle = (time > 5) & (time < 35)
    expected = 10 * np.sin(2 * np.pi * 10 * time)
    np.testing.assert_allclose(recording.data_uv[0, middle], expected[middle], atol=0.3)
    assert recording.band == (0.5, 40.0)


def test_resampling_keeps_the_signal() -> None:
    recording = filtered(_tones(), rate=125.0)
    time = np.arange(recording.data_uv.shape[1]) / 125.0
    middle = (time > 5) & (time < 35)
    expected = 10 * np.sin(2 * np.pi * 10 * time)
    np.testing.assert_allclose(recording.data_uv[0, middle], expected[middle], atol=0.3)


def test_spectrum_has_the_power_of_the_tone() -> None:
    result = recording_spectrum(_tones(), "Cz")
    near = (result.frequency > 9) & (result.frequency < 11)
    assert result.density[near].sum() * 0.25 == pytest.approx(10**2 / 2, rel=1e-3)  # µV²


def test_evoked_response_is_the_known_pulse(tmp_path: Path) -> None:
    made.write_fif(tmp_path / "a.fif")
    result = recording_evoked(load_recording(tmp_path / "a.fif"), "POz", "square")
    pulse = np.where((result.time > 0.0999) & (result.time < 0.2001), made.RESPONSE_UV, 0.0)
    alpha = 15 * np.sin(2 * np.pi * 10 * result.time)  # in step with the events
    np.testing.assert_allclose(result.mean_uv, pulse + alpha, atol=1e-6)
    assert (result.n_epochs, result.n_dropped) == (made.ONSETS_S.size, 0)
    assert result.all_uv.shape == (3, result.time.size)
    assert result.time[0] == pytest.approx(-0.2) and result.time[-1] == pytest.approx(1.0)


def test_epochs_that_leave_the_recording_are_dropped_and_counted() -> None:
    recording = Recording("x", 100.0, ("Cz",), np.ones((1, 1000)), {"a": np.array([0.1, 5, 9.5])})
    result = recording_evoked(recording, "Cz", "a")
    assert (result.n_epochs, result.n_dropped) == (1, 2)


@pytest.mark.parametrize(
    ("channel", "event", "words"),
    [("Oz", "a", "channel: .*Cz"), ("Cz", "b", "event: .*a"), ("Cz", "edge", "none of them")],
)
def test_unknown_channels_and_events_are_named(channel: str, event: str, words: str) -> None:
    events = {"a": np.array([5.0]), "edge": np.array([0.0, 9.9])}
    recording = Recording("x", 100.0, ("Cz",), np.ones((1, 1000)), events)
    with pytest.raises(ExplorerError, match=words):
        recording_evoked(recording, channel, event)


def test_a_recording_without_events_says_so() -> None:
    with pytest.raises(ExplorerError, match="with none"):
        recording_evoked(_tones(), "Cz", "a")
    assert best_event(_tones()) is None


@pytest.mark.parametrize(("low", "high", "rate"), [(5, 4, None), (-1, 4, None), (1, 40, 50.0)])
def test_filters_that_make_no_sense_are_refused(low: float, high: float, rate: float) -> None:
    with pytest.raises(ExplorerError):
        filtered(_tones(), low, high, rate)


def _real_recording() -> Path:
    beside = Path(__file__).parents[3] / "shared" / "recordings"
    folder = Path(os.environ.get("JR_EXPLORER_RECORDINGS", beside))
    path = folder / "eeglab_data.set"
    if not path.is_file():
        pytest.skip(f"no eeglab_data.set in {folder}; set JR_EXPLORER_RECORDINGS to its folder")
    return path


def test_the_real_recording_shows_its_alpha_and_its_evoked_response() -> None:
    """EEGLAB's sample data; peak and count as measured with MNE alone."""
    recording = load_recording(_real_recording())
    assert len(recording.channels) == 30 and recording.rate == 128
    assert {name: onsets.size for name, onsets in recording.events.items()} == {
        "square": 80,
        "rt": 74,
    }
    assert best_channel(recording) == "POz" and best_event(recording) == "square"
    clean = filtered(recording)
    assert recording_spectrum(clean, "POz").peak(5.0, 45.0) == pytest.approx(10.1, abs=0.06)
    result = recording_evoked(clean, "POz", "square")
    assert (result.n_epochs, result.n_dropped) == (80, 0)
    after = np.abs(result.mean_uv[result.time > 0.25]).max()
    assert after > 5 * result.mean_uv[result.time < 0].std()
