"""One frame at a time: a page that is slow or hidden gets the newest state, never a queue."""

from __future__ import annotations

import time
from collections.abc import Callable

from bokeh.document import Document
from panel.io.document import hold

from explorer.ui.bridge import Bridge

AHEAD = 1
"""Frames that may be under way before the page has painted."""
PATIENCE_S = 3.0
"""After so long without an answer a change is sent all the same, should an answer be lost."""


class Pump:
    """Sends frames as fast as the page paints them.

    Args:
        doc: the page's document.
        bridge: carries the frame numbers.
        draw: brings all live views up to the present state.
    """

    def __init__(self, doc: Document, bridge: Bridge, draw: Callable[[], None]) -> None:
        self.doc = doc
        self.bridge = bridge
        self.draw = draw
        self._waiting = False
        self._sent_at = 0.0

    def listen(self) -> None:
        """Start to hear what the page has painted."""
        self.bridge.on_change("painted", self._painted)

    def request(self) -> None:
        """The state has changed: send a frame now, or as soon as the page is ready."""
        behind = self.bridge.frame - self.bridge.painted
        if behind >= AHEAD and time.monotonic() - self._sent_at < PATIENCE_S:
            self._waiting = True
            return
        self._send()

    def _painted(self, _attr: str, _old: int, _new: int) -> None:
        if self._waiting:
            self._send()

    def _send(self) -> None:
        self._waiting = False
        self._sent_at = time.monotonic()
        with hold(self.doc):
            self.draw()
            self.bridge.frame += 1
