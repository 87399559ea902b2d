"""The Sensitivity tab: what moves what, and what the data could tell at all.

Nothing is built before the tab is opened for the first time. The information follows the
sliders from a thread, the maps are made when a movement has ended, indices on demand.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import panel as pn
from bokeh.events import DocumentReady
from panel.io.document import hold

from explorer.backend.ensemble import Progress
from explorer.backend.errors import ExplorerError
from explorer.backend.estimators.names import ESTIMATOR_TITLES
from explorer.backend.fisher_report import FisherReport, fisher_at
from explorer.backend.oat import OatMap, one_at_a_time
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.settings import Settings
from explorer.backend.snapshot import Snapshot
from explorer.ui.estimating import Shown
from explorer.ui.fisher_view import FisherView, Spread
from explorer.ui.newest import Newest
from explorer.ui.oat_view import SHADES, OatView, map_key
from explorer.ui.sensitivity_parts import NARROW, card, choice, head, heading, radio, symbol
from explorer.ui.sobol_cards import SobolCards
from explorer.ui.tab import Tab
from explorer.ui.theme import ESTIMATOR_LOOKS, THEMES, Theme
from explorer.ui.view import STRETCH

if TYPE_CHECKING:
    from explorer.ui.session import Session

_GRID = """
:host { display: grid !important; gap: 8px; grid-template-columns: repeat(2, minmax(0, 1fr));
  grid-template-rows: repeat(2, minmax(0, 1fr)); }
"""
_GRID += ".scroll-button { display: none !important; }"  # Panel's, in a cell of its own
_GRID += NARROW + " { :host { display: flex !important; height: auto !important; } }"
_SIDE = """
:host { overflow-y: auto; padding-left: 6px; box-sizing: border-box; flex: 5 1 0 !important; }
"""
_WIDER = ":host { flex: 7 1 0 !important; }"


class SensitivityTab(Tab):
    """Sobol indices, Fisher information and one-at-a-time maps."""

    key = "sensitivity"
    title = "Sensitivity"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.layout = pn.Column(sizing_mode=STRETCH, margin=0, stylesheets=[_GRID])
        self._theme: tuple[Theme, int] | None = None
        self._built = False
        self._mapped: tuple[str, Settings] | None = None  # the newest map asked for
        self._informed: Settings | None = None
        session.doc.on_event(DocumentReady, self._ready)

    def panel(self) -> pn.Column:
        return self.layout

    def _ready(self, _event: DocumentReady) -> None:
        """The page can hear now; what was said while it loaded has not reached it."""
        if self._built:
            captions = (self.sobol.caption, self.sobol.depth_caption, self.oat.caption)
            with hold(self.session.doc):
                for words in (*captions, self.fisher.caption, self.fisher.sentences):
                    words.catch_up()

    def _build(self) -> None:
        session = self.session
        self.sobol, self.fisher, self.oat = SobolCards(session), FisherView(), OatView(self._go)
        self.fisher_work = Newest(session.doc, session.complain)
        self.oat_work = Newest(session.doc, session.complain)
        self.parameter = choice(
            "oat_parameter", "Parameter", [(n, self._option(n)) for n in INFERRED_NAMES],
            lambda _new: self._map(), seen=False, width=150,
        )  # fmt: skip
        shades = radio("oat_shade", [shade.label for shade in SHADES], self.oat.choose)
        fisher = card(
            head(heading("What the data could tell at most")),
            pn.Row(
                pn.Column(self.fisher.plot, sizing_mode=STRETCH, margin=0, stylesheets=[_WIDER]),
                pn.Column(self.fisher.sentences.box, sizing_mode=STRETCH, stylesheets=[_SIDE]),
                sizing_mode=STRETCH,
                margin=0,
            ),
            self.fisher.caption.box,
        )
        oat = card(
            head(heading("One at a time"), self.parameter, shades),
            pn.pane.Bokeh(self.oat.plot, sizing_mode=STRETCH),
            self.oat.caption.box,
        )
        self._built = True
        session.estimating.listen(self._estimated, lambda _outdated: None)
        if session.estimating.shown is not None:
            self._estimated(session.estimating.shown)
        if self._theme is not None:
            self.dress(*self._theme)
        self.sobol.draw()
        self.layout.objects = [*self.sobol.cards(), fisher, oat]

    def _option(self, name: str) -> str:
        return f"{symbol(name)}, {self.session.state.settings.table.parameters[name].label}"

    def frame(self, shot: Snapshot) -> None:
        if not self._built:
            self._build()
        self.sobol.frame(shot)
        self._inform(shot.settings)
        if self._mapped is None:
            self._map()
        self.oat.follow(shot.settings)

    def rested(self, shot: Snapshot) -> None:
        if not self._built:
            return
        self.sobol.times.settle()
        self._map()

    def _inform(self, settings: Settings) -> None:
        if settings == self._informed:
            return
        self._informed = settings
        if self.fisher_work.busy:  # it lags behind the slider
            self.fisher.dim(True)
        self.fisher_work.ask(lambda _progress: fisher_at(settings, workers=1), self._report)

    def _estimated(self, shown: Shown) -> None:
        """The estimators' own spread beside the least possible one, where it is to be believed."""
        if not self._built:
            return
        theme = self._theme[0] if self._theme else THEMES["light"]
        trusted = {} if shown.reasons else shown.reading.estimates
        self.fisher.show_spreads(
            [
                Spread(
                    ESTIMATOR_TITLES[name], one.sd[0, : len(INFERRED_NAMES)],
                    ESTIMATOR_LOOKS[name].colours[theme.name], ESTIMATOR_LOOKS[name].marker,
                )
                for name, one in trusted.items()
                if name in self.session.state.choices.estimator_names
            ],
            shown.settings.circuit,
            shown.settings.theta[: len(INFERRED_NAMES)],
        )  # fmt: skip

    def _report(self, report: FisherReport) -> None:
        self.fisher.show(report)
        self.fisher.dim(report.settings != self._informed)

    def _map(self) -> None:
        settings = self.session.state.settings  # the newest frame may lag behind it
        name = self.parameter.value
        key = map_key(settings, name)
        if (name, key) == self._mapped:
            return
        self._mapped = (name, key)
        self.oat.wait()

        def work(progress: Progress) -> OatMap:
            return one_at_a_time(settings, name, progress=progress)

        self.oat_work.ask(work, partial(self._show_map, key))

    def _show_map(self, key: Settings, oat: OatMap) -> None:
        self.oat.show(oat, key)
        self.oat.follow(self.session.state.settings)

    def _go(self, name: str, value: float) -> None:
        try:
            self.session.state.set_value(name, value)
        except ExplorerError as error:
            self.session.complain(error)
            return
        self.session.pump.request()
        self.session.released()

    def dress(self, theme: Theme, font: int) -> None:
        self._theme = (theme, font)
        if self._built:
            for view in (self.sobol, self.fisher, self.oat):
                view.dress(theme, font)
            if self.session.estimating.shown is not None:
                self._estimated(self.session.estimating.shown)

    def close(self) -> None:
        if self._built:
            for work in (self.sobol.run.newest, self.fisher_work, self.oat_work):
                work.stop()
