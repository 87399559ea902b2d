"""The Dynamics tab: bifurcations, the map of regimes, a model that runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import panel as pn
from bokeh.events import DocumentReady

from explorer.backend.snapshot import Snapshot
from explorer.ui.bifurcation_card import BifurcationCard
from explorer.ui.dynamics_layout import tab_grid
from explorer.ui.regime_map_card import RegimeMapCard
from explorer.ui.running_card import RunningCards
from explorer.ui.tab import Tab
from explorer.ui.theme import Theme

if TYPE_CHECKING:
    from explorer.ui.session import Session


class DynamicsTab(Tab):
    """Runs, and computes, only while it is open."""

    key = "dynamics"
    title = "Dynamics"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.diagram = BifurcationCard(session)
        self.map = RegimeMapCard(session)
        self.running = RunningCards(session)
        self.layout = tab_grid(
            (self.diagram.layout, self.map.layout, self.running.toolbar, *self.running.layouts)
        )
        session.doc.on_event(DocumentReady, self._ready)
        session.state.param.watch(self._stop_if_left, "choices")

    def panel(self) -> pn.viewable.Viewable:
        return pn.pane.Bokeh(self.layout, sizing_mode="stretch_both")

    @property
    def open(self) -> bool:
        """Whether the visitor looks at it."""
        return self.session.state.choices.tab == self.key

    def _ready(self, _event: DocumentReady) -> None:
        """The page can paint now."""
        self.running.runner.ready()
        if self.open:
            self.rested(self.session.shot)

    def _stop_if_left(self, _event: object) -> None:
        if not self.open:
            self.running.runner.stop()

    def frame(self, shot: Snapshot) -> None:
        self.diagram.frame(shot)
        self.map.frame(shot)
        self.running.frame(shot)

    def rested(self, shot: Snapshot) -> None:
        self.diagram.frame(shot)
        self.diagram.compute()
        self.map.compute()
        self.running.runner.start()

    def dress(self, theme: Theme, font: int) -> None:
        for part in (self.diagram, self.map, self.running):
            part.dress(theme, font)

    def close(self) -> None:
        self.diagram.close()
        self.map.close()
        self.running.runner.close()
