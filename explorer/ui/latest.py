"""Work in a thread, of which only the newest counts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from bokeh.document import Document
from panel.io.document import hold

from explorer.backend.spreading import Cancelled

Result = TypeVar("Result")
Progress = Callable[[float], bool]


class Latest(Generic[Result]):
    """Runs one piece of work after the other; a newer one stops and replaces an older one.

    Args:
        doc: the page's document; results arrive there.
        arrived: called with each result, under one ``hold``.
        progressed: called with the share done, at most once for each per cent in twenty;
            1 at the end.
    """

    def __init__(
        self,
        doc: Document,
        arrived: Callable[[Result], None],
        progressed: Callable[[float], None] = lambda share: None,
    ) -> None:
        self._doc = doc
        self._arrived = arrived
        self._progressed = progressed
        self._generation = 0
        self._waiting: Callable[[Progress], Iterator[Result]] | None = None
        self._lock = threading.Lock()
        self.busy = False

    def start(self, work: Callable[[Progress], Iterator[Result]]) -> None:
        """Do this now; what was under way stops, and its results are dropped.

        Args:
            work: given a progress callback, yields results; coarse ones first.
        """
        with self._lock:
            self._generation += 1
            self._waiting = work
            if self.busy:
                return
            self.busy = True
        threading.Thread(target=self._run, name="dynamics", daemon=True).start()

    def stop(self) -> None:
        """Stop what is under way; no further results arrive."""
        with self._lock:
            self._generation += 1
            self._waiting = None

    def _run(self) -> None:
        taken = self._take()
        try:
            while taken is not None:
                self._work(*taken)
                taken = self._take()
        finally:
            if taken is not None:  # the work itself failed
                self.busy = False

    def _take(self) -> tuple[Callable[[Progress], Iterator[Result]], int] | None:
        with self._lock:
            work, self._waiting = self._waiting, None
            self.busy = work is not None
            return None if work is None else (work, self._generation)

    def _work(self, work: Callable[[Progress], Iterator[Result]], generation: int) -> None:
        told = [0.0]

        def progress(share: float) -> bool:
            if share - told[0] >= 0.05 or share < told[0]:
                told[0] = share
                self._send(generation, lambda: self._progressed(share))
            return generation == self._generation

        try:
            for result in work(progress):
                self._send(generation, lambda result=result: self._arrived(result))  # type: ignore[misc]
                if generation != self._generation:
                    return
        except Cancelled:
            return
        self._send(generation, lambda: self._progressed(1.0))

    def _send(self, generation: int, action: Callable[[], None]) -> None:
        def deliver() -> None:
            if generation == self._generation:
                with hold(self._doc):
                    action()

        if generation == self._generation:
            self._doc.add_next_tick_callback(deliver)
