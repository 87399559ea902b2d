"""The bifurcation diagram: rests, cycles swept both ways, folds and Hopf points."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from bokeh.events import Pan, PanEnd, PointEvent, Tap
from bokeh.models import (
    BoxAnnotation,
    ColorBar,
    ColumnDataSource,
    HoverTool,
    Label,
    LinearColorMapper,
    Range1d,
    Span,
)

from explorer.backend.bifurcation import BifurcationDiagram
from explorer.backend.regimes import RegimeReport
from explorer.backend.settings import Settings
from explorer.ui.axes import SteadyRange
from explorer.ui.bifurcation_cycles import Sweep, cycle_columns
from explorer.ui.bifurcation_labels import FRAME_PX, places, words
from explorer.ui.parameter_axis import ParameterAxis
from explorer.ui.theme import THEMES, Theme, dress
from explorer.ui.view import plain_figure

PALETTES = {
    "light": ("#3b0f70", "#6a1c81", "#9b2c7f", "#c83e73", "#e75f45", "#e08214", "#b8a200"),
    "dark": ("#9e7bd8", "#b86fd0", "#d76bb8", "#f0718f", "#ff8a65", "#ffb347", "#fff176"),
}
"""Frequency, low to high; every step differs in lightness too."""
FREQUENCY_HZ = (0.0, 14.0)
_HATCH = 0.35
_WAITING = "The diagram is being computed …"


class BifurcationView:
    """The diagram over one parameter, the operating point moving in it.

    Args:
        name: the parameter shown first.
        settings: the point shown first.
        go: called with the parameter's name, a value, and whether that is all, when the
            diagram is clicked or dragged over.
    """

    def __init__(
        self, name: str, settings: Settings, go: Callable[[str, float, bool], None]
    ) -> None:
        self.name = name
        self._go = go
        self.diagram: BifurcationDiagram | None = None
        self._font = THEMES["light"].font
        self._frame_px = dict(zip(("inner_width", "inner_height"), FRAME_PX, strict=True))
        self.y_axis = SteadyRange(-2.0, 14.0, 1.0)
        self.x_range = Range1d(0.0, 1.0)
        self.colours = LinearColorMapper(low=FREQUENCY_HZ[0], high=FREQUENCY_HZ[1])
        self.plot = plain_figure(
            "bifurcation", self.x_range, self.y_axis.range, "", "source y1 − y2 (mV)"
        )
        self._draw_backdrop()
        self._draw_rests()
        self.sweeps = {way: Sweep(self.plot, way, self.colours) for way in ("up", "down")}
        self._draw_criticals()
        self._draw_point()
        bar = {"width": 10, "title": "frequency (Hz)", "padding": 4, "margin": 2}
        self.plot.add_layout(ColorBar(color_mapper=self.colours, **bar), "right")
        self._waiting = Label(x=12, y=12, x_units="screen", y_units="screen", text="")
        self.plot.add_layout(self._waiting)
        for event in (Tap, PanEnd, Pan):
            self.plot.on_event(event, partial(self._touched, event is not Pan))
        for side in self._frame_px:
            self.plot.on_change(side, self._resized)
        self.show_parameter(name, settings)

    # --- built once ----------------------------------------------------------------

    def _draw_backdrop(self) -> None:
        self.trained = BoxAnnotation(line_color=None, level="image", visible=False)
        self.plot.add_layout(self.trained)
        self.coexisting = ColumnDataSource({"left": [], "right": []})
        self._hatch = self.plot.quad(
            left="left", right="right", bottom=-1e6, top=1e6, source=self.coexisting,
            fill_alpha=0.0, line_color=None, hatch_pattern="right_diagonal_line",
            hatch_scale=16, hatch_alpha=_HATCH, level="underlay",
        )  # fmt: skip

    def _draw_rests(self) -> None:
        self.rests = {
            stable: ColumnDataSource({"xs": [], "ys": [], "kind": []}, name=f"bifurcation_{name}")
            for stable, name in ((True, "stable"), (False, "unstable"))
        }
        self._rest_lines = [
            self.plot.multi_line(
                "xs", "ys", source=source, line_width=2.4 if stable else 1.6,
                line_dash="solid" if stable else "dashed",
            )
            for stable, source in self.rests.items()
        ]  # fmt: skip
        self.plot.add_tools(
            HoverTool(renderers=self._rest_lines, tooltips=[("rest", "@kind, $y{0.00} mV")])
        )

    def _draw_criticals(self) -> None:
        columns = ("x", "y", "text", "marker", "align", "dx", "dy")
        self.criticals = ColumnDataSource({k: [] for k in columns}, name="bifurcation_criticals")
        self._critical_marks = self.plot.scatter(
            "x", "y", marker="marker", source=self.criticals, size=10, line_width=2
        )
        self._critical_text = self.plot.text(
            "x", "y", "text", source=self.criticals, x_offset="dx", y_offset="dy",
            text_align={"field": "align"}, text_baseline="middle", padding=1,
        )  # fmt: skip

    def _draw_point(self) -> None:
        self.here = Span(dimension="height", line_width=1.4, line_dash="dotted", location=0.0)
        self.plot.add_layout(self.here)
        self.now = ColumnDataSource({"x": [], "y": []}, name="bifurcation_now")
        self._dots = self.plot.scatter(
            "x", "y", source=self.now, size=11, marker="circle", line_width=2
        )

    # --- brought up to date ----------------------------------------------------------

    def show_parameter(self, name: str, settings: Settings) -> None:
        """Lay out the axis for a parameter; empty until a diagram arrives."""
        self.name, self.circuit, self.diagram = name, settings.circuit, None
        self._waiting.text = _WAITING
        shown = [self.coexisting, self.criticals, *self.rests.values()]
        for source in (*shown, *(sweep.source for sweep in self.sweeps.values())):
            source.data = {column: [] for column in source.data}
        self.axis = ParameterAxis(settings.table.parameters[name])
        self.axis.fit(self.plot.xaxis[0], self.x_range)
        ends = self.axis.row.trained
        if ends:
            left, right = (float(self.axis.place(end)) for end in ends)
            self.trained.update(left=left, right=right)
        self.trained.visible = bool(ends)

    def show(self, diagram: BifurcationDiagram) -> None:
        """Draw a diagram over the parameter of ``show_parameter``."""
        self.diagram = diagram
        self._waiting.text = ""
        x = self.axis.place(diagram.values)
        for stable, source in self.rests.items():
            lines = [b for b in diagram.rests if b.stable == stable]
            source.data = {
                "xs": [self.axis.place(line.values) for line in lines],
                "ys": [line.source for line in lines],
                "kind": ["stable" if stable else "unstable"] * len(lines),
            }
        for way, branch in (("up", diagram.up), ("down", diagram.down)):
            self.sweeps[way].source.data = cycle_columns(x, branch, 0 if way == "up" else 2)
        self._show_coexisting(x, diagram.differs)
        seen = [line.source for line in diagram.rests]
        seen += [y for way in (diagram.up, diagram.down) for y in (way.minimum, way.maximum)]
        everything = np.concatenate(seen)
        self.y_axis.settle(float(everything.min()), float(everything.max()))
        self._show_criticals()

    def _show_criticals(self) -> None:
        """Marks and labels; none covers another."""
        criticals = self.diagram.criticals if self.diagram else ()
        x = self.axis.place(np.array([c.value for c in criticals]))
        y = np.array([c.source for c in criticals])
        texts = [words(c, self.axis) for c in criticals]
        curves = self._shares(*self._curves())
        frame = (self._frame_px["inner_width"], self._frame_px["inner_height"])
        spots = places(self._shares(x, y), texts, curves, self._font, frame)
        self.criticals.data = {
            "x": x,
            "y": y,
            "text": texts,
            "marker": ["diamond" if c.kind == "hopf" else "square_x" for c in criticals],
            "align": [spot.align for spot in spots],
            "dx": [spot.dx for spot in spots],
            "dy": [spot.dy for spot in spots],
        }

    def _resized(self, attr: str, old: int, new: int) -> None:
        self._frame_px[attr] = float(new)
        self._show_criticals()

    def _shares(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Positions on the axes (n,) as shares of the frame (n, 2)."""
        limits = (self.x_range, self.y_axis.range)
        pairs = zip((x, y), limits, strict=True)
        return np.column_stack([(v - r.start) / (r.end - r.start) for v, r in pairs])

    def _curves(self) -> tuple[np.ndarray, np.ndarray]:
        """Points of rests and cycles on the axes."""
        sources = [source.data for source in self.rests.values()]
        xs = [line for data in sources for line in data["xs"]]
        ys = [line for data in sources for line in data["ys"]]
        for sweep in self.sweeps.values():
            xs.append(sweep.source.data["x"])
            ys.append(sweep.source.data["y"])
        return np.concatenate(xs), np.concatenate(ys)

    def _show_coexisting(self, x: np.ndarray, differs: np.ndarray) -> None:
        edges = np.diff(np.concatenate([[0], differs.astype(int), [0]]))
        starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
        half = 0.5 * (x[1] - x[0])
        self.coexisting.data = {"left": x[starts] - half, "right": x[stops] + half}

    def move(self, settings: Settings, report: RegimeReport) -> None:
        """Mark the operating point; cheap."""
        place = float(self.axis.place(settings[self.name]))
        if self.here.location != place:
            self.here.location = place
        low, high = report.rhythm.minimum_mv, report.rhythm.maximum_mv
        self.now.data = {"x": [place, place], "y": [low, high]}

    def dim(self, outdated: bool) -> None:
        """Fade the diagram while it belongs to other values."""
        alpha = 0.3 if outdated else 1.0
        if self._hatch.glyph.hatch_alpha == _HATCH * alpha:
            return
        self._hatch.glyph.hatch_alpha = _HATCH * alpha
        cycles = [mark for sweep in self.sweeps.values() for mark in sweep.marks]
        for renderer in (*self._rest_lines, *cycles, self._critical_marks):
            renderer.glyph.line_alpha = alpha
        self._critical_text.glyph.text_alpha = alpha

    def _touched(self, done: bool, event: PointEvent) -> None:
        if event.x is not None:
            self._go(self.name, self.axis.value(event.x), done)

    def dress(self, theme: Theme, font: int) -> None:
        """Wear a theme."""
        dress(self.plot, theme, font)
        self._font = font
        self._show_criticals()
        self._waiting.update(text_color=theme.text, text_font_size=f"{font}px")
        self.colours.update(palette=PALETTES[theme.name], nan_color=theme.muted)
        self.trained.fill_color = theme.wash
        for line in self._rest_lines:
            line.glyph.line_color = theme.ink
        self._critical_marks.glyph.update(line_color=theme.text, fill_color=theme.paper)
        self._critical_text.glyph.update(
            text_color=theme.text, text_font_size=f"{font}px",
            background_fill_color=theme.paper, background_fill_alpha=0.75,
        )  # fmt: skip
        self._hatch.glyph.hatch_color = theme.muted
        self.here.line_color = theme.ink
        self._dots.glyph.update(line_color=theme.ink, fill_color=theme.paper)
