"""The two Sobol cards of the Sensitivity tab: bars, run around the point, pairs and times."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import panel as pn

from explorer.backend.circuits import CIRCUITS
from explorer.backend.ensemble import Progress
from explorer.backend.errors import ExplorerError
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.saltelli import check_base
from explorer.backend.settings import Settings
from explorer.backend.snapshot import Snapshot
from explorer.backend.sobol import SobolTable, around
from explorer.backend.sobol_store import table_text, write_table
from explorer.ui.newest import Newest
from explorer.ui.sensitivity_parts import (
    Words,
    button,
    card,
    choice,
    download,
    head,
    heading,
    marked,
    radio,
)
from explorer.ui.sobol_detail import OverTime, SecondOrder
from explorer.ui.sobol_view import (
    SobolBars,
    feature_options,
    has_indices,
    made,
    ranges_text,
    shipped_table,
)
from explorer.ui.theme import Theme
from explorer.ui.view import STRETCH

if TYPE_CHECKING:
    from explorer.ui.session import Session

TRAINED, BOTH, AROUND = range(3)
SCOPES = ("trained ranges", "both circuits", "around this point")
PERCENTS = (10, 1, 2, 5, 20, 50)
SAMPLES = (1024, 256, 512, 2048, 4096)
INDICES = ("st", "s1")
_SOME_PAIRS = "figures where S2 exceeds its interval"
_NO_PAIR = "no S2 exceeds its interval"
_INVITE = "Press Run to compute the indices within a few per cent of the sliders' values."
_KEY = "Solid: S1, by itself; outlined: ST, with interactions; lines: {level:.4g} % intervals."


def point(settings: Settings) -> tuple[object, ...]:
    """What indices around a point depend on."""
    others = ("stim_amplitude", "stim_width")
    model = settings.theta[:-1].tolist()  # p_sd is taken as 0
    return (settings.circuit, settings.start, *model, *(settings[name] for name in others))


def point_text(settings: Settings) -> str:
    """The nine values in words."""
    rows = [settings.table.parameters[name] for name in INFERRED_NAMES]
    return ", ".join(f"{row.name} {settings[row.name]:.4g} {row.unit}".strip() for row in rows)


class SobolCards:
    """Bars with their run around the point, and the indices in depth.

    Args:
        session: the page.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.bars, self.pairs, self.times = SobolBars("sobol"), SecondOrder(), OverTime()
        self.found: SobolTable | None = None  # around a point
        self.scope, self.index, self._circuit = TRAINED, INDICES[0], ""
        self.newest = Newest(session.doc, self._failed, self._told, self._ended)
        self.feature = choice(
            "sobol_feature", "Feature", feature_options(), lambda _new: self.draw(), seen=False
        )
        self.scopes = radio("sobol_scope", SCOPES, self._scoped)
        self.percent = choice(
            "sobol_percent", "±", [(str(p), f"{p} %") for p in PERCENTS], lambda _new: None
        )
        self.samples = choice(
            "sobol_samples", "base sample", [(str(n), str(n)) for n in SAMPLES], lambda _new: None
        )
        self.run_button = button("sobol_run", "Run", self.run)
        self.stop_button = button("sobol_stop", "Stop", self.stop, disabled=True)
        self.progress = Words("sobol_progress", width=150, sizing_mode="fixed")
        self.csv = download("CSV", lambda: io.BytesIO(table_text(self.shown()[0]).encode()))
        self.netcdf = download("NetCDF", lambda: io.BytesIO(_netcdf(self.shown()[0])))
        self.caption, self.depth_caption = (
            Words("sobol_caption"),
            Words("sobol_depth_caption"),
        )
        self.depth = radio("sobol_depth", ("over time", "pairs"), self._deepened)
        self.order = radio("sobol_order", ("ST", "S1"), self._ordered)
        self.run_line = head(
            self.percent, self.samples, self.run_button, self.stop_button, self.progress.box
        )
        self.run_line.visible = self.pairs.plot.visible = False

    def cards(self) -> tuple[pn.Column, pn.Column]:
        """The two cards."""
        first = card(
            head(heading("Sobol indices"), self.feature, self.csv, self.netcdf),
            head(self.scopes),
            self.run_line,
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
            return [self.found] if self.found is not None else []
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
        self._describe(tables, deep)
        self._dim()

    def _empty(self, text: str) -> None:
        self.bars.say(text)
        self.caption.say("")
        self.depth_caption.say("")

    def _describe(self, tables: list[SobolTable], deep: SobolTable) -> None:
        feature = self.feature.value
        lines = [made(table) for table in tables]
        if self.scope == AROUND:
            lines.append(f"the point: {point_text(deep.settings)}")
        elif self.scope == TRAINED:
            lines.append(ranges_text(deep))
        notes = [t.note(feature) for t in tables if has_indices(t, feature) and t.note(feature)]
        lines += notes
        lines.append(_KEY.format(level=100 * deep.of_features.confidence))
        self.caption.say(marked("<br>".join(lines)))
        what = "Every sample of the evoked response; blank where it does not vary."
        if self.depth.active == 1:
            certain = _SOME_PAIRS if self.pairs.certain else _NO_PAIR
            what = f"Pairs, {self.feature_title()}; {certain}."
        self.depth_caption.say(marked(f"{what}<br>{made(deep)}"))

    def feature_title(self) -> str:
        """Title of the feature that is chosen."""
        return dict(feature_options())[self.feature.value]

    def _scoped(self, scope: int) -> None:
        self.scope = scope
        self._show_run_line()
        self.draw()

    def _show_run_line(self) -> None:
        self.run_line.visible = self.scope == AROUND or self.newest.busy

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
        outdated = (
            self.scope == AROUND
            and self.found is not None
            and point(self.found.settings) != point(self.session.state.settings)
        )
        for view in (self.bars, self.pairs, self.times):
            view.dim(outdated)
        running = self.newest.busy
        if not running:
            self.progress.say("the point has moved" if outdated else "")

    # --- around this point ---------------------------------------------------------

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
        if self.scope == AROUND:
            self.draw()
        else:
            self.scopes.active = AROUND

    def _failed(self, error: ExplorerError) -> None:
        self.session.complain(error)

    def _ended(self) -> None:
        self.run_button.disabled, self.stop_button.disabled = False, True
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
