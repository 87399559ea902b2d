"""The last seconds of the ongoing signal: the source, or a scalp channel."""

from __future__ import annotations

import numpy as np
from bokeh.models import ColumnDataSource, Range1d

from explorer.backend.snapshot import RATE, Snapshot
from explorer.ui.axes import SteadyRange
from explorer.ui.theme import Theme
from explorer.ui.view import LiveView, Table, float32, hover, plain_figure, replace_columns

WINDOW_S = 4.0
_EVERY = 2  # 250 points a second suffice for a screen


class EegView(LiveView):
    """Trace of the last four seconds."""

    name = "eeg"
    title = "EEG, last seconds"

    def __init__(self) -> None:
        n = round(WINDOW_S * RATE / _EVERY) + 1
        time = np.linspace(-WINDOW_S, 0.0, n)
        self.source = ColumnDataSource({"x": float32(time), "y": float32(np.zeros(n))})
        self.y_axis = {"mV": SteadyRange(-2.0, 12.0, 1.0), "µV": SteadyRange(-20.0, 20.0, 4.0)}
        self._unit = "mV"
        self.plot = plain_figure(
            self.name,
            Range1d(-WINDOW_S, 0.0),
            self.y_axis["mV"].range,
            "time before now (s)",
            "source y1 − y2 (mV)",
            (hover([("time", "@x{0.00} s"), ("signal", "@y{0.00}")]),),
        )
        self._line = self.plot.line("x", "y", source=self.source, line_width=1.6)

    def update(self, shot: Snapshot) -> None:
        n = self.source.data["x"].size
        y = shot.signal[-((n - 1) * _EVERY + 1) :: _EVERY]
        if shot.signal_unit != self._unit:
            self._show_unit(shot.signal_unit)
        self.y_axis[self._unit].follow(float(y.min()), float(y.max()))
        replace_columns(self.source, y=float32(y))

    def _show_unit(self, unit: str) -> None:
        self._unit = unit
        self.plot.y_range = self.y_axis[unit].range
        self.plot.yaxis.axis_label = (
            "source y1 − y2 (mV)" if unit == "mV" else "scalp potential (µV)"
        )

    def settle(self) -> None:
        y = self.source.data["y"]
        self.y_axis[self._unit].settle(float(y.min()), float(y.max()))

    def lock(self, locked: bool) -> None:
        for axis in self.y_axis.values():
            axis.locked = locked

    def table(self) -> Table:
        data = self.source.data
        unit = "mv" if self._unit == "mV" else "uv"
        return Table({"time_s": data["x"], f"signal_{unit}": data["y"]})

    def dress(self, theme: Theme, font: int) -> None:
        super().dress(theme, font)
        self._line.glyph.line_color = theme.ink
