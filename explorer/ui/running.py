"""Running mode: a model that runs on in real time, as on a recorder."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from bokeh.core.properties import Float, Int
from bokeh.document import Document
from bokeh.model import DataModel
from bokeh.models import CustomJS
from panel.io.document import hold
from tornado.websocket import WebSocketClosedError

from explorer.backend.running import RunningModel
from explorer.backend.settings import Settings

TICK_MS = 36
"""Short enough that 25 updates a second are left where some come late."""
STEP_S = 0.01
"""A single step of the model, s."""
SPEEDS: dict[str, float] = {"¼×": 0.25, "1×": 1.0, "4×": 4.0}
WINDOW_S = 8.0
CATCH_UP_S = 0.5
"""Longest stretch of model time (at 1 ×) made up for; beyond, the clock skips ahead."""
AHEAD = 2
"""Updates that may be under way before the page has painted."""
PATIENCE_S = 3.0
_ACKNOWLEDGE = """
const frame = link.frame;
requestAnimationFrame(() => setTimeout(() => link.setv({painted: frame}), 0));
"""


def _forgive_closed(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    if not isinstance(context.get("exception"), WebSocketClosedError):
        loop.default_exception_handler(context)


class RunningLink(DataModel):
    """What page and server tell each other about the running model.

    ``frame``: number of the newest update sent; ``painted``: newest one painted; ``clock``:
    the model's clock in s.
    """

    frame = Int(0)
    painted = Int(0)
    clock = Float(0.0)


class WallClock:
    """How much model time is due, by the wall's clock; nothing adds up but at a pause.

    Args:
        dt: whole steps of the model, s.
    """

    def __init__(self, dt: float) -> None:
        self.dt = dt
        self.speed = 1.0
        self._wall, self._model = 0.0, 0.0

    def anchor(self, now: float, model: float) -> None:
        """From here on model and wall go together; both in s."""
        self._wall, self._model = now, model

    def due(self, now: float, model: float) -> float:
        """Model time (s) to be advanced at wall time ``now``, whole steps.

        After a pause of more than ``CATCH_UP_S`` of model time the rest is skipped.
        """
        lag = self._model + (now - self._wall) * self.speed - model
        limit = CATCH_UP_S * max(1.0, self.speed)
        if lag > limit:
            lag = limit
            self.anchor(now, model + lag)
        return max(0, round(lag / self.dt)) * self.dt


class Runner:
    """Advances a running model while it is shown.

    Args:
        doc: the page's document.
        settings: the settings of the moment.
        draw: shows the model; called under one ``hold``.
    """

    def __init__(
        self,
        doc: Document,
        settings: Callable[[], Settings],
        draw: Callable[[RunningModel], None],
    ) -> None:
        self.doc, self._settings, self._draw = doc, settings, draw
        self.link = RunningLink(name="running_link")
        self.link.js_on_change("frame", CustomJS(args={"link": self.link}, code=_ACKNOWLEDGE))
        self.model = RunningModel(settings(), window_s=WINDOW_S)
        self._from = self._origin()
        self.clock = WallClock(self.model.dt)
        self.playing = True
        self._callback: object | None = None
        self._sent_at = 0.0

    def _origin(self) -> tuple[str, str]:
        return self._settings().circuit, self._settings().start

    @property
    def started(self) -> bool:
        """Whether the clock ticks."""
        return self._callback is not None

    def start(self) -> None:
        """Tick; the model goes on where it was."""
        if self._callback is None:
            self.ready()
            # an update may be on its way as the visitor closes the page: no error, no traceback
            asyncio.get_running_loop().set_exception_handler(_forgive_closed)
            self._callback = self.doc.add_periodic_callback(self._tick, TICK_MS)

    def stop(self) -> None:
        """Tick no more."""
        if self._callback is not None:
            self.doc.remove_periodic_callback(self._callback)
            self._callback = None

    def close(self) -> None:
        """The document is gone, and its callbacks with it."""
        self._callback, self.playing = None, False

    def ready(self) -> None:
        """The page waits for nothing: what was under way is forgotten."""
        self._sent_at = 0.0
        self.clock.anchor(time.monotonic(), self.model.clock)

    def play(self, playing: bool) -> None:
        """Go on, or pause."""
        self.playing = playing
        self.clock.anchor(time.monotonic(), self.model.clock)

    def set_speed(self, speed: float) -> None:
        """Model seconds for each second of the wall."""
        self.clock.speed = speed
        self.clock.anchor(time.monotonic(), self.model.clock)

    def step(self) -> None:
        """One step, paused or not."""
        self._advance(STEP_S)

    def restart(self, where: str) -> str:
        """Go elsewhere; a sentence that says where. Errors as ``RunningModel.restart``."""
        self._follow_origin()
        words = self.model.restart(where)
        self._advance(self.model.dt)
        self.clock.anchor(time.monotonic(), self.model.clock)
        return words

    def _follow_origin(self) -> None:
        """Another circuit or another start begins anew."""
        if self._origin() != self._from:
            self._from = self._origin()
            self.model = RunningModel(self._settings(), window_s=WINDOW_S)
            self.clock.anchor(time.monotonic(), 0.0)

    def _tick(self) -> None:
        now = time.monotonic()
        behind = self.link.frame - self.link.painted
        if not self.playing or (behind >= AHEAD and now - self._sent_at < PATIENCE_S):
            return
        self._follow_origin()
        due = self.clock.due(now, self.model.clock)
        if due > 0.0:
            self._advance(due)

    def _advance(self, seconds: float) -> None:
        self._sent_at = time.monotonic()
        self.model.advance(self._settings(), seconds)
        with hold(self.doc):
            self._draw(self.model)
            self.link.clock = self.model.clock
            self.link.frame += 1
