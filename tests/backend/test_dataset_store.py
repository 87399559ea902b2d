"""Data sets as files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import xarray

from explorer.backend.dataset import make_data_set
from explorer.backend.dataset_store import read_data_set, write_data_set
from explorer.backend.errors import ExplorerError
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.sensors import snr_db
from explorer.backend.settings import make_settings
from explorer.backend.spreading import Cancelled


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "set.nc"
    write_data_set(path, "jansen_rit", 2100, 8)
    return path


def test_the_file_is_the_data_set(file: Path):
    found, truth = read_data_set(file), make_data_set("jansen_rit", 2100, 8)
    assert (found.circuit, found.protocol, found.seed) == ("jansen_rit", "explorer", 8)
    for name in ("time", "parameters", "context", "waves"):
        np.testing.assert_array_equal(getattr(found, name), getattr(truth, name))


def test_xarray_reads_it_with_units_settings_and_snr(file: Path):
    with xarray.open_dataset(file, engine="h5netcdf") as data:
        assert data.wave.dims == ("case", "time") and data.wave.dtype == np.float32
        assert data.wave.units == "mV" and data.A_i.units == "mV" and data.time.units == "s"
        assert set(INFERRED_NAMES) <= set(data.data_vars)
        about = json.loads(data.attrs["settings"])
        assert about["circuit"] == "jansen_rit" and about["seed"] == 8
        assert data.attrs["gain"] == about["parameters"]["gain"]
        assert data.attrs["size"] == 2100 and data.attrs["protocol"] == "explorer"
        for case in (0, 2099):
            trials = float(data.n_trials[case])
            settings = make_settings(values={"n_trials": trials})
            wave = data.wave[case].to_numpy()
            assert data.snr_single_db[case] == pytest.approx(
                snr_db(settings, wave, False), abs=0.01
            )
            assert data.snr_average_db[case] == pytest.approx(
                snr_db(settings, wave, True), abs=0.01
            )


def test_a_stopped_run_leaves_nothing_and_an_older_file_alone(tmp_path: Path):
    path = tmp_path / "set.nc"
    with pytest.raises(Cancelled):
        write_data_set(path, "deepjr", 10, progress=lambda share: False)
    assert list(tmp_path.iterdir()) == []
    path.write_bytes(b"older")
    with pytest.raises(ExplorerError, match="--force"):
        write_data_set(path, "deepjr", 10)
    with pytest.raises(Cancelled):
        write_data_set(path, "deepjr", 10, force=True, progress=lambda share: False)
    assert path.read_bytes() == b"older" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "words", "field"),
    [
        ("set.csv", ("deepjr", 10), "out"),
        ("no/folder.nc", ("deepjr", 10), "out"),
        ("set.nc", ("deepjr", 0), "size"),
        ("set.nc", ("deepjr", 10, 0), "seed"),
        ("set.nc", ("deepjr", 10, 1, "mine"), "protocol"),
    ],
)
def test_bad_input_names_the_field_and_leaves_nothing(tmp_path, name, words, field):
    with pytest.raises(ExplorerError) as caught:
        write_data_set(tmp_path / name, *words)
    assert caught.value.field == field
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_data_set_is_refused(file: Path, tmp_path: Path):
    other = tmp_path / "other.nc"
    xarray.Dataset({"x": ("x", [1.0])}).to_netcdf(other, engine="h5netcdf")
    cut = tmp_path / "cut.nc"
    cut.write_bytes(file.read_bytes()[:5000])
    for path in (other, cut, tmp_path / "none.nc"):
        with pytest.raises(ExplorerError, match=path.name):
            read_data_set(path)
