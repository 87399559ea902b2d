"""A recorded EEG beside the model: filtered, its spectrum, its evoked response.

``recording_files`` reads the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import mne
import numpy as np
from scipy.signal import resample_poly

from explorer.backend.ensemble import Progress
from explorer.backend.errors import ExplorerError
from explorer.backend.spectrum import Spectrum, spectrum
from explorer.backend.spreading import Cancelled

LOW_HZ, HIGH_HZ = 0.5, 40.0
TMIN_S, TMAX_S = -0.2, 1.0
PREFERRED_CHANNELS = ("POz", "Oz", "PO3", "PO4", "O1", "O2", "Pz", "Cz")
"""Where the alpha rhythm is seen best, in order."""


@dataclass(frozen=True)
class Recording:
    """A recorded EEG.

    Attributes:
        name: of the file.
        rate: samples per s.
        channels: names of the EEG channels.
        data_uv: (channels, n) in µV.
        events: onsets in s from the first sample, ascending, by the event's name.
        positions: (channels, 2) on the flattened head, whose circle has radius 1, or None.
        band: lower and upper edge in Hz of the filter applied, None where none was.
    """

    name: str
    rate: float
    channels: tuple[str, ...]
    data_uv: np.ndarray
    events: Mapping[str, np.ndarray]
    positions: np.ndarray | None = None
    band: tuple[float, float] | None = None

    @property
    def duration(self) -> float:
        """Length, s."""
        return self.data_uv.shape[1] / self.rate

    def channel_index(self, channel: str) -> int:
        """Row of a channel.

        Raises:
            ExplorerError: there is no such channel.
        """
        if channel not in self.channels:
            raise ExplorerError("channel", f"one of {', '.join(self.channels)}", repr(channel))
        return self.channels.index(channel)


@dataclass(frozen=True)
class RecordedEvoked:
    """An averaged evoked response of a recording.

    Attributes:
        channel, event: what was averaged.
        time: (samples,) s from the event.
        mean_uv: (samples,) of ``channel`` in µV, baseline removed.
        n_epochs: epochs averaged.
        n_dropped: events whose epoch leaves the recording.
        all_uv: (channels, samples) of every channel in µV, baseline removed.
    """

    channel: str
    event: str
    time: np.ndarray
    mean_uv: np.ndarray
    n_epochs: int
    n_dropped: int
    all_uv: np.ndarray


def best_channel(recording: Recording) -> str:
    """The channel to show first: over the back of the head where there is one, else the first."""
    by_lower = {channel.lower(): channel for channel in recording.channels}
    found = (by_lower[name.lower()] for name in PREFERRED_CHANNELS if name.lower() in by_lower)
    return next(found, recording.channels[0])


def best_event(recording: Recording) -> str | None:
    """The event to average around first: the most frequent one, None where there is none."""
    return max(recording.events, key=lambda name: recording.events[name].size, default=None)


def filtered(
    recording: Recording,
    low: float = LOW_HZ,
    high: float = HIGH_HZ,
    rate: float | None = None,
    progress: Progress | None = None,
) -> Recording:
    """The recording, band-pass filtered without delay and, if asked, resampled.

    Source: MNE's default filter (Hamming-windowed FIR, zero phase); polyphase resampling.

    Args:
        recording: any.
        low: lower edge in Hz, 0 for none.
        high: upper edge in Hz; left out where the sampling rate already excludes it.
        rate: samples per s afterwards, at least 2.5 · ``high``; as before where None.
        progress: told the share of channels filtered.

    Raises:
        ExplorerError: edges or a rate that cannot be used.
        Cancelled: ``progress`` returned False.
    """
    if not (np.isfinite([low, high]).all() and 0.0 <= low < high):
        raise ExplorerError("filter", "0 ≤ low < high in Hz", f"{low:g} to {high:g}")
    if rate is not None and not (np.isfinite(rate) and 2.5 * high <= rate <= recording.rate):
        raise ExplorerError(
            "rate", f"from {2.5 * high:g} to {recording.rate:g} samples per s", f"{rate:g}"
        )
    if low >= 0.45 * recording.rate:
        raise ExplorerError(
            "filter", f"a lower edge below {0.45 * recording.rate:g} Hz", f"{low:g}"
        )
    upper = high if high < 0.45 * recording.rate else None
    data = np.empty_like(recording.data_uv)
    for row, channel in enumerate(recording.data_uv):  # one by one, so that it can be stopped
        data[row] = mne.filter.filter_data(
            channel, recording.rate, low or None, upper, copy=True, verbose="error"
        )
        if progress and not progress((row + 1) / len(data)):
            raise Cancelled
    if rate is not None and rate != recording.rate:
        ratio = Fraction(rate / recording.rate).limit_denominator(1000)
        data = resample_poly(data, ratio.numerator, ratio.denominator, axis=1, padtype="line")
        rate = recording.rate * ratio.numerator / ratio.denominator
    band = (low, min(high, recording.rate / 2))
    return replace(recording, data_uv=data, rate=rate or recording.rate, band=band)


def recording_spectrum(recording: Recording, channel: str) -> Spectrum:
    """Welch's spectrum of a channel as it is (filtered or not), in µV² per Hz.

    Raises:
        ExplorerError: there is no such channel.
    """
    return spectrum(recording.data_uv[recording.channel_index(channel)], recording.rate)


def recording_evoked(
    recording: Recording,
    channel: str,
    event: str,
    tmin: float = TMIN_S,
    tmax: float = TMAX_S,
) -> RecordedEvoked:
    """Average the recording around an event; epochs that leave it are dropped and counted.

    Args:
        recording: filtered beforehand, as a rule (see ``filtered``).
        channel: name of a channel.
        event: name of an event.
        tmin, tmax: epoch around the event in s; the baseline is tmin … 0.

    Raises:
        ExplorerError: an unknown channel or event, a recording without events, or no event
            whose epoch lies within the recording.
    """
    row = recording.channel_index(channel)
    if not recording.events:
        raise ExplorerError("event", "a recording with events", f"{recording.name} with none")
    if event not in recording.events:
        raise ExplorerError("event", f"one of {', '.join(recording.events)}", repr(event))
    if not (np.isfinite([tmin, tmax]).all() and tmin <= 0.0 < tmax):
        raise ExplorerError("epoch", "tmin ≤ 0 < tmax in s", f"{tmin:g} to {tmax:g}")
    offsets = np.arange(round(tmin * recording.rate), round(tmax * recording.rate) + 1)
    starts = np.round(np.asarray(recording.events[event]) * recording.rate).astype(int) + offsets[0]
    fits = (starts >= 0) & (starts + offsets.size <= recording.data_uv.shape[1])
    if not fits.any():
        raise ExplorerError(
            "event",
            f"an event with {tmin:g} … {tmax:g} s around it",
            f"{starts.size} of {event!r}, none of them within {recording.name}",
        )
    mean = np.zeros((len(recording.channels), offsets.size))
    for start in starts[fits]:
        mean += recording.data_uv[:, start : start + offsets.size]
    mean /= fits.sum()
    mean -= mean[:, offsets <= 0].mean(axis=1, keepdims=True)
    return RecordedEvoked(
        channel=channel,
        event=event,
        time=offsets / recording.rate,
        mean_uv=mean[row],
        n_epochs=int(fits.sum()),
        n_dropped=int((~fits).sum()),
        all_uv=mean,
    )
