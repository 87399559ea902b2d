"""The evoked response written as FIF reads back in MNE as it was."""

from __future__ import annotations

from pathlib import Path

import mne
import numpy as np
import pytest

from explorer.backend.errors import ExplorerError
from explorer.backend.evoked import evoked
from explorer.backend.fif import write_evoked_fif
from explorer.backend.sensors import scalp_uv
from explorer.backend.settings import make_settings

SETTINGS = make_settings("deepjr")
TIME = -0.2 + np.arange(301) / 250


def test_reads_back_equal(tmp_path: Path) -> None:
    path = tmp_path / "model.fif"
    response = evoked(SETTINGS)
    waves = scalp_uv(SETTINGS, response.source)
    write_evoked_fif(path, SETTINGS, response.time, waves, response.n_trials)
    back = mne.read_evokeds(path, condition=0, verbose="error")
    np.testing.assert_allclose(back.data * 1e6, waves, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(back.times, response.time, atol=1e-8)
    assert back.nave == 60 and "deepjr" in back.comment
    assert back.ch_names == mne.channels.make_standard_montage("biosemi64").ch_names
    assert back.get_montage() is not None
    assert [file.name for file in tmp_path.iterdir()] == ["model.fif"]


def test_existing_file_only_with_force(tmp_path: Path) -> None:
    path = tmp_path / "model-ave.fif"
    path.write_text("mine")
    with pytest.raises(ExplorerError) as error:
        write_evoked_fif(path, SETTINGS, TIME, np.ones((64, 301)), 1)
    assert error.value.field == "out" and path.read_text() == "mine"
    write_evoked_fif(path, SETTINGS, TIME, np.ones((64, 301)), 1, force=True)
    assert mne.read_evokeds(path, verbose="error")[0].data.shape == (64, 301)


def test_unwritable_place_and_wrong_shape(tmp_path: Path) -> None:
    with pytest.raises(ExplorerError, match=r"^out"):
        write_evoked_fif(tmp_path / "absent" / "a.fif", SETTINGS, TIME, np.ones((64, 301)), 1)
    with pytest.raises(ExplorerError, match=r"^scalp_uv"):
        write_evoked_fif(tmp_path / "a.fif", SETTINGS, TIME, np.ones((64, 300)), 1)
