"""What a tab beside the dashboard is, and the registry of tabs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import panel as pn

from explorer.backend.snapshot import Snapshot
from explorer.state import Choices
from explorer.ui.theme import Theme

if TYPE_CHECKING:
    from explorer.ui.session import Session


class Tab(ABC):
    """A tab: built once with the session, brought up to date only while it is open.

    Attributes:
        key: handle in the URL, ``tab=key``.
        title: word on the tab.
    """

    key: str
    title: str

    def __init__(self, session: Session) -> None:
        self.session = session

    @abstractmethod
    def panel(self) -> pn.viewable.Viewable:
        """The tab's content, one root of the page."""

    def frame(self, shot: Snapshot) -> None:
        """While the tab is open: a slider moves. At most a few milliseconds of work."""

    def rested(self, shot: Snapshot) -> None:
        """While the tab is open: a movement has ended, or the tab was opened."""

    def adopt(self, choices: Choices) -> None:
        """Follow the choices of the views, whether open or not."""

    def dress(self, theme: Theme, font: int) -> None:
        """Wear a theme."""

    def close(self) -> None:
        """The visitor has gone: stop what runs."""
