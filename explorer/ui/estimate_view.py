"""What a view beside the rows of estimates is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import panel as pn
from panel.widgets import FileDownload

from explorer.backend.export import table_csv
from explorer.ui.estimating import Shown
from explorer.ui.newest import Newest
from explorer.ui.sensitivity_parts import Words, button
from explorer.ui.theme import Theme

if TYPE_CHECKING:
    from explorer.ui.session import Session

_BAR = '<progress value="{share:.3f}" style="width:90px"></progress> {percent:.0f} %'


class EstimateView(ABC):
    """A view, built when it is chosen for the first time, brought up to date while it is open.

    Attributes:
        key: value of the choice ``estimates``.
        title: word on its button.
    """

    key: str
    title: str

    def __init__(self, session: Session) -> None:
        self.session = session

    @abstractmethod
    def panel(self) -> pn.Column:
        """The view's content."""

    @abstractmethod
    def show(self, shown: Shown | None) -> None:
        """A reading has arrived, or the choices have changed, or the view was opened."""

    @abstractmethod
    def dress(self, theme: Theme, font: int) -> None:
        """Wear a theme."""

    @property
    def names(self) -> tuple[str, ...]:
        """The chosen estimators."""
        return self.session.state.choices.estimator_names

    def moved(self, outdated: bool) -> None:
        """The model has moved away from what is shown, or is back there."""

    def close(self) -> None:
        """The visitor has gone."""


class Run:
    """A piece of work on request: a button, a stop, progress in a bar and in per cent.

    Args:
        session: the page.
        name: handle of the buttons.
        label: on the first.
        pressed: starts the work with ``newest.ask``.
    """

    def __init__(
        self, session: Session, name: str, label: str, pressed: Callable[[], None]
    ) -> None:
        self.newest = Newest(session.doc, session.complain, self.told, self._ended)
        self._pressed = pressed
        self.start = button(f"{name}_run", label, self._started)
        self.stop_button = button(f"{name}_stop", "Stop", self.stop, disabled=True)
        self.progress = Words(f"{name}_progress", width=140, sizing_mode="fixed")

    @property
    def parts(self) -> tuple[object, ...]:
        """Buttons and bar."""
        return self.start, self.stop_button, self.progress.box

    def _started(self) -> None:
        self.stop_button.disabled, self.start.disabled = False, True
        self.told(0.0)
        self._pressed()
        if not self.newest.busy:  # nothing could be started
            self._ended()

    def told(self, share: float) -> None:
        """Show the share done."""
        self.progress.say(_BAR.format(share=share, percent=100 * share))

    def stop(self) -> None:
        """Stop the work; the page is free at once."""
        self.newest.stop()
        self._ended()
        self.progress.say("Stopped.")

    def _ended(self) -> None:
        self.stop_button.disabled, self.start.disabled = True, False
        self.progress.say("")


def name_download(widget: FileDownload, stem: str) -> FileDownload:
    """Name the file of a CSV button."""
    widget.filename = f"{stem}.csv"
    return widget


def csv_bytes(columns: Mapping[str, np.ndarray]) -> bytes:
    """A table as CSV, nothing where there is none."""
    return table_csv(columns).encode() if columns else b""
