"""One visitor's page: the state, the views, and how a change travels from one to the other.

A movement of a slider changes the state and asks the pump for a frame; the frame computes
one snapshot and brings every live view up to it. What costs more waits for the release.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import panel as pn
from panel.io.document import hold

from explorer.backend.errors import ExplorerError
from explorer.backend.evoked import Experiment
from explorer.backend.snapshot import Snapshot, take_snapshot, with_channel
from explorer.backend.spectrum import Spectrum
from explorer.state import Choices, ExplorerState, parse_query
from explorer.ui.bridge import Bridge
from explorer.ui.controls import Controls
from explorer.ui.eeg import EegView
from explorer.ui.estimates_compact import CompactEstimates
from explorer.ui.estimating import Estimating
from explorer.ui.evoked import EvokedView
from explorer.ui.header import Header
from explorer.ui.headline import Headline
from explorer.ui.phase import PhaseView
from explorer.ui.pump import Pump
from explorer.ui.recording import RecordingPanel
from explorer.ui.scalp import ScalpView
from explorer.ui.sobol_view import CompactSobol
from explorer.ui.spectrum import SpectrumView
from explorer.ui.tab import Tab
from explorer.ui.tabs import TAB_KINDS
from explorer.ui.theme import LECTURE_FONT, THEMES, Theme
from explorer.ui.view import LiveView

REST_MS = 350
"""A movement without an end, as from a script, counts as ended after so long."""


class Session:
    """Everything behind one open page."""

    def __init__(self, search: str) -> None:
        parsed = parse_query(search)
        self.doc = pn.state.curdoc
        self.state = ExplorerState(parsed.settings, choices=parsed.choices)
        self.bridge = Bridge(name="bridge_model", search=self.state.query(), tab=parsed.choices.tab)
        self.eeg, self.spectrum, self.phase = EegView(), SpectrumView(), PhaseView()
        self.evoked, self.scalp = EvokedView(Experiment().time), ScalpView()
        self.views: tuple[LiveView, ...] = (
            self.eeg, self.spectrum, self.evoked, self.scalp, self.phase,
        )  # fmt: skip
        self.headline = Headline()
        self.tabs: dict[str, Tab] = {}  # those that have been opened
        self.slots = {key: pn.Column(sizing_mode="stretch_both", margin=0) for key in TAB_KINDS}
        self.pump = Pump(self.doc, self.bridge, self.draw)
        self.controls = Controls(self.state, self.pump.request, self.released, self.complain)
        self.header = Header(self.state, self.arrived)
        self.recording = RecordingPanel(self)
        self.sobol = CompactSobol()
        self.estimating = Estimating(self)
        self.estimates = CompactEstimates(self)
        self._resting: object | None = None
        self._estimates_follow = False
        self._drawn: tuple[object, str] = (None, "")
        self.shot: Snapshot = take_snapshot(self.state.settings, self.state.choices.eeg)
        self._adopt_choices(self.state.choices)
        self._dress()
        self.draw()
        self._settle_axes()
        if parsed.errors:
            self.tell(" ".join(map(str, parsed.errors)), "error")
        self._listen()

    def _listen(self) -> None:
        self.state.param.watch(lambda *_e: self._rest_soon(), ["settings", "choices"])
        self._hear("command", lambda new: self._command(new.split("#")[0]))
        self._hear("popped", self._went_back)
        self._hear("theme", lambda _new: self._redress())
        self._hear("lecture", lambda _new: self._redress())
        self._hear("cursor_ms", lambda new: self.choose(cursor_ms=new))
        self._hear("tab", lambda new: self.choose(tab=new))
        pn.state.onload(self._stands)
        self.pump.listen()

    def _hear(self, name: str, action: Callable[[Any], object]) -> None:
        def changed(attr: str, old: object, new: object) -> None:
            action(new)

        self.bridge.on_change(name, changed)

    # --- drawing -----------------------------------------------------------------

    def _stands(self) -> None:
        """The page is open; the estimators waited for that, so that it opens as fast."""
        self._estimates_follow = True
        self.estimating.ask(self.state.settings, final=True)

    def draw(self) -> None:
        """Bring all live views up to the state."""
        settings, channel = self.state.settings, self.state.choices.eeg
        if (settings, channel) != self._drawn:
            if settings == self._drawn[0]:
                self.shot = with_channel(self.shot, channel)
            elif settings != self.shot.settings:
                self.shot = take_snapshot(settings, channel)
            self._drawn = (settings, channel)
        if self.open_tab:
            self.open_tab.frame(self.shot)
        if not self.open_tab or not self.bridge.frame:
            for view in self.views:
                view.update(self.shot)
        self.sobol.show(settings.circuit)
        self.estimating.frame(settings)
        self.controls.refresh(settings)
        self.header.refresh()
        self.headline.show(self.shot)

    @property
    def open_tab(self) -> Tab | None:
        """The open tab beside the dashboard, None on the dashboard itself."""
        return self.tabs.get(self.state.choices.tab)

    @property
    def _look(self) -> tuple[Theme, int]:
        theme = THEMES[self.bridge.theme]
        return theme, LECTURE_FONT if self.bridge.lecture else theme.font

    def _dress(self) -> None:
        theme, font = self._look
        for view in self.views:
            view.dress(theme, font)
        self.sobol.dress(theme, font)
        self.estimates.dress(theme, font)
        for tab in self.tabs.values():
            tab.dress(theme, font)
        self.headline.dress(self.bridge.lecture)

    def _redress(self) -> None:
        with hold(self.doc):
            self._dress()

    def _settle_axes(self) -> None:
        for view in self.views:
            view.settle()

    # --- after a movement ----------------------------------------------------------

    def _rest_soon(self) -> None:
        if self._resting is not None:
            self.doc.remove_timeout_callback(self._resting)
        self._resting = self.doc.add_timeout_callback(self._rested, REST_MS)

    def _rested(self) -> None:
        self._resting = None
        self.released()

    def released(self) -> None:
        """A movement has ended: fit the axes, remember the moment, write the address."""
        if self._resting is not None:
            self.doc.remove_timeout_callback(self._resting)
            self._resting = None
        self.state.commit()
        with hold(self.doc):
            self._settle_axes()
            self.recording.refresh_misfit()
            if self._estimates_follow:
                self.estimating.ask(self.state.settings, final=True)
            if self.open_tab:
                self.open_tab.rested(self.shot)
            self._write_address()

    def _write_address(self) -> None:
        self.bridge.search = self.state.query()
        words = [
            w for w, yes in (("undo", self.state.can_undo), ("redo", self.state.can_redo)) if yes
        ]
        locked = ["locked"] if self.eeg.y_axis["mV"].locked else []
        self.bridge.can = " ".join(words + locked)

    def arrived(self) -> None:
        """The state has gone somewhere else as a whole: draw and remember."""
        self._adopt_choices(self.state.choices)
        self.pump.request()
        self.released()

    # --- commands ------------------------------------------------------------------

    def _command(self, name: str) -> None:
        actions = {
            "undo": self.state.undo,
            "redo": self.state.redo,
            "reset": self.state.reset,
            "lock": self._lock,
        }
        actions[name]()
        self.arrived()

    def _lock(self) -> None:
        locked = not self.eeg.y_axis["mV"].locked
        for view in self.views:
            view.lock(locked)

    def _went_back(self, search: str) -> None:
        parsed = parse_query(search)
        self.state.param.update(settings=parsed.settings, choices=parsed.choices)
        with hold(self.doc):
            self.bridge.tab = parsed.choices.tab
        self.state.commit()
        self._adopt_choices(parsed.choices)
        self.pump.request()

    def choose(self, **choices: object) -> None:
        """A choice of a view was made on the page."""
        before = self.state.choices
        self.state.choose(**choices)
        if self.state.choices != before:
            with hold(self.doc):
                self._adopt_choices(self.state.choices)
            self.pump.request()

    def _adopt_choices(self, choices: Choices) -> None:
        self.evoked.channel = choices.evoked
        self.scalp.cursor_ms = choices.cursor_ms
        if self.bridge.cursor_ms != choices.cursor_ms:
            self.bridge.cursor_ms = choices.cursor_ms
        if self.evoked.cursor.location != choices.cursor_ms:
            self.evoked.cursor.location = choices.cursor_ms
        if self.phase.axes != (choices.phase_x, choices.phase_y):
            self.phase.choose(choices.phase_x, choices.phase_y, self.shot)
        if self.bridge.tab != choices.tab:
            self.bridge.tab = choices.tab
        self._build_tab(choices.tab)
        self.estimates.adopt(choices)
        for tab in self.tabs.values():
            tab.adopt(choices)

    def _build_tab(self, key: str) -> None:
        """Build a tab when it is opened for the first time, so that the page loads fast."""
        if key not in TAB_KINDS or key in self.tabs:
            return
        tab = self.tabs[key] = TAB_KINDS[key](self)
        tab.dress(*self._look)
        self.slots[key].objects = [tab.panel()]

    def show_recording(
        self, spectrum: Spectrum | None, wave: tuple[np.ndarray, np.ndarray] | None
    ) -> None:
        """Lay a recording over spectrum and evoked response, or take it away."""
        with hold(self.doc):
            self.spectrum.show_recording(spectrum)
            self.evoked.show_recording(*(wave or (None, None)))
            self._settle_axes()

    def close(self) -> None:
        """The visitor has gone: stop what runs and let everything go."""
        self.recording.close()
        self.estimating.close()
        for tab in self.tabs.values():
            tab.close()
        self.tabs = {}

    # --- messages ------------------------------------------------------------------

    def complain(self, error: ExplorerError) -> None:
        """Tell what could not be used, top right."""
        self.tell(str(error), "error")

    def tell(self, words: str, kind: str = "info") -> None:
        """Show a notice."""
        self._told = getattr(self, "_told", 0) + 1
        with hold(self.doc):
            self.bridge.notice = json.dumps({"kind": kind, "words": words, "n": self._told})
