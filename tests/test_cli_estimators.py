"""The commands of the estimators, called as the command line calls them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from explorer.backend import ceiling_run
from explorer.backend.ceiling import empty_ceiling
from explorer.backend.dataset import make_data_set
from explorer.backend.dataset_store import read_data_set, write_data_set
from explorer.backend.estimators import evaluate, weights
from explorer.backend.estimators.batches import fitted_front_end
from explorer.backend.estimators.benchmark import load_benchmark
from explorer.backend.estimators.evidence import evidence_quantiles
from explorer.backend.estimators.registry import ESTIMATORS
from explorer.backend.estimators.weights import load_weights, read_manifest, save_weights
from explorer.backend.spreading import Cancelled
from explorer.backend.targets import TARGETS


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Networks of deepjr that have learned nothing."""
    path = tmp_path_factory.mktemp("weights")
    torch.manual_seed(1)
    data = make_data_set("deepjr", 400, 3)
    waves = torch.from_numpy(data.waves)
    for name, kind in ESTIMATORS.items():
        front = fitted_front_end(data, name)
        for circuit in ("deepjr", "jansen_rit"):
            save_weights(path, name, circuit, front, kind.build(front),
                         evidence_quantiles(front, waves), {})  # fmt: skip
    return path


@pytest.fixture
def shipped(folder: Path, monkeypatch) -> Path:
    """The same as if they were the assets'."""
    monkeypatch.setattr(weights, "FOLDER", folder)
    monkeypatch.setattr(weights.load_weights, "__defaults__", (folder,))
    return folder


def test_dataset_writes_what_it_was_asked_for(run, tmp_path: Path):
    path = tmp_path / "d.nc"
    words = ("--circuit", "deepjr", "--size", 40, "--seed", 9, "--protocol", "published")
    assert run("dataset", *words, "--out", path) == (0, "", "")
    found, truth = read_data_set(path), make_data_set("deepjr", 40, 9, "published")
    np.testing.assert_array_equal(found.waves, truth.waves)
    again = run("dataset", *words, "--out", path)
    assert again.code == 2 and "--force" in again.err
    assert run("dataset", *words, "--force", "--out", path).code == 0


def test_train_from_a_file_resumes_and_writes_weights(run, tmp_path: Path, monkeypatch):
    data, out = tmp_path / "d.nc", tmp_path / "w"
    write_data_set(data, "deepjr", 1000, 4)
    words = ("train", "lstm", "--circuit", "deepjr", "--data", data, "--steps", 3, "--out", out)
    with monkeypatch.context() as stopped:
        stopped.setattr(
            "explorer.backend.estimators.training.Trainer._advance", interrupting_second_step()
        )
        first = run(*words)
    assert first.code == 130 and first.err.count("\n") == 1
    assert [path.name for path in out.iterdir()] == ["lstm_deepjr.checkpoint"]
    second = run(*words)
    assert second.code == 0 and "3 steps, to the end" in second.out
    record = read_manifest(out)["lstm_deepjr.safetensors"]
    assert (record["data_size"], record["data_seed"], record["steps"]) == (1000, 4, 3)
    assert load_weights("lstm", "deepjr", out).estimator == "lstm"
    assert {path.name for path in out.iterdir()} == {"lstm_deepjr.safetensors", "manifest.json"}
    assert run(*words).code == 2
    assert run(*words, "--force").code == 0


def test_train_goes_on_from_weights(run, shipped: Path, tmp_path: Path):
    data, out = tmp_path / "d.nc", tmp_path / "w"
    write_data_set(data, "deepjr", 1000, 4)
    words = ("train", "lstm", "--circuit", "deepjr", "--data", data, "--steps", 3, "--out", out)
    assert run(*words, "--from", shipped).code == 0
    before, record = (read_manifest(at)["lstm_deepjr.safetensors"] for at in (shipped, out))
    assert record["from"] == before and record["sha256"] != before["sha256"]
    again = ESTIMATORS["lstm"].goes_on("deepjr")
    assert (record["steps"], record["pace"], record["batch"]) == (3, again.pace, again.batch)
    old, new = (load_weights("lstm", "deepjr", at) for at in (shipped, out))
    torch.testing.assert_close(new.front.state_dict(), old.front.state_dict(), rtol=0, atol=0)
    assert run(*words, "--from", out, "--force").code == 0
    assert read_manifest(out)["lstm_deepjr.safetensors"]["from"] == record


def interrupting_second_step() -> Callable[..., float]:
    """The trainer's step, with a Ctrl-C during the second one."""
    from explorer.backend.estimators.training import Trainer

    step = Trainer._advance

    def advance(trainer: Trainer) -> float:
        if trainer.step == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return step(trainer)

    return advance


def test_estimate_of_a_simulated_point(run, shipped: Path):
    words = ("estimate", "--circuit", "deepjr", "--set", "A_i=40", "--estimator", "npe")
    found = json.loads(run(*words, "--estimator", "lstm", "--json").out)
    assert [one["estimator"] for one in found["estimates"]] == ["npe", "lstm"]
    assert found["observation"]["circuit"] == "deepjr" and found["observation"]["ground_truth"]
    row = found["estimates"][0]["targets"]["A_i"]
    assert row["truth"] == 40.0 and row["error"] == pytest.approx(row["mean"] - 40.0)
    assert row["interval90"][0] < row["mean"] < row["interval90"][1] and row["unit"] == "mV"
    assert list(found["estimates"][1]["targets"]) == list(TARGETS)
    shown = run(*words)
    assert shown.code == 0 and shown.err == ""
    assert "A_i·C·a_4" in shown.out and "truth" in shown.out and "less plausible" in shown.out
    assert "e+0" not in shown.out


def test_estimate_warns_of_what_training_did_not_see(run, shipped: Path):
    words = ("estimate", "--circuit", "deepjr", "--estimator", "lstm")
    told = run(*words, "--set", "stim_width=0.1", "--set", "r=0.0007")
    assert "stim_width is 0.1" in told.err and "r is 0.0007" in told.err and told.code == 0


def test_estimate_of_a_recording(run, shipped: Path, tmp_path: Path):
    path = tmp_path / "r.fif"
    recording(path)
    words = ("estimate", path, "--circuit", "deepjr", "--estimator", "bilstm", "--json")
    found = run(*words, "--channel", "Fz", "--event", "7", "--noise-mv", "0.5", "--trials", "12")
    assert found.code == 0 and "no ground truth" in found.err
    seen = json.loads(found.out)
    assert seen["observation"]["noise_mv"] == 0.5 and seen["observation"]["n_trials"] == 12
    assert not seen["observation"]["ground_truth"]
    assert "truth" not in seen["estimates"][0]["targets"]["A_e"]
    assert seen["estimates"][0]["out_of_distribution"]
    by_default = json.loads(run(*words).out)["observation"]
    assert by_default["n_trials"] == 8 and by_default["noise_mv"] > 0


def recording(path: Path) -> None:
    """Two channels, eight events of 300 µV at 40 Hz: nothing that the model does."""
    import mne

    rate = 250.0
    data = np.random.default_rng(1).standard_normal((2, 5000))
    stim = np.zeros((1, 5000))
    for start in range(500, 4500, 500):
        stim[0, start] = 7
        data[:, start : start + 100] += 300 * np.sin(np.arange(100) / rate * 2 * np.pi * 30)
    info = mne.create_info(["Fz", "Cz", "STI 014"], rate, ["eeg", "eeg", "stim"])
    raw = mne.io.RawArray(np.vstack([data * 1e-6, stim]), info, verbose="error")
    raw.save(path, verbose="error", overwrite=True)


def test_evaluate_writes_both_files_and_keeps_the_rest(run, folder: Path, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluate, "NOISE_FACTORS", (1.0,))
    monkeypatch.setattr(evaluate, "N_DRAWS", 20)
    words = ("evaluate", "--circuit", "deepjr", "--cases", 5, "--weights", folder, "--out",
             tmp_path / "b")  # fmt: skip
    assert run(*words, "--part", "repeating") == (0, "", "")
    first = load_benchmark(tmp_path / "b" / "benchmark.json")
    assert {one.test for one in first.tests} == {"repeating"}
    assert run(*words, "--part", "time").code == 2
    assert run(*words, "--part", "time", "--force") == (0, "", "")
    both = load_benchmark(tmp_path / "b" / "benchmark.json")
    assert both.select(test="repeating") == first.select(test="repeating") and both.timings
    assert "## Time per estimate" in (tmp_path / "b" / "estimators.md").read_text("utf-8")


def test_ceiling_goes_on_and_reports(run, tmp_path: Path, monkeypatch):
    seen: list[tuple] = []

    def fake(name, factors, count, seed, told, *, path, processes):
        seen.append((name, tuple(factors), count, seed, path, processes))
        if len(seen) == 1:
            assert told(0.5)
            raise Cancelled
        return empty_ceiling(name, np.array(factors), count, seed, None)

    monkeypatch.setattr(ceiling_run, "run_ceiling", fake)
    out = tmp_path / "c.nc"
    words = ("ceiling", "--circuit", "deepjr", "--cases", 3, "--noise-factor", 10, "--out", out)
    assert run(*words).code == 130
    told = run(*words, "--processes", 1)
    assert told.code == 0 and "3 posteriors, 3 did not converge; 100% of the draws" in told.out
    assert seen[1] == ("deepjr", (10.0,), 3, 1, out, 1)


BAD = [
    (("dataset", "--circuit", "wilson"), "circuit"),
    (("dataset", "--size", "many"), "size"),
    (("dataset", "--size", "0"), "size"),
    (("dataset", "--size", "5", "--seed", "0"), "seed"),
    (("dataset", "--size", "5", "--protocol", "mine"), "protocol"),
    (("train", "gru"), "estimator"),
    (("train", "lstm", "--size", "10"), "size"),
    (("train", "lstm", "--size", "x"), "size"),
    (("train", "lstm", "--steps", "x"), "steps"),
    (("train", "lstm", "--device", "tpu"), "device"),
    (("train", "lstm", "--data", "none.nc"), "data"),
    (("train", "lstm", "--from", "none"), "from"),
    (("train", "lstm", "--data", "none.nc", "--size", "1000"), "size"),
    (("estimate", "--estimator", "gru"), "estimator"),
    (("estimate", "--event", "E"), "event"),
    (("estimate", "--noise-mv", "1"), "noise_mv"),
    (("estimate", "--set", "A_e=x"), "A_e"),
    (("estimate", "none.edf"), "recording"),
    (("evaluate", "--cases", "1"), "cases"),
    (("evaluate", "--part", "all"), "part"),
    (("ceiling", "--cases", "x"), "cases"),
    (("ceiling", "--noise-factor", "x"), "noise_factor"),
]


@pytest.mark.parametrize(("words", "field"), BAD, ids=[" ".join(words) for words, _ in BAD])
def test_bad_input_is_exit_code_2_and_one_sentence(run, tmp_path: Path, words, field):
    out = {"dataset": "t.nc", "ceiling": "t.nc", "train": "w", "evaluate": "b"}.get(words[0])
    result = run(*words, *(("--out", tmp_path / out) if out else ()))
    assert result.code == 2 and result.out == ""
    assert result.err.count("\n") == 1 and "expected" in result.err and field in result.err
    assert not list(tmp_path.rglob("*.*"))


def test_missing_weights_are_one_sentence(run, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(weights.load_weights, "__defaults__", (tmp_path,))
    result = run("estimate", "--estimator", "lstm")
    assert result.code == 2 and "lstm_jansen_rit.safetensors" in result.err


def test_a_killed_dataset_leaves_no_half_file(tmp_path: Path):
    out = tmp_path / "d.nc"
    command = [sys.executable, "-m", "explorer.cli", "dataset", "--size", "2000000", "--out", out]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not list(tmp_path.iterdir()) and child.poll() is None:
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 130 and err == "Stopped; nothing is written.\n"
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_evaluation_keeps_its_finished_parts(run, folder: Path, tmp_path: Path,
                                                            monkeypatch):  # fmt: skip
    monkeypatch.setattr(evaluate, "NOISE_FACTORS", (1.0,))
    monkeypatch.setattr(evaluate, "N_DRAWS", 20)

    def interrupted(*_: object):
        os.kill(os.getpid(), signal.SIGINT)
        yield "time", evaluate.Scored()

    monkeypatch.setattr(evaluate, "timings", interrupted)
    words = ("evaluate", "--circuit", "deepjr", "--cases", 5, "--weights", folder, "--out",
             tmp_path, "--part", "repeating", "--part", "time")  # fmt: skip
    told = run(*words)
    assert told.code == 130 and told.err.count("\n") == 1
    assert {one.test for one in load_benchmark(tmp_path / "benchmark.json").tests} == {"repeating"}
