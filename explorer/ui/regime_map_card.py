"""The regime map's card: choices, progress, stop, and the work behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bokeh.models import Button, Column, Div, Select
from panel.io.document import hold

from explorer.backend.bifurcation import SWEEPABLE
from explorer.backend.regime_map import STAGES, RegimeMap, refined_maps
from explorer.backend.snapshot import Snapshot
from explorer.ui.dynamics_layout import BUTTON, INPUT, WORDS, card
from explorer.ui.latest import Latest, Progress
from explorer.ui.parameter_axis import held
from explorer.ui.regime_map import SHADES, RegimeMapView
from explorer.ui.theme import Theme

if TYPE_CHECKING:
    from explorer.ui.session import Session

_LEGEND = "dots: two states coexist; dashed: trained range"
Key = tuple[object, ...]


class RegimeMapCard:
    """Map over two chosen parameters, coarse at once and refined while nothing moves."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.view = RegimeMapView(("p_mean", "A_e"), session.state.settings, self._go)
        self.x, self.y = (self._select(k) for k in (0, 1))
        self.shade = Select(
            name="regime_map_colour",
            title="What the colour tells", value="regime", width=132, margin=0, stylesheets=[INPUT],
            options=[(key, shade.title) for key, shade in SHADES.items()],
        )  # fmt: skip
        self.shade.on_change("value", self._recoloured)
        self.stop = Button(
            name="regime_map_stop", label="stop", disabled=True, margin=0, stylesheets=[BUTTON]
        )
        self.stop.on_click(lambda: self._stop("stopped"))
        self.words = Div(name="regime_map_words", text=_LEGEND, stylesheets=[WORDS], margin=0)
        over = Div(text="over", stylesheets=[WORDS, ":host { flex: none; }"], margin=0)
        head = (self.x, over, self.y, self.shade, self.stop, self.words)
        self.layout: Column = card("Regimes", self.view.plot, head, "8 / 13", 1)
        self._job: Latest[tuple[Key, RegimeMap]] = Latest(
            session.doc, self._arrived, self._progressed
        )
        self._asked: Key = ()
        self._shown: Key = ()
        self._stage = 0

    def _select(self, which: int) -> Select:
        widget = Select(
            name=f"regime_map_{'xy'[which]}",
            title=("Horizontal", "Vertical")[which] + " parameter of the map",
            value=self.view.names[which],
            options=list(SWEEPABLE), width=84, margin=0, stylesheets=[INPUT],
        )  # fmt: skip
        widget.on_change("value", self._chosen)
        return widget

    @property
    def _wanted(self) -> Key:
        settings = self.session.state.settings
        return (*self.view.names, settings.start, *held(settings, *self.view.names))

    def frame(self, shot: Snapshot) -> None:
        """Move "you are here"; fade what belongs to other values."""
        if shot.settings.circuit != self.view.circuit:
            self.view.show_parameters(self.view.names, shot.settings)
        self.view.move(shot.settings)
        self.view.dim(self._wanted != self._shown)
        if self._asked not in ((), self._wanted):
            self._stop(_LEGEND)

    def compute(self) -> None:
        """Compute the map, if it is not that of the present values."""
        wanted, settings, names = self._wanted, self.session.state.settings, self.view.names
        if wanted == self._asked:
            return
        self._asked, self._stage = wanted, 0
        self.stop.disabled = False

        def work(progress: Progress) -> Iterator[tuple[Key, RegimeMap]]:
            for regimes in refined_maps(settings, *names, progress=progress):
                yield wanted, regimes

        self._job.start(work)

    def _arrived(self, found: tuple[Key, RegimeMap]) -> None:
        self._shown, regimes = found
        self._stage += 1
        self.view.show(regimes)
        self.view.dim(self._shown != self._wanted)
        if self._stage == len(STAGES):
            self.stop.disabled = True
            self.words.text = _LEGEND

    def _progressed(self, share: float) -> None:
        if self._stage < len(STAGES):
            n = STAGES[self._stage]
            self.words.text = f"{n} × {n} points: {share:.0%}"

    def _stop(self, words: str) -> None:
        self._job.stop()
        if words == _LEGEND:
            self._asked = ()
        self.stop.disabled = True
        self.words.text = words

    def _chosen(self, attr: str, old: str, new: str) -> None:
        names = (self.x.value, self.y.value)
        if names[0] == names[1]:  # change places
            other = self.y if self.view.names[0] != names[0] else self.x
            other.value = old
            return
        with hold(self.session.doc):
            self.view.show_parameters(names, self.session.state.settings)
            self.compute()

    def _recoloured(self, attr: str, old: str, new: str) -> None:
        with hold(self.session.doc):
            self.view.choose_shade(new)

    def _go(self, values: dict[str, float]) -> None:
        for name, value in values.items():
            self.session.state.set_value(name, value)
        self.session.pump.request()
        self.session.released()

    def dress(self, theme: Theme, font: int) -> None:
        """Wear a theme."""
        self.view.dress(theme, font)

    def close(self) -> None:
        """Stop what runs."""
        self._job.stop()
