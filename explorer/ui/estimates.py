"""The Estimates tab: what the estimators believe, and whether to believe them.

On the left every target with every estimate; on the right one view at a time. Nothing is
built before the tab is opened for the first time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import panel as pn

from explorer.backend.snapshot import Snapshot
from explorer.state import ESTIMATE_VIEWS, Choices
from explorer.ui.estimate_view import EstimateView
from explorer.ui.estimates_ladder import LadderView
from explorer.ui.estimates_monte_carlo import MonteCarloView
from explorer.ui.estimates_overlay import OverlayView
from explorer.ui.estimates_posterior import PosteriorView
from explorer.ui.estimates_recording import RecordingView
from explorer.ui.estimates_rows import RowsCard
from explorer.ui.estimating import Shown
from explorer.ui.sensitivity_parts import NARROW, card, head, radio
from explorer.ui.tab import Tab
from explorer.ui.theme import Theme
from explorer.ui.view import STRETCH

if TYPE_CHECKING:
    from explorer.ui.session import Session

_GRID = """
:host { display: grid !important; gap: 8px; grid-template-columns: minmax(0, 1.12fr) minmax(0, 1fr);
  grid-template-rows: minmax(0, 1fr); }
"""
_GRID += ".scroll-button { display: none !important; }"  # Panel's, in a cell of its own
_GRID += NARROW + " { :host { display: flex !important; height: auto !important; } }"
_TALL = NARROW + " { :host { height: 880px !important; } }"
VIEWS: dict[str, type[EstimateView]] = {
    kind.key: kind for kind in (OverlayView, MonteCarloView, LadderView, PosteriorView)
}
"""The views beside the rows; the recording's, which feeds the rows, is built with the tab."""
RECORDING_GIVEN = ("recording", "the recording")


class EstimatesTab(Tab):
    """Rows of estimates and the views beside them."""

    key = "estimates"
    title = "Estimates"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._theme: tuple[Theme, int] | None = None
        self.recording = RecordingView(session, self._recording_read)
        self.views: dict[str, EstimateView] = {RecordingView.key: self.recording}
        self.rows = RowsCard(session, lambda _given: self._give())
        titles = [
            (RecordingView if key == RecordingView.key else VIEWS[key]).title
            for key in ESTIMATE_VIEWS
        ]
        self.switch = radio("estimates_view", titles, self._switched)
        self.holder = pn.Column(sizing_mode=STRETCH, margin=0)
        beside = card(head(self.switch), self.holder)
        rows = self.rows.card()
        for one in (rows, beside):
            one.stylesheets = [*one.stylesheets, _TALL]
        self.layout = pn.Column(rows, beside, sizing_mode=STRETCH, margin=0, stylesheets=[_GRID])
        session.estimating.listen(self._arrived, self._outdated)
        session.recording.listen(self._recording_changed)
        self._recording_changed()
        self.adopt(session.state.choices)
        self._give()

    def panel(self) -> pn.Column:
        return self.layout

    # --- what is given to the estimators ------------------------------------------------

    @property
    def _of_recording(self) -> bool:
        return bool(self.rows.given.value == RECORDING_GIVEN[0])

    def _give(self) -> None:
        if self._of_recording:
            self.recording.guess()
            self.recording.ask()
        else:
            self._show(self.session.estimating.shown)

    def _recording_changed(self) -> None:
        """A recording has come or gone, or another channel or event of it was chosen."""
        there = self.session.recording.average is not None
        options = [("model", "the model's response"), *([RECORDING_GIVEN] if there else [])]
        self.rows.given.options = options
        if not there:
            self.rows.given.value = "model"
        self.recording.guess()
        if self._of_recording:
            self.recording.ask()
        self.recording.show(self.rows.shown)

    def _recording_read(self, shown: Shown | None) -> None:
        if shown is not None and self._of_recording:
            self.session.estimating.notify_failures(shown.reading.failures)
            self._show(shown)
            self._outdated(False)

    def _arrived(self, shown: Shown) -> None:
        if not self._of_recording:
            self._show(shown)

    def _show(self, shown: Shown | None) -> None:
        if shown is not None:
            self.rows.show(shown)
        self._refresh_view()

    def _outdated(self, outdated: bool) -> None:
        mine = outdated and not self._of_recording
        self.rows.dim(mine)
        if self.view is not None:
            self.view.moved(mine)

    # --- the view beside ---------------------------------------------------------------

    @property
    def view(self) -> EstimateView | None:
        """The view that is open."""
        return self.views.get(self.session.state.choices.estimates)

    def _switched(self, which: int) -> None:
        self.session.choose(estimates=ESTIMATE_VIEWS[which])

    def _refresh_view(self) -> None:
        if self.view is not None:
            self.view.show(self.rows.shown)

    def adopt(self, choices: Choices) -> None:
        which = ESTIMATE_VIEWS.index(choices.estimates)
        if self.switch.active != which:
            self.switch.active = which
        if choices.estimates not in self.views:
            self.views[choices.estimates] = VIEWS[choices.estimates](self.session)
            if self._theme is not None:
                self.views[choices.estimates].dress(*self._theme)
        wanted = self.views[choices.estimates]
        if getattr(self, "_open", None) is not wanted:
            self._open = wanted
            self.holder.objects = [wanted.panel()]
        self.rows.adopt()
        self._refresh_view()

    # --- the page -----------------------------------------------------------------------

    def frame(self, shot: Snapshot) -> None:
        if self.session.estimating.shown is not None:  # else the first question is under way
            self.session.estimating.ask(shot.settings, final=False)

    def dress(self, theme: Theme, font: int) -> None:
        self._theme = (theme, font)
        self.rows.dress(theme, font)
        for view in self.views.values():
            view.dress(theme, font)

    def close(self) -> None:
        for view in self.views.values():
            view.close()
