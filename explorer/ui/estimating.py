"""One page's questions to the estimators: the newest point alone, in a thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from explorer.backend.ensemble import Progress
from explorer.backend.estimators.interface import observe
from explorer.backend.estimators.monte_carlo import truth_of
from explorer.backend.estimators.names import ESTIMATOR_TITLES
from explorer.backend.estimators.service import QUICK_DRAWS, SERVICE, Failure, Reading
from explorer.backend.estimators.trust import untrained
from explorer.backend.evoked import evoked
from explorer.backend.settings import Settings
from explorer.ui.newest import Newest

if TYPE_CHECKING:
    from explorer.ui.session import Session

LIVE_DRAWS = 100
"""Draws of the posterior while a slider moves."""
LOADING = "Loading the networks …"


@dataclass(frozen=True)
class Shown:
    """A reading with all that its pictures need.

    Attributes:
        settings: the point; for a recording, the one beside it.
        reading: what the estimators believe.
        reasons: why no estimate is to be trusted, sentences.
        truth: (13,) true values, None for a recording.
        final: whether a movement has ended here.
    """

    settings: Settings
    reading: Reading
    reasons: tuple[str, ...]
    truth: np.ndarray | None
    final: bool


def without_weights(failures: tuple[Failure, ...]) -> str:
    """Why there is nothing to show, in words for the plot; "" where there is something."""
    if len(failures) < len(ESTIMATOR_TITLES):
        return ""
    if all(failure.missing for failure in failures):
        return (
            "No trained networks for this circuit in assets/estimators: "
            "make them with “jr-explorer train”."
        )
    return "None of the trained networks could be loaded: see the notice."


class Estimating:
    """What the estimators believe of the model's present response.

    Args:
        session: the page.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.shown: Shown | None = None
        self.newest = Newest(session.doc, session.complain)
        self._asked: tuple[Settings, bool] | None = None
        self._arrived: list[Callable[[Shown], None]] = []
        self._outdated: list[Callable[[bool], None]] = []
        self._told: set[Failure] = set()

    def listen(self, arrived: Callable[[Shown], None], outdated: Callable[[bool], None]) -> None:
        """Call ``arrived`` with each reading, ``outdated`` when it no longer holds or does."""
        self._arrived.append(arrived)
        self._outdated.append(outdated)

    def frame(self, settings: Settings) -> None:
        """The model has moved: what is shown may be outdated."""
        if self.shown is not None:
            self._mark(self.shown.settings != settings)

    def _mark(self, outdated: bool) -> None:
        for tell in self._outdated:
            tell(outdated)

    def ask(self, settings: Settings, final: bool) -> None:
        """Ask about a point, unless that is done; an older question is dropped.

        Args:
            settings: the point.
            final: whether a movement has ended; else fewer draws do.
        """
        if self._asked in ((settings, True), (settings, final)):
            return
        self._asked = (settings, final)
        shot = self.session.shot
        wave = shot.evoked.source if shot.settings == settings else None

        def work(progress: Progress) -> Shown:
            SERVICE.wait(settings.circuit, progress)
            source = evoked(settings).source if wave is None else wave
            draws = QUICK_DRAWS if final else LIVE_DRAWS
            # not stopped by a newer question: else nothing would show while a slider moves
            reading = SERVICE.read(observe(settings, source), n_draws=draws)
            return Shown(settings, reading, untrained(settings), truth_of(settings), final)

        self.newest.ask(work, self._show)

    def _show(self, shown: Shown) -> None:
        self.shown = shown
        self.notify_failures(shown.reading.failures)
        for tell in self._arrived:
            tell(shown)
        self._mark(shown.settings != self.session.state.settings)

    def notify_failures(self, failures: tuple[Failure, ...]) -> None:
        """One notice for networks that are damaged, once for each page."""
        new = [f for f in failures if not f.missing and f not in self._told]
        self._told.update(new)
        if new:
            names = ", ".join(ESTIMATOR_TITLES[f.estimator] for f in new)
            verb = "is" if len(new) == 1 else "are"
            self.session.tell(f"{names} {verb} off: {new[0].error}", "error")

    def close(self) -> None:
        """The visitor has gone."""
        self.newest.stop()
        self._arrived.clear()
        self._outdated.clear()
