"""The bifurcation diagram: rests, cycles swept both ways, folds and Hopf points."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from bokeh.events import Tap
from bokeh.models import (
    BoxAnnotation,
    ColorBar,
    ColumnDataSource,
    GlyphRenderer,
    HoverTool,
    LinearColorMapper,
    Range1d,
    Span,
)

from explorer.backend.bifurcation import BifurcationDiagram, CycleBranch
from explorer.backend.fixed_points import Critical
from explorer.backend.regimes import RegimeReport
from explorer.backend.rhythm import REGIME_NAMES, REGIMES
from explorer.backend.settings import Settings
from explorer.ui.axes import SteadyRange
from explorer.ui.parameter_axis import ParameterAxis
from explorer.ui.theme import Theme, dress
from explorer.ui.view import plain_figure

PALETTES = {
    "light": ("#3b0f70", "#6a1c81", "#9b2c7f", "#c83e73", "#e75f45", "#e08214", "#b8a200"),
    "dark": ("#9e7bd8", "#b86fd0", "#d76bb8", "#f0718f", "#ff8a65", "#ffb347", "#fff176"),
}
"""Frequency, low to high; every step differs in lightness too."""
FREQUENCY_HZ = (0.0, 14.0)
_MARK_EVERY = 5
_HATCH = 0.35
_TITLES = [REGIMES[name].title for name in REGIME_NAMES]


class BifurcationView:
    """The diagram over one parameter, the operating point moving in it.

    Args:
        name: the parameter shown first.
        settings: the point shown first.
        go: called with the parameter's name and a value when the diagram is clicked.
    """

    def __init__(self, name: str, settings: Settings, go: Callable[[str, float], None]) -> None:
        self.name = name
        self._go = go
        self.y_axis = SteadyRange(-2.0, 14.0, 1.0)
        self.x_range = Range1d(0.0, 1.0)
        self.colours = LinearColorMapper(low=FREQUENCY_HZ[0], high=FREQUENCY_HZ[1])
        self.plot = plain_figure(
            "bifurcation", self.x_range, self.y_axis.range, "", "source y1 − y2 (mV)"
        )
        self._draw_backdrop()
        self._draw_rests()
        self._cycle_marks: list[GlyphRenderer] = []
        self.sweeps = {"up": self._draw_sweep("up"), "down": self._draw_sweep("down")}
        self._draw_criticals()
        self._draw_point()
        self.plot.add_layout(
            ColorBar(
                color_mapper=self.colours, width=10, title="frequency (Hz)", padding=4, margin=2
            ),
            "right",
        )
        self.plot.on_event(Tap, self._tapped)
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

    def _draw_sweep(self, way: str) -> ColumnDataSource:
        """Lines coloured by frequency; a triangle here and there tells the direction."""
        empty: list[float] = []
        source = ColumnDataSource(
            dict.fromkeys(("x", "y", "x1", "y1", "frequency", "text", "size"), empty),
            name=f"bifurcation_{way}",
        )
        colour = {"field": "frequency", "transform": self.colours}
        lines = self.plot.segment("x", "y", "x1", "y1", source=source, color=colour, line_width=2.2)
        marker = "triangle" if way == "up" else "inverted_triangle"
        marks = self.plot.scatter(
            "x", "y", source=source, marker=marker, size="size", line_color=colour,
            fill_color=colour if way == "up" else None, line_width=1.4,
        )  # fmt: skip
        self._cycle_marks += [lines, marks]
        self.plot.add_tools(
            HoverTool(
                renderers=[lines, marks],
                tooltips=[(f"sweep {way}ward", "@text"), ("source", "@y{0.00} mV")],
            )
        )
        return source

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
        self.name, self.circuit = name, settings.circuit
        self.axis = ParameterAxis(settings.table.parameters[name])
        self.axis.fit(self.plot.xaxis[0], self.x_range)
        ends = self.axis.row.trained
        if ends:
            left, right = (float(self.axis.place(end)) for end in ends)
            self.trained.update(left=left, right=right)
        self.trained.visible = bool(ends)

    def show(self, diagram: BifurcationDiagram) -> None:
        """Draw a diagram over the parameter of ``show_parameter``."""
        x = self.axis.place(diagram.values)
        for stable, source in self.rests.items():
            lines = [b for b in diagram.rests if b.stable == stable]
            source.data = {
                "xs": [self.axis.place(line.values) for line in lines],
                "ys": [line.source for line in lines],
                "kind": ["stable" if stable else "unstable"] * len(lines),
            }
        for way, branch in (("up", diagram.up), ("down", diagram.down)):
            self.sweeps[way].data = self._cycles(x, branch, offset=0 if way == "up" else 2)
        self._show_criticals(diagram.criticals)
        self._show_coexisting(x, diagram.differs)
        seen = [line.source for line in diagram.rests]
        seen += [y for way in (diagram.up, diagram.down) for y in (way.minimum, way.maximum)]
        everything = np.concatenate(seen)
        self.y_axis.settle(float(everything.min()), float(everything.max()))

    def _cycles(self, x: np.ndarray, branch: CycleBranch, offset: int) -> dict[str, object]:
        """Columns of the maxima, then the minima; a line joins neighbours of one regime."""
        cycling = branch.maximum - branch.minimum > 1e-6
        after = np.minimum(np.arange(x.size) + 1, x.size - 1)
        joined = cycling & cycling[after] & (branch.regime == branch.regime[after])
        after = np.where(joined, after, np.arange(x.size))
        kept = np.flatnonzero(cycling)
        size = np.where(kept % _MARK_EVERY == offset, 7.0, 0.0)
        text = [self._words(branch, int(k)) for k in kept]
        both = (branch.maximum, branch.minimum)
        return {
            "x": np.tile(x[kept], 2),
            "y": np.concatenate([y[kept] for y in both]),
            "x1": np.tile(x[after[kept]], 2),
            "y1": np.concatenate([y[after[kept]] for y in both]),
            "frequency": np.tile(branch.frequency[kept], 2),
            "text": text * 2,
            "size": np.tile(size, 2),
        }

    @staticmethod
    def _words(branch: CycleBranch, k: int) -> str:
        f = branch.frequency[k]
        rate = "slower than 0.7 Hz" if np.isnan(f) else f"{f:.2f} Hz"
        return f"{_TITLES[branch.regime[k]]}, {rate}"

    def _show_criticals(self, criticals: tuple[Critical, ...]) -> None:
        left, right = self.axis.ends
        places = self.axis.place(np.array([c.value for c in criticals]))
        to_left = places > left + 0.7 * (right - left)
        zipped = list(zip(criticals, to_left, strict=True))
        self.criticals.data = {
            "x": places,
            "y": [c.source for c in criticals],
            "text": [self._critical_words(c) for c in criticals],
            "marker": ["diamond" if c.kind == "hopf" else "square_x" for c in criticals],
            "align": ["right" if late else "left" for late in to_left],
            "dx": [-9 if late else 9 for late in to_left],
            "dy": [self._lift(k, c, late) for k, (c, late) in enumerate(zipped)],
        }

    @staticmethod
    def _lift(k: int, critical: Critical, late: bool) -> int:
        """How far below its mark a label stands, px, so that neighbours do not meet."""
        if critical.kind == "fold":
            return 0
        return 60 if late else (20, -20)[k % 2]

    def _critical_words(self, critical: Critical) -> str:
        value = self.axis.shown(critical.value, digits=5)
        if critical.frequency is None:
            return f"fold {value}"
        return f"Hopf {value}, {critical.frequency:.2f} Hz"

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
        for renderer in (*self._rest_lines, *self._cycle_marks, self._critical_marks):
            renderer.glyph.line_alpha = alpha
        self._critical_text.glyph.text_alpha = alpha

    def _tapped(self, event: Tap) -> None:
        if event.x is not None:
            self._go(self.name, self.axis.value(event.x))

    def dress(self, theme: Theme, font: int) -> None:
        """Wear a theme."""
        dress(self.plot, theme, font)
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
