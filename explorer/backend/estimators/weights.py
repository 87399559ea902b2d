"""Weights on disk: one safetensors file for each estimator and circuit, beside a manifest.

The networks' parameters are kept in half precision, the front end and the quantiles of the
evidence in float32. The manifest (JSON) records how each file was made and scored, with its
SHA-256; a file that does not agree with it, or with the architecture, is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from explorer.backend.assets import ASSETS
from explorer.backend.circuits import circuit
from explorer.backend.errors import ExplorerError
from explorer.backend.estimators.components import Components
from explorer.backend.estimators.evidence import LADDER_MV, RANKS
from explorer.backend.estimators.front_end import FrontEnd
from explorer.backend.estimators.interface import N_SAMPLES
from explorer.backend.estimators.registry import estimator_kind
from explorer.backend.export import write_atomically

FOLDER = ASSETS / "estimators"
MANIFEST = "manifest.json"
_FRONT, _SHAPES = "front.", "shapes."
_QUANTILES = "evidence_quantiles"


@dataclass(frozen=True)
class Weights:
    """A network ready for use.

    Attributes:
        estimator: key of ``ESTIMATORS``.
        circuit: key of ``CIRCUITS``.
        front: its front end.
        network: with the trained parameters, in evaluation mode.
        quantiles: (ladder, ranks) of the log evidence of training responses.
        record: the entry of the manifest: how it was made and scored.
    """

    estimator: str
    circuit: str
    front: FrontEnd
    network: nn.Module
    quantiles: Tensor
    record: Mapping[str, Any]


def file_name(estimator: str, circuit_name: str) -> str:
    """Name of the file of weights."""
    return f"{estimator_kind(estimator).name}_{circuit(circuit_name).name}.safetensors"


def _tensors(front: FrontEnd, network: nn.Module, quantiles: Tensor) -> dict[str, Tensor]:
    own = {name for name, _ in network.named_parameters()}
    kept = {name: value.half() for name, value in network.state_dict().items() if name in own}
    kept |= {_FRONT + name: value for name, value in front.state_dict().items()}
    return {name: value.contiguous() for name, value in kept.items()} | {
        _QUANTILES: quantiles.float()
    }


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder of weights, empty where there is none.

    Raises:
        ExplorerError: it cannot be read.
    """
    path = folder / MANIFEST
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ExplorerError(MANIFEST, "a readable JSON file", str(error)) from None
    if not isinstance(found, dict):
        raise ExplorerError(MANIFEST, "an entry for each file", type(found).__name__)
    return found


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest of a folder of weights."""
    words = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    write_atomically(folder / MANIFEST, True, lambda beside: _write_text(beside, words))


def _write_text(path: Path, words: str) -> None:
    path.write_text(words, encoding="utf-8")


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def save_weights(
    folder: Path,
    estimator: str,
    circuit_name: str,
    front: FrontEnd,
    network: nn.Module,
    quantiles: Tensor,
    record: Mapping[str, Any],
) -> Path:
    """Write a file of weights and its entry in the manifest; an older one is replaced.

    Raises:
        ExplorerError: the folder cannot be written to.
    """
    name = file_name(estimator, circuit_name)
    content = save(_tensors(front, network, quantiles), {"estimator": estimator})
    write_atomically(folder / name, True, lambda beside: _write_bytes(beside, content))
    entry = {**record, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    write_manifest(folder, {**read_manifest(folder), name: entry})
    return folder / name


def load_weights(estimator: str, circuit_name: str, folder: Path = FOLDER) -> Weights:
    """A trained network.

    Raises:
        ExplorerError: a file that is missing, damaged, or not of this architecture.
    """
    name = file_name(estimator, circuit_name)
    record = read_manifest(folder).get(name)
    if record is None:
        raise ExplorerError(name, f"an entry in {MANIFEST}", "none")
    path = folder / name
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ExplorerError(name, "a readable file", error.strerror) from None
    if hashlib.sha256(content).hexdigest() != record.get("sha256"):
        raise ExplorerError(name, f"the file that {MANIFEST} describes", "another or a damaged one")
    return _assembled(estimator, circuit_name, path, record)


def _assembled(estimator: str, circuit_name: str, path: Path, record: Mapping[str, Any]) -> Weights:
    try:
        with safe_open(str(path), framework="pt") as stored:
            tensors = {key: stored.get_tensor(key).float() for key in stored.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ExplorerError(path.name, "a safetensors file", str(error)) from None
    front = _front_end(path.name, tensors)
    quantiles = tensors.pop(_QUANTILES, torch.empty(0)).double()
    if quantiles.shape != (len(LADDER_MV), len(RANKS)):
        raise ExplorerError(path.name, "quantiles of the evidence", tuple(quantiles.shape))
    network = estimator_kind(estimator).build(front)
    wanted = dict(network.named_parameters())
    shapes = {key: tuple(value.shape) for key, value in tensors.items()}
    if shapes != {key: tuple(value.shape) for key, value in wanted.items()}:
        raise ExplorerError(path.name, f"the parameters of {estimator}", "others")
    network.load_state_dict(tensors, strict=False)
    return Weights(estimator, circuit_name, front, network.eval(), quantiles, record)


def _front_end(name: str, tensors: dict[str, Tensor]) -> FrontEnd:
    wave = _components(name, tensors, _FRONT)
    if not any(key.startswith(_FRONT + _SHAPES) for key in tensors):
        return FrontEnd(*wave)
    return FrontEnd(*wave, _components(name, tensors, _FRONT + _SHAPES))


def _components(name: str, tensors: dict[str, Tensor], prefix: str) -> Components:
    """Take components out of the tensors of a file."""
    mean, basis, variance = (tensors.pop(prefix + part, None) for part in Components._fields)
    if mean is None or basis is None or variance is None or basis.shape[0] != N_SAMPLES:
        raise ExplorerError(name, "the front end's components", "none or others")
    return Components(mean, basis, variance)
