"""The bifurcation diagram's card: choice of the parameter, the work behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bokeh.models import Column, Div, Select
from panel.io.document import hold

from explorer.backend.bifurcation import SWEEPABLE, BifurcationDiagram, bifurcation_diagram
from explorer.backend.snapshot import Snapshot
from explorer.ui.bifurcation import BifurcationView
from explorer.ui.dynamics_layout import INPUT, WORDS, card
from explorer.ui.latest import Latest, Progress
from explorer.ui.parameter_axis import held
from explorer.ui.theme import Theme

if TYPE_CHECKING:
    from explorer.ui.session import Session

_LEGEND = "━ stable &nbsp;┅ unstable &nbsp;▲ up &nbsp;▽ down &nbsp;◇ Hopf &nbsp;⊠ fold"


class BifurcationCard:
    """Diagram over the chosen parameter, computed anew when any other moves."""

    def __init__(self, session: Session) -> None:
        self.session = session
        settings = session.state.settings
        self.view = BifurcationView("p_mean", settings, self._go)
        self.select = Select(
            name="bifurcation_parameter",
            title="Parameter of the diagram", value="p_mean", options=list(SWEEPABLE), width=92,
            margin=0, stylesheets=[INPUT],
        )  # fmt: skip
        self.select.on_change("value", self._chosen)
        self.words = Div(name="bifurcation_words", text=_LEGEND, stylesheets=[WORDS], margin=0)
        self.layout: Column = card(
            "Bifurcations over", self.view.plot, (self.select, self.words), "1 / 8", 1
        )
        self._job: Latest[tuple[tuple[object, ...], BifurcationDiagram]] = Latest(
            session.doc, self._arrived
        )
        self._asked: tuple[object, ...] = ()
        self._shown: tuple[object, ...] = ()

    @property
    def _wanted(self) -> tuple[object, ...]:
        return self.view.name, *held(self.session.state.settings, self.view.name)

    def frame(self, shot: Snapshot) -> None:
        """Move the operating point; the diagram follows as fast as it can be computed."""
        if shot.settings.circuit != self.view.circuit:
            self.view.show_parameter(self.view.name, shot.settings)
        self.view.move(shot.settings, shot.report)
        if self._wanted != self._shown:
            self.view.dim(True)
        if self._shown and not self._job.busy:
            self.compute()

    def compute(self) -> None:
        """Compute the diagram, if it is not that of the present values."""
        wanted, settings, name = self._wanted, self.session.state.settings, self.view.name
        if wanted in (self._shown, self._asked):
            return
        self._asked = wanted

        def work(
            progress: Progress,
        ) -> Iterator[tuple[tuple[object, ...], BifurcationDiagram]]:
            yield wanted, bifurcation_diagram(settings, name, progress=progress)

        self._job.start(work)

    def _arrived(self, found: tuple[tuple[object, ...], BifurcationDiagram]) -> None:
        key, diagram = found
        if key[:2] != self._wanted[:2]:  # of another parameter or circuit
            return
        self._shown = key
        self.view.show(diagram)
        self.view.dim(self._shown != self._wanted)

    def _chosen(self, attr: str, old: str, new: str) -> None:
        with hold(self.session.doc):
            self.view.show_parameter(new, self.session.state.settings)
            self.view.move(self.session.state.settings, self.session.shot.report)
            self.view.dim(True)
            self.compute()

    def _go(self, name: str, value: float, done: bool) -> None:
        self.session.state.set_value(name, value)
        self.session.pump.request()
        if done:
            self.session.released()

    def dress(self, theme: Theme, font: int) -> None:
        """Wear a theme."""
        self.view.dress(theme, font)

    def close(self) -> None:
        """Stop what runs."""
        self._job.stop()
