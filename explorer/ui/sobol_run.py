"""The line with which indices around the present point are computed: choices, run, stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from explorer.backend.ensemble import Progress
from explorer.backend.saltelli import check_base
from explorer.backend.sobol import SobolTable, around
from explorer.ui.newest import Newest
from explorer.ui.sensitivity_parts import Words, button, choice, head
from explorer.ui.sobol_words import point

if TYPE_CHECKING:
    from explorer.ui.session import Session

PERCENTS = (10, 1, 2, 5, 20, 50)
SAMPLES = (1024, 256, 512, 2048, 4096)


class SobolRun:
    """A run in the background, the newest asked for alone, and what it found.

    Args:
        session: the page.
        arrived: called when a run has ended with indices.
        ended: called when nothing runs any more.
    """

    def __init__(
        self, session: Session, arrived: Callable[[], None], ended: Callable[[], None]
    ) -> None:
        self.session = session
        self.found: SobolTable | None = None
        self._tell_arrived, self._tell_ended = arrived, ended
        self.newest = Newest(session.doc, session.complain, self._told, self._ended)
        self.percent = choice(
            "sobol_percent", "±", [(str(p), f"{p} %") for p in PERCENTS], lambda _new: None
        )
        self.samples = choice(
            "sobol_samples", "base sample", [(str(n), str(n)) for n in SAMPLES], lambda _new: None
        )
        self.run_button = button("sobol_run", "Run", self.run)
        self.stop_button = button("sobol_stop", "Stop", self.stop, disabled=True)
        self.progress = Words("sobol_progress", width=150, sizing_mode="fixed")
        self.line = head(
            self.percent, self.samples, self.run_button, self.stop_button, self.progress.box
        )
        self.line.visible = False

    @property
    def busy(self) -> bool:
        """Whether a run is under way."""
        return self.newest.busy

    @property
    def outdated(self) -> bool:
        """Whether what was found belongs to another point than the present one."""
        here = self.session.state.settings
        return self.found is not None and point(self.found.settings) != point(here)

    def run(self) -> None:
        """Compute the indices around the present point, in the background."""
        settings = self.session.state.settings
        percent, n = float(self.percent.value), check_base(int(self.samples.value))

        def work(progress: Progress) -> SobolTable:
            return around(settings, percent, n, progress)

        self.newest.ask(work, self._arrived)
        self.run_button.disabled, self.stop_button.disabled = True, False
        self._told(0.0)

    def stop(self) -> None:
        """Give up the run."""
        self.newest.stop()
        self._ended()
        self.progress.say("stopped")

    def _told(self, share: float) -> None:
        bar = f'<progress value="{share:.2f}" max="1" style="width:76px" aria-label="Sobol run">'
        self.progress.say(f"{bar}</progress> {share:.0%}".replace("%", " %"))

    def _arrived(self, table: SobolTable) -> None:
        self.found = table
        self._tell_arrived()

    def _ended(self) -> None:
        self.run_button.disabled, self.stop_button.disabled = False, True
        self._tell_ended()
