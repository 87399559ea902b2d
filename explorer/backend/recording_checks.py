"""Finds recordings that were cut short and that MNE would read without a word."""

from __future__ import annotations

import re
from pathlib import Path

from explorer.backend.errors import ExplorerError

_BYTES = {".edf": 2, ".bdf": 3}
_MARK = re.compile(r"^Mk\d+=[^,]*,[^,]*,(\d+)", re.MULTILINE)


def check_edf_size(path: Path, name: str) -> None:
    """Refuse an EDF or BDF file that is shorter than its header says.

    Source: Kemp et al. 1992 (Electroencephalogr Clin Neurophysiol 82:391) for the header.

    Raises:
        ExplorerError: it is, or has no such header.
    """
    kind = path.suffix.lower()
    with path.open("rb") as file:
        start = file.read(256)
        try:
            header, records, channels = (
                int(start[184:192]),
                int(start[236:244]),
                int(start[252:256]),
            )
            file.seek(256 + 216 * channels)
            per_record = sum(int(file.read(8)) for _ in range(channels))
        except (ValueError, OSError):
            got = f"{name}, which is damaged or of another kind"
            raise ExplorerError("recording", f"a complete {kind} file", got) from None
    expected = header + max(records, 0) * per_record * _BYTES[kind]
    size = path.stat().st_size
    if size < expected:
        raise ExplorerError(
            "recording", f"{expected:,} bytes as its header says", f"{name} with {size:,}"
        )


def check_brainvision_length(path: Path, name: str, n_samples: int) -> None:
    """Refuse a BrainVision recording whose markers lie beyond its data.

    The header does not tell the length, so data cut after the last marker pass.

    Args:
        path: the .vhdr file.
        name: for the message.
        n_samples: samples per channel that the data file holds.

    Raises:
        ExplorerError: they do.
    """
    markers = path.with_suffix(".vmrk")
    if not markers.is_file():
        return
    positions = _MARK.findall(markers.read_text(encoding="latin-1"))
    last = max((int(position) for position in positions), default=0)
    if last > n_samples:
        raise ExplorerError(
            "recording",
            f"at least {last:,} samples, where its last marker lies",
            f"{name} with {n_samples:,}",
        )
