"""Estimates against the trained ranges: marks with intervals, along rows or columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from bokeh.models import ColumnDataSource, CustomJS, FixedTicker, HoverTool, Range1d
from bokeh.plotting import figure

from explorer.backend.estimators.names import ESTIMATOR_TITLES
from explorer.backend.targets import N_TARGETS, TARGETS, target_extents
from explorer.ui.sensitivity_parts import NARROW, Message, symbol
from explorer.ui.theme import ESTIMATOR_LOOKS, SANS, THEMES, Theme, dress
from explorer.ui.view import plain_figure

ROOM = 1.95
"""Right end of the axis of rows; what lies beyond 1 holds the figures."""
_KEEP_ROOM = """
const px = 19.2 * parseFloat(text.glyph.text_font_size.value ?? text.glyph.text_font_size);
const share = Math.min(px / Math.max(plot.inner_width, 1), 0.75);
const end = Math.max(room, (1.03 + 0.06 * share) / (1 - share));
if (Math.abs(range.end - end) > 0.005) range.end = end;
"""  # a narrow card: the figures keep their width, the marks give way
_TWO_LINES = NARROW + " { :host { min-height: 500px !important; } }"  # of words for each row
GAP = 0.35  # between the nine and the products
_OVER = 0.035  # how far a mark may leave the range
_BAND = 0.74  # share of a row that marks take
_MARKS = (
    "along", "across", "low50", "high50", "low90", "high90", "colour", "fill", "marker", "dash",
    "estimator", "target", "value", "interval", "error", "verdict",
)  # fmt: skip


@dataclass(frozen=True)
class Mark:
    """One estimate of one target, in the target's unit.

    Attributes:
        estimator: key of ``ESTIMATORS``.
        target: index in ``TARGETS``.
        middle: the estimate.
        inner, outer: ends of the thick and of the thin interval.
        level: key of ``trust.LEVELS``.
        value, interval, error, verdict: words of the hover.
    """

    estimator: str
    target: int
    middle: float
    inner: tuple[float, float]
    outer: tuple[float, float]
    level: str
    value: str = ""
    interval: str = ""
    error: str = ""
    verdict: str = ""


def number(value: float) -> str:
    """Three figures, without an exponent where that is readable."""
    return f"{float(f'{value:.3g}'):g}"


def quantity(target: int, value: float) -> str:
    """A target's value with its unit."""
    unit = list(TARGETS.values())[target].unit
    return f"{number(value)} {unit}".strip()


def places(count: int = N_TARGETS) -> np.ndarray:
    """Position (count,) of each target across the rows, the first on top."""
    at = -np.arange(count, dtype=float)
    at[9:] -= GAP
    return at - at.min()


class EstimatePlot:
    """Marks, intervals and true values of the targets.

    Args:
        name: of the figure.
        vertical: columns rather than rows; no figures beside them then.
    """

    def __init__(self, name: str, vertical: bool = False) -> None:
        self.vertical = vertical
        self.at = -places() if vertical else places()
        self._theme, self._font = THEMES["light"], 13
        self._last: tuple[str, Sequence[Mark], np.ndarray | None, Sequence[str]] | None = None
        self.marks = ColumnDataSource({c: [] for c in _MARKS}, name=f"{name}_marks")
        self.truths = ColumnDataSource({"along": [], "low": [], "high": []}, name=f"{name}_truths")
        self.beyond = ColumnDataSource({"along": [], "across": [], "angle": []})
        self.texts = ColumnDataSource({"along": [], "across": [], "text": []}, name=f"{name}_texts")
        self.plot = self._figure(name)
        self._draw_glyphs()
        self.message = Message(self.plot)

    def _figure(self, name: str) -> figure:
        along = Range1d(-0.06, 1.06 if self.vertical else ROOM)
        across = Range1d(float(self.at.min()) - 0.55, float(self.at.max()) + 0.55)
        ranges = (across, along) if self.vertical else (along, across)
        plot = plain_figure(name, *ranges, "", "")
        plot.min_border_right = 4
        shares, rows = (plot.yaxis, plot.xaxis) if self.vertical else (plot.xaxis, plot.yaxis)
        ends = {0.0: "low", 1.0: "high"}
        shares.update(ticker=FixedTicker(ticks=[0.0, 1.0]), major_label_overrides=ends)
        rows.ticker = FixedTicker(ticks=list(self.at))
        grids = (plot.ygrid, plot.xgrid) if self.vertical else (plot.xgrid, plot.ygrid)
        grids[0].ticker = FixedTicker(ticks=[0, 0.25, 0.5, 0.75, 1])
        grids[1].visible = False
        self._name_rows(plot, "")
        return plot

    def _name_rows(self, plot: figure, circuit: str) -> None:
        labels = {}
        for k, one in enumerate(TARGETS.values()):
            label = symbol(one.name).replace("·", "·" if not self.vertical else "")
            if circuit and not self.vertical:
                low, high = target_extents(circuit)[k]
                label += f"\n{number(low)} – {quantity(k, high)}"
            labels[float(self.at[k])] = label
        (plot.xaxis if self.vertical else plot.yaxis).major_label_overrides = labels

    def _draw_glyphs(self) -> None:
        plot, flip = self.plot, self.vertical
        at = list(self.at)
        if flip:  # the trained range, one for each target
            self._track = plot.vbar(at, top=1.0, bottom=0.0, width=0.92, line_color=None)
        else:
            self._track = plot.hbar(at, left=0.0, right=1.0, height=0.92, line_color=None)

        def ends(low: str, high: str) -> dict[str, str]:
            if flip:
                return {"x0": "across", "x1": "across", "y0": low, "y1": high}
            return {"x0": low, "x1": high, "y0": "across", "y1": "across"}

        look = {"source": self.marks, "line_color": "colour"}
        self._outer = plot.segment(
            **ends("low90", "high90"), **look, line_width=1.3, line_dash="dash"
        )
        self._inner = plot.segment(**ends("low50", "high50"), **look, line_width=4.0)
        truth = {"source": self.truths, "line_width": 2.4}
        if flip:
            self._truth = plot.segment(x0="low", x1="high", y0="along", y1="along", **truth)
        else:
            self._truth = plot.segment(x0="along", x1="along", y0="low", y1="high", **truth)
        x, y = ("across", "along") if flip else ("along", "across")
        self._beyond = plot.scatter(x, y, source=self.beyond, marker="triangle", size=11,
                                    angle="angle")  # fmt: skip
        self._dots = plot.scatter(
            x, y, source=self.marks, marker="marker", size=8 if flip else 9, line_width=1.6,
            line_color="colour", fill_color="fill",
        )  # fmt: skip
        self._text = plot.text(
            "along", "across", text="text", source=self.texts, text_baseline="middle",
            text_font={"value": SANS},
        )  # fmt: skip
        if not flip:
            plot.stylesheets = [_TWO_LINES]
            args = {"plot": plot, "range": plot.x_range, "text": self._text, "room": ROOM}
            plot.js_on_change("inner_width", CustomJS(args=args, code=_KEEP_ROOM))
        tips = [
            ("estimator", "@estimator"), ("parameter", "@target"), ("estimate", "@value"),
            ("interval", "@interval"), ("error", "@error"), ("trust", "@verdict"),
        ]  # fmt: skip
        plot.add_tools(HoverTool(renderers=[self._dots], tooltips=tips))

    def show(
        self,
        circuit: str,
        marks: Sequence[Mark],
        truth: np.ndarray | None,
        texts: Sequence[str] = (),
    ) -> None:
        """Show estimates.

        Args:
            circuit: whose trained ranges the rows span.
            marks: estimates; those of one estimator share a lane of the row.
            truth: (13,) true values, None where unknown.
            texts: beside each row, none for no words.
        """
        if self._last is None or self._last[0] != circuit:
            self._name_rows(self.plot, circuit)
        self._last = (circuit, marks, truth, texts)
        self.message.say()
        low, high = target_extents(circuit).T
        self._show_marks(marks, low, high - low)
        self._show_truth(truth, low, high - low)
        self.texts.data = {
            "along": [1.03] * len(texts),
            "across": list(self.at[: len(texts)]),
            "text": list(texts),
        }

    def _show_marks(self, marks: Sequence[Mark], low: np.ndarray, width: np.ndarray) -> None:
        lanes = [name for name in ESTIMATOR_LOOKS if any(m.estimator == name for m in marks)]
        columns: dict[str, list[object]] = {c: [] for c in _MARKS}
        for mark in marks:
            look, k = ESTIMATOR_LOOKS[mark.estimator], mark.target
            share = (np.array([mark.middle, *mark.inner, *mark.outer]) - low[k]) / width[k]
            share = np.clip(share, -_OVER, 1 + _OVER)
            lane = _BAND * ((lanes.index(mark.estimator) + 0.5) / len(lanes) - 0.5)
            colour = look.colours[self._theme.name]
            grey = mark.level == "untrusted"
            row = {
                "along": share[0], "low50": share[1], "high50": share[2], "low90": share[3],
                "high90": share[4], "across": self.at[k] + (lane if self.vertical else -lane),
                "colour": self._theme.muted if grey else colour,
                "fill": colour if mark.level == "trusted" else self._theme.paper,
                "marker": look.marker, "dash": "dotted" if grey else "solid",
                "estimator": ESTIMATOR_TITLES[mark.estimator],
                "target": symbol(list(TARGETS)[k]), "value": mark.value,
                "interval": mark.interval, "error": mark.error, "verdict": mark.verdict,
            }  # fmt: skip
            for name, value in row.items():
                columns[name].append(value)
        self.marks.data = columns

    def _show_truth(self, truth: np.ndarray | None, low: np.ndarray, width: np.ndarray) -> None:
        share = np.zeros(0) if truth is None else (truth - low) / width
        rows = self.at[: share.size]
        self.truths.data = {
            "along": np.clip(share, -_OVER, 1 + _OVER), "low": rows - 0.46, "high": rows + 0.46
        }  # fmt: skip
        off = (share < -1e-9) | (share > 1 + 1e-9)
        up = 0.0 if self.vertical else -np.pi / 2
        self.beyond.data = {
            "along": np.clip(share, -_OVER, 1 + _OVER)[off],
            "across": rows[off],
            "angle": np.where(share[off] > 1, up, up + np.pi),
        }

    def say(self, text: str) -> None:
        """Nothing to show: say why, in the plot."""
        self._last = None
        for source in (self.marks, self.truths, self.beyond, self.texts):
            source.data = {name: [] for name in source.data}
        middle = 0.5 * float(self.at.min() + self.at.max())
        place = (middle, 0.5) if self.vertical else (0.5 * ROOM, middle)
        self.message.say((*place, text, 70 if self.vertical else 44))

    def dress(self, theme: Theme, font: int) -> None:
        """Wear a theme."""
        self._theme, self._font = theme, font
        dress(self.plot, theme, font)
        self._track.glyph.fill_color = theme.wash
        self._truth.glyph.line_color = theme.ink
        self._beyond.glyph.update(fill_color=theme.ink, line_color=theme.ink)
        self._text.glyph.update(text_color=theme.text, text_font_size=f"{font}px")
        self.message.dress(theme, font)
        if self._last is not None:
            self.show(*self._last)
