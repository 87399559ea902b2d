"""The map of regimes over two parameters, with "you are here" and a trail."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from bokeh.events import Pan, PanEnd, PointEvent, Tap
from bokeh.models import (
    ColorBar,
    ColumnDataSource,
    FixedTicker,
    HoverTool,
    Label,
    LabelSet,
    LinearColorMapper,
    Range1d,
    Scatter,
)

from explorer.backend.regime_map import RegimeMap
from explorer.backend.rhythm import REGIME_NAMES
from explorer.backend.settings import Settings
from explorer.ui.parameter_axis import ParameterAxis
from explorer.ui.regime_shades import RAMP, REGIME_COLOURS, SHADES, SHORT_NAMES, name_places
from explorer.ui.theme import Theme, dress
from explorer.ui.view import float32, plain_figure

TRAIL = 60
WAITING = "The map is being computed …"
NO_RHYTHM = "No oscillation anywhere on this map."


class RegimeMapView:
    """A plane of two parameters.

    Args:
        names: the two parameters shown first.
        settings: the point shown first.
        go: called with both values, by name, and whether that is all, when the map is
            clicked or dragged over.
    """

    def __init__(
        self,
        names: tuple[str, str],
        settings: Settings,
        go: Callable[[dict[str, float], bool], None],
    ) -> None:
        self.names, self._go = names, go
        self.shade = "regime"
        self.map: RegimeMap | None = None
        self._theme = "light"
        self.ranges = (Range1d(0.0, 1.0), Range1d(0.0, 1.0))
        self.plot = plain_figure("regime_map", *self.ranges, "", "")
        self.colours = LinearColorMapper(palette=REGIME_COLOURS["light"], low=-0.5, high=5.5)
        self._draw_plane()
        self._draw_place()
        self._words = Label(
            x=12, y=12, x_units="screen", y_units="screen", text="", name="regime_map_sentence"
        )
        self.plot.add_layout(self._words)
        for event in (Tap, PanEnd):
            self.plot.on_event(event, partial(self._touched, True))
        self.plot.on_event(Pan, partial(self._touched, False))
        self.show_parameters(names, settings)

    def _draw_plane(self) -> None:
        columns = ("image", "x", "y", "dw", "dh", "frequency", "amplitude")
        self.source = ColumnDataSource({k: [] for k in columns}, name="regime_map_source")
        self._image = self.plot.image(
            "image", "x", "y", "dw", "dh", source=self.source, color_mapper=self.colours,
            level="image",
        )  # fmt: skip
        self.plot.add_tools(
            HoverTool(
                renderers=[self._image],
                tooltips=[
                    ("frequency", "@frequency{0.00} Hz"),
                    ("amplitude", "@amplitude{0.00} mV"),
                ],
            )
        )
        self.dots = ColumnDataSource({"x": [], "y": []})
        self._bistable = self.plot.scatter("x", "y", source=self.dots, size=2.5, marker="circle")
        self.outline = ColumnDataSource({"left": [], "right": [], "bottom": [], "top": []})
        self._trained = self.plot.quad(
            source=self.outline, left="left", right="right", bottom="bottom", top="top",
            fill_alpha=0.0, line_dash="dashed", line_width=2,
        )  # fmt: skip
        self.words = ColumnDataSource({"x": [], "y": [], "text": []}, name="regime_map_names")
        self._names = LabelSet(
            x="x", y="y", text="text", source=self.words, text_align="center",
            text_baseline="middle", text_font_style="bold",
        )  # fmt: skip
        self.plot.add_layout(self._names)
        look = {"color_mapper": self.colours, "width": 12, "padding": 4, "margin": 2}
        codes = range(len(REGIME_NAMES))
        named = dict(zip(codes, SHORT_NAMES, strict=True))
        self.bars = {  # two, for a bar keeps its ticks once it is drawn
            True: ColorBar(
                ticker=FixedTicker(ticks=list(codes)), major_label_overrides=named, **look
            ),
            False: ColorBar(name="regime_map_scale", visible=False, **look),
        }
        for bar in self.bars.values():
            self.plot.add_layout(bar, "right")

    def _draw_place(self) -> None:
        self.trail = ColumnDataSource({"x": [], "y": []}, name="regime_map_trail")
        self._trail = self.plot.line("x", "y", source=self.trail, line_width=1.6, line_alpha=0.8)
        self.here = ColumnDataSource({"x": [], "y": []}, name="regime_map_here")
        self._halo = self.plot.scatter("x", "y", source=self.here, size=17, marker="circle")
        self._here = self.plot.scatter(
            "x", "y", source=self.here, size=15, marker="circle_cross", line_width=2
        )
        self._here.glyph.fill_alpha = 0.0

    # --- brought up to date ----------------------------------------------------------

    def show_parameters(self, names: tuple[str, str], settings: Settings) -> None:
        """Lay out the axes for two parameters; empty until a map arrives."""
        self.names, self.circuit, self.map = names, settings.circuit, None
        rows = settings.table.parameters
        self.axes = tuple(ParameterAxis(rows[name]) for name in names)
        for axis, model, limits in zip(
            self.axes, (self.plot.xaxis[0], self.plot.yaxis[0]), self.ranges, strict=True
        ):
            axis.fit(model, limits)
        self.source.data = {k: [] for k in self.source.data}
        for source in (self.dots, self.trail):
            source.data = {"x": [], "y": []}
        self.words.data = {"x": [], "y": [], "text": []}
        self._words.text = WAITING
        self._outline_trained()
        self.move(settings)

    def _outline_trained(self) -> None:
        if not any(axis.row.trained for axis in self.axes):
            self.outline.data = {"left": [], "right": [], "bottom": [], "top": []}
            return
        ends = []
        for axis in self.axes:
            low, high = axis.row.trained or (axis.row.low, axis.row.high)
            ends.append((float(axis.place(low)), float(axis.place(high))))
        (left, right), (bottom, top) = ends
        self.outline.data = {"left": [left], "right": [right], "bottom": [bottom], "top": [top]}

    def show(self, regimes: RegimeMap) -> None:
        """Draw a map over the parameters of ``show_parameters``."""
        self.map = regimes
        self._paint()
        (x0, x1), (y0, y1) = (axis.ends for axis in self.axes)
        n = regimes.x.size
        every = max(1, n // 25)
        rows, columns = np.nonzero(regimes.bistable[::every, ::every])
        xs, ys = self.axes[0].place(regimes.x)[::every], self.axes[1].place(regimes.y)[::every]
        self.dots.data = {"x": xs[columns], "y": ys[rows]}
        places = name_places(regimes)
        self.words.data = {
            "x": [x0 + x * (x1 - x0) for x, _ in places.values()],
            "y": [y0 + y * (y1 - y0) for _, y in places.values()],
            "text": [SHORT_NAMES[code] for code in places],
        }

    def choose_shade(self, shade: str) -> None:
        """Let the colour tell something else."""
        self.shade = shade
        self._paint()

    def _paint(self) -> None:
        shade = SHADES[self.shade]
        named = self.shade == "regime"
        palette = REGIME_COLOURS[self._theme] if named else RAMP
        high = shade.high
        if self.map is not None:
            rests = self.map.amplitude.max() == 0.0
            self._words.text = NO_RHYTHM if rests and not named else ""
            image = float32(getattr(self.map, self.shade))
            if high is None:
                largest = float(np.nanmax(image)) if np.isfinite(image).any() else 0.0
                high = max(1.0, largest)
            (x0, x1), (y0, y1) = (axis.ends for axis in self.axes)
            self.source.data = {
                "image": [image],
                "x": [x0],
                "y": [y0],
                "dw": [x1 - x0],
                "dh": [y1 - y0],
                "frequency": [float32(self.map.frequency)],
                "amplitude": [float32(self.map.amplitude)],
            }
        self.colours.update(palette=palette, low=shade.low, high=high or 1.0)
        if not named:
            self.bars[False].title = shade.title
        for of_names, bar in self.bars.items():
            bar.visible = of_names == named

    def move(self, settings: Settings) -> None:
        """Mark the operating point and lengthen the trail; cheap."""
        x, y = (
            float(axis.place(settings[name]))
            for axis, name in zip(self.axes, self.names, strict=True)
        )
        if (list(self.here.data["x"]), list(self.here.data["y"])) == ([x], [y]):
            return
        self.here.data = {"x": [x], "y": [y]}
        self.trail.data = {
            "x": [*self.trail.data["x"], x][-TRAIL:],
            "y": [*self.trail.data["y"], y][-TRAIL:],
        }

    def dim(self, outdated: bool) -> None:
        """Fade the map while it belongs to other values."""
        alpha = 0.35 if outdated else 1.0
        if self._image.glyph.global_alpha != alpha:
            self._image.glyph.global_alpha = alpha
            self._names.text_alpha = alpha

    def _touched(self, done: bool, event: PointEvent) -> None:
        if event.x is None or event.y is None:
            return
        places = zip(self.names, self.axes, (event.x, event.y), strict=True)
        self._go({name: axis.value(place) for name, axis, place in places}, done)

    def dress(self, theme: Theme, font: int) -> None:
        """Wear a theme."""
        dress(self.plot, theme, font)
        self._theme = theme.name
        self._words.update(
            text_color=theme.text, text_font_size=f"{font}px",
            background_fill_color=theme.paper, background_fill_alpha=0.8,
        )  # fmt: skip
        self.colours.nan_color = REGIME_COLOURS[theme.name][0]
        self._paint()
        self._bistable.glyph.update(fill_color=theme.text, line_color=None)
        self._trained.glyph.line_color = theme.text
        self._trail.glyph.line_color = theme.text
        for renderer, alpha in ((self._halo, 0.65), (self._here, 0.0)):
            glyph: Scatter = renderer.glyph
            glyph.update(line_color=theme.text, fill_color=theme.paper, fill_alpha=alpha)
        self._names.update(
            text_color=theme.text, text_font_size=f"{font}px",
            background_fill_color=theme.paper, background_fill_alpha=0.55,
        )  # fmt: skip
