"""The pump sends one frame at a time and always the last, whatever the page does."""

from __future__ import annotations

import pytest
from bokeh.document import Document

from explorer.ui import pump as module
from explorer.ui.bridge import Bridge
from explorer.ui.pump import Pump


class Page:
    """A page that paints when told; ``state`` is what a slider set, ``drawn`` what was sent."""

    def __init__(self) -> None:
        self.state = 0
        self.drawn: list[int] = []
        self.bridge = Bridge(name="bridge_model")
        self.pump = Pump(Document(), self.bridge, lambda: self.drawn.append(self.state))
        self.pump.listen()

    def move(self, value: int) -> None:
        self.state = value
        self.pump.request()

    def paint(self) -> None:
        self.bridge.painted = self.bridge.frame


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_a_ready_page_gets_its_frame_at_once(clock):
    page = Page()
    page.move(1)
    assert page.drawn == [1] and page.bridge.frame == 1


def test_a_slow_page_gets_the_newest_state_and_no_queue(clock):
    page = Page()
    for value in range(1, 101):
        page.move(value)
    assert page.drawn == [1]
    page.paint()
    assert page.drawn == [1, 100]
    page.paint()
    assert page.drawn == [1, 100] and page.bridge.frame == 2


def test_a_quick_page_gets_every_frame(clock):
    page = Page()
    for value in range(1, 6):
        page.move(value)
        page.paint()
    assert page.drawn == [1, 2, 3, 4, 5]


def test_a_lost_answer_does_not_stop_the_page_for_good(clock):
    page = Page()
    page.move(1)
    page.move(2)
    assert page.drawn == [1]
    clock[0] += module.PATIENCE_S + 0.1
    page.move(3)
    assert page.drawn == [1, 3]


def test_an_answer_without_a_change_draws_nothing(clock):
    page = Page()
    page.move(1)
    page.paint()
    page.bridge.painted = 0
    page.bridge.painted = 1
    assert page.drawn == [1]
