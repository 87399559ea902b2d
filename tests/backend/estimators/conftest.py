"""Small data sets and networks that several tests share; one thread, so that runs repeat."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from explorer.backend.circuits import CIRCUITS
from explorer.backend.dataset import DataSet, make_data_set
from explorer.backend.estimators.batches import Prepared, fitted_front_end, prepare
from explorer.backend.estimators.evidence import evidence_quantiles
from explorer.backend.estimators.front_end import FrontEnd
from explorer.backend.estimators.registry import ESTIMATORS
from explorer.backend.estimators.weights import save_weights


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def small_sets() -> dict[str, DataSet]:
    """1,500 simulations of each circuit."""
    return {name: make_data_set(name, 1500, 3) for name in CIRCUITS}


@pytest.fixture(scope="session")
def deepjr(small_sets) -> DataSet:
    return small_sets["deepjr"]


@pytest.fixture(scope="session")
def prepared(deepjr) -> Prepared:
    return prepare(deepjr, "npe")


@pytest.fixture(scope="session")
def fronts(small_sets) -> dict[tuple[str, str], FrontEnd]:
    """Of each estimator and circuit."""
    return {
        (name, circuit): fitted_front_end(data, name)
        for name in ESTIMATORS
        for circuit, data in small_sets.items()
    }


@pytest.fixture(scope="session")
def untrained(tmp_path_factory, small_sets, fronts) -> Path:
    """A folder of weights that have learned nothing, for both circuits."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    for (name, circuit), front in fronts.items():
        quantiles = evidence_quantiles(front, torch.from_numpy(small_sets[circuit].waves))
        record = {"estimator": name, "circuit": circuit, "steps": 0}
        network = ESTIMATORS[name].build(front)
        save_weights(folder, name, circuit, front, network, quantiles, record)
    return folder


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)
