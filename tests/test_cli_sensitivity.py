"""The commands about sensitivity, called as the command line calls them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from explorer.backend.errors import ExplorerError
from explorer.backend.sobol_store import read_table
from explorer.cli_sensitivity import fisher_table, sobol

app = typer.Typer()
app.command()(sobol)
app.command()(fisher_table)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def test_sobol_writes_a_table_that_loads_and_says_what_is_undefined(tmp_path: Path):
    path = tmp_path / "t.nc"
    words = ("--circuit", "deepjr", "--samples", "4", "--vary", "p_mean", "--set", "A_i=30")
    result = run("sobol", *words, "--seed", "3", "--out", str(path))
    assert result.exit_code == 0, result.output
    table = read_table(path)
    assert (table.n, table.seed, table.scope) == (4, 3, "trained ranges")
    assert table.problem.names[-1] == "p_mean"
    assert table.settings["A_i"] == 30.0
    assert table.of_features.confidence == 0.999
    assert "Peak frequency is defined in 0 % of the runs" in result.stderr


def test_sobol_over_chosen_ranges(tmp_path: Path):
    path = tmp_path / "t.nc"
    words = ("--circuit", "deepjr", "--samples", "4", "--vary", "p_mean", "--feature", "rms")
    ranges = ("--range", "A_i=20:30", "--range", "p_mean=-1:2")
    result = run("sobol", *words, *ranges, "--out", str(path))
    assert result.exit_code == 0, result.output
    table = read_table(path)
    ends = dict(
        zip(
            table.problem.names,
            zip(table.problem.lows, table.problem.highs, strict=True),
            strict=True,
        )
    )
    assert (ends["A_i"], ends["p_mean"]) == ((20.0, 30.0), (-1.0, 2.0))
    assert ends["A_e"] == table.settings.table.trained_ranges()["A_e"]
    assert table.scope == "chosen ranges"


def test_a_range_upside_down_is_one_sentence(tmp_path: Path):
    words = ["sobol", "--range", "A_e=5:3", "--out", str(tmp_path / "t.nc")]
    done = subprocess.run(
        [sys.executable, "-m", "explorer.cli", *words], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.strip() == "A_e: expected a range with low < high, got 5 … 3."
    assert list(tmp_path.iterdir()) == []


def test_sobol_around_the_point_as_csv(tmp_path: Path):
    path = tmp_path / "t.csv"
    words = ("--circuit", "deepjr", "--samples", "4", "--around", "5", "--feature", "rms")
    assert run("sobol", *words, "--out", str(path)).exit_code == 0
    lines = path.read_text().splitlines()
    assert lines[0] == "output,unit,time_s,index,factor,factor_2,value,half_width"
    assert {line.split(",")[0] for line in lines[1:]} == {"rms", "response"}


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("--samples", "1000"), "samples"),
        (("--samples", "many"), "samples"),
        (("--seed", "0"), "seed"),
        (("--feature", "peak"), "feature"),
        (("--circuit", "wilson"), "circuit"),
        (("--around", "90"), "percent"),
        (("--around", "5", "--vary", "p_sd"), "vary"),
        (("--vary", "A_e"), "factor"),
        (("--confidence", "2"), "confidence"),
        (("--range", "A_e=5:3"), "A_e"),
        (("--range", "A_e=5:5"), "A_e"),
        (("--range", "A_e=nan:5"), "A_e"),
        (("--range", "A_e=3:500"), "A_e"),
        (("--range", "A_e=3:high"), "A_e"),
        (("--range", "A_e"), "range"),
        (("--range", "p_mean=100:200"), "range"),
        (("--range", "A_e=3:4", "--range", "A_e=3:5"), "range"),
        (("--range", "A_e=3:4", "--around", "5"), "range"),
    ],
)
def test_bad_input_is_one_error_and_no_file(words: tuple[str, ...], field: str, tmp_path: Path):
    path = tmp_path / "t.nc"
    result = run("sobol", *words, "--out", str(path))
    assert isinstance(result.exception, ExplorerError)
    assert result.exception.field == field
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["t.txt", "no/folder/t.nc", "old.nc"])
def test_an_output_that_cannot_be_written_is_refused_before_the_work(name: str, tmp_path: Path):
    (tmp_path / "old.nc").write_bytes(b"old")
    result = run("sobol", "--samples", "65536", "--out", str(tmp_path / name))
    assert isinstance(result.exception, ExplorerError)
    assert result.exception.field == "out"
    assert (tmp_path / "old.nc").read_bytes() == b"old"


def test_fisher_table_prints_medians_for_each_noise():
    result = run("fisher-table", "--circuit", "deepjr", "--points", "5", "--noise-factor", "1")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0].startswith("deepjr, p_mean 0 s⁻¹: 5 random points, 100% repeat")
    assert len(lines) == 3
    assert lines[2].count("±") == 9


def test_fisher_table_refuses_bad_points():
    result = run("fisher-table", "--points", "1")
    assert isinstance(result.exception, ExplorerError)
    assert result.exception.field == "points"


@pytest.mark.parametrize("words", [("sobol", "--samples", "1000"), ("fisher-table", "--seed", "0")])
def test_the_program_has_the_commands_and_says_one_sentence(words: tuple[str, ...], tmp_path: Path):
    out = ("--out", str(tmp_path / "t.nc")) if words[0] == "sobol" else ()
    command = [sys.executable, "-m", "explorer.cli", *words, *out]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "expected" in done.stderr
    assert list(tmp_path.iterdir()) == []
