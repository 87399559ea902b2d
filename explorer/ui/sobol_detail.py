"""Sobol indices in depth: pairs of parameters, and every sample of the evoked response."""

from __future__ import annotations

import math

import numpy as np
from bokeh.models import (
    BoxAnnotation,
    ColorBar,
    ColumnDataSource,
    FixedTicker,
    HoverTool,
    Legend,
    LegendItem,
    LinearAxis,
    LinearColorMapper,
    Range1d,
)

from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.sobol import SobolTable
from explorer.ui.axes import SteadyRange, round_limits
from explorer.ui.sensitivity_parts import Message, dim, symbol
from explorer.ui.sobol_view import has_indices
from explorer.ui.theme import Theme, dress
from explorer.ui.view import float32, hover, plain_figure, replace_columns

FACTOR_COLOURS = {
    "A_e": "#6a4fa3", "A_i": "#a893d6",
    "b_e": "#0b6e6e", "b_i": "#62b5ae",
    "C": "#5b6320", "a_1": "#7d8637", "a_2": "#9da653", "a_3": "#bbc279", "a_4": "#d6dba6",
}  # fmt: skip
"""Gains violet, rates teal, connectivity olive; the order of the stack tells them apart too."""
FURTHER_COLOUR = "#8c8c8c"
LEAST_SCALE = 0.02
_LEVELS = 32


def _mixed(low: str, high: str) -> list[str]:
    """Colours from one to the other."""
    ends = [np.array([int(c[k : k + 2], 16) for k in (1, 3, 5)]) for c in (low, high)]
    rows = [ends[0] + (ends[1] - ends[0]) * t for t in np.linspace(0, 1, _LEVELS)]
    return ["#" + "".join(f"{round(v):02x}" for v in row) for row in rows]


class SecondOrder:
    """The second-order indices of one feature as a triangle of pairs."""

    def __init__(self) -> None:
        columns = ("x", "y", "value", "half", "pair", "text", "large")
        self.source = ColumnDataSource({column: [] for column in columns})
        self.mapper = LinearColorMapper(_mixed("#ffffff", "#12395b"), low=0.0, high=LEAST_SCALE)
        self.x_range, self.y_range = Range1d(-0.5, 7.5), Range1d(-0.5, 7.5)
        self.plot = plain_figure("sobol_second", self.x_range, self.y_range, "", "")
        self.plot.grid.visible = False
        self._cells = self.plot.rect(
            "x", "y", 0.96, 0.94, source=self.source, line_width=1,
            fill_color={"field": "value", "transform": self.mapper},
        )  # fmt: skip
        text = {"source": self.source, "text_align": "center", "text_baseline": "middle"}
        self._small = self.plot.text("x", "y", text="text", **text)
        self._large = self.plot.text("x", "y", text="large", **text)
        tips = [("pair", "@pair"), ("S2", "@value{0.000} ± @half{0.000}")]
        self.plot.add_tools(HoverTool(renderers=[self._cells], tooltips=tips))
        self.bar = ColorBar(
            color_mapper=self.mapper, width=10, margin=2, padding=2, title="S2, share of variance",
            title_text_font_style="normal",
        )  # fmt: skip
        self.plot.add_layout(self.bar, "right")
        self.message = Message(self.plot)
        self.certain = 0  # pairs beyond their interval

    def show(self, table: SobolTable, feature: str) -> None:
        """Show the pairs of a table's feature."""
        self.certain = 0
        names = table.problem.names
        n, row = len(names), table.row(feature)
        s2, half = table.of_features.s2, table.of_features.s2_half
        self._label(names)
        if s2 is None or half is None or not has_indices(table, feature):
            self.source.data = {column: [] for column in self.source.data}
            note = table.note(feature) or "This table has no second order."
            self.message.say(((n - 2) / 2, (n - 2) / 2, symbol(note), 46))
            return
        self.message.say()
        later, earlier = np.tril_indices(n, -1)
        values, halves = s2[row, later, earlier], half[row, later, earlier]
        self.mapper.high = max(LEAST_SCALE, round_limits(0.0, float(np.nanmax(values)), 0.0)[1])
        said = [f"{v:.2f}" if v > h else "" for v, h in zip(values, halves, strict=True)]
        self.certain = sum(map(bool, said))
        dark = values > 0.5 * self.mapper.high
        pairs = [(symbol(names[a]), symbol(names[b])) for a, b in zip(earlier, later, strict=True)]
        self.source.data = {
            "x": earlier, "y": n - 1 - later, "value": values, "half": halves,
            "pair": [f"{one} × {other}" for one, other in pairs],
            "text": [t if not d else "" for t, d in zip(said, dark, strict=True)],
            "large": [t if d else "" for t, d in zip(said, dark, strict=True)],
        }  # fmt: skip

    def say(self, text: str) -> None:
        """Nothing to show: say why."""
        self.source.data = {column: [] for column in self.source.data}
        middle = 0.5 * (self.x_range.start + self.x_range.end)
        self.message.say((middle, middle, text, 46))

    def _label(self, names: tuple[str, ...]) -> None:
        n = len(names)
        across = {k: symbol(name) for k, name in enumerate(names[:-1])}
        down = {n - 1 - k: symbol(name) for k, name in enumerate(names) if k}
        for axis, ticks in ((self.plot.xaxis, across), (self.plot.yaxis, down)):
            axis.update(ticker=FixedTicker(ticks=list(ticks)), major_label_overrides=ticks)
        self.x_range.end = self.y_range.end = n - 1.5

    def dim(self, outdated: bool) -> None:
        """Show that the indices are of another point."""
        dim(self.plot, outdated)

    def dress(self, theme: Theme, font: int) -> None:
        """Wear a theme."""
        dress(self.plot, theme, font)
        self.mapper.palette = _mixed(theme.paper, theme.ink)
        self._cells.glyph.line_color = theme.grid
        for glyph, colour in ((self._small.glyph, theme.text), (self._large.glyph, theme.paper)):
            glyph.update(text_color=colour, text_font_size=f"{font}px")
        self.message.dress(theme, font)


class OverTime:
    """The indices of every sample as a stack, under the present evoked response."""

    def __init__(self) -> None:
        self.factors = INFERRED_NAMES
        empty = float32(np.zeros(0))
        self.source = ColumnDataSource({"x": empty, **self._levels(empty, np.zeros((0, 9)))})
        self.wave = ColumnDataSource({"x": empty, "y": empty})
        self.y_range = Range1d(0.0, 1.0)
        self.mv_axis = SteadyRange(-5.0, 5.0, 0.01)
        tips = [("time", "@x{0} ms"), *((symbol(n), f"@{n}{{0.00}}") for n in self.factors)]
        self.plot = plain_figure(
            "sobol_time", Range1d(-200, 1000), self.y_range, "time after the pulse (ms)", "",
        )  # fmt: skip
        self.plot.extra_y_ranges = {"mv": self.mv_axis.range}
        self.pulse = BoxAnnotation(left=0.0, right=50.0, line_color=None, level="underlay")
        self.plot.add_layout(self.pulse)
        self.areas = [
            self.plot.varea(
                "x", f"low_{n}", f"high_{n}", source=self.source, fill_color=FACTOR_COLOURS[n]
            )
            for n in self.factors
        ]
        guide = self.plot.line("x", f"high_{self.factors[-1]}", source=self.source, line_alpha=0)
        self.plot.add_tools(hover(tips, renderers=[guide]))
        self._halo = self.plot.line("x", "y", source=self.wave, y_range_name="mv", line_width=5)
        self._line = self.plot.line("x", "y", source=self.wave, y_range_name="mv", line_width=2)
        self.plot.add_layout(
            LinearAxis(y_range_name="mv", axis_label="evoked response now (mV)"), "right"
        )
        items = [
            LegendItem(label=symbol(n), renderers=[a])
            for n, a in zip(self.factors, self.areas, strict=True)
        ]
        self.legend = Legend(
            items=items[::-1], padding=2, spacing=0, margin=4, glyph_width=14, glyph_height=14,
            label_standoff=4, border_line_color=None, label_height=14,
        )  # fmt: skip
        self.plot.add_layout(self.legend, "left")
        self.message = Message(self.plot)

    def _levels(self, time_ms: np.ndarray, indices: np.ndarray) -> dict[str, np.ndarray]:
        """Columns of indices (samples, factors): each, and the ends of its layer."""
        heights = np.clip(np.nan_to_num(indices), 0.0, None)
        highs = np.cumsum(heights, axis=1)
        columns = {}
        for k, name in enumerate(self.factors):
            columns[name] = float32(indices[:, k])
            columns[f"low_{name}"] = float32(highs[:, k] - heights[:, k])
            columns[f"high_{name}"] = float32(highs[:, k])
        return columns

    def show(self, table: SobolTable, index: str) -> None:
        """Show the indices ``s1`` or ``st`` of every sample."""
        where = [table.problem.names.index(name) for name in self.factors]
        values = getattr(table.of_waves, index)[:, where]  # (samples, 9)
        time_ms = table.time * 1e3
        self.source.data = {"x": float32(time_ms), **self._levels(time_ms, values)}
        total = float(np.nansum(np.clip(values, 0, None), axis=1).max())
        step = 0.2 if total < 2.0 else 1.0
        self.y_range.end = max(1.0, step * math.ceil(total / step))
        self.plot.yaxis[0].axis_label = f"sum of {index.upper()} (1)"
        settings = table.settings
        self.pulse.right = 1e3 * settings["stim_width"]
        empty = not np.isfinite(values).any()
        words = [(400.0, 0.5 * self.y_range.end, "The response does not vary here.", 40)]
        self.message.say(*(words if empty else []))

    def say(self, text: str) -> None:
        """Nothing to show: say why."""
        empty = float32(np.zeros(0))
        self.source.data = {"x": empty, **self._levels(empty, np.zeros((0, len(self.factors))))}
        self.message.say((400.0, 0.5 * self.y_range.end, text, 46))

    def follow(self, time: np.ndarray, source: np.ndarray) -> None:
        """The present evoked response, time in s and source in mV."""
        self.mv_axis.follow(float(source.min()), float(source.max()))
        replace_columns(self.wave, x=float32(time * 1e3), y=float32(source))

    def settle(self) -> None:
        """Fit the axis of the response."""
        y = self.wave.data["y"]
        if len(y):
            self.mv_axis.settle(float(np.min(y)), float(np.max(y)))

    def dim(self, outdated: bool) -> None:
        """Show that the indices are of another point."""
        alpha = 0.3 if outdated else 1.0
        for area in self.areas:
            if area.glyph.fill_alpha != alpha:
                area.glyph.update(fill_alpha=alpha, hatch_alpha=alpha)

    def dress(self, theme: Theme, font: int) -> None:
        """Wear a theme."""
        dress(self.plot, theme, font)
        self.pulse.fill_color = theme.wash
        self._halo.glyph.line_color = theme.paper
        self._line.glyph.line_color = theme.ink
        self.legend.update(
            label_text_color=theme.text,
            label_text_font_size=f"{font}px",
            background_fill_color=theme.paper,
        )
        self.message.dress(theme, font)
