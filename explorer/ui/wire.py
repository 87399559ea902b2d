"""How messages travel: at once.

A frame is one message in some thirty small pieces. With Nagle's algorithm the kernel holds
the later pieces back until the browser has acknowledged the first, which it does up to
40 ms later; that was a third of the time from slider to picture. Tornado's handler can
turn it off for its socket, Bokeh's does not, so it is done here, in one place.
"""

from __future__ import annotations

import asyncio
from typing import Any

from bokeh.server.views.ws import WSHandler
from tornado.websocket import WebSocketClosedError

_plain_open = WSHandler.open


def _open_without_delay(handler: WSHandler) -> None:
    handler.set_nodelay(True)
    _plain_open(handler)


def send_at_once() -> None:
    """Make every connection of this process send small messages without delay."""
    WSHandler.open = _open_without_delay


def forget_closed_windows(loop: asyncio.AbstractEventLoop) -> None:
    """Say nothing when a window closes while a frame is on its way to it.

    Panel does not look at the outcome of what it sends, so asyncio would print a traceback.
    """

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not isinstance(context.get("exception"), WebSocketClosedError):
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)
