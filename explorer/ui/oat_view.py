"""One-at-a-time maps: the evoked response over time and the value of one parameter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from bokeh.events import Tap
from bokeh.models import (
    BasicTicker,
    BoxAnnotation,
    ColorBar,
    ColumnDataSource,
    HoverTool,
    LinearColorMapper,
    Range1d,
    Span,
)

from explorer.backend.oat import SPAN, OatMap
from explorer.backend.parameters import PARAMETERS
from explorer.backend.settings import Settings
from explorer.ui.axes import round_limits
from explorer.ui.scalp import diverging_palette
from explorer.ui.sensitivity_parts import Message, Words, dim, marked, symbol, today
from explorer.ui.theme import Theme, dress
from explorer.ui.view import plain_figure


@dataclass(frozen=True)
class Shade:
    """One way to colour a map.

    Attributes:
        label: on its button.
        title: of the colour bar, with the unit.
        unit: of the values.
        values: (n, samples) from a map.
    """

    label: str
    title: str
    unit: str
    values: Callable[[OatMap], np.ndarray]


SHADES = (
    Shade("response", "response (mV)", "mV", lambda m: m.response),
    Shade("difference", "difference (mV)", "mV", lambda m: m.difference),
    Shade("relative", "difference (%)", "%", lambda m: 100 * m.relative),
)


_NO_REFERENCE = "There is no response at the default, so that none can be relative to it."
_NOTHING = "The response is zero throughout: without a pulse and without noise nothing answers."


def map_key(settings: Settings, name: str) -> Settings:
    """What a map depends on: all settings but the value of its own parameter."""
    return settings.changed(**{name: settings.table.parameters[name].default})


class OatView:
    """The map of one parameter, its present value marked.

    Args:
        go: called with a parameter and the value that was clicked.
    """

    def __init__(self, go: Callable[[str, float], None]) -> None:
        self._go = go
        self.shown: OatMap | None = None
        self.key: Settings | None = None
        self.shade = SHADES[0]
        self.source = ColumnDataSource({"image": [], "x": [], "y": [], "dw": [], "dh": []})
        self.mapper = LinearColorMapper(diverging_palette(), low=-1, high=1, nan_color="#00000000")
        self.y_range = Range1d(0.0, 1.0)
        self.plot = plain_figure(
            "oat", Range1d(-200, 1000), self.y_range, "time after the pulse (ms)", "",
        )  # fmt: skip
        self.plot.grid.visible = False
        self._image = self.plot.image(
            "image", "x", "y", "dw", "dh", source=self.source, color_mapper=self.mapper
        )
        self._hover = HoverTool(renderers=[self._image])
        self.plot.add_tools(self._hover)
        self.outside = [BoxAnnotation(line_color=None, fill_alpha=0.55) for _ in range(2)]
        self.default = Span(dimension="width", line_width=1.5, line_dash="dotted")
        self.halo = Span(dimension="width", line_width=5)
        self.line = Span(name="oat_line", dimension="width", line_width=2.5)
        for mark in (*self.outside, self.default, self.halo, self.line):
            self.plot.add_layout(mark)
        self.bar = ColorBar(
            color_mapper=self.mapper, width=10, margin=2, padding=2,
            ticker=BasicTicker(desired_num_ticks=5),
            title_text_font_style="normal",
        )  # fmt: skip
        self.plot.add_layout(self.bar, "right")
        self.message = Message(self.plot)
        self.caption = Words("oat_caption")
        self.plot.on_event(Tap, self._tapped)

    def _tapped(self, event: Tap) -> None:
        if self.shown is not None and event.y is not None:
            self._go(self.shown.name, float(f"{event.y:.4g}"))

    def show(self, oat: OatMap, key: Settings) -> None:
        """Show a map that holds for ``key``."""
        self.shown, self.key = oat, key
        row = key.table.parameters[oat.name]
        low, high = (share * oat.default for share in SPAN)
        self.y_range.update(start=low, end=high)
        label = f"{symbol(oat.name)}, {row.label}"
        self.plot.yaxis[0].axis_label = f"{label} ({row.unit or '1'})"
        self.default.location = oat.default
        self.outside[0].update(bottom=None, top=row.low, visible=row.low > low)
        self.outside[1].update(bottom=row.high, top=None, visible=row.high < high)
        self._paint()

    def wait(self) -> None:
        """Another map is on its way."""
        dim(self.plot, True)

    def choose(self, shade: int) -> None:
        """Colour the map another way."""
        self.shade = SHADES[shade]
        self._paint()

    def _paint(self) -> None:
        if self.shown is None:
            return
        oat, values = self.shown, self.shade.values(self.shown)
        known = bool(np.isfinite(values).any())
        largest = float(np.nanmax(np.abs(values))) if known else 0.0
        limit = round_limits(0.0, largest, 0.0)[1] if largest > 0 else 1.0
        self.mapper.update(low=-limit, high=limit)
        low, high = self.y_range.start, self.y_range.end
        self.source.data = {
            "image": [np.ascontiguousarray(values, dtype=np.float32)],
            "x": [1e3 * oat.time[0]], "dw": [1e3 * (oat.time[-1] - oat.time[0])],
            "y": [low], "dh": [high - low],
        }  # fmt: skip
        self.bar.title = self.shade.title
        unit = PARAMETERS[oat.name].unit
        self._hover.tooltips = [
            ("time", "$x{0} ms"),
            (symbol(oat.name), f"$y{{0.0000}} {unit}"),
            (self.shade.label, f"@image{{0.000}} {self.shade.unit}"),
        ]
        words = "" if known else _NO_REFERENCE
        if known and largest == 0.0:
            words = _NOTHING
        self.message.say(*([(400.0, 0.5 * (low + high), words, 40)] if words else []))

    def follow(self, settings: Settings) -> None:
        """The line follows the slider; the map dims where something else has moved."""
        if self.shown is None or self.key is None:
            return
        value = settings[self.shown.name]
        if self.line.location != value:
            self.line.location = self.halo.location = value
        dim(self.plot, self.key != map_key(settings, self.shown.name))
        self._say(settings, value)

    def _say(self, settings: Settings, value: float) -> None:
        if self.shown is None:
            return
        name, n = self.shown.name, len(self.shown.values)
        row = settings.table.parameters[name]
        off = "" if self.y_range.start <= value <= self.y_range.end else " (outside the map)"
        greyed = any(box.visible for box in self.outside)
        parts = [
            settings.table.title,
            f"line: {name} = {float(f'{value:.4g}'):g} {row.unit}{off}",
            f"{n} values from {SPAN[0]:g} to {SPAN[1]:g} × the default (dotted)",
            *(["greyed: outside the slider's range"] if greyed else []),
            today(),
            "click to go there",
        ]
        self.caption.say(marked(" · ".join(parts)))

    def dress(self, theme: Theme, font: int) -> None:
        """Wear a theme."""
        dress(self.plot, theme, font)
        self.halo.line_color = "#ffffff"
        self.line.line_color = "#12395b"
        self.default.line_color = "#1b2733"
        for box in self.outside:
            box.fill_color = theme.paper
        self.message.dress(theme, font)
