"""The phase plane: any two of the state variables against each other."""

from __future__ import annotations

import numpy as np
from bokeh.models import ColumnDataSource

from explorer.backend.snapshot import RATE, Snapshot
from explorer.ui.axes import SteadyRange
from explorer.ui.theme import Theme
from explorer.ui.view import LiveView, Table, float32, plain_figure

SPAN_S = 2.0
AXES: dict[str, tuple[str, int | None]] = {
    "y0": ("y0, pyramidal output (mV)", 0),
    "y1": ("y1, excitatory input (mV)", 1),
    "y2": ("y2, inhibitory input (mV)", 2),
    "y1-y2": ("source y1 − y2 (mV)", None),
    "dy0": ("dy0/dt (mV/s)", 3),
    "dy1": ("dy1/dt (mV/s)", 4),
    "dy2": ("dy2/dt (mV/s)", 5),
}
"""What an axis may show: label, and column of the states (None: the source)."""


def _column_name(variable: str) -> str:
    """Name with unit of an exported column."""
    if variable == "y1-y2":
        return "source_mv"
    return f"{variable}_mv_per_s" if variable.startswith("d") else f"{variable}_mv"


class PhaseView(LiveView):
    """Orbit of the last two seconds, the present moment marked."""

    name = "phase"
    title = "Phase plane"

    def __init__(self, x: str = "y1", y: str = "y2") -> None:
        self.axes = (x, y)
        self.source = ColumnDataSource({"x": float32(np.zeros(0)), "y": float32(np.zeros(0))})
        self.now = ColumnDataSource({"x": [0.0], "y": [0.0]})
        self._ranges = (SteadyRange(0.0, 40.0, 1.0), SteadyRange(0.0, 30.0, 1.0))
        self.plot = plain_figure(
            self.name, self._ranges[0].range, self._ranges[1].range, AXES[x][0], AXES[y][0]
        )
        self.plot.xaxis.ticker.desired_num_ticks = 4
        self._line = self.plot.line("x", "y", source=self.source, line_width=1.4)
        self._dot = self.plot.scatter("x", "y", source=self.now, size=9, marker="circle")

    def choose(self, x: str, y: str, shot: Snapshot) -> None:
        """Show other variables."""
        self.axes = (x, y)
        self.plot.xaxis.axis_label, self.plot.yaxis.axis_label = AXES[x][0], AXES[y][0]
        self.update(shot)
        self.settle()

    def _column(self, shot: Snapshot, name: str) -> np.ndarray:
        column = AXES[name][1]
        rows = slice(-round(SPAN_S * RATE) - 1, None)
        return shot.source[rows] if column is None else shot.states[rows, column]

    def update(self, shot: Snapshot) -> None:
        x, y = (self._column(shot, name) for name in self.axes)
        for axis, values in zip(self._ranges, (x, y), strict=True):
            axis.follow(float(values.min()), float(values.max()))
        self.source.data = {"x": float32(x), "y": float32(y)}
        self.now.data = {"x": [float(x[-1])], "y": [float(y[-1])]}

    def settle(self) -> None:
        for axis, name in zip(self._ranges, ("x", "y"), strict=True):
            values = self.source.data[name]
            axis.settle(float(values.min()), float(values.max()))

    def lock(self, locked: bool) -> None:
        for axis in self._ranges:
            axis.locked = locked

    def table(self) -> Table:
        x, y = (_column_name(name) for name in self.axes)
        return Table({x: self.source.data["x"], y: self.source.data["y"]})

    def dress(self, theme: Theme, font: int) -> None:
        super().dress(theme, font)
        self._line.glyph.line_color = theme.ink
        self._dot.glyph.update(fill_color=theme.ink, line_color=theme.paper)
