"""Small data sets and networks that several tests share; one thread, so that runs repeat."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from explorer.backend.circuits import CIRCUITS
from explorer.backend.dataset import DataSet, make_data_set
from explorer.backend.estimators.batches import N_SCORES, Prepared, prepare
from explorer.backend.estimators.evidence import evidence_quantiles
from explorer.backend.estimators.front_end import FrontEnd, fit_front_end
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
    return prepare(deepjr)


@pytest.fixture(scope="session")
def fronts(small_sets) -> dict[str, FrontEnd]:
    return {
        name: fit_front_end(torch.from_numpy(data.waves), N_SCORES[name])
        for name, data in small_sets.items()
    }


@pytest.fixture(scope="session")
def untrained(tmp_path_factory, small_sets, fronts) -> Path:
    """A folder of weights that have learned nothing, for both circuits."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    for circuit, front in fronts.items():
        quantiles = evidence_quantiles(front, torch.from_numpy(small_sets[circuit].waves))
        for name, kind in ESTIMATORS.items():
            record = {"estimator": name, "circuit": circuit, "steps": 0}
            save_weights(folder, name, circuit, front, kind.build(front), quantiles, record)
    return folder


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)
