"""Weights on disk: what is damaged or does not fit is refused in one sentence."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from explorer.backend.errors import ExplorerError
from explorer.backend.estimators.registry import ESTIMATORS
from explorer.backend.estimators.weights import (
    MANIFEST,
    file_name,
    load_weights,
    read_manifest,
    save_weights,
)

NAME = "lstm_deepjr.safetensors"


@pytest.fixture
def folder(untrained: Path, tmp_path: Path) -> Path:
    for name in (NAME, "bilstm_deepjr.safetensors", MANIFEST):
        shutil.copy(untrained / name, tmp_path)
    return tmp_path


def resigned(folder: Path) -> None:
    """Make the manifest agree with the file, so that what is inside it is looked at."""
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest[NAME]["sha256"] = hashlib.sha256((folder / NAME).read_bytes()).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(manifest))


def flip(folder: Path) -> None:
    content = bytearray((folder / NAME).read_bytes())
    content[-100] ^= 1
    (folder / NAME).write_bytes(bytes(content))


def cut(folder: Path) -> None:
    (folder / NAME).write_bytes((folder / NAME).read_bytes()[:5000])
    resigned(folder)


def text(folder: Path) -> None:
    (folder / NAME).write_bytes(b"cos\nsystem\n(S'echo pickled'\ntR.")
    resigned(folder)


def other_architecture(folder: Path) -> None:
    shutil.copy(folder / "bilstm_deepjr.safetensors", folder / NAME)
    resigned(folder)


def another_shape(folder: Path) -> None:
    tensors = load_file(folder / NAME)
    tensors["head.out.bias"] = torch.zeros(7)
    save_file(tensors, folder / NAME)
    resigned(folder)


def without(part: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        tensors = load_file(folder / NAME)
        del tensors[part]
        save_file(tensors, folder / NAME)
        resigned(folder)

    return change


def missing(folder: Path) -> None:
    (folder / NAME).unlink()


def no_manifest(folder: Path) -> None:
    (folder / MANIFEST).unlink()


DAMAGE = {
    "a flipped bit": flip,
    "cut short": cut,
    "no safetensors": text,
    "another architecture": other_architecture,
    "another shape": another_shape,
    "no front end": without("front.basis"),
    "no evidence": without("evidence_quantiles"),
    "a parameter missing": without("head.out.bias"),
    "file missing": missing,
    "manifest missing": no_manifest,
}


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_is_one_sentence_that_names_the_file(what, folder: Path):
    load_weights("lstm", "deepjr", folder)
    DAMAGE[what](folder)
    with pytest.raises(ExplorerError) as caught:
        load_weights("lstm", "deepjr", folder)
    assert NAME in str(caught.value) and "\n" not in str(caught.value)
    assert str(folder) not in str(caught.value)


@pytest.mark.parametrize("words", ["{", "[1, 2]"])
def test_a_manifest_that_is_none_is_refused(words, folder: Path):
    (folder / MANIFEST).write_text(words)
    with pytest.raises(ExplorerError, match=MANIFEST):
        load_weights("lstm", "deepjr", folder)


def test_damage_to_one_leaves_the_others(folder: Path):
    flip(folder)
    assert load_weights("bilstm", "deepjr", folder).estimator == "bilstm"


@pytest.mark.parametrize("name", ["lstm", "transformer"])
def test_what_is_saved_comes_back(name: str, untrained: Path, fronts, tmp_path: Path):
    torch.manual_seed(7)
    front = fronts[name, "jansen_rit"]
    network = ESTIMATORS[name].build(front)
    quantiles = load_weights(name, "jansen_rit", untrained).quantiles
    record = {"seed": 7, "note": "é"}
    for _ in range(2):  # the second replaces the first
        save_weights(tmp_path, name, "jansen_rit", front, network, quantiles, record)
    found = load_weights(name, "jansen_rit", tmp_path)
    for key, value in network.named_parameters():
        stored = dict(found.network.named_parameters())[key]
        torch.testing.assert_close(stored, value, rtol=1e-3, atol=1e-6)
    assert found.front.n_shape_scores == front.n_shape_scores
    assert (front.n_shape_scores > 0) == (name == "transformer")
    ours, theirs = dict(front.named_buffers()), dict(found.front.named_buffers())
    assert ours.keys() == theirs.keys()
    for key, value in ours.items():  # those that are not stored too
        torch.testing.assert_close(theirs[key], value, rtol=0, atol=0)
    torch.testing.assert_close(found.quantiles, quantiles, rtol=1e-6, atol=1e-6)
    assert found.record["note"] == "é" and found.record["seed"] == 7
    assert set(read_manifest(tmp_path)) == {file_name(name, "jansen_rit")}
    assert len(list(tmp_path.iterdir())) == 2


def test_names_are_checked():
    with pytest.raises(ExplorerError, match="'gru'"):
        file_name("gru", "deepjr")
    with pytest.raises(ExplorerError, match="'wilson'"):
        file_name("lstm", "wilson")
