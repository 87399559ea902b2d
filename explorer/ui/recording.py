"""A recording beside the model: load, choose channel and event, see it on the same axes."""

from __future__ import annotations

import html
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import panel as pn

from explorer.backend.misfit import compare
from explorer.backend.overlay import Overlay, overlay, prepare
from explorer.backend.recording import RecordedEvoked, Recording, best_channel, best_event
from explorer.backend.recording_files import UPLOAD_LIMIT_MB
from explorer.state import CHANNELS
from explorer.ui.newest import Newest
from explorer.ui.styles import BUTTON, FIELD

if TYPE_CHECKING:
    from explorer.ui.session import Session

TOGETHER_MS = 700
CHUNK_BYTES = 2**20
"""A movement of a slider waits behind one chunk of a file at most."""
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
    """Loads a recording beside the page and lays it over spectrum and evoked response."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.recording: Recording | None = None
        self.average: RecordedEvoked | None = None
        self._changed: list[Callable[[], None]] = []
        self._busy = False
        self._words = self._name = ""
        self._soon: object | None = None
        self._loading = Newest(session.doc, session.complain, self._told, self._ended)
        self._showing = Newest(session.doc, session.complain)
        self.files = self._empty_dropper()
        self.note = pn.pane.HTML(_NONE, name="recording_note", sizing_mode="stretch_width",
                                 margin=(0, 6), stylesheets=[_STYLE])  # fmt: skip
        self.channel = pn.widgets.Select(
            name="Channel", width=120, visible=False, margin=(0, 6), stylesheets=[FIELD]
        )
        self.event = pn.widgets.Select(
            name="Event", width=130, visible=False, margin=(0, 6), stylesheets=[FIELD]
        )
        self.remove = self._button("Remove", self._removed)
        self.stop = self._button("Stop loading", self._stopped)
        self.misfit = pn.pane.HTML("", sizing_mode="stretch_width", margin=(2, 6),
                                   stylesheets=[_STYLE])  # fmt: skip
        self.channel.param.watch(lambda _e: self._chosen(), "value")
        self.event.param.watch(lambda _e: self._chosen(), "value")
        self.layout = pn.Column(
            self.files, self.note, pn.Row(self.channel, self.event, margin=0), self.misfit,
            pn.Row(self.remove, self.stop, margin=0), sizing_mode="stretch_width", margin=0,
        )  # fmt: skip

    @staticmethod
    def _button(name: str, pressed: Callable[[], None]) -> pn.widgets.Button:
        button = pn.widgets.Button(name=name, visible=False, margin=(4, 6), stylesheets=[BUTTON])
        button.on_click(lambda _event: pressed())
        return button

    def listen(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` when there is another averaged response, or none any more."""
        self._changed.append(changed)

    def _empty_dropper(self) -> pn.widgets.FileDropper:
        dropper = pn.widgets.FileDropper(
            multiple=True, tags=[{"limit_mb": UPLOAD_LIMIT_MB}], sizing_mode="stretch_width",
            height=56, layout="compact", margin=(2, 6), stylesheets=[_DROPPER],
            chunk_size=CHUNK_BYTES,
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
        self.stop.visible = True
        self._name = ", ".join(files)
        self._told(0.0)
        self._loading.ask(partial(prepare, files), self.adopt)

    def _told(self, share: float) -> None:
        name = html.escape(self._name)
        self.note.object = f"Loading <b>{name}</b>: {100 * share:.0f} % read and filtered."

    def _ended(self) -> None:
        """Nothing is being loaded any more: say what is shown."""
        self.stop.visible = False
        self._describe()

    def _stopped(self) -> None:
        self._loading.stop()
        self._ended()

    def adopt(self, recording: Recording) -> None:
        """Take over a recording that has been loaded and filtered."""
        self.recording, self._busy = recording, True
        self._words = ""
        events = {
            f"{name} ({onsets.size})": name for name, onsets in sorted(recording.events.items())
        }
        self.channel.param.update(
            options=list(recording.channels), value=best_channel(recording), visible=True
        )
        # the commonest event is the likeliest stimulus
        self.event.param.update(
            options=events or {"no events": ""}, value=best_event(recording) or "", visible=True
        )
        self.remove.visible = True
        self._busy = False
        if not events:
            self.session.tell(f"{recording.name} has no events, so only its spectrum is shown.")
        self._chosen()

    def _chosen(self) -> None:
        if self._busy or self.recording is None:
            return
        recording, channel, event = self.recording, self.channel.value, self.event.value
        self._showing.ask(lambda _progress: overlay(recording, channel, event), self._show)

    def _show(self, shown: Overlay) -> None:
        recording, channel = shown.recording, shown.channel
        if recording is not self.recording:
            return
        self.average = shown.evoked
        if shown.problem:
            self.session.complain(shown.problem)
        if channel in CHANNELS:
            self.session.choose(eeg=channel, evoked=channel)
        elif self.session.state.choices.eeg == "source":
            self.session.choose(eeg=self.session.evoked.channel_name(self.session.shot))
        wave = (shown.evoked.time * 1e3, shown.evoked.mean_uv) if shown.evoked else None
        self.session.show_recording(shown.spectrum, wave)
        peak = shown.spectrum.peak(5.0, 45.0)
        name = html.escape(recording.name)
        words = f"<b>{name}</b>, {recording.rate:g} samples/s, {html.escape(channel)}"
        self._words = words + (f": peak {peak:.1f} Hz above 5 Hz" if peak else "")
        self._describe()
        self.refresh_misfit()
        self._tell_changed()

    def _tell_changed(self) -> None:
        for tell in self._changed:
            tell()

    def _describe(self) -> None:
        if not self._loading.busy:
            self.note.object = self._words or _NONE

    def refresh_misfit(self) -> None:
        """Say how far the model is from the recording, after scaling."""
        if self.average is None:
            self.misfit.object = ""
            return
        shot, view = self.session.shot, self.session.evoked
        time = self.average.time
        model = np.interp(time, shot.evoked.time, view.chosen(shot))
        fit = compare(model, self.average.mean_uv)
        self.misfit.object = (
            f"Evoked response, {self.average.n_epochs} epochs, against the model at "
            f"{view.channel_name(shot)}: r = {fit.r:.2f}, RMSE = {fit.rmse:.2f} µV "
            f"after scaling by {fit.scale:.2g}."
        )

    def _removed(self) -> None:
        self._showing.stop()
        self.recording = self.average = None
        self._words = ""
        for widget in (self.channel, self.event, self.remove):
            widget.visible = False
        self.misfit.object = ""
        self._describe()
        self.session.show_recording(None, None)
        self._tell_changed()

    def close(self) -> None:
        """The visitor has gone: stop what runs."""
        self._loading.stop()
        self._showing.stop()
        self._changed.clear()


def _bytes(content: object) -> bytes:
    return content.encode() if isinstance(content, str) else bytes(content)  # type: ignore[call-overload]
