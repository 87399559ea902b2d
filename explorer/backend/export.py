"""Files of results: written beside the target and renamed, so that none is ever half there."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import explorer
from explorer.backend.errors import ExplorerError
from explorer.backend.evoked import Evoked
from explorer.backend.settings import Settings
from explorer.backend.simulate import Trajectory

ROWS_PER_PIECE = 20_000
"""Rows of a CSV file written between two reports of progress."""

Report = Callable[[float], None]
"""Called with the share of the writing that is done."""


def _no_report(share: float) -> None:
    return None


@dataclass(frozen=True)
class Quantity:
    """One quantity over time.

    Attributes:
        name: column name with its unit, for example ``source_mv``.
        unit: the unit as written in attributes, for example ``mV``.
        meaning: what it is, in words.
        values: (n,), or (channels, n) where ``channels`` names the rows.
        channels: names of the rows of ``values``; empty for a single row.
    """

    name: str
    unit: str
    meaning: str
    values: np.ndarray
    channels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """What one file holds.

    Attributes:
        settings: the point that was simulated.
        time: (n,) in s.
        quantities: the columns beside the time.
        details: figures of the run that the settings do not hold, for example ``dt_s``.
    """

    settings: Settings
    time: np.ndarray
    quantities: tuple[Quantity, ...]
    details: Mapping[str, float] = field(default_factory=dict)


def trajectory_result(settings: Settings, run: Trajectory, dt: float) -> Result:
    """Source and membrane potentials of a trajectory integrated at ``dt`` (s)."""
    y0, y1, y2 = run.states[:, :3].T  # (3, n)
    return Result(
        settings,
        run.time,
        (
            Quantity("source_mv", "mV", "source, y1 - y2", run.source),
            Quantity("y0_mv", "mV", "potential of the interneurons, from pyramidal cells", y0),
            Quantity("y1_mv", "mV", "excitatory potential of the pyramidal cells", y1),
            Quantity("y2_mv", "mV", "inhibitory potential of the pyramidal cells", y2),
        ),
        {"dt_s": dt},
    )


def evoked_result(
    settings: Settings, response: Evoked, scalp_uv: np.ndarray, channels: tuple[str, ...], dt: float
) -> Result:
    """Averaged source (mV) and scalp EEG (channels, samples) in µV, integrated at ``dt`` (s)."""
    scalp = Quantity("eeg_uv", "uV", "scalp EEG with sensor noise, averaged", scalp_uv, channels)
    source = Quantity("source_mv", "mV", "source, averaged, baseline removed", response.source)
    return Result(settings, response.time, (source, scalp), {"dt_s": dt})


def settings_json(settings: Settings, details: Mapping[str, float] | None = None) -> str:
    """Everything that reproduces a result, as one line of JSON."""
    content = {
        "program": f"jr-explorer {explorer.__version__}",
        "circuit": settings.circuit,
        "region": settings.region,
        "start": settings.start,
        "integrator": settings.integrator,
        "seed": settings.seed,
        **(details or {}),
        "parameters": dict(settings.values),
    }
    return json.dumps(content, ensure_ascii=False)


def check_target(path: Path, force: bool) -> Path:
    """The real path of a file that may be written.

    Raises:
        ExplorerError: it exists and ``force`` is off, is no plain file, or has no folder.
    """
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise ExplorerError("out", "a file in a folder that exists", str(path))
    if target.exists() and not target.is_file():
        raise ExplorerError("out", "a plain file", str(path))
    if target.exists() and not force:
        raise ExplorerError("out", "a new file, or --force to overwrite", f"{path}, which exists")
    return target


def write_atomically(path: Path, force: bool, writer: Callable[[Path], None]) -> None:
    """Have ``writer`` fill a file beside the target, then rename it.

    Args:
        path: the target.
        force: whether an existing target is replaced.
        writer: called with the temporary path, which ends as the target does.

    Raises:
        ExplorerError: the target exists and ``force`` is off, or it cannot be written.
    """
    target = check_target(path, force)
    beside = target.with_name(f".{target.stem}.{os.getpid()}.part{target.suffix}")
    try:
        writer(beside)
        os.replace(beside, target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ExplorerError("out", "a file that can be written", f"{path} ({reason})") from None
    finally:
        if beside.exists():
            beside.unlink()


def flat_columns(result: Result) -> dict[str, np.ndarray]:
    """Every column (n,) of a table: the time, single quantities, each channel by its name."""
    columns = {"time_s": result.time}
    for quantity in result.quantities:
        rows = np.atleast_2d(quantity.values)  # (channels or 1, n)
        unit = quantity.name.rsplit("_", 1)[1]
        names = [f"{channel}_{unit}" for channel in quantity.channels] or [quantity.name]
        columns.update(zip(names, rows, strict=True))
    return columns


def _csv_pieces(columns: Mapping[str, np.ndarray], report: Report = _no_report) -> Iterator[str]:
    arrays = [np.asarray(values) for values in columns.values()]
    n = len(arrays[0])
    line = ",".join("%s" if a.dtype.kind in "UO" else "%.12g" for a in arrays) + "\n"
    yield ",".join(columns) + "\n"
    for first in range(0, n, ROWS_PER_PIECE):
        part = [a[first : first + ROWS_PER_PIECE].tolist() for a in arrays]
        yield "".join(line % row for row in zip(*part, strict=True))
        report(min(1.0, (first + ROWS_PER_PIECE) / n))


def table_csv(columns: Mapping[str, np.ndarray]) -> str:
    """A table as CSV with a header; twelve digits.

    Args:
        columns: name with unit → (n,) numbers or words, all of one length.
    """
    return "".join(_csv_pieces(columns))


def table_npz(columns: Mapping[str, np.ndarray], settings: Settings | None = None) -> bytes:
    """Arrays as an NPZ archive that loads without pickle.

    Args:
        columns: name with unit → array of any shape, numbers or words.
        settings: stored as JSON under ``settings`` where given.
    """
    arrays = {name: np.asarray(values) for name, values in columns.items()}
    if settings is not None:
        arrays["settings"] = np.asarray(settings_json(settings))
    return _npz(arrays)


def _npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def _write_csv(path: Path, result: Result, report: Report) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.writelines(_csv_pieces(flat_columns(result), report))


def _write_npz(path: Path, result: Result, report: Report) -> None:
    arrays = {"time_s": result.time, **{q.name: q.values for q in result.quantities}}
    for quantity in result.quantities:
        if quantity.channels:
            arrays["channels"] = np.asarray(quantity.channels)
    arrays["settings"] = np.asarray(settings_json(result.settings, result.details))
    path.write_bytes(_npz(arrays))


def _write_netcdf(path: Path, result: Result, report: Report) -> None:
    import xarray  # slow to import, and only this format needs it

    variables = {}
    coords: dict[str, object] = {"time_s": ("time_s", result.time, {"units": "s"})}
    for quantity in result.quantities:
        dims = ("channel", "time_s") if quantity.channels else ("time_s",)
        described = {"units": quantity.unit, "long_name": quantity.meaning}
        variables[quantity.name] = (dims, quantity.values, described)
        if quantity.channels:
            coords["channel"] = list(quantity.channels)
    stored: dict[str, object] = {
        **{k: v for k, v in json.loads(settings_json(result.settings, result.details)).items()
           if k != "parameters"},
        **result.settings.values,
        "settings": settings_json(result.settings, result.details),
    }  # fmt: skip
    data = xarray.Dataset(variables, coords, stored)
    data.to_netcdf(path, engine="h5netcdf")


WRITERS: dict[str, Callable[[Path, Result, Report], None]] = {
    ".csv": _write_csv,
    ".npz": _write_npz,
    ".nc": _write_netcdf,
}
"""Formats of a result, by the end of the file's name."""


def write_result(path: Path, result: Result, force: bool, report: Report = _no_report) -> None:
    """Write a result in the format that the end of the file's name says.

    Raises:
        ExplorerError: an unknown format, or a target that cannot be written.
    """
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise ExplorerError("out", f"a file ending in {', '.join(WRITERS)}", path.name)
    write_atomically(path, force, lambda beside: writer(beside, result, report))
