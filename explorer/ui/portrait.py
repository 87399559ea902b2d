"""The running phase portrait: trajectory, fixed points by type, nullclines, field."""

from __future__ import annotations

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool, Label

from explorer.backend.fixed_points import FixedPoint
from explorer.backend.portrait import field_kind, portrait
from explorer.backend.settings import Settings
from explorer.ui.axes import SteadyRange
from explorer.ui.theme import Theme, dress
from explorer.ui.view import float32, plain_figure

LABELS = {
    "y0": "y0, pyramidal output (mV)",
    "y1": "y1, excitatory input (mV)",
    "y2": "y2, inhibitory input (mV)",
    "y1-y2": "source y1 − y2 (mV)",
    "dy0": "dy0/dt (mV/s)",
    "dy1": "dy1/dt (mV/s)",
    "dy2": "dy2/dt (mV/s)",
}
_COLUMNS = {"y0": 0, "y1": 1, "y2": 2, "dy0": 3, "dy1": 4, "dy2": 5}
MARKERS = {
    "stable node": "square",
    "stable focus": "circle",
    "unstable node": "square_pin",
    "unstable focus": "circle_dot",
    "saddle": "x",
}
_FRAME_PX = (360.0, 230.0)
"""About the size of the frame, so that arrows are of one length on the screen."""
_EMPTY: dict[str, list[float]] = {"x": [], "y": []}


def coordinates(states: np.ndarray, name: str) -> np.ndarray:
    """A variable of states (n, 6), (n,)."""
    if name == "y1-y2":
        return states[:, 1] - states[:, 2]
    return states[:, _COLUMNS[name]]


class PortraitView:
    """Any two state variables of the running model against each other."""

    def __init__(self, x: str = "y1", y: str = "y2") -> None:
        self.names = (x, y)
        self.with_field = False
        self._drawn: tuple[object, ...] = ()
        self.ranges = (SteadyRange(0.0, 40.0, 1e-3), SteadyRange(0.0, 30.0, 1e-3))
        self.plot = plain_figure(
            "running_phase", self.ranges[0].range, self.ranges[1].range, LABELS[x], LABELS[y]
        )
        self.orbit = ColumnDataSource({"x": float32(np.zeros(0)), "y": float32(np.zeros(0))})
        self.now = ColumnDataSource(dict(_EMPTY))
        self.arrows = ColumnDataSource(
            {k: [] for k in ("x", "y", "x1", "y1", "tx", "ty", "turn")}, name="portrait_arrows"
        )
        self.nullclines = ColumnDataSource(
            {"xs": [], "ys": [], "of": [], "dash": []}, name="portrait_nullclines"
        )
        self.points = ColumnDataSource(
            {k: [] for k in ("x", "y", "kind", "marker", "fill", "rate")}, name="portrait_points"
        )
        self._words = Label(x=6, y=4, x_units="screen", y_units="screen", text="")
        self.plot.add_layout(self._words)
        self._draw()

    def _draw(self) -> None:
        self._orbit = self.plot.line("x", "y", source=self.orbit, line_width=1.4)
        self._orbit.glyph.tags = ["unindexed"]  # see page.js
        self._stems = self.plot.segment("x", "y", "x1", "y1", source=self.arrows, line_width=1)
        self._tips = self.plot.scatter(
            "tx", "ty", source=self.arrows, marker="triangle", size=5, angle="turn"
        )
        self._nullclines = self.plot.multi_line(
            "xs", "ys", source=self.nullclines, line_width=1.6, line_dash={"field": "dash"}
        )
        self._points = self.plot.scatter(
            "x", "y", source=self.points, marker="marker", size=12, line_width=2
        )
        self._now = self.plot.scatter("x", "y", source=self.now, size=9, marker="circle")
        self.plot.add_tools(
            HoverTool(renderers=[self._nullclines], tooltips=[("nullcline", "@of")]),
            HoverTool(
                renderers=[self._points],
                tooltips=[("fixed point", "@kind"), ("leading rate", "@rate")],
            ),
        )

    def choose(self, x: str, y: str, fixed: tuple[FixedPoint, ...]) -> None:
        """Show other variables."""
        self.names = (x, y)
        self.plot.xaxis.axis_label, self.plot.yaxis.axis_label = LABELS[x], LABELS[y]
        self._drawn = ()
        self.show_points(fixed)

    @property
    def nullcline_words(self) -> str:
        """Whether the projection has nullclines and a field, in one sentence."""
        kind = field_kind(*self.names)
        if kind == "pull":
            return "nullclines, all else balanced"
        return "nullclines, all else as now" if kind == "flow" else "no nullclines in this plane"

    def follow(self, states: np.ndarray) -> None:
        """Show the newest states (n, 6), oldest first."""
        x, y = (coordinates(states, name) for name in self.names)
        for axis, values in zip(self.ranges, (x, y), strict=True):
            axis.follow(float(values.min()), float(values.max()))
        self.orbit.data = {"x": float32(x), "y": float32(y)}
        self.now.data = {"x": [float(x[-1])], "y": [float(y[-1])]}

    def settle(self) -> None:
        """Let the axes fit orbit and fixed points."""
        for axis, name in zip(self.ranges, ("x", "y"), strict=True):
            values = np.concatenate([self.orbit.data[name], np.asarray(self.points.data[name])])
            if values.size:
                axis.settle(float(values.min()), float(values.max()))

    def show_points(self, fixed: tuple[FixedPoint, ...]) -> None:
        """Mark the fixed points by their type."""
        states = np.array([point.state for point in fixed]).reshape(-1, 6)
        leading = [point.eigenvalues[0] for point in fixed]
        self.points.data = {
            "x": coordinates(states, self.names[0]),
            "y": coordinates(states, self.names[1]),
            "kind": [point.kind for point in fixed],
            "marker": [MARKERS[point.kind] for point in fixed],
            "fill": [1.0 if point.stable else 0.0 for point in fixed],
            "rate": [f"{e.real:.1f} s⁻¹, {abs(e.imag) / (2 * np.pi):.1f} Hz" for e in leading],
        }

    def draw_field(self, settings: Settings, state: np.ndarray) -> None:
        """Nullclines, and the field where it is asked for; nothing where nothing changed."""
        limits = [(axis.range.start, axis.range.end) for axis in self.ranges]
        held = state.round(3).tobytes() if field_kind(*self.names) == "flow" else b""
        wanted = (settings, self.names, *limits, self.with_field, held)
        if wanted == self._drawn:
            return
        self._drawn = wanted
        (x_name, y_name), (x_limits, y_limits) = self.names, limits
        found = portrait(settings, x_name, y_name, x_limits, y_limits, state)
        lines = [(0, line) for line in found.x_nullcline] + [
            (1, line) for line in found.y_nullcline
        ]
        self._words.text = self.nullcline_words
        self.nullclines.data = {
            "xs": [float32(line[:, 0]) for _, line in lines],
            "ys": [float32(line[:, 1]) for _, line in lines],
            "of": [f"of {self.names[k]}" for k, _ in lines],
            "dash": [["dashed", "dotted"][k] for k, _ in lines],
        }
        x, y, u, v = (found.x, found.y, found.u, found.v) if self.with_field else [np.empty(0)] * 4
        self.arrows.data = self._arrows(x, y, u, v, limits)

    def _arrows(
        self,
        x: np.ndarray,
        y: np.ndarray,
        u: np.ndarray,
        v: np.ndarray,
        limits: list[tuple[float, float]],
    ) -> dict[str, np.ndarray]:
        """Arrows of one length on the screen, as stem and tip."""
        spans = [high - low for low, high in limits]
        width, height = _FRAME_PX
        du, dv = u * width / spans[0], v * height / spans[1]
        size = np.maximum(np.hypot(du, dv), 1e-30)
        x1 = x + 12.0 * du / size / width * spans[0]
        y1 = y + 12.0 * dv / size / height * spans[1]
        turn = np.arctan2(dv, du) - np.pi / 2
        return {"x": x, "y": y, "x1": x1, "y1": y1, "tx": x1, "ty": y1, "turn": turn}

    def dress(self, theme: Theme, font: int) -> None:
        """Wear a theme."""
        dress(self.plot, theme, font)
        self._orbit.glyph.line_color = theme.ink
        self._now.glyph.update(fill_color=theme.ink, line_color=theme.paper)
        self._points.glyph.update(line_color=theme.text, fill_color=theme.text, fill_alpha="fill")
        self._nullclines.glyph.line_color = theme.muted
        self._words.update(
            text_color=theme.text, text_font_size=f"{font}px",
            background_fill_color=theme.paper, background_fill_alpha=0.8,
        )  # fmt: skip
        self._stems.glyph.line_color = theme.muted
        self._tips.glyph.update(fill_color=theme.muted, line_color=theme.muted)
