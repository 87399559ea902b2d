"""The command line: what it writes against the simulator, and every bad input's one sentence."""

from __future__ import annotations

import csv
import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from explorer.backend.circuits import CIRCUITS
from explorer.backend.parameters import PARAMETERS
from explorer.backend.settings import make_settings
from explorer.backend.simulate import simulate
from explorer.cli_options import PARAMETER_HELP, parsed_changes


def read_csv(path: Path) -> tuple[list[str], np.ndarray]:
    with path.open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    return header, np.array(rows, dtype=float)


def test_simulate_writes_the_simulators_figures(run, tmp_path: Path) -> None:
    out = tmp_path / "run.csv"
    words = ("--set", "p_mean=120", "--set", "tau_e=8", "--seed", 5, "--duration", 0.5)
    assert run("simulate", *words, "--dt", 0.0005, "--out", out) == (0, "", "")
    header, table = read_csv(out)
    assert header == ["time_s", "source_mv", "y0_mv", "y1_mv", "y2_mv"]
    settings = make_settings(values={"p_mean": 120.0, "b_e": 125.0}, seed=5)
    truth = simulate(settings, 0.5, dt=0.0005)
    assert table.shape == (1001, 5)
    np.testing.assert_allclose(table[:, 0], np.arange(1001) * 0.0005, atol=1e-12)
    np.testing.assert_allclose(table[:, 2:], truth.states[:, :3], rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(table[:, 1], table[:, 3] - table[:, 4], atol=1e-9)


def test_the_three_formats_hold_the_same(run, tmp_path: Path) -> None:
    import xarray

    for ending in ("csv", "npz", "nc"):
        assert run("simulate", "--duration", 0.2, "--out", tmp_path / f"a.{ending}").code == 0
    _, table = read_csv(tmp_path / "a.csv")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as archive:
        np.testing.assert_allclose(archive["source_mv"], table[:, 1], rtol=1e-11)
        settings = json.loads(str(archive["settings"]))
    assert settings["parameters"]["A_e"] == 3.25 and settings["dt_s"] == 0.001
    with xarray.open_dataset(tmp_path / "a.nc", engine="h5netcdf") as data:
        np.testing.assert_allclose(data["y2_mv"], table[:, 4], rtol=1e-11, atol=1e-14)
        assert data["y2_mv"].attrs["units"] == "mV" and data["time_s"].attrs["units"] == "s"
        assert data.attrs["circuit"] == "jansen_rit" and data.attrs["p_mean"] == 220.0
        assert json.loads(data.attrs["settings"]) == settings


def test_the_start_matters_where_two_states_coexist(run, tmp_path: Path) -> None:
    words = ("--set", "p_mean=120", "--set", "p_sd=0", "--duration", 5)
    for start in ("zero", "from_above"):
        out = tmp_path / f"{start}.csv"
        assert run("simulate", *words, "--start", start, "--out", out).code == 0
    spans = [
        np.ptp(read_csv(tmp_path / f"{start}.csv")[1][-2000:, 1])
        for start in ("zero", "from_above")
    ]
    assert spans[0] == pytest.approx(9.944, rel=0.01)  # slow spikes
    assert spans[1] < 5.0  # alpha


def test_euler_is_offered_by_deepjr_alone(run, tmp_path: Path) -> None:
    out = tmp_path / "a.csv"
    words = ("simulate", "--integrator", "euler", "--duration", 0.1, "--out", out)
    assert run(*words, "--circuit", "deepjr").code == 0
    refused = run(*words, "--force")
    assert refused.code == 2 and refused.err.startswith("integrator: ")


def test_evoked_averages_over_the_64_channels(run, tmp_path: Path) -> None:
    out = tmp_path / "erp.csv"
    words = ("--circuit", "deepjr", "--integrator", "euler", "--trials", 3, "--noise-factor", 0)
    assert run("evoked", *words, "--out", out) == (0, "", "")
    header, table = read_csv(out)
    assert header[:2] == ["time_s", "source_mv"] and len(header) == 66
    assert all(name.endswith("_uv") for name in header[2:])
    assert table.shape == (301, 66) and table[0, 0] == pytest.approx(-0.2)
    # the authors' notebook: -18.2 mV before the baseline, of about -0.3 mV, is taken off
    assert table[:, 1].min() == pytest.approx(-18.2 + 0.3, abs=0.1)
    np.testing.assert_allclose(table[:, 2:].mean(axis=1), 0.0, atol=1e-9)  # average reference
    assert np.abs(table[:, 2:]).max() == pytest.approx(50.0, rel=0.03)


def test_sensor_noise_has_the_size_of_the_average(run, tmp_path: Path) -> None:
    tables = []
    for factor in (0, 2500):
        out = tmp_path / f"{factor}.csv"
        words = ("--circuit", "deepjr", "--trials", 4, "--noise-factor", factor, "--seed", 3)
        assert run("evoked", *words, "--out", out).code == 0
        tables.append(read_csv(out)[1])
    np.testing.assert_array_equal(tables[0][:, 1], tables[1][:, 1])
    noise = (tables[1] - tables[0])[:, 2:]  # 301 × 64 draws
    assert noise.std() == pytest.approx(0.2 * 50 / 2, rel=0.03)


def test_evoked_region_and_formats(run, tmp_path: Path) -> None:
    import mne
    import xarray

    names = ("erp.nc", "erp.npz", "erp-ave.fif")
    for name in names:
        words = ("--trials", 2, "--region", "occipital", "--out", tmp_path / name)
        assert run("evoked", *words).code == 0
    with xarray.open_dataset(tmp_path / names[0], engine="h5netcdf") as data:
        assert data["eeg_uv"].dims == ("channel", "time_s") and data.attrs["region"] == "occipital"
        eeg, channels = data["eeg_uv"].to_numpy(), data["channel"].to_numpy().tolist()
    with np.load(tmp_path / names[1], allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["eeg_uv"], eeg)
        assert archive["channels"].tolist() == channels
    response = mne.read_evokeds(tmp_path / names[2], condition=0, proj=False, verbose="error")
    assert response.nave == 2 and response.ch_names == channels
    np.testing.assert_allclose(response.data * 1e6, eeg, rtol=1e-5, atol=1e-5)


BAD_WORDS = [
    ("--set A_e=99", "A_e"),
    ("--set A_e=nan", "A_e"),
    ("--set A_e=inf", "A_e"),
    ("--set A_e=much", "A_e"),
    ("--set tau_e=0", "tau_e"),
    ("--set tau_e=nan", "tau_e"),
    ("--set tau_e=100", "tau_e"),
    ("--set A_e", "--set"),
    ("--set A_e=", "--set"),
    ("--set =3", "--set"),
    ("--set B=22", "--set"),
    ("--set A_e=3 --set A_e=4", "A_e"),
    ("--set b_e=100 --set tau_e=10", "tau_e"),
    ("--circuit other", "circuit"),
    ("--preset other", "preset"),
    ("--seed 0", "seed"),
    ("--seed one", "seed"),
    ("--seed 1.5", "seed"),
    ("--start left", "start"),
    ("--dt 0", "dt"),
    ("--dt nan", "dt"),
    ("--dt x", "dt"),
]
SIMULATE_BAD = [
    *BAD_WORDS,
    ("--duration 0", "duration"),
    ("--duration -1", "duration"),
    ("--duration nan", "duration"),
    ("--duration inf", "duration"),
    ("--duration 1e9", "duration"),
    ("--duration long", "duration"),
    ("--out missing/a.csv", "out"),
    ("--out a.xlsx", "out"),
    ("--out a", "out"),
    ("--out .", "out"),
]
EVOKED_BAD = [
    *BAD_WORDS,
    ("--trials 0", "n_trials"),
    ("--trials 2.5", "n_trials"),
    ("--trials 5 --set n_trials=6", "n_trials"),
    ("--noise-factor -1", "noise_factor"),
    ("--noise-factor nan", "noise_factor"),
    ("--region foot", "region"),
    ("--dt 0.003", "dt"),
]
BAD = [("simulate", *case) for case in SIMULATE_BAD] + [("evoked", *case) for case in EVOKED_BAD]


@pytest.mark.parametrize(("command", "words", "field"), BAD)
def test_bad_input_is_one_sentence_and_exit_code_2(
    run, tmp_path: Path, monkeypatch, command: str, words: str, field: str
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = run(command, "--out", "good.csv", *words.split())
    assert outcome.code == 2 and outcome.out == ""
    assert re.fullmatch(rf"{re.escape(field)}: expected .+, got .+\.\n", outcome.err)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", ["", "simulate", "simulate --bogus", "nonsense", "bench extra"])
def test_misuse_exits_2_without_a_traceback(run, words: str) -> None:
    outcome = run(*words.split())
    assert outcome.code == 2 and "Traceback" not in outcome.err


def test_an_existing_file_is_kept_without_force(run, tmp_path: Path) -> None:
    out = tmp_path / "kept.csv"
    out.write_text("precious")
    refused = run("simulate", "--duration", 0.1, "--out", out)
    assert refused.code == 2 and "--force" in refused.err
    assert out.read_text() == "precious"
    assert run("simulate", "--duration", 0.1, "--out", out, "--force").code == 0
    assert out.read_text().startswith("time_s,")


def test_handles_mean_the_same_as_the_tables_names() -> None:
    assert parsed_changes(["tau_e=10", "stim_width_ms=50"], "jansen_rit") == pytest.approx(
        {"b_e": 100.0, "stim_width": 0.05}
    )


def test_a_preset_is_a_start_that_set_changes(run, tmp_path: Path) -> None:
    from explorer.backend.presets import PRESETS

    name, preset = next(iter(PRESETS.items()))
    out = tmp_path / "a.npz"
    words = ("--preset", name, "--set", "C=130", "--duration", 0.1, "--out", out)
    assert run("simulate", *words).code == 0
    with np.load(out, allow_pickle=False) as archive:
        stored = json.loads(str(archive["settings"]))
    assert stored["parameters"] == {**preset.settings().values, "C": 130.0}
    assert stored["start"] == preset.settings().start
    other = next(name for name in CIRCUITS if name != preset.circuit)
    refused = run("simulate", *words, "--force", "--circuit", other)
    assert refused.code == 2 and refused.err.startswith("circuit: ")


def test_presets_are_all_listed(run, monkeypatch) -> None:
    from explorer.backend.presets import PRESETS

    monkeypatch.setenv("COLUMNS", "200")
    outcome = run("presets")
    assert outcome.code == 0
    assert all(name in outcome.out for name in PRESETS)


def test_help_names_every_parameter_with_its_unit_and_handle() -> None:
    for row in PARAMETERS.values():
        line = next(
            text for text in PARAMETER_HELP.split("\n\n") if text.startswith(f"{row.name}:")
        )
        assert row.range_text in line
        if row.display:
            assert row.display.name in line and row.display.unit in line


def test_bench_prints_json(run, monkeypatch) -> None:
    from explorer.backend import bench

    measure = bench.measure
    monkeypatch.setattr(bench, "measure", lambda row: measure(row, share=0.002, repeats=2))
    outcome = run("bench", "--json")
    assert outcome.code == 0
    answer = json.loads(outcome.out)
    assert {row["name"] for row in answer["results"]} == set(bench.BENCHMARKS)
    assert all(row["median"] > 0 and "goal" in row and "met" in row for row in answer["results"])
    assert answer["machine"]["cores"] >= 1


@pytest.fixture
def served(monkeypatch) -> list[dict[str, object]]:
    """Calls that reached the page's server, which is not started."""
    from explorer.ui import app

    calls: list[dict[str, object]] = []
    monkeypatch.setattr(app, "serve", lambda **words: calls.append(words), raising=False)
    return calls


def test_serve_listens_on_this_machine_alone_and_opens_the_browser(run, served) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = probe.getsockname()[1]
    assert run("serve", "--port", free).code == 0
    assert run("serve", "--port", 0, "--no-show").code == 0
    assert served[0] == {"port": free, "address": "127.0.0.1", "show": True}
    assert served[1]["show"] is False and served[1]["port"] > 0


def test_a_taken_port_is_said(run, served) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        outcome = run("serve", "--port", taken.getsockname()[1])
    assert outcome.code == 2 and served == []
    assert re.fullmatch(r"port: expected .+, got .+\.\n", outcome.err)


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ("--port x", "port"),
        ("--port 70000", "port"),
        ("--port -1", "port"),
        ("--address not.an.address.invalid", "address"),
        ("--host 203.0.113.7", "address"),  # kept for documentation, no machine has it
    ],
)
def test_bad_places_to_serve_are_said(run, served, words: str, field: str) -> None:
    outcome = run("serve", "--no-show", *words.split())
    assert outcome.code == 2 and served == []
    assert re.fullmatch(rf"{field}: expected .+, got .+\.\n", outcome.err)


def test_help_is_quick_because_nothing_heavy_is_imported() -> None:
    code = (
        "import sys; from explorer import cli;"
        "heavy = {'numba', 'mne', 'xarray', 'panel', 'bokeh', 'scipy'};"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_version(run) -> None:
    import explorer

    assert run("--version") == (0, f"jr-explorer {explorer.__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["simulate"], "--out: expected a value (FILE), got nothing."),
        (["simulate", "--out"], "--out: expected a value after it, got nothing."),
        (["train"], "estimator: expected a value (ESTIMATOR), got nothing."),
        (
            ["simulate", "--durations", "3"],
            "--durations: expected an option of 'jr-explorer simulate' (perhaps --duration), "
            "got one that it does not have.",
        ),
        (
            ["presets", "--zzz"],
            "--zzz: expected an option of 'jr-explorer presets' (--help lists them), "
            "got one that it does not have.",
        ),
        (
            ["presets", "all"],
            "command line: expected what --help says, got unexpected extra argument(s) (all).",
        ),
    ],
)
def test_words_it_cannot_take_get_one_sentence(run, words: list[str], sentence: str) -> None:
    assert run(*words) == (2, "", sentence + "\n")


def test_an_unknown_command_is_answered_with_those_there_are(run) -> None:
    code, out, err = run("simulat")
    assert (code, out) == (2, "")
    assert err.startswith("command: expected one of simulate, evoked, ")
    assert err.endswith(", got 'simulat'.\n") and err.count("\n") == 1
