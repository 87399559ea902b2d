"""The Estimates tab: what the estimators believe, and whether to believe them.

On the left every target with every estimate; on the right one view at a time. Nothing is
built before the tab is opened for the first time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import panel as pn

from explorer.backend.snapshot import Snapshot
from explorer.state import Choices
from explorer.ui.estimates_rows import RowsCard
from explorer.ui.estimating import Shown
from explorer.ui.sensitivity_parts import NARROW
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


class EstimatesTab(Tab):
    """Rows of estimates and the views beside them."""

    key = "estimates"
    title = "Estimates"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.layout = pn.Column(sizing_mode=STRETCH, margin=0, stylesheets=[_GRID])
        self.rows = RowsCard(session, lambda _given: None)
        self.layout.objects = [self.rows.card()]
        session.estimating.listen(self._arrived, self.rows.dim)
        self.rows.adopt()
        if session.estimating.shown is not None:
            self._arrived(session.estimating.shown)

    def panel(self) -> pn.Column:
        return self.layout

    def frame(self, shot: Snapshot) -> None:
        if self.session.estimating.shown is not None:
            self.session.estimating.ask(shot.settings, final=False)

    def _arrived(self, shown: Shown) -> None:
        self.rows.show(shown)

    def adopt(self, choices: Choices) -> None:
        self.rows.adopt()

    def dress(self, theme: Theme, font: int) -> None:
        self.rows.dress(theme, font)
