"""How messages travel: at once.

A frame is one message in some thirty small pieces. With Nagle's algorithm the kernel holds
the later pieces back until the browser has acknowledged the first, which it does up to
40 ms later; that was a third of the time from slider to picture. Tornado's handler can
turn it off for its socket, Bokeh's does not, so it is done here, in one place.
"""

from __future__ import annotations

from bokeh.server.views.ws import WSHandler

_plain_open = WSHandler.open


def _open_without_delay(handler: WSHandler) -> None:
    handler.set_nodelay(True)
    _plain_open(handler)


def send_at_once() -> None:
    """Make every connection of this process send small messages without delay."""
    WSHandler.open = _open_without_delay
