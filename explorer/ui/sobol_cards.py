"""The two Sobol cards of the Sensitivity tab: bars, run around the point, pairs and times."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import panel as pn

from explorer.backend.circuits import CIRCUITS
from explorer.backend.errors import ExplorerError
from explorer.backend.snapshot import Snapshot
from explorer.backend.sobol import SobolTable
from explorer.backend.sobol_store import table_text, write_table
from explorer.ui.sensitivity_parts import Words, card, choice, download, head, heading, radio
from explorer.ui.sobol_detail import OverTime, SecondOrder
from explorer.ui.sobol_run import SobolRun
from explorer.ui.sobol_view import SobolBars, feature_options, shipped_table
from explorer.ui.sobol_words import bars_text, pairs_text, stack_text
from explorer.ui.theme import Theme
from explorer.ui.view import STRETCH

if TYPE_CHECKING:
    from explorer.ui.session import Session

TRAINED, BOTH, AROUND = range(3)
SCOPES = ("trained ranges", "both circuits", "around this point")
INDICES = ("st", "s1")
_INVITE = "Press Run to compute the indices within a few per cent of the sliders' values."


class SobolCards:
    """Bars with their run around the point, and the indices in depth.

    Args:
        session: the page.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.bars, self.pairs, self.times = SobolBars("sobol"), SecondOrder(), OverTime()
        self.run = SobolRun(session, self._arrived, self._ended)
        self.scope, self.index, self._circuit = TRAINED, INDICES[0], ""
        self.feature = choice(
            "sobol_feature", "Feature", feature_options(), lambda _new: self.draw(), seen=False
        )
        self.scopes = radio("sobol_scope", SCOPES, self._scoped)
        self.csv = download("CSV", lambda: io.BytesIO(table_text(self.shown()[0]).encode()))
        self.netcdf = download("NetCDF", lambda: io.BytesIO(_netcdf(self.shown()[0])))
        self.caption, self.depth_caption = (
            Words("sobol_caption"),
            Words("sobol_depth_caption"),
        )
        self.depth = radio("sobol_depth", ("over time", "pairs"), self._deepened)
        self.order = radio("sobol_order", ("ST", "S1"), self._ordered)
        self.pairs.plot.visible = False

    def cards(self) -> tuple[pn.Column, pn.Column]:
        """The two cards."""
        first = card(
            head(heading("Sobol indices"), self.feature, self.csv, self.netcdf),
            head(self.scopes),
            self.run.line,
            pn.pane.Bokeh(self.bars.plot, sizing_mode=STRETCH),
            self.caption.box,
        )
        second = card(
            head(heading("Sobol in depth"), self.depth, self.order),
            pn.pane.Bokeh(self.times.plot, sizing_mode=STRETCH),
            pn.pane.Bokeh(self.pairs.plot, sizing_mode=STRETCH),
            self.depth_caption.box,
        )
        return first, second

    # --- what is shown -----------------------------------------------------------

    def shown(self) -> list[SobolTable]:
        """The tables shown, the present circuit's first; none where none is computed yet.

        Raises:
            ExplorerError: a shipped table cannot be read.
        """
        here = self.session.state.settings.circuit
        if self.scope == AROUND:
            return [self.run.found] if self.run.found is not None else []
        names = CIRCUITS if self.scope == BOTH else [here]
        return [shipped_table(name) for name in names]

    def draw(self) -> None:
        """Show the indices that are chosen."""
        self._circuit = self.session.state.settings.circuit
        try:
            tables = self.shown()
        except ExplorerError as error:
            self._empty(str(error))
            return
        self.csv.disabled = self.netcdf.disabled = not tables
        if not tables:
            self._empty(_INVITE)
            return
        self.bars.show(tables, self.feature.value)
        deep = next((t for t in tables if t.settings.circuit == self._circuit), tables[0])
        self.pairs.show(deep, self.feature.value)
        self.times.show(deep, self.index)
        stem = f"sobol-{tables[0].settings.circuit}" + ("-around" if self.scope == AROUND else "")
        self.csv.filename, self.netcdf.filename = f"{stem}.csv", f"{stem}.nc"
        self.caption.say(bars_text(tables, self.feature.value))
        deep_text = stack_text(deep)
        if self.depth.active == 1:
            deep_text = pairs_text(deep, self.feature_title(), self.pairs.certain)
        self.depth_caption.say(deep_text)
        self._dim()

    def _empty(self, text: str) -> None:
        for view in (self.bars, self.pairs, self.times):
            view.say(text)
            view.dim(False)
        self.caption.say("")
        self.depth_caption.say("")

    def feature_title(self) -> str:
        """Title of the feature that is chosen."""
        return dict(feature_options())[self.feature.value]

    def _scoped(self, scope: int) -> None:
        self.scope = scope
        self._show_run_line()
        self.draw()

    def _show_run_line(self) -> None:
        self.run.line.visible = self.scope == AROUND or self.run.busy

    def _deepened(self, which: int) -> None:
        self.times.plot.visible, self.pairs.plot.visible = which == 0, which == 1
        self.order.visible = which == 0
        self.draw()

    def _ordered(self, which: int) -> None:
        self.index = INDICES[which]
        self.draw()

    def frame(self, shot: Snapshot) -> None:
        """Follow the model: the response over the stack, the circuit, what is outdated."""
        if shot.settings.circuit != self._circuit:
            self.draw()
        if self.times.plot.visible:
            self.times.follow(shot.evoked.time, shot.evoked.source)
        self._dim()

    def _dim(self) -> None:
        outdated = self.scope == AROUND and self.run.outdated
        for view in (self.bars, self.pairs, self.times):
            view.dim(outdated)
        if not self.run.busy:
            self.run.progress.say("the point has moved" if outdated else "")

    def _arrived(self) -> None:
        if self.scope == AROUND:
            self.draw()
        else:
            self.scopes.active = AROUND

    def _ended(self) -> None:
        self._show_run_line()
        self._dim()

    def dress(self, theme: Theme, font: int) -> None:
        """Wear a theme."""
        for view in (self.bars, self.pairs, self.times):
            view.dress(theme, font)


def _netcdf(table: SobolTable) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.nc"
        write_table(path, table, False)
        return path.read_bytes()
