"""Sobol indices as bars: S1 solid, ST outlined, intervals as whiskers; and what they are of."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource, FixedTicker, HoverTool, Range1d

from explorer.backend.circuits import CIRCUITS
from explorer.backend.errors import ExplorerError
from explorer.backend.features import FEATURES
from explorer.backend.parameters import PARAMETERS
from explorer.backend.sobol import SobolTable
from explorer.backend.sobol_store import load_sobol
from explorer.ui.axes import round_limits
from explorer.ui.sensitivity_parts import (
    Message,
    Words,
    choice,
    dim,
    head,
    heading,
    marked,
    symbol,
)
from explorer.ui.theme import Theme, dress
from explorer.ui.view import STRETCH, plain_figure

FIRST_FEATURE = "rms"
_TOOLTIPS = [
    ("parameter", "@name, @range"),
    ("S1, by itself", "@s1{0.000} ± @s1_half{0.000}"),
    ("ST, with interactions", "@st{0.000} ± @st_half{0.000}"),
]
_MOST = ("x", "name", "range", "s1", "s1_half", "st", "st_half", "s1_low", "s1_high", "st_low")
_BARS = (*_MOST, "st_high", "x1", "x2")


@lru_cache(maxsize=8)
def shipped_table(circuit: str) -> SobolTable:
    """The shipped table of a circuit, loaded once.

    Raises:
        ExplorerError: it cannot be read.
    """
    return load_sobol(circuit)


def made(table: SobolTable) -> str:
    """What a table is of and how it was made, in one line."""
    noise = "with background noise" if table.noise else "p_sd = 0"
    circuit = CIRCUITS[table.settings.circuit].title
    sample = f"base sample {table.n:,}".replace(",", "\u202f")
    return f"{circuit} · {table.scope} · {sample} · {noise} · {table.date[:10]}"


def ranges(table: SobolTable) -> list[str]:
    """The range of each factor with its unit: ``2.6–6.5 mV``."""
    problem = table.problem
    return [
        f"{low:.4g}–{high:.4g} {PARAMETERS[name].unit}".strip()
        for name, low, high in zip(problem.names, problem.lows, problem.highs, strict=True)
    ]


def ranges_text(table: SobolTable) -> str:
    """All ranges in words."""
    return ", ".join(f"{n} {r}" for n, r in zip(table.problem.names, ranges(table), strict=True))


def has_indices(table: SobolTable, feature: str) -> bool:
    """Whether the table gives indices of the feature."""
    return bool(np.isfinite(table.of_features.st[table.row(feature)]).any())


def feature_options() -> list[tuple[str, str]]:
    """The features, the one shown first in front."""
    names = [FIRST_FEATURE, *(name for name in FEATURES if name != FIRST_FEATURE)]
    return [(name, FEATURES[name].title) for name in names]


def _columns(table: SobolTable, feature: str, start: float) -> dict[str, np.ndarray]:
    """Columns of the bars of one table, the first bar at ``start``."""
    row, found = table.row(feature), table.of_features
    x = start + np.arange(len(table.problem.names), dtype=float)
    pick = {n: getattr(found, n)[row] for n in ("s1", "s1_half", "st", "st_half")}
    return {
        "x": x,
        "name": np.array([symbol(name) for name in table.problem.names]),
        "range": np.array(ranges(table)),
        **pick,
        "s1_low": pick["s1"] - pick["s1_half"],
        "s1_high": pick["s1"] + pick["s1_half"],
        "st_low": pick["st"] - pick["st_half"],
        "st_high": pick["st"] + pick["st_half"],
        "x1": x - 0.2,
        "x2": x + 0.2,
    }


class SobolBars:
    """Bars of one feature, of one table or of several side by side.

    Args:
        name: handle of the figure.
    """

    def __init__(self, name: str) -> None:
        self.source = ColumnDataSource({column: [] for column in _BARS})
        self.titles = ColumnDataSource({"x": [], "y": [], "text": []})
        self.x_range, self.y_range = Range1d(-0.7, 8.7), Range1d(0.0, 1.0)
        plot = plain_figure(name, self.x_range, self.y_range, "", "variance share (1)")
        self.plot = plot
        plot.xgrid.visible = False
        st = {"source": self.source, "width": 0.8}
        self._total = plot.vbar("x", top="st", **st, fill_alpha=0.0, line_width=1.6)
        self._first = plot.vbar("x1", top="s1", source=self.source, width=0.4, line_color=None)
        segment = {"source": self.source, "line_width": 1.6}
        self._whiskers = [
            plot.segment("x1", "s1", "x1", "s1_high", **segment),
            plot.segment("x2", "st_low", "x2", "st_high", **segment),
        ]
        self._inner = plot.segment("x1", "s1_low", "x1", "s1", **segment)
        self._names = plot.text(
            "x", "y", text="text", source=self.titles, text_align="center", text_baseline="top",
        )  # fmt: skip
        self.message = Message(plot)
        plot.add_tools(HoverTool(renderers=[self._total], tooltips=_TOOLTIPS))
        self._font = 13

    def show(self, tables: Sequence[SobolTable], feature: str) -> None:
        """Show the indices of a feature, one group of bars for each table."""
        width = len(tables[0].problem.names) + 1.0
        groups = [_columns(table, feature, k * width) for k, table in enumerate(tables)]
        new = {c: np.concatenate([group[c] for group in groups]) for c in _BARS}
        tops = [new[c][np.isfinite(new[c])] for c in ("st_high", "s1_high")]
        top = max([1.0, *(float(values.max()) for values in tops if values.size)])
        high = 1.0 if top == 1.0 else round_limits(0.0, top, 0.0)[1]
        several = len(tables) > 1
        high *= 1.12 if several else 1.02
        ticks = {float(x): str(n) for x, n in zip(new["x"], new["name"], strict=True)}
        self.plot.xaxis.update(
            ticker=FixedTicker(ticks=list(ticks)),
            major_label_overrides=ticks,
        )
        self.x_range.update(start=-0.7, end=width * len(tables) - 1.3)
        self.y_range.update(start=min(0.0, -0.02), end=high)
        self.source.data = new
        middles = [k * width + (width - 2) / 2 for k in range(len(tables))]
        names = [CIRCUITS[table.settings.circuit].title for table in tables] if several else []
        shown = list(zip(middles, names, strict=False))
        self.titles.data = {
            "x": [x for x, _ in shown],
            "y": [high * 0.995] * len(shown),
            "text": [n for _, n in shown],
        }
        letters = 30 if several else 52
        self.message.say(
            *(
                (x, 0.5 * high, symbol(table.note(feature)), letters)
                for x, table in zip(middles, tables, strict=True)
                if not has_indices(table, feature)
            )
        )

    def say(self, text: str) -> None:
        """Nothing to show: say why."""
        self.source.data = {column: [] for column in _BARS}
        self.titles.data = {"x": [], "y": [], "text": []}
        middle = 0.5 * (self.x_range.start + self.x_range.end)
        self.message.say((middle, 0.5 * self.y_range.end, text, 52))

    def dim(self, outdated: bool) -> None:
        """Show that the indices are of another point."""
        dim(self.plot, outdated)

    def dress(self, theme: Theme, font: int) -> None:
        """Wear a theme."""
        dress(self.plot, theme, font)
        self._total.glyph.line_color = theme.ink
        self._first.glyph.fill_color = theme.ink
        for whisker in self._whiskers:
            whisker.glyph.line_color = theme.ink
        self._inner.glyph.line_color = theme.paper
        self._names.glyph.update(text_color=theme.text, text_font_size=f"{font + 1}px")
        self.message.dress(theme, font)


class CompactSobol:
    """The bars of a chosen feature for the dashboard, of the shipped tables."""

    def __init__(self) -> None:
        self.bars = SobolBars("sobol_compact")
        self.circuit = ""
        self.feature = choice(
            "sobol_compact_feature", "Feature", feature_options(), self._chosen, seen=False
        )
        self.caption = Words("sobol_compact_caption")

    def panel(self) -> pn.Column:
        """Choice, bars and caption."""
        return pn.Column(
            head(heading("What moves the"), self.feature),
            pn.pane.Bokeh(self.bars.plot, sizing_mode=STRETCH),
            self.caption.box,
            sizing_mode=STRETCH,
            margin=0,
        )

    def _chosen(self, _feature: str) -> None:
        self._draw()

    def show(self, circuit: str) -> None:
        """Show the indices of a circuit; cheap where it is the one shown."""
        if circuit != self.circuit:
            self.circuit = circuit
            self._draw()

    def _draw(self) -> None:
        try:
            table = shipped_table(self.circuit)
        except ExplorerError as error:
            self.bars.say(str(error))
            return
        self.bars.show([table], self.feature.value)
        self.caption.say(f'<span title="{ranges_text(table)}">{marked(made(table))}</span>')

    def dress(self, theme: Theme, font: int) -> None:
        """Wear a theme."""
        self.bars.dress(theme, font)
