"""A recording beside the model: load, choose channel and event, see it on the same axes."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import numpy as np
import panel as pn

from explorer.backend.errors import ExplorerError
from explorer.backend.misfit import compare
from explorer.backend.recording import (
    Recording,
    best_channel,
    filtered,
    recording_evoked,
    recording_spectrum,
)
from explorer.backend.recording_files import load_uploaded
from explorer.state import CHANNELS
from explorer.ui.styles import BUTTON, FIELD

if TYPE_CHECKING:
    from explorer.ui.session import Session

LIMIT_MB = 200
TOGETHER_MS = 700
_NONE = (
    "No recording. Load EDF, BDF, BrainVision (.vhdr with .vmrk and .eeg), EEGLAB (.set with "
    ".fdt), FIF, or CSV with a column time_s: it is drawn over the model, orange and dashed."
)
_STYLE = ":host { font-size: calc(var(--size) - 1px); color: var(--text); line-height: 1.3; }"
_DROPPER = """
.filepond--root.bk-input { margin: 0; font: inherit; min-height: 0; border: 1px dashed var(--muted);
  background: var(--wash); }
.filepond--panel-root.filepond--panel-root { background: none; }
.filepond--root .filepond--drop-label.filepond--drop-label { background: none; min-height: 46px;
  color: var(--text); }
.filepond--drop-label.filepond--drop-label label { color: var(--text); font-size: 13px; }
.filepond--file-status-sub, .filepond--file-info-sub { opacity: 1; }
"""


class RecordingPanel:
    """Loads a recording and lays it over spectrum and evoked response."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.recording: Recording | None = None
        self._wave: tuple[np.ndarray, np.ndarray] | None = None
        self._busy = False
        self._soon: object | None = None
        self.files = self._empty_dropper()
        self.note = pn.pane.HTML(_NONE, name="recording_note", sizing_mode="stretch_width",
                                 margin=(0, 6), stylesheets=[_STYLE])  # fmt: skip
        self.channel = pn.widgets.Select(
            name="Channel", width=120, visible=False, margin=(0, 6), stylesheets=[FIELD]
        )
        self.event = pn.widgets.Select(
            name="Event", width=130, visible=False, margin=(0, 6), stylesheets=[FIELD]
        )
        self.remove = pn.widgets.Button(
            name="Remove", visible=False, margin=(4, 6), stylesheets=[BUTTON]
        )
        self.misfit = pn.pane.HTML("", sizing_mode="stretch_width", margin=(2, 6),
                                   stylesheets=[_STYLE])  # fmt: skip
        self.channel.param.watch(lambda _e: self._chosen(), "value")
        self.event.param.watch(lambda _e: self._chosen(), "value")
        self.remove.on_click(lambda _e: self._removed())
        self.layout = pn.Column(
            self.files, self.note, pn.Row(self.channel, self.event, margin=0), self.misfit,
            self.remove, sizing_mode="stretch_width", margin=0,
        )  # fmt: skip

    def _empty_dropper(self) -> pn.widgets.FileDropper:
        dropper = pn.widgets.FileDropper(
            multiple=True, max_total_file_size=f"{LIMIT_MB}MB", sizing_mode="stretch_width",
            height=56, layout="compact", margin=(2, 6), stylesheets=[_DROPPER],
        )  # fmt: skip
        dropper.param.watch(lambda _event: self._wait_for_the_rest(), "value")
        return dropper

    def _wait_for_the_rest(self) -> None:
        """Files dropped together arrive one by one: load when no more has come for a while."""
        doc = self.session.doc
        if self._soon is not None:
            doc.remove_timeout_callback(self._soon)
        self._soon = doc.add_timeout_callback(self._arrived, TOGETHER_MS)

    def _arrived(self) -> None:
        self._soon = None
        if self.files._file_buffer:  # Panel's chunks of a large file that is still on its way
            self._wait_for_the_rest()
            return
        files = {name: _bytes(content) for name, content in self.files.value.items()}
        if not files:
            return
        self.files = self.layout[0] = self._empty_dropper()  # the bytes are not kept
        try:
            self.adopt(load_uploaded(files))
        except ExplorerError as error:
            self.session.complain(error)

    def adopt(self, recording: Recording) -> None:
        """Take over a loaded recording."""
        self.recording, self._busy = filtered(recording), True
        events = {
            f"{name} ({onsets.size})": name for name, onsets in sorted(recording.events.items())
        }
        self.channel.param.update(
            options=list(recording.channels), value=best_channel(recording), visible=True
        )
        self.event.param.update(
            options=events or {"no events": ""}, value=next(iter(events.values()), ""), visible=True
        )
        # the commonest event is the likeliest stimulus
        if events:
            self.event.value = max(recording.events, key=lambda n: recording.events[n].size)
        self.remove.visible = True
        self._busy = False
        self._chosen()

    def _chosen(self) -> None:
        if self._busy or self.recording is None:
            return
        recording, channel = self.recording, self.channel.value
        try:
            spectrum = recording_spectrum(recording, channel)
        except ExplorerError as error:
            self.session.complain(error)
            return
        self._wave = self._average(recording, channel)
        if channel in CHANNELS:
            self.session.choose(eeg=channel, evoked=channel)
        elif self.session.state.choices.eeg == "source":
            self.session.choose(eeg=self.session.evoked.channel_name(self.session.shot))
        self.session.show_recording(spectrum, self._wave)
        peak = spectrum.peak(5.0, 45.0)
        words = f"<b>{html.escape(recording.name)}</b>, {recording.rate:g} samples/s, {channel}"
        self.note.object = words + (f": peak {peak:.1f} Hz above 5 Hz" if peak else "")
        self.refresh_misfit()

    def _average(self, recording: Recording, channel: str) -> tuple[np.ndarray, np.ndarray] | None:
        if not self.event.value:
            self.session.tell(
                f"{recording.name} has no events, so only its spectrum is shown.", "info"
            )
            return None
        try:
            average = recording_evoked(recording, channel, self.event.value)
        except ExplorerError as error:
            self.session.complain(error)
            return None
        self._epochs = average.n_epochs
        return average.time * 1e3, average.mean_uv

    def refresh_misfit(self) -> None:
        """Say how far the model is from the recording, after scaling."""
        if self.recording is None or self._wave is None:
            self.misfit.object = ""
            return
        time_ms, wave = self._wave
        shot, view = self.session.shot, self.session.evoked
        model = np.interp(time_ms, shot.evoked.time * 1e3, view.chosen(shot))
        fit = compare(model, wave)
        self.misfit.object = (
            f"Evoked response, {self._epochs} epochs, against the model at "
            f"{view.channel_name(shot)}: r = {fit.r:.2f}, RMSE = {fit.rmse:.2f} µV "
            f"after scaling by {fit.scale:.2g}."
        )

    def _removed(self) -> None:
        self.recording = self._wave = None
        for widget in (self.channel, self.event, self.remove):
            widget.visible = False
        self.note.object, self.misfit.object = _NONE, ""
        self.session.show_recording(None, None)


def _bytes(content: object) -> bytes:
    return content.encode() if isinstance(content, str) else bytes(content)  # type: ignore[call-overload]
