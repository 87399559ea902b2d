"""Reads recordings: what MNE reads (EDF, BDF, BrainVision, EEGLAB, FIF), and CSV."""

from __future__ import annotations

import configparser
import struct
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import mne
import numpy as np
from scipy.io.matlab import MatReadError

from explorer.backend.ensemble import Progress
from explorer.backend.errors import ExplorerError
from explorer.backend.leadfield import flattened
from explorer.backend.recording import Recording
from explorer.backend.recording_checks import check_brainvision_length, check_edf_size
from explorer.backend.recording_csv import read_csv
from explorer.backend.spreading import Cancelled

UPLOAD_LIMIT_MB = 200
SAMPLE_LIMIT = 10**8
"""Channels × samples that are read at most: 0.8 GB in memory."""
BLOCK_SAMPLES = 4 * 10**6
"""Channels × samples read at once, between two reports of progress."""
LEAST_RATE = 10.0
HEAD_RADIUS_M = 0.095
_OTHER_SENSORS = ("EOG", "ECG", "EKG", "EMG")
_NOT_EVENTS = ("New Segment", "boundary")
_TRIGGER_BITS = 0xFFFF

READERS: dict[str, str] = {
    ".edf": "read_raw_edf",
    ".bdf": "read_raw_bdf",
    ".vhdr": "read_raw_brainvision",
    ".set": "read_raw_eeglab",
    ".fif": "read_raw_fif",
}
"""Functions of ``mne.io`` by file ending, as names: MNE imports each on first use."""
KINDS = (*READERS, ".csv")
"""Endings of the files that can be opened; .fdt, .vmrk and .eeg come along with theirs."""
_KINDS_TEXT = "a recording (" + ", ".join(KINDS) + ")"

READ_ERRORS = (
    OSError,  # missing companions, truncated files
    ValueError,  # malformed headers, UnicodeDecodeError among them
    TypeError,  # EEGLAB files of epochs
    KeyError,
    IndexError,
    AttributeError,  # EEGLAB structures without fields
    RuntimeError,
    NotImplementedError,
    ImportError,  # EEGLAB files in MATLAB 7.3, which need a further package
    EOFError,
    ZeroDivisionError,
    OverflowError,
    MemoryError,
    AssertionError,
    struct.error,
    zlib.error,
    configparser.Error,
    MatReadError,
)
"""What MNE and SciPy raise on files that are damaged or of another kind."""


def load_recording(
    path: Path, name: str | None = None, progress: Progress | None = None
) -> Recording:
    """Read a recording from a file.

    Args:
        path: .edf, .bdf, .vhdr (with .vmrk and .eeg beside it), .set (with .fdt beside
            it), .fif, or .csv with a column ``time_s`` or ``time`` and channels in µV.
        name: shown on the page; the file's name where None.
        progress: told the share read.

    Raises:
        ExplorerError: anything else, a damaged or empty file, no EEG channel, NaN.
        Cancelled: ``progress`` returned False.
    """
    name = name or path.name
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise ExplorerError("recording", _KINDS_TEXT, name)
    if not path.is_file():
        raise ExplorerError("recording", "a file that exists", name)
    if path.stat().st_size == 0:
        raise ExplorerError("recording", _KINDS_TEXT, f"{name}, which is empty")
    if kind in (".edf", ".bdf"):
        check_edf_size(path, name)
    if kind == ".csv":
        return _checked(read_csv(path, name, progress))
    return _checked(_read_with_mne(path, name, kind, progress))


def load_uploaded(files: Mapping[str, bytes], progress: Progress | None = None) -> Recording:
    """Read a recording from uploaded files, several where the format has companions.

    Args:
        files: content by file name, for example a .set and its .fdt.
        progress: told the share read.

    Raises:
        ExplorerError: over 200 MB together, not exactly one recording among them, or as
            ``load_recording``.
        Cancelled: ``progress`` returned False.
    """
    size = sum(len(content) for content in files.values()) / 1e6
    if size > UPLOAD_LIMIT_MB:
        raise ExplorerError("recording", f"at most {UPLOAD_LIMIT_MB} MB", f"{size:.0f} MB")
    names = {name: name.replace("\\", "/").rsplit("/", 1)[-1] for name in files}
    mains = [short for short in names.values() if Path(short).suffix.lower() in KINDS]
    if len(mains) != 1:
        got = ", ".join(names.values()) or "no file"
        raise ExplorerError("recording", f"one {_KINDS_TEXT[2:]} with its companions", got)
    with tempfile.TemporaryDirectory(prefix="jr-explorer-") as folder:
        for name, content in files.items():
            (Path(folder) / names[name]).write_bytes(content)
        return load_recording(Path(folder) / mains[0], progress=progress)


def _read_with_mne(path: Path, name: str, kind: str, progress: Progress | None) -> Recording:
    try:
        raw = getattr(mne.io, READERS[kind])(path, preload=False, verbose="error")
        if kind == ".vhdr":
            check_brainvision_length(path, name, raw.n_times)
        _drop_other_sensors(raw)
        eeg = mne.pick_types(raw.info, eeg=True, exclude=[])
        if len(eeg) * raw.n_times > SAMPLE_LIMIT:
            got = f"{name} with {len(eeg)} channels of {raw.n_times} samples"
            raise ExplorerError("recording", f"at most {SAMPLE_LIMIT:,} samples in all", got)
        data = _microvolts(raw, eeg, progress)
        events = _events(raw)
    except (ExplorerError, Cancelled):
        raise
    except READ_ERRORS as error:
        raise ExplorerError(
            "recording", f"a complete {kind} file", _got(name, error, path)
        ) from None
    xyz = np.array([raw.info["chs"][k]["loc"][:3] for k in eeg]).reshape(-1, 3)  # (channels, 3)
    known = xyz.size > 0 and np.isfinite(xyz).all() and bool((np.abs(xyz).sum(axis=1) > 0).all())
    return Recording(
        name=name,
        rate=float(raw.info["sfreq"]),
        channels=tuple(raw.ch_names[k] for k in eeg),
        data_uv=data,
        events=MappingProxyType(events),
        positions=flattened(xyz, HEAD_RADIUS_M) if known else None,
    )


def _microvolts(raw: Any, eeg: np.ndarray, progress: Progress | None) -> np.ndarray:
    """The EEG channels (channels, n) in µV, read a part at a time."""
    data = np.empty((len(eeg), raw.n_times))
    step = max(1, BLOCK_SAMPLES // max(1, raw.info["nchan"]))
    for start in range(0, raw.n_times if len(eeg) else 0, step):
        stop = min(start + step, raw.n_times)
        data[:, start:stop] = raw.get_data(picks=eeg, start=start, stop=stop, verbose="error")
        if progress and not progress(stop / raw.n_times):
            raise Cancelled
    data *= 1e6
    return data


def _got(name: str, error: BaseException, path: Path) -> str:
    """What came, in half a sentence: the file's name and the first words of the reason."""
    if isinstance(error, FileNotFoundError):
        return f"{name} without the {_companions(path)} file that belongs beside it"
    damaged = f"{name}, which is damaged or of another kind"
    reason = str(error).replace(f"{path.parent}/", "").split("\n")[0]
    reason = reason.split(". ")[0].split(", please")[0].rstrip(".")[:120]
    internal = isinstance(error, (AttributeError, LookupError, AssertionError)) or "__" in reason
    return damaged if internal or not reason else f"{damaged} ({reason})"


def _companions(path: Path) -> str:
    return {".set": ".fdt", ".vhdr": ".vmrk or .eeg"}.get(path.suffix.lower(), "second")


def _drop_other_sensors(raw: Any) -> None:
    """Declare channels that are named after the eye, heart or muscles as not EEG."""
    kinds = {
        channel: "misc"
        for channel in raw.ch_names
        if any(word in channel.upper() for word in _OTHER_SENSORS)
    }
    raw.set_channel_types(kinds, on_unit_change="ignore", verbose="error")


def _events(raw: Any) -> dict[str, np.ndarray]:
    """Onsets (s) of annotations by description, and of trigger codes by number."""
    moments, codes = mne.events_from_annotations(raw, verbose="error")
    names = {code: name for name, code in codes.items()}
    found = [
        (names[code], sample)
        for sample, _, code in moments
        if not names[code].startswith(_NOT_EVENTS)
    ]
    if len(mne.pick_types(raw.info, stim=True, exclude=[])):
        triggers = mne.find_events(
            raw, shortest_event=1, mask=_TRIGGER_BITS, mask_type="and", verbose="error"
        )
        found += [(str(code), sample) for sample, _, code in triggers]
    onsets: dict[str, list[float]] = {}
    for name, sample in found:
        onsets.setdefault(name, []).append((sample - raw.first_samp) / raw.info["sfreq"])
    return {name: np.unique(onsets[name]) for name in sorted(onsets)}


def _checked(recording: Recording) -> Recording:
    name = recording.name
    if not recording.channels:
        raise ExplorerError("recording", "at least one EEG channel", f"{name} with none")
    if not recording.rate >= LEAST_RATE:
        expected = f"at least {LEAST_RATE:g} samples per s (times in s)"
        raise ExplorerError("recording", expected, f"{name} with {recording.rate:g}")
    if recording.duration < 1.0:
        raise ExplorerError(
            "recording", "at least 1 s of data", f"{name} with {recording.duration:g} s"
        )
    bad = ~np.isfinite(recording.data_uv).all(axis=1)
    if bad.any():
        channel = recording.channels[int(np.argmax(bad))]
        raise ExplorerError("recording", "finite values", f"{name} with NaN in channel {channel}")
    return recording
