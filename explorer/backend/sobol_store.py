"""Sobol tables as files: NetCDF that loads again, and CSV for reading.

NetCDF (the classic format, which every reader knows) holds the indices as variables over
(feature, factor, factor_2) and (time, factor), and what reproduces them as attributes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from explorer.backend.assets import ASSETS
from explorer.backend.circuits import CIRCUITS, circuit
from explorer.backend.errors import ExplorerError
from explorer.backend.export import settings_json, table_csv, write_atomically
from explorer.backend.features import FEATURES
from explorer.backend.saltelli import Indices, Problem
from explorer.backend.settings import Settings, make_settings
from explorer.backend.sobol import SobolTable

if TYPE_CHECKING:
    import xarray

FIRST_ORDERS = ("s1", "s1_half", "st", "st_half")
SECOND_ORDERS = ("s2", "s2_half")
SHARES = ("defined", "complete", "mean", "sd")
MEANINGS = {
    "s1": "first-order index",
    "st": "total-order index",
    "s2": "second-order index",
    "s1_half": "half-width of the interval of s1",
    "st_half": "half-width of the interval of st",
    "s2_half": "half-width of the interval of s2",
    "defined": "share of the runs in which the output is defined",
    "complete": "share of the Saltelli groups in which the output is defined throughout",
    "mean": "mean of the output over the runs, in its unit",
    "sd": "standard deviation of the output over the runs, in its unit",
}


def asset_path(circuit_name: str) -> Path:
    """Where the shipped table of a circuit lies."""
    return ASSETS / f"sobol_{circuit(circuit_name).name}.nc"


def load_sobol(circuit_name: str) -> SobolTable:
    """The shipped Sobol table of a circuit.

    Raises:
        ExplorerError: an unknown circuit, or a file that cannot be read.
    """
    return read_table(asset_path(circuit_name))


def _variables(indices: Indices, prefix: str, first: str) -> dict[str, object]:
    """xarray variables of one set of indices, over ``first`` and the factors."""
    dims: dict[str, tuple[str, ...]] = dict.fromkeys(FIRST_ORDERS, (first, "factor"))
    dims |= dict.fromkeys(SHARES, (first,))
    if indices.s2 is not None:
        dims |= dict.fromkeys(SECOND_ORDERS, (first, "factor", "factor_2"))
    return {
        prefix + name: (
            shape,
            getattr(indices, name).astype(np.float32),
            {"long_name": MEANINGS[name]},
        )
        for name, shape in dims.items()
    }


def write_table(path: Path, table: SobolTable, force: bool) -> None:
    """Write a table as .nc or .csv: beside the target, then renamed.

    Raises:
        ExplorerError: another ending, an existing file without ``force``, or a target that
            cannot be written.
    """
    writers: dict[str, Callable[[Path], None]] = {
        ".nc": lambda beside: _write_netcdf(beside, table),
        ".csv": lambda beside: _write_csv(beside, table),
    }
    if path.suffix.lower() not in writers:
        raise ExplorerError("out", f"a file ending in {', '.join(writers)}", path.name)
    write_atomically(path, force, writers[path.suffix.lower()])


def _write_csv(path: Path, table: SobolTable) -> None:
    path.write_text(table_text(table), encoding="utf-8", newline="")


def _write_netcdf(path: Path, table: SobolTable) -> None:
    import xarray  # slow to import

    names = list(table.problem.names)
    described = {
        "units": [FEATURES[name].unit for name in table.features],
        "definition": [FEATURES[name].definition for name in table.features],
    }
    data = xarray.Dataset(
        {
            **_variables(table.of_features, "", "feature"),
            **_variables(table.of_waves, "wave_", "time"),
            **{f"feature_{key}": ("feature", words) for key, words in described.items()},
            "low": ("factor", list(table.problem.lows)),
            "high": ("factor", list(table.problem.highs)),
        },
        {
            "feature": list(table.features),
            "factor": names,
            "factor_2": names,
            "time": ("time", table.time, {"units": "s"}),
        },
        {
            "title": f"Sobol indices of the circuit {table.settings.circuit}",
            "settings": settings_json(table.settings),
            "scope": table.scope,
            "base_sample": table.n,
            "seed": table.seed,
            "background_noise": int(table.noise),
            "confidence": table.of_features.confidence,
            "version": table.version,
            "date": table.date,
        },
    )
    data.to_netcdf(path, engine="scipy")


def _settings_from(text: str) -> Settings:
    content = json.loads(text)
    return make_settings(
        content["circuit"],
        content["parameters"],
        region=content["region"],
        start=content["start"],
        integrator=content["integrator"],
        seed=content["seed"],
    )


def read_table(path: Path) -> SobolTable:
    """A table from the NetCDF file that ``write_table`` made.

    Raises:
        ExplorerError: the file is missing, or is no such table.
    """
    import xarray

    try:
        with xarray.open_dataset(path, engine="scipy") as opened:
            data = opened.load()
        return _table_from(data)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ExplorerError(str(path), "a Sobol table", f"{type(error).__name__}") from None


def _table_from(data: xarray.Dataset) -> SobolTable:
    about = data.attrs
    problem = Problem(
        tuple(map(str, data["factor"].values)),
        tuple(map(float, data["low"].values)),
        tuple(map(float, data["high"].values)),
    )

    def indices(prefix: str) -> Indices:
        present = [n for n in (*FIRST_ORDERS, *SECOND_ORDERS, *SHARES) if prefix + n in data]
        arrays = {name: data[prefix + name].values.astype(float) for name in present}
        absent = {name: None for name in SECOND_ORDERS if name not in arrays}
        return Indices(**arrays, **absent, confidence=float(about["confidence"]))  # type: ignore[arg-type]

    return SobolTable(
        settings=_settings_from(str(about["settings"])),
        problem=problem,
        scope=str(about["scope"]),
        n=int(about["base_sample"]),
        seed=int(about["seed"]),
        noise=bool(about["background_noise"]),
        features=tuple(map(str, data["feature"].values)),
        of_features=indices(""),
        time=data["time"].values.astype(float),
        of_waves=indices("wave_"),
        version=str(about["version"]),
        date=str(about["date"]),
    )


def table_text(table: SobolTable) -> str:
    """The indices as CSV: output, unit, time_s, index, factor, factor_2, value, half_width.

    ``output`` is a feature's name, or ``response`` for a sample of the evoked response at
    ``time_s``. Indices that are not given are left out.
    """
    rows: list[tuple[str, str, str, str, str, str, float, float]] = []
    factors = table.problem.names

    def add(label: tuple[str, str, str], indices: Indices, row: int) -> None:
        for index in ("s1", "st"):
            values, halves = getattr(indices, index)[row], getattr(indices, index + "_half")[row]
            for name, value, half in zip(factors, values, halves, strict=True):
                if np.isfinite(value):
                    rows.append((*label, index.upper(), name, "", value, half))
        if indices.s2 is None or indices.s2_half is None:
            return
        for j, k in zip(*np.triu_indices(len(factors), 1), strict=True):
            value, half = indices.s2[row, j, k], indices.s2_half[row, j, k]
            if np.isfinite(value):
                rows.append((*label, "S2", factors[j], factors[k], value, half))

    for k, name in enumerate(table.features):
        add((name, FEATURES[name].unit, ""), table.of_features, k)
    for k, moment in enumerate(table.time):
        add(("response", "mV", f"{moment:.4g}"), table.of_waves, k)
    header = ("output", "unit", "time_s", "index", "factor", "factor_2", "value", "half_width")
    columns = zip(*rows, strict=True) if rows else ((),) * len(header)
    return table_csv(
        {name: np.asarray(column) for name, column in zip(header, columns, strict=True)}
    )


def shipped() -> dict[str, SobolTable]:
    """The shipped tables of all circuits, by name."""
    return {name: load_sobol(name) for name in CIRCUITS}
