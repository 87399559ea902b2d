"""Reads a recording from CSV: a column of times and a column for each channel."""

from __future__ import annotations

import re
from pathlib import Path
from types import MappingProxyType

import numpy as np

from explorer.backend.ensemble import Progress
from explorer.backend.errors import ExplorerError
from explorer.backend.recording import Recording
from explorer.backend.spreading import Cancelled

TIME_COLUMNS = ("time_s", "time")
BLOCK_NUMBERS = 20_000
"""Numbers read at once: NumPy's reader lets no other thread run until it is done."""


def read_csv(path: Path, name: str, progress: Progress | None = None) -> Recording:
    """Read times in s and channels in µV from a CSV file whose first line names the columns.

    Args:
        path: the file.
        name: for the recording and its messages.
        progress: told the share read.

    Raises:
        ExplorerError: another header, words among the numbers, uneven times.
        Cancelled: ``progress`` returned False.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            header = [word.strip().strip('"') for word in file.readline().split(",")]
            lines = [line for line in file if line.strip()]
        table = _numbers(lines, len(header), progress)
    except (ValueError, OSError, MemoryError) as error:
        reason = str(error).split(";")[0]
        raise ExplorerError("recording", "a CSV file of numbers", f"{name} ({reason})") from None
    column = next((header.index(word) for word in TIME_COLUMNS if word in header), None)
    if column is None:
        raise ExplorerError(
            "recording", "a CSV file whose first line names a column time_s or time", name
        )
    if table is None or table.shape[0] < 2 or table.shape[1] != len(header):
        shape = "no rows" if table is None else f"{table.shape[0]} rows of {table.shape[1]}"
        raise ExplorerError(
            "recording", f"rows of {len(header)} numbers", f"{name} with {shape} numbers"
        )
    rate = _uniform_rate(table[:, column], name)
    channels = tuple(word for k, word in enumerate(header) if k != column)
    data = np.delete(table, column, axis=1).T.copy()  # (channels, n)
    return Recording(name, rate, channels, data, MappingProxyType({}))


def _numbers(lines: list[str], columns: int, progress: Progress | None) -> np.ndarray | None:
    """The numbers (rows, columns) of the lines, None where there are no lines."""
    rows = max(1, BLOCK_NUMBERS // columns)
    blocks: list[np.ndarray] = []
    for start in range(0, len(lines), rows):
        block = _block(lines, start, rows)
        if blocks and block.shape[1] != blocks[0].shape[1]:
            raise ValueError(f"{block.shape[1]} numbers in line {start + 2}")
        blocks.append(block)
        if progress and not progress((start + len(block)) / len(lines)):
            raise Cancelled
    return np.concatenate(blocks) if blocks else None


def _block(lines: list[str], start: int, rows: int) -> np.ndarray:
    try:
        return np.loadtxt(lines[start : start + rows], delimiter=",", ndmin=2)
    except ValueError as error:  # its row counts from the block's first
        words = re.sub(r"row (\d+)", lambda m: f"row {int(m[1]) + start}", str(error))
        raise ValueError(words) from None


def _uniform_rate(time: np.ndarray, name: str) -> float:
    step = (time[-1] - time[0]) / (time.size - 1)
    uneven = np.abs(np.diff(time) - step) > 0.2 * abs(step)  # admits times rounded to ms
    if not (np.isfinite(time).all() and step > 0.0) or uneven.any():
        where = f", line {int(np.argmax(uneven)) + 3}" if np.isfinite(time).all() else ""
        raise ExplorerError("recording", "evenly spaced, ascending times in s", f"{name}{where}")
    return round(1.0 / step, 3)
