"""What the page shows of a recording: loaded and filtered once, then one channel at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from explorer.backend.ensemble import Progress
from explorer.backend.errors import ExplorerError
from explorer.backend.recording import (
    RecordedEvoked,
    Recording,
    filtered,
    recording_evoked,
    recording_spectrum,
)
from explorer.backend.recording_files import load_uploaded
from explorer.backend.spectrum import Spectrum

READING = 0.3
"""Share of the work that reading the files is taken to be; filtering is the rest."""


@dataclass(frozen=True)
class Overlay:
    """One channel of a recording, ready to be drawn over the model.

    Attributes:
        recording: what it was taken from.
        channel: name of the channel.
        spectrum: Welch's, in µV² per Hz.
        evoked: average around an event, None where there is none to be had.
        problem: why there is none; None where the recording has no events at all.
    """

    recording: Recording
    channel: str
    spectrum: Spectrum
    evoked: RecordedEvoked | None
    problem: ExplorerError | None


def prepare(files: Mapping[str, bytes], progress: Progress | None = None) -> Recording:
    """Read uploaded files and filter the recording in them.

    Args:
        files: content by file name.
        progress: told the share done.

    Raises:
        ExplorerError: as ``load_uploaded`` and ``filtered``.
        Cancelled: ``progress`` returned False.
    """

    def reading(share: float) -> bool:
        return progress is None or progress(READING * share)

    def filtering(share: float) -> bool:
        return progress is None or progress(READING + (1.0 - READING) * share)

    return filtered(load_uploaded(files, reading), progress=filtering)


def overlay(recording: Recording, channel: str, event: str) -> Overlay:
    """Spectrum and evoked response of one channel.

    Args:
        recording: as a rule filtered.
        channel: name of a channel.
        event: name of an event, empty for none.

    Raises:
        ExplorerError: an unknown channel.
    """
    spectrum = recording_spectrum(recording, channel)
    if not event:
        return Overlay(recording, channel, spectrum, None, None)
    try:
        average = recording_evoked(recording, channel, event)
    except ExplorerError as problem:
        return Overlay(recording, channel, spectrum, None, problem)
    return Overlay(recording, channel, spectrum, average, None)
