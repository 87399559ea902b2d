"""Small recordings in every format, written by hand from the formats' descriptions."""

from __future__ import annotations

from pathlib import Path

import mne
import numpy as np
from scipy.io import savemat

RATE = 200
SECONDS = 20
CHANNELS = ("Fz", "Cz", "POz", "HEOG")
ONSETS_S = np.arange(2.0, 18.0, 2.0)
RESPONSE_UV = 30.0


def truth_uv() -> np.ndarray:
    """(4, n): 10 Hz of 5, 10, 15, 20 µV, and 100 … 200 ms after each event 30 µV more."""
    time = np.arange(RATE * SECONDS) / RATE
    data = np.outer(np.arange(1, 5) * 5.0, np.sin(2 * np.pi * 10 * time))
    for onset in ONSETS_S:
        data[:, (time > onset + 0.0999) & (time < onset + 0.2001)] += RESPONSE_UV
    return data


def _field(value: object, width: int) -> bytes:
    return str(value).encode("ascii").ljust(width)[:width]


def write_edf(path: Path, bdf: bool = False, status: bool = False) -> None:
    """EDF (16 bit) or BDF (24 bit) of the truth, 1/32 µV a step, one-second records."""
    data = np.round(truth_uv() * 32).astype(np.int32)
    labels = list(CHANNELS)
    if status:
        codes = np.zeros((1, data.shape[1]), dtype=np.int32)
        codes[0, np.round(ONSETS_S * RATE).astype(int)] = 7
        data, labels = np.vstack([data, codes + (1 << 16)]), [*labels, "Status"]
    largest = 2**23 - 1 if bdf else 2**15 - 1
    n = len(labels)
    first = b"\xffBIOSEMI" if bdf else _field("0", 8)
    header = first + _field("X", 80) + _field("X", 80) + b"01.01.2401.02.03"
    header += _field(256 * (n + 1), 8) + _field("24BIT" if bdf else "", 44)
    header += _field(SECONDS, 8) + _field(1, 8) + _field(n, 4)
    header += b"".join(_field(label, 16) for label in labels) + _field("", 80) * n
    header += b"".join(_field("" if label == "Status" else "uV", 8) for label in labels)
    scale = [1.0 if label == "Status" else 1 / 32 for label in labels]
    header += b"".join(_field(f"{-(largest + 1) * s:.7g}", 8) for s in scale)
    header += b"".join(_field(f"{largest * s:.7g}", 8) for s in scale)
    header += _field(-(largest + 1), 8) * n + _field(largest, 8) * n
    header += _field("", 80) * n + _field(RATE, 8) * n + _field("", 32) * n
    records = data.reshape(n, SECONDS, RATE).swapaxes(0, 1).ravel()  # record, channel, sample
    width = 3 if bdf else 2
    body = records.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :width].tobytes()
    path.write_bytes(header + body)


def write_brainvision(path: Path) -> None:
    """BrainVision of the truth: .vhdr, .vmrk and .eeg (float32, multiplexed)."""
    stem = path.stem
    channels = "".join(f"Ch{k + 1}={name},,1,µV\n" for k, name in enumerate(CHANNELS))
    path.write_text(
        "Brain Vision Data Exchange Header File Version 1.0\n\n[Common Infos]\nCodepage=UTF-8\n"
        f"DataFile={stem}.eeg\nMarkerFile={stem}.vmrk\nDataFormat=BINARY\n"
        f"DataOrientation=MULTIPLEXED\nNumberOfChannels={len(CHANNELS)}\n"
        f"SamplingInterval={1e6 / RATE:g}\n\n[Binary Infos]\nBinaryFormat=IEEE_FLOAT_32\n\n"
        f"[Channel Infos]\n{channels}",
        encoding="utf-8",
    )
    marks = "".join(
        f"Mk{k + 2}=Stimulus,S  7,{round(onset * RATE) + 1},1,0\n"
        for k, onset in enumerate(ONSETS_S)
    )
    path.with_suffix(".vmrk").write_text(
        "Brain Vision Data Exchange Marker File, Version 1.0\n\n[Common Infos]\nCodepage=UTF-8\n"
        f"DataFile={stem}.eeg\n\n[Marker Infos]\n"
        f"Mk1=New Segment,,1,1,0,20240101010203000000\n{marks}",
        encoding="utf-8",
    )
    path.with_suffix(".eeg").write_bytes(truth_uv().T.astype("<f4").tobytes())


def write_eeglab(path: Path, trials: int = 1) -> None:
    """EEGLAB of the truth: .set and .fdt."""
    n = RATE * SECONDS
    events = np.array(
        [(onset * RATE + 1, "square", 0.0) for onset in ONSETS_S],
        dtype=[("latency", object), ("type", object), ("duration", object)],
    )
    eeg = {
        "setname": "made",
        "nbchan": len(CHANNELS),
        "trials": trials,
        "pnts": n // trials,
        "srate": float(RATE),
        "xmin": 0.0,
        "xmax": (n - 1) / RATE,
        "data": path.with_suffix(".fdt").name,
        "chanlocs": np.array([(name,) for name in CHANNELS], dtype=[("labels", object)]),
        "event": events,
        "epoch": np.zeros(0),
        "chaninfo": {"nosedir": "+X"},
    }
    savemat(path, {"EEG": eeg}, appendmat=False)
    path.with_suffix(".fdt").write_bytes(truth_uv().T.astype("<f4").tobytes())


def write_fif(path: Path, first_samp: int = 777, kind: str = "eeg") -> None:
    """FIF of the truth with a stimulus channel, starting late as cut recordings do."""
    types = [kind] * (len(CHANNELS) - 1) + ["eog", "stim"]
    info = mne.create_info([*CHANNELS, "STI 014"], RATE, types, verbose="error")
    codes = np.zeros((1, RATE * SECONDS))
    codes[0, np.round(ONSETS_S * RATE).astype(int)] = 7
    raw = mne.io.RawArray(
        np.vstack([truth_uv() * 1e-6, codes]), info, first_samp=first_samp, verbose="error"
    )
    if kind == "eeg":
        raw.set_montage("biosemi64")
    raw.set_annotations(mne.Annotations(ONSETS_S, 0.0, "square"))
    raw.save(path, fmt="double", verbose="error")


def write_csv(path: Path) -> None:
    """CSV of the truth with a time column."""
    time = np.arange(RATE * SECONDS) / RATE
    table = np.column_stack([time, truth_uv()[:3].T])
    np.savetxt(path, table, "%.6f", ",", header="time_s,Fz,Cz,POz", comments="")
