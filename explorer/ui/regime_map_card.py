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
from explorer.ui.regime_map import RegimeMapView
from explorer.ui.regime_shades import SHADES
from explorer.ui.theme import Theme

if TYPE_CHECKING:
    from explorer.ui.session import Session

_LEGEND = "dots: two states; dashed: trained"
COARSE = STAGES[:1]
"""While a slider moves; the rest follows when it rests."""
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
        self.stop.on_click(self._stop)
        self.words = Div(name="regime_map_words", text=_LEGEND, stylesheets=[WORDS], margin=0)
        over = Div(text="over", stylesheets=[WORDS, ":host { flex: none; }"], margin=0)
        head = (self.x, over, self.y, self.shade, self.stop, self.words)
        self.layout: Column = card("Regimes", self.view.plot, head, "8 / 13", 1)
        self._job: Latest[tuple[Key, RegimeMap]] = Latest(
            session.doc, self._arrived, self._progressed
        )
        self._asked: tuple[Key, tuple[int, ...]] = ((), ())
        self._shown: Key = ()
        self._size = 0  # of the map shown

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
        if self._shown:
            self._ask(COARSE)

    def compute(self) -> None:
        """Compute the map in all its stages, if it is not that of the present values."""
        self._ask(STAGES)

    def _ask(self, stages: tuple[int, ...]) -> None:
        wanted, settings, names = self._wanted, self.session.state.settings, self.view.names
        asked, asked_stages = self._asked
        if asked == wanted and len(asked_stages) >= len(stages):
            return
        if stages == COARSE and asked_stages == COARSE and self._job.busy:
            return  # a coarse map is soon done; the next movement asks anew
        self._asked = (wanted, stages)
        self.stop.disabled = stages == COARSE

        def work(progress: Progress) -> Iterator[tuple[Key, RegimeMap]]:
            for regimes in refined_maps(settings, *names, stages=stages, progress=progress):
                yield wanted, regimes

        self._job.start(work)

    def _arrived(self, found: tuple[Key, RegimeMap]) -> None:
        self._shown, regimes = found
        self._size = regimes.x.size
        self.view.show(regimes)
        self.view.dim(self._shown != self._wanted)
        if self._size == self._asked[1][-1]:
            self.stop.disabled = True
            self.words.text = _LEGEND

    def _progressed(self, share: float) -> None:
        following = [n for n in self._asked[1] if n > self._size]
        if len(self._asked[1]) > 1 and following and not self.stop.disabled:
            self.words.text = f"{following[0]} × {following[0]} points: {share:.0%}"

    def _stop(self) -> None:
        self._job.stop()
        self.stop.disabled = True
        self.words.text = "stopped"

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

    def _go(self, values: dict[str, float], done: bool) -> None:
        for name, value in values.items():
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
