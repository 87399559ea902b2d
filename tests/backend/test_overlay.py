"""A recording made ready for the page: progress, stopping, and what one channel shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from explorer.backend import recording_csv, recording_files
from explorer.backend.errors import ExplorerError
from explorer.backend.overlay import overlay, prepare
from explorer.backend.recording import Recording, filtered
from explorer.backend.recording_csv import read_csv
from explorer.backend.spreading import Cancelled
from tests.backend import made_recordings as made


def _uploaded(folder: Path, kind: str) -> dict[str, bytes]:
    {".csv": made.write_csv, ".fif": made.write_fif}[kind](folder / f"made{kind}")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("kind", [".csv", ".fif"])
def test_prepared_is_loaded_and_filtered_and_progress_only_grows(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_csv, "BLOCK_NUMBERS", 1000)
    monkeypatch.setattr(recording_files, "BLOCK_SAMPLES", 5000)
    told: list[float] = []
    recording = prepare(_uploaded(tmp_path, kind), lambda share: told.append(share) or True)
    rows = Recording("x", made.RATE, ("Fz", "Cz", "POz"), made.truth_uv()[:3], {})
    np.testing.assert_allclose(recording.data_uv, filtered(rows).data_uv, atol=1e-5)
    assert recording.band == (0.5, 40.0)
    assert told == sorted(told) and len(told) > 5 and told[-1] == pytest.approx(1.0)
    assert told[0] < 0.3


@pytest.mark.parametrize("kind", [".csv", ".fif"])
@pytest.mark.parametrize("after", [0, 3])
def test_work_stops_when_it_is_no_longer_wanted(kind: str, after: int, tmp_path: Path) -> None:
    told: list[float] = []
    with pytest.raises(Cancelled):
        prepare(_uploaded(tmp_path, kind), lambda share: told.append(share) or len(told) <= after)
    assert len(told) == after + 1


def test_a_row_of_words_is_named_by_its_place_in_the_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_csv, "BLOCK_NUMBERS", 20)
    lines = ["time_s,Cz", *(f"{k / 100},1" for k in range(100))]
    (tmp_path / "a.csv").write_text("\n".join([*lines[:60], "0.6,word", *lines[60:]]))
    with pytest.raises(ExplorerError, match=r"'word'.* row 59"):
        read_csv(tmp_path / "a.csv", "a.csv")
    (tmp_path / "b.csv").write_text("\n".join([*lines[:51], "0.5,1,2", *lines[51:]]))
    with pytest.raises(ExplorerError, match=r"b\.csv"):
        read_csv(tmp_path / "b.csv", "b.csv")


def _recording(**events: np.ndarray) -> Recording:
    time = np.arange(4000) / 100.0
    return Recording("x", 100.0, ("Cz",), 10 * np.sin(2 * np.pi * 7 * time)[None], events)


def test_one_channel_has_its_spectrum_and_its_average() -> None:
    shown = overlay(_recording(flash=np.arange(2.0, 30.0)), "Cz", "flash")
    assert shown.spectrum.peak(5.0, 45.0) == pytest.approx(7.0, abs=0.1)
    assert shown.evoked is not None and shown.evoked.n_epochs == 28
    time = shown.evoked.time
    wave = 10 * np.sin(2 * np.pi * 7 * time)
    expected = wave - wave[time <= 1e-9].mean()
    np.testing.assert_allclose(shown.evoked.mean_uv, expected, atol=1e-9)
    assert shown.problem is None


def test_without_events_there_is_a_spectrum_alone() -> None:
    shown = overlay(_recording(), "Cz", "")
    assert shown.evoked is None and shown.problem is None and shown.spectrum.density.max() > 1


def test_events_at_the_edge_leave_the_spectrum_and_say_why() -> None:
    shown = overlay(_recording(flash=np.array([0.0, 39.9])), "Cz", "flash")
    assert shown.evoked is None and "flash" in str(shown.problem)
    with pytest.raises(ExplorerError, match="channel"):
        overlay(_recording(), "Oz", "")
