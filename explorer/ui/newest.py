"""Work beside the page: in a thread, one piece at a time, the newest request next."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from bokeh.document import Document
from panel.io.document import hold

from explorer.backend.calm import give_way
from explorer.backend.ensemble import Progress
from explorer.backend.errors import ExplorerError
from explorer.backend.spreading import Cancelled

TELL_S = 0.1
"""Progress is told to the page so often at most."""


_POOL = ThreadPoolExecutor(8, thread_name_prefix="newest", initializer=give_way)


@dataclass(eq=False)
class _Job:
    work: Callable[[Progress], Any]
    done: Callable[[Any], None]
    stopped: bool = False  # its result is not wanted
    superseded: bool = False  # another is waiting


class Newest:
    """Runs work for one view; what waits is replaced by what is asked later.

    Results arrive in the order in which they were asked for, on the page's own thread and
    in one ``hold``, so that an outdated one never replaces a newer one.

    Args:
        doc: the page's document.
        failed: told what was wrong.
        told: told the share done, some ten times a second.
        ended: called when nothing runs or waits any more.
    """

    def __init__(
        self,
        doc: Document,
        failed: Callable[[ExplorerError], None],
        told: Callable[[float], None] | None = None,
        ended: Callable[[], None] | None = None,
    ) -> None:
        self.doc = doc
        self._failed, self._told, self._ended = failed, told, ended
        self._running: _Job | None = None
        self._waiting: _Job | None = None
        self._told_at = 0.0
        self._served = doc.session_context is not None  # it loses this at its end

    @property
    def busy(self) -> bool:
        """Whether something runs whose result is wanted."""
        return self._waiting is not None or (
            self._running is not None and not self._running.stopped
        )

    def ask(self, work: Callable[[Progress], Any], done: Callable[[Any], None]) -> None:
        """Do ``work(progress)`` in a thread, then ``done(result)`` on the page.

        ``progress`` returns False once the work is no longer wanted; work that does not
        look at it is finished and shown all the same.
        """
        job = _Job(work, done)
        if self._running is not None:
            self._running.superseded = True
            self._waiting = job
        else:
            self._start(job)

    def stop(self) -> None:
        """Drop what runs and what waits; the page is free at once."""
        self._waiting = None
        if self._running is not None:
            self._running.stopped = True

    def _start(self, job: _Job) -> None:
        self._running, self._waiting = job, None
        future = _POOL.submit(job.work, partial(self._progress, job))
        future.add_done_callback(lambda f: self._later(partial(self._finish, job, f)))

    def _progress(self, job: _Job, share: float) -> bool:
        now = time.monotonic()
        if self._told is not None and now - self._told_at > TELL_S:
            self._told_at = now
            self._later(partial(self._tell, job, share))
        return not (job.stopped or job.superseded or self._gone)

    @property
    def _gone(self) -> bool:
        """Whether the visitor has left."""
        context = self.doc.session_context
        return self._served if context is None else context.destroyed

    def _later(self, action: Callable[[], None]) -> None:
        if not self._gone:
            self.doc.add_next_tick_callback(action)

    def _tell(self, job: _Job, share: float) -> None:
        if self._told is not None and job is self._running and not job.stopped:
            self._told(share)

    def _finish(self, job: _Job, future: Future[Any]) -> None:
        self._running = None
        waiting = self._waiting
        if waiting is not None:
            self._start(waiting)
        with hold(self.doc):
            try:
                result = future.result()
            except Cancelled:
                result = None
            except ExplorerError as error:
                result = None
                self._failed(error)
            if result is not None and not job.stopped:
                job.done(result)
            if self._ended is not None and not self.busy:
                self._ended()
