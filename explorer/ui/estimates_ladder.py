"""The noise ladder: how good each estimator is from almost clean to worse than real EEG."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource, HoverTool, Range1d

from explorer.backend.estimators.benchmark import EXACT, Benchmark, Score
from explorer.backend.estimators.names import ESTIMATOR_TITLES
from explorer.backend.estimators.trust import target_prior_sd
from explorer.backend.targets import TARGETS
from explorer.ui.estimate_view import EstimateView, csv_bytes, name_download
from explorer.ui.estimate_words import benchmark
from explorer.ui.estimating import Shown
from explorer.ui.sensitivity_parts import Message, Words, download, head, radio, symbol
from explorer.ui.theme import ESTIMATOR_LOOKS, SANS, THEMES, Theme, dress
from explorer.ui.view import STRETCH, plain_figure

if TYPE_CHECKING:
    from explorer.ui.session import Session

COLUMNS, ROWS = 4, 4
LOW, HIGH = 0.1, 10_000.0
"""Noise factors at the ends of a panel."""
PUBLISHED_AT = 1.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.17, 0.92, 0.83, 0.13
_EMPTY = (
    "No benchmark in assets/benchmark.json: make it with “jr-explorer evaluate”. It holds the "
    "error of every estimator at noise factors from 0.1 to 10,000."
)
_TICKS = {0.1: "0.1", 1.0: "1", 100.0: "100", 10_000.0: "10⁴"}
_FIELDS = ("x", "y", "colour", "marker", "estimator", "target", "factor", "r", "error", "fill")
QUANTITIES = ("Error ÷ prior SD", "Correlation r")


def panel_place(k: int) -> tuple[float, float]:
    """Left and lower corner of the k-th panel's cell; the products begin a row of their own."""
    cell = k if k < 9 else k + 3
    return float(cell % COLUMNS), float(ROWS - 1 - cell // COLUMNS)


def across(k: int, factor: float) -> float:
    """Where a noise factor stands in the k-th panel."""
    share = (math.log10(factor) - math.log10(LOW)) / (math.log10(HIGH) - math.log10(LOW))
    return panel_place(k)[0] + _LEFT + (_RIGHT - _LEFT) * min(max(share, 0.0), 1.0)


def upward(k: int, value: float) -> float:
    """Where a value from 0 to 1 stands in the k-th panel; a little beyond is cut off."""
    return panel_place(k)[1] + _BOTTOM + (_TOP - _BOTTOM) * min(max(value, -0.05), 1.15)


def error_value(one: Score, k: int) -> float:
    """Error in prior SDs: 0 known, 1 nothing learned."""
    return one.rmse / float(target_prior_sd(one.circuit)[k])


def correlation_value(one: Score, k: int) -> float:
    """Pearson's r."""
    return one.r


_VALUES: tuple[Callable[[Score, int], float], ...] = (error_value, correlation_value)


def published_value(quantity: int, r: float) -> float:
    """A published r as the quantity shown: √(1 − r²) is the least error of such an estimate."""
    return math.sqrt(1.0 - r * r) if quantity == 0 else r


class LadderView(EstimateView):
    """Small multiples, one for each target."""

    key = "ladder"
    title = "Noise ladder"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._theme = THEMES["light"]
        self.quantity = radio("ladder_quantity", QUANTITIES, lambda _new: self.show(None))
        self.csv = name_download(download("CSV", self._csv), "noise-ladder")
        self.plot = plain_figure("ladder", Range1d(-0.02, COLUMNS), Range1d(-0.05, ROWS), "", "")
        self.plot.axis.visible = False
        self.plot.grid.visible = False
        self.lines = ColumnDataSource({"xs": [], "ys": [], "colour": [], "dash": []},
                                      name="ladder_lines")  # fmt: skip
        self.points = ColumnDataSource({f: [] for f in _FIELDS}, name="ladder_points")
        self.published = ColumnDataSource({f: [] for f in ("x", "y", "target", "r")},
                                          name="ladder_published")  # fmt: skip
        self.words = ColumnDataSource({"x": [], "y": [], "text": [], "align": []})
        self.here = ColumnDataSource({"x": [], "low": [], "high": []}, name="ladder_here")
        self._draw_glyphs()
        self.message = Message(self.plot)
        self.caption = Words("ladder_caption")

    def _draw_glyphs(self) -> None:
        plot = self.plot
        cells = [panel_place(k) for k in range(len(TARGETS))]
        self._frame = plot.quad(
            left=[x + _LEFT for x, _ in cells], right=[x + _RIGHT for x, _ in cells],
            bottom=[y + _BOTTOM for _, y in cells], top=[y + _TOP for _, y in cells],
            line_color=None,
        )  # fmt: skip
        self._here = plot.segment(x0="x", x1="x", y0="low", y1="high", source=self.here,
                                  line_width=1.5, line_dash="dotted")  # fmt: skip
        plot.multi_line("xs", "ys", source=self.lines, line_color="colour", line_dash="dash",
                        line_width=1.5)  # fmt: skip
        dots = plot.scatter("x", "y", source=self.points, marker="marker", size=7,
                            line_color="colour", fill_color="fill")  # fmt: skip
        self._published = plot.scatter("x", "y", source=self.published, marker="asterisk", size=13,
                                       line_width=2)  # fmt: skip
        self._words = plot.text("x", "y", text="text", source=self.words, text_align="align",
                                text_baseline="middle", text_font={"value": SANS})  # fmt: skip
        tips = [
            ("estimator", "@estimator"), ("parameter", "@target"), ("noise factor", "@factor{0.0}"),
            ("r", "@r{0.000}"), ("error", "@error"),
        ]  # fmt: skip
        plot.add_tools(HoverTool(renderers=[dots], tooltips=tips))
        tips = [("published", "transformer"), ("parameter", "@target"), ("r", "@r{0.000}")]
        plot.add_tools(HoverTool(renderers=[self._published], tooltips=tips))

    def panel(self) -> pn.Column:
        return pn.Column(
            head(self.quantity, self.csv), pn.pane.Bokeh(self.plot, sizing_mode=STRETCH),
            self.caption.box, sizing_mode=STRETCH, margin=0,
        )  # fmt: skip

    def show(self, shown: Shown | None) -> None:
        scores = benchmark()
        if scores is None:
            self._clear()
            self.message.say((COLUMNS / 2, ROWS / 2, _EMPTY, 52))
            self.caption.say("")
            return
        self.message.say()
        self.draw(scores, self.session.state.settings.circuit)

    def _clear(self) -> None:
        for source in (self.lines, self.points, self.published, self.words, self.here):
            source.data = {name: [] for name in source.data}

    def draw(self, scores: Benchmark, circuit: str) -> None:
        """Draw a benchmark's ladders for a circuit."""
        value = _VALUES[self.quantity.active]
        lines: dict[str, list[object]] = {"xs": [], "ys": [], "colour": [], "dash": []}
        points: dict[str, list[object]] = {f: [] for f in _FIELDS}
        for k, target in enumerate(TARGETS):
            for name in (*self.names, EXACT):
                rungs = self._rungs(scores, circuit, name, target)
                xs = [across(k, one.noise_factor) for one in rungs]
                ys = [upward(k, value(one, k)) for one in rungs]
                look = ESTIMATOR_LOOKS.get(name)
                colour = look.colours[self._theme.name] if look else self._theme.muted
                lines["xs"].append(xs)
                lines["ys"].append(ys)
                lines["colour"].append(colour)
                lines["dash"].append(list(look.dash) if look else [1, 2])
                for x, y, one in zip(xs, ys, rungs, strict=True):
                    row = (
                        x, y, colour, look.marker if look else "dash",
                        ESTIMATOR_TITLES.get(name, "exact posterior"), symbol(target),
                        one.noise_factor, one.r, f"{one.rmse:.3g} {TARGETS[target].unit}", colour,
                    )  # fmt: skip
                    for field, cell in zip(_FIELDS, row, strict=True):
                        points[field].append(cell)
        self.lines.data, self.points.data = lines, points
        self._show_published(scores, circuit)
        self._write()
        self.moved(False)
        self.caption.say(self._caption(scores, circuit))

    @staticmethod
    def _rungs(scores: Benchmark, circuit: str, name: str, target: str) -> list[Score]:
        if name != EXACT:
            return list(scores.ladder(circuit, name, target))
        found = scores.select(circuit=circuit, estimator=EXACT, target=target)
        return sorted(found, key=lambda one: one.noise_factor)

    def _show_published(self, scores: Benchmark, circuit: str) -> None:
        r = dict(scores.published.get("r", {})) if circuit == "deepjr" else {}
        rows = [(list(TARGETS).index(name), name, float(value)) for name, value in r.items()]
        values = [published_value(self.quantity.active, value) for _, _, value in rows]
        self.published.data = {
            "x": [across(k, PUBLISHED_AT) for k, _, _ in rows],
            "y": [upward(k, v) for (k, _, _), v in zip(rows, values, strict=True)],
            "target": [symbol(name) for _, name, _ in rows],
            "r": [value for _, _, value in rows],
        }

    def _write(self) -> None:
        """Names of the panels, and the ends of their axes."""
        rows: list[tuple[float, float, str, str]] = []
        for k, target in enumerate(TARGETS):
            x, y = panel_place(k)
            rows.append((x + _LEFT, y + _TOP + 0.08, symbol(target), "left"))
            rows += [(x + _LEFT - 0.02, upward(k, v), f"{v}", "right") for v in (0, 1)]
            rows += [
                (across(k, factor), y + _BOTTOM - 0.07, text, "center")
                for factor, text in _TICKS.items()
            ]
        names = ("x", "y", "text", "align")
        self.words.data = {n: [row[j] for row in rows] for j, n in enumerate(names)}

    def _caption(self, scores: Benchmark, circuit: str) -> str:
        published = ""
        if circuit == "deepjr":
            source = str(scores.published.get("source", "Tilwani & O'Reilly 2024"))
            how = ", as √(1 − r²)" if self.quantity.active == 0 else ""
            published = f" ✳ published: transformer{how} ({source})."
        return (
            f"{QUANTITIES[self.quantity.active]} over the noise factor, on the "
            "benchmark's test for this circuit; 1 is the published noise, 2,500 real EEG; dotted "
            f"upright: now; grey: exact posterior on its own cases.{published}"
        )

    def moved(self, outdated: bool) -> None:
        if benchmark() is None and not self.points.data["x"]:
            return
        factor = max(self.session.state.settings["noise_factor"], LOW)
        ks = range(len(TARGETS))
        self.here.data = {
            "x": [across(k, factor) for k in ks],
            "low": [upward(k, 0.0) for k in ks],
            "high": [panel_place(k)[1] + _TOP for k in ks],
        }

    def _csv(self) -> io.BytesIO:
        scores = benchmark()
        rows = scores.scores if scores else ()
        fields = ("test", "circuit", "estimator", "target", "noise_factor", "r", "r2", "rmse",
                  "coverage50", "coverage90", "n")  # fmt: skip
        columns = {f: np.array([getattr(one, f) for one in rows]) for f in fields} if rows else {}
        return io.BytesIO(csv_bytes(columns))

    def dress(self, theme: Theme, font: int) -> None:
        self._theme = theme
        dress(self.plot, theme, font)
        self._frame.glyph.fill_color = theme.wash
        self._here.glyph.line_color = theme.ink
        self._published.glyph.line_color = theme.text
        self._words.glyph.update(text_color=theme.text, text_font_size=f"{font - 1}px")
        self.message.dress(theme, font)
        self.show(None)
