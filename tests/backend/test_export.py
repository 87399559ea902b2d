"""Files of results: whole or not there at all, and readable by others."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest

from explorer.backend.errors import ExplorerError
from explorer.backend.export import (
    ROWS_PER_PIECE,
    WRITERS,
    table_csv,
    table_npz,
    trajectory_result,
    write_atomically,
    write_result,
)
from explorer.backend.settings import make_settings
from explorer.backend.simulate import Trajectory


def test_a_new_file_appears_with_what_was_written(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_atomically(target, False, lambda beside: beside.write_text("new") and None)
    assert target.read_text() == "new" and os.listdir(tmp_path) == ["a.txt"]


def test_the_target_is_untouched_until_the_writer_is_done(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    target.write_text("old")

    def writer(beside: Path) -> None:
        beside.write_text("half")
        assert target.read_text() == "old" and beside.suffix == ".csv"
        beside.write_text("whole")

    write_atomically(target, True, writer)
    assert target.read_text() == "whole" and os.listdir(tmp_path) == ["a.csv"]


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), RuntimeError("bug")])
def test_a_failed_writer_leaves_the_old_file_and_nothing_beside(
    tmp_path: Path, failure: Exception
) -> None:
    target = tmp_path / "a.csv"
    target.write_text("old")

    def writer(beside: Path) -> None:
        beside.write_text("half")
        raise failure

    with pytest.raises((ExplorerError, RuntimeError)) as raised:
        write_atomically(target, True, writer)
    assert target.read_text() == "old" and os.listdir(tmp_path) == ["a.csv"]
    if isinstance(failure, OSError):
        assert raised.value.field == "out" and "No space left" in str(raised.value)


def test_an_existing_file_needs_force(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    target.write_text("old")
    with pytest.raises(ExplorerError, match="which exists"):
        write_atomically(target, False, lambda beside: None)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("old")
    link.symlink_to(real)
    write_atomically(link, True, lambda beside: beside.write_text("new") and None)
    assert link.is_symlink() and real.read_text() == "new"


@pytest.mark.parametrize("place", ["missing/a.csv", "file/a.csv", "folder"])
def test_places_that_cannot_be_written_are_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ExplorerError, match=r"^out: expected") as raised:
        write_atomically(tmp_path / place, True, lambda beside: None)
    assert place in str(raised.value)


def test_csv_is_read_back_over_several_pieces() -> None:
    n = ROWS_PER_PIECE + 3
    columns = {"time_s": np.arange(n) * 0.001, "x_mv": np.sin(np.arange(n)) * 1e-7}
    header, *rows = csv.reader(io.StringIO(table_csv(columns)))
    assert header == ["time_s", "x_mv"]
    table = np.array(rows, dtype=float)
    np.testing.assert_allclose(table.T, list(columns.values()), rtol=1e-11)
    assert rows[300][0] == "0.3"


def test_csv_takes_words_and_refuses_columns_of_unequal_length() -> None:
    assert table_csv({"name": np.array(["A_e", "A_i"]), "sd": np.array([1.5, 2])}) == (
        "name,sd\nA_e,1.5\nA_i,2\n"
    )
    with pytest.raises(ValueError, match=r"shorter|longer"):
        table_csv({"a": np.zeros(3), "b": np.zeros(2)})


def test_npz_loads_without_pickle_and_holds_the_settings() -> None:
    settings = make_settings("deepjr", {"A_i": 30}, seed=7, region="occipital")
    data = table_npz({"x": np.eye(3), "names": np.array(["Fp1", "Oz"])}, settings)
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["x"], np.eye(3))
        assert archive["names"].tolist() == ["Fp1", "Oz"]
        stored = json.loads(str(archive["settings"]))
    assert stored["circuit"] == "deepjr" and stored["seed"] == 7
    assert stored["parameters"] == dict(settings.values)
    again = make_settings(
        stored["circuit"],
        stored["parameters"],
        **{key: stored[key] for key in ("region", "start", "integrator", "seed")},
    )
    assert again == settings


def test_the_same_result_gives_the_same_bytes(tmp_path: Path) -> None:
    states = np.random.default_rng(1).normal(size=(50, 6))
    result = trajectory_result(make_settings(), Trajectory(np.arange(50) * 0.001, states), 0.001)
    for ending in WRITERS:
        for name in ("one", "two"):
            write_result(tmp_path / f"{name}{ending}", result, False)
        one, two = (tmp_path / f"{name}{ending}" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    result = trajectory_result(make_settings(), Trajectory(np.zeros(1), np.zeros((1, 6))), 0.001)
    with pytest.raises(ExplorerError, match=r"ending in \.csv, \.npz, \.nc"):
        write_result(tmp_path / "a.xlsx", result, False)
