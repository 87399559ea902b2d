"""The running model's cards and toolbar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from bokeh.models import Button, CheckboxGroup, Column, Div, RadioButtonGroup, Row, Select, Toggle
from panel.io.document import hold

from explorer.backend.regimes import REGIMES, RegimeReport, classify
from explorer.backend.running import RunningModel
from explorer.backend.settings import STARTS
from explorer.backend.snapshot import Snapshot
from explorer.state import STATE_VARIABLES
from explorer.ui.dynamics_layout import BUTTON, FILL, INPUT, WORDS, card, toolbar
from explorer.ui.portrait import PortraitView
from explorer.ui.running import SPEEDS, STEP_S, Runner
from explorer.ui.running_views import RunningEeg, RunningSpectrum, rhythm_words
from explorer.ui.theme import Theme

if TYPE_CHECKING:
    from explorer.ui.session import Session

KICK_MV = 5.0
ORBIT_S = 1.5
_SPECTRUM_EVERY, _WORDS_EVERY = 3, 12
"""Updates from one spectrum, and from one sentence, to the next."""
_SETTLE_AFTER_S = 6.0
"""Model time after a movement: by then all that is shown belongs to the new values."""


class RunningCards:
    """Recorder, spectrum and phase portrait of a model that runs on."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.eeg, self.spectrum = RunningEeg(), RunningSpectrum()
        choices = session.state.choices
        self.portrait = PortraitView(choices.phase_x, choices.phase_y)
        self.runner = Runner(session.doc, lambda: session.state.settings, self._draw)
        self._updates = 0
        self._settle_at = _SETTLE_AFTER_S
        self._report: RegimeReport | None = None
        self.toolbar = self._build_toolbar()
        self.toolbar.tags = [self.runner.link]  # so that it is part of the document
        self.layouts: tuple[Column, ...] = self._build_cards()

    # --- built once ----------------------------------------------------------------

    def _button(self, name: str, label: str, action: Callable[[], None]) -> Button:
        button = Button(name=f"running_{name}", label=label, margin=0, stylesheets=[BUTTON])
        button.on_click(action)
        return button

    def _build_toolbar(self) -> Row:
        self.play = Toggle(
            name="running_play", label="pause", active=True, margin=0, stylesheets=[BUTTON]
        )
        self.play.on_change("active", self._played)
        self.speed = RadioButtonGroup(
            name="running_speed", labels=list(SPEEDS), active=list(SPEEDS).index("1×"), margin=0,
            stylesheets=[BUTTON],
        )  # fmt: skip
        self.speed.on_change("active", self._sped)
        self.other = self._button("other_branch", "other branch", self._restart("other_branch"))
        self.start_there = self._button("start_there", "start there", self._start_there)
        self.words = Div(name="running_words", text="", stylesheets=[WORDS, FILL], margin=0)
        return toolbar(
            (
                self.play,
                self.speed,
                self._button("step", f"step {1000 * STEP_S:.0f} ms", self._step),
                self._button("stimulate", "stimulate", self._stimulate),
                self._button("kick", f"kick {KICK_MV:.0f} mV", self._kick),
                Div(text="restart from", stylesheets=[WORDS, ":host { flex: none; }"], margin=0),
                self._button("zero", "zero", self._restart("zero")),
                self._button("rest", "rest", self._restart("rest")),
                self.other,
                self.start_there,
                self.words,
            ),
            2,
        )

    def _build_cards(self) -> tuple[Column, ...]:
        self.axes = [self._axis_select(k) for k in (0, 1)]
        self.field = CheckboxGroup(
            name="running_field", labels=["field"], active=[], inline=True, margin=0,
            stylesheets=[":host { font-size: calc(var(--size) - 1px); color: var(--text); }"],
        )  # fmt: skip
        self.field.on_change("active", self._field_asked)
        return (
            card("Running EEG", self.eeg.plot, (), "1 / 6", 3, 300),
            card("Spectrum", self.spectrum.plot, (), "6 / 9", 3, 300),
            card(
                "Phase portrait", self.portrait.plot, (*self.axes, self.field), "9 / 13", 3, 340,
            ),
        )  # fmt: skip

    def _axis_select(self, which: int) -> Select:
        widget = Select(
            name=f"running_phase_{'xy'[which]}",
            title=("Horizontal", "Vertical")[which] + " axis of the portrait",
            value=self.portrait.names[which],
            options=list(STATE_VARIABLES), width=70, margin=0, stylesheets=[INPUT],
        )  # fmt: skip
        widget.on_change("value", self._axes_chosen)
        return widget

    # --- brought up to date ----------------------------------------------------------

    def frame(self, shot: Snapshot) -> None:
        """Fixed points, nullclines and the words on coexistence follow the slider."""
        names = (self.session.state.choices.phase_x, self.session.state.choices.phase_y)
        if names != self.portrait.names:
            for widget, name in zip(self.axes, names, strict=True):
                widget.value = name
            self.portrait.choose(*names, shot.report.fixed_points)
        if shot.report is not self._report:
            self._report = shot.report
            self.portrait.show_points(shot.report.fixed_points)
            self._tell_coexistence(shot.report)
        self._settle_at = self.runner.model.clock + _SETTLE_AFTER_S
        self._draw_field()

    def _tell_coexistence(self, report: RegimeReport) -> None:
        titles = [REGIMES[a.regime].title for a in report.others]
        self.other.disabled = self.start_there.disabled = not titles
        text = f"<b>also here: {titles[0]}</b>" if titles else ""
        if self.words.text != text:
            self.words.text = text

    def _draw_field(self) -> None:
        self.portrait.draw_field(self.session.state.settings, self.runner.model.state)

    def _draw(self, model: RunningModel) -> None:
        self._updates += 1
        window = model.window
        source = window.source
        self.eeg.follow(model, source)
        self.portrait.follow(window.states[-round(ORBIT_S / model.dt) :: 4])
        if self._updates % _SPECTRUM_EVERY == 0:
            self.spectrum.follow(source)
        if self._updates % _WORDS_EVERY == 0:
            self._tell_rhythm(model)
            self._draw_field()
            if model.clock > self._settle_at:
                self.settle()

    def _tell_rhythm(self, model: RunningModel) -> None:
        words = rhythm_words(model.window.source, model.dt)
        self.eeg.words.text = f"{words} · {model.clock:.0f} s"

    def settle(self) -> None:
        """Let the axes fit what is shown, once after each movement."""
        self._settle_at = float("inf")
        self.eeg.settle()
        self.spectrum.settle()
        self.portrait.settle()
        self._draw_field()

    # --- what is pressed -----------------------------------------------------------

    def _played(self, attr: str, old: bool, new: bool) -> None:
        self.play.label = "pause" if new else "play"
        self.runner.play(new)

    def _sped(self, attr: str, old: int, new: int) -> None:
        self.runner.set_speed(SPEEDS[self.speed.labels[new]])

    def _step(self) -> None:
        self.play.active = False
        self.runner.step()

    def _stimulate(self) -> None:
        self.runner.model.stimulate()
        self.eeg.mark(self.runner.model.clock, "▲ pulse")

    def _kick(self) -> None:
        self.runner.model.kick(KICK_MV)
        self.eeg.mark(self.runner.model.clock, "▲ kick")

    def _restart(self, where: str) -> Callable[[], None]:
        def go() -> None:
            self.eeg.forget_marks()
            self.session.tell(self.runner.restart(where))
            self._settle_at = _SETTLE_AFTER_S

        return go

    def _start_there(self) -> None:
        """Choose a start that leads to another state than the present one."""
        settings, here = self.session.state.settings, self.session.shot.report.regime
        for start in STARTS:
            if classify(replace(settings, start=start)).regime != here:
                self.session.state.set_field("start", start)
                self.session.pump.request()
                self.session.released()
                self.session.tell(f"Start of the simulation: {STARTS[start]}.")
                return
        self.session.tell("No start on the menu leads there; use “other branch”.")

    def _axes_chosen(self, attr: str, old: str, new: str) -> None:
        self.session.choose(phase_x=self.axes[0].value, phase_y=self.axes[1].value)

    def _field_asked(self, attr: str, old: list[int], new: list[int]) -> None:
        with hold(self.session.doc):
            self.portrait.with_field = bool(new)
            self._draw_field()

    def dress(self, theme: Theme, font: int) -> None:
        """Wear a theme."""
        for view in (self.eeg, self.spectrum, self.portrait):
            view.dress(theme, font)
