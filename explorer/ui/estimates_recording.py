"""A recording's evoked response for the estimators: its context, set by hand."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import panel as pn
from bokeh.models import NumericInput

from explorer.backend.ensemble import Progress
from explorer.backend.errors import ExplorerError
from explorer.backend.estimators.recorded import (
    SCALES,
    Context,
    baseline_noise_uv,
    observation_of,
)
from explorer.backend.estimators.service import SERVICE
from explorer.backend.estimators.trust import untrained_context
from explorer.backend.parameters import PARAMETERS
from explorer.backend.recording import RecordedEvoked
from explorer.ui.estimate_view import EstimateView
from explorer.ui.estimating import Shown
from explorer.ui.newest import Newest
from explorer.ui.sensitivity_parts import Words, choice, head
from explorer.ui.styles import FIELD
from explorer.ui.theme import Theme
from explorer.ui.view import STRETCH

if TYPE_CHECKING:
    from explorer.ui.session import Session

_NONE = (
    "<b>No recording.</b> Load one under “Recording” on the left, with events: its averaged "
    "response is then given to the estimators when “Given” says so."
)
_RULE = (
    "The average is interpolated at the 301 samples from −0.2 to 1 s at 250 Hz, its baseline "
    "removed, and turned into mV of source by the chosen rule; the noise likewise. Nobody knows "
    "the true values: <b>data without ground truth</b>. The networks know the model's responses "
    "alone, so the rank of the response among the training's tells more than the intervals."
)


class RecordingView(EstimateView):
    """Context by hand, and the reading of a recording.

    Args:
        session: the page.
        arrived: called with a reading, or None where there is no recording.
    """

    key = "recording"
    title = "Recording"

    def __init__(self, session: Session, arrived: Callable[[Shown | None], None]) -> None:
        super().__init__(session)
        self._tell = arrived
        self._guessed: RecordedEvoked | None = None
        self.work = Newest(session.doc, session.complain)
        self.noise = self._field("noise_uv", "noise of the average (µV)", 0.5)
        self.trials = self._field("trials", "trials", 1, "int")
        self.p_mean = self._field("p_mean", "background input p (s⁻¹)", 0.0)
        self.p_sd = self._field("p_sd", "background noise p_sd (s⁻¹·√s)", 0.0)
        self.scale = choice(
            "recording_scale", "µV to mV",
            [("lead", "by the electrode's lead field"), ("size", "to the model's size")],
            lambda _new: self.ask(),
        )  # fmt: skip
        self.note = Words("recording_context", _NONE)
        self.rule = Words("recording_rule", "")

    def _field(self, name: str, title: str, value: float, mode: str = "float") -> NumericInput:
        field = NumericInput(
            name=f"recording_{name}", title=title, value=value, mode=mode, width=205,
            stylesheets=[FIELD], margin=(2, 8, 2, 0),
        )  # fmt: skip
        field.on_change("value", lambda attr, old, new: self.ask())
        return field

    def panel(self) -> pn.Column:
        return pn.Column(
            self.note.box, head(self.noise, self.trials), head(self.p_mean, self.p_sd),
            self.scale, self.rule.box, pn.Spacer(sizing_mode=STRETCH), sizing_mode=STRETCH,
            margin=0,
        )  # fmt: skip

    def show(self, shown: Shown | None) -> None:
        self.note.say(self._words(shown))
        self.rule.say(f"{_RULE} Rule: {SCALES[self.scale.value]}.")

    def _words(self, shown: Shown | None) -> str:
        average = self.session.recording.average
        if average is None:
            return _NONE
        channel, event = html.escape(average.channel), html.escape(average.event)
        words = f"<b>{channel}</b>, event {event}, {average.n_epochs} epochs. "
        if shown is None or shown.truth is not None:
            return words + "Choose “the recording” under “Given” to have it read."
        wave = shown.reading.observation.wave
        return words + f"As source: {np.ptp(wave):.3g} mV from trough to peak."

    def guess(self) -> None:
        """Fill the context in for a new recording."""
        average = self.session.recording.average
        if average is None or average is self._guessed:
            return
        self._guessed = average
        settings = self.session.state.settings
        self.noise.value = float(f"{baseline_noise_uv(average.time, average.mean_uv):.3g}")
        self.trials.value = average.n_epochs
        self.p_mean.value, self.p_sd.value = settings["p_mean"], settings["p_sd"]

    def _context(self) -> Context:
        limits = {"p_mean": self.p_mean, "p_sd": self.p_sd}
        p_mean, p_sd = (PARAMETERS[name].check(w.value) for name, w in limits.items())
        if self.noise.value is None or not self.noise.value > 0:
            raise ExplorerError("noise", "a standard deviation above 0 µV", self.noise.value)
        if self.trials.value is None or self.trials.value < 1:
            raise ExplorerError("trials", "a whole number from 1", self.trials.value)
        return Context(
            float(self.noise.value), p_mean, p_sd, int(self.trials.value), self.scale.value
        )

    def ask(self) -> None:
        """Give the recording to the estimators."""
        average, shot = self.session.recording.average, self.session.shot
        if average is None:
            self._tell(None)
            return
        try:
            seen = observation_of(
                shot.settings, average.channel, average.time, average.mean_uv, self._context(),
                shot.evoked.source,
            )  # fmt: skip
        except ExplorerError as error:
            self.session.complain(error)
            return

        def work(progress: Progress) -> Shown:
            reading = SERVICE.read(seen, progress=progress)
            return Shown(shot.settings, reading, untrained_context(seen), None, final=True)

        self.work.ask(work, self._tell)

    def dress(self, theme: Theme, font: int) -> None:
        """Words alone: the page's style sheet dresses them."""

    def close(self) -> None:
        self.work.stop()
