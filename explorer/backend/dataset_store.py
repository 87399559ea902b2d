"""Data sets as files: NetCDF, written block after block, so that memory stays bounded.

One variable for each inferred parameter and each part of the context, over ``case``; the
responses over (``case``, ``time``); what reproduces the file as attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import h5netcdf
import numpy as np

import explorer
from explorer.backend.circuits import Circuit, circuit
from explorer.backend.dataset import DataSet, simulated_blocks
from explorer.backend.draws import CONTEXT_NAMES, Draws, draw, protocol_of
from explorer.backend.ensemble import Progress
from explorer.backend.errors import ExplorerError
from explorer.backend.evoked import Experiment
from explorer.backend.export import settings_json, write_atomically
from explorer.backend.parameters import INFERRED_NAMES, PARAMETERS
from explorer.backend.sensors import channel_noise_sd_uv, lead_uv_per_mv
from explorer.backend.settings import Settings, make_settings
from explorer.backend.spreading import Cancelled

FORMATS = (".nc",)
_CASES_PER_CHUNK = 256
_SNR = {
    "snr_single_db": "signal-to-noise ratio of a single trial at the settings' noise factor",
    "snr_average_db": "signal-to-noise ratio of the average at the settings' noise factor",
}


def write_data_set(
    path: Path,
    circuit_name: str,
    size: int,
    seed: int = 1,
    protocol: str = "explorer",
    *,
    force: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
) -> None:
    """Draw, simulate and write a data set, the one that ``make_data_set`` gives.

    Args:
        path: a file ending in .nc; it appears when it is complete, and not before.
        circuit_name, size, seed, protocol, workers: as for ``make_data_set``.
        force: whether an existing file is replaced.
        progress: told the share done; returns False to stop.

    Raises:
        ExplorerError: as ``make_data_set``, another ending, or a target that cannot be written.
        Cancelled: ``progress`` returned False; nothing is left.
    """
    if path.suffix.lower() not in FORMATS:
        raise ExplorerError("out", f"a file ending in {', '.join(FORMATS)}", path.name)
    draws = draw(circuit_name, size, seed, protocol)

    def fill(beside: Path) -> None:
        with h5netcdf.File(beside, "w") as file:
            settings = make_settings(circuit_name, seed=seed)
            _declare(file, settings, draws)
            file.attrs.update(_about(settings, protocol, size))
            _simulate_into(file, settings, draws, workers, progress)

    write_atomically(path, force, fill)


def _declare(file: h5netcdf.File, settings: Settings, draws: Draws) -> None:
    """Dimensions, the draws and empty variables for what is simulated."""
    time = Experiment().time
    file.dimensions = {"case": len(draws.parameters), "time": time.size}
    file.create_variable("time", ("time",), data=time).attrs["units"] = "s"
    for names, columns in ((INFERRED_NAMES, draws.parameters), (CONTEXT_NAMES, draws.context)):
        for name, values in zip(names, columns.T, strict=True):
            described = {"units": PARAMETERS[name].unit, "long_name": PARAMETERS[name].label}
            file.create_variable(name, ("case",), data=values).attrs.update(described)
    for name, meaning in _SNR.items():
        described = {"units": "dB", "long_name": meaning}
        file.create_variable(name, ("case",), "f4").attrs.update(described)
    chunks = (min(_CASES_PER_CHUNK, len(draws.parameters)), time.size)
    wave = file.create_variable("wave", ("case", "time"), "f4", chunks=chunks)
    wave.attrs.update(
        units="mV", long_name="evoked response of the source, baseline removed, no sensor noise"
    )


def _about(settings: Settings, protocol: str, size: int) -> dict[str, object]:
    """What reproduces the file; of the parameters those that no case changes."""
    drawn = {*INFERRED_NAMES, *CONTEXT_NAMES}
    return {
        "title": f"Simulated evoked responses of the circuit {settings.circuit}",
        "circuit": settings.circuit,
        "protocol": protocol,
        "protocol_meaning": protocol_of(protocol).meaning,
        "size": size,
        "seed": settings.seed,
        "version": explorer.__version__,
        "settings": settings_json(settings),
        "region": settings.region,
        "start": settings.start,
        "integrator": settings.integrator,
        "dt_s": settings.table.dt,
        **{name: value for name, value in settings.values.items() if name not in drawn},
    }


def _simulate_into(
    file: h5netcdf.File,
    settings: Settings,
    draws: Draws,
    workers: int | None,
    progress: Progress | None,
) -> None:
    trials = draws.context[:, 2]
    done, total = 0.0, float(trials.sum())
    for rows, waves in simulated_blocks(settings.circuit, draws, settings.seed, workers):
        file["wave"][rows] = waves.astype(np.float32)
        single = snr_single_db(settings, waves)
        file["snr_single_db"][rows] = single
        file["snr_average_db"][rows] = single + 10.0 * np.log10(trials[rows])
        done += float(trials[rows].sum())
        if progress is not None and not progress(done / total):
            raise Cancelled


def snr_single_db(settings: Settings, waves: np.ndarray) -> np.ndarray:
    """``sensors.snr_db`` of a single trial, (n,) in dB, of responses (n, samples) in mV."""
    power = np.mean(lead_uv_per_mv(settings) ** 2) * np.mean(waves.astype(float) ** 2, axis=1)
    with np.errstate(divide="ignore"):  # no response: −inf
        return 10.0 * np.log10(power / channel_noise_sd_uv(settings, averaged=False) ** 2)


def read_data_set(path: Path) -> DataSet:
    """A data set from the file that ``write_data_set`` made.

    Raises:
        ExplorerError: the file is missing, or is no such data set.
    """
    try:
        with h5netcdf.File(path, "r") as file:
            return _data_set_from(file)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ExplorerError("data", "a data set made by jr-explorer dataset", f"{path}") from error


def _data_set_from(file: h5netcdf.File) -> DataSet:
    about: Mapping[str, object] = dict(file.attrs)
    table: Circuit = circuit(str(about["circuit"]))

    def columns(names: tuple[str, ...]) -> np.ndarray:
        return np.stack([np.asarray(file[name][:], dtype=float) for name in names], axis=1)

    found = DataSet(
        table.name,
        protocol_of(str(about["protocol"])).name,
        int(str(about["seed"])),
        np.asarray(file["time"][:], dtype=float),
        columns(INFERRED_NAMES),
        columns(CONTEXT_NAMES),
        np.asarray(file["wave"][:], dtype=np.float32),
    )
    if found.time.shape != Experiment().time.shape or not np.isfinite(found.waves).all():
        raise ValueError("responses that are not those of the experiment")
    return found
