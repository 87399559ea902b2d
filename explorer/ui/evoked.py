"""The averaged evoked response: 64 thin lines, the chosen channel, the pulse, the cursor."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from bokeh.events import Pan, PointEvent, Tap
from bokeh.models import BoxAnnotation, ColumnDataSource, Range1d, Span

from explorer.backend.leadfield import lead_field
from explorer.backend.settings import Settings
from explorer.backend.snapshot import SOURCE, Snapshot
from explorer.ui.axes import SteadyRange
from explorer.ui.theme import Theme
from explorer.ui.view import LiveView, Table, float32, hover, plain_figure, replace_columns

STRONGEST = "strongest"
_EVERY = 2  # the thin lines keep every second sample: 125 a second


def strongest_channel(settings: Settings) -> str:
    """The electrode that sees the region's dipole most."""
    field = lead_field(settings.region)
    return field.names[int(np.argmax(np.abs(field.gain_uv_per_nam)))]


class EvokedView(LiveView):
    """Butterfly of the 64 channels in µV with one channel in ink."""

    name = "evoked"
    title = "Evoked response"

    def __init__(self, time: np.ndarray) -> None:
        empty = float32(np.zeros(0))
        self.channel = STRONGEST
        self.time = time
        thin = np.append(time[::_EVERY] * 1e3, np.nan)  # the NaN parts one line from the next
        self.lines = ColumnDataSource(
            {"x": float32(np.tile(thin, 64)), "y": float32(np.zeros(64 * thin.size))}
        )
        self.source = ColumnDataSource(
            {"x": float32(time * 1e3), "y": float32(np.zeros(time.size))}
        )
        self.recorded = ColumnDataSource({"x": empty, "y": empty})
        self.y_axis = SteadyRange(-20.0, 20.0, 0.5)
        self.plot = plain_figure(
            self.name,
            Range1d(-200.0, 1000.0),
            self.y_axis.range,
            "time after the pulse (ms)",
            "potential (µV)",
        )
        self.pulse = BoxAnnotation(left=0.0, right=50.0, line_color=None, level="image")
        self.cursor = Span(location=100.0, dimension="height", line_dash="dotted", line_width=1.5)
        self.plot.add_layout(self.pulse)
        self._thin = self.plot.line("x", "y", source=self.lines, line_width=0.7)
        self._recorded_line = self.plot.line(
            "x", "y", source=self.recorded, line_width=2.2, line_dash="dashed"
        )
        self._line = self.plot.line("x", "y", source=self.source, line_width=2.2)
        self.plot.add_layout(self.cursor)
        tip = hover([("time", "@x{0} ms"), ("potential", "@y{0.00} µV")], renderers=[self._line])
        self.plot.add_tools(tip)

    def on_pick(self, picked: Callable[[float], None]) -> None:
        """Call ``picked`` with the time (ms, on a sample) where the plot is clicked or dragged."""

        def pick(event: PointEvent) -> None:
            if event.x is not None:
                picked(float(np.clip(4.0 * round(event.x / 4.0), -200.0, 1000.0)))

        self.plot.on_event(Tap, pick)
        self.plot.on_event(Pan, pick)

    def channel_name(self, shot: Snapshot) -> str:
        """The chosen channel, the strongest one named."""
        return strongest_channel(shot.settings) if self.channel == STRONGEST else self.channel

    def chosen(self, shot: Snapshot) -> np.ndarray:
        """Response at the chosen channel, (samples,) in µV."""
        names = lead_field(shot.settings.region).names
        return shot.scalp[names.index(self.channel_name(shot))]

    def update(self, shot: Snapshot) -> None:
        waves = np.full((64, self.time[::_EVERY].size + 1), np.nan, dtype=np.float32)
        waves[:, :-1] = shot.scalp[:, ::_EVERY]
        self.y_axis.follow(float(shot.scalp.min()), float(shot.scalp.max()))
        replace_columns(self.lines, y=waves.ravel())
        replace_columns(self.source, y=float32(self.chosen(shot)))
        width = shot.evoked.stimulus[1] * 1e3
        if self.pulse.right != width:
            self.pulse.right = width

    def show_recording(self, time_ms: np.ndarray | None, wave_uv: np.ndarray | None) -> None:
        """Draw a recorded evoked response over the model's, or take it away."""
        if time_ms is None or wave_uv is None:
            time_ms = wave_uv = np.zeros(0)
        self.recorded.data = {"x": float32(time_ms), "y": float32(wave_uv)}
        if wave_uv.size:
            self.y_axis.follow(float(wave_uv.min()), float(wave_uv.max()))

    def settle(self) -> None:
        y = np.concatenate([self.lines.data["y"], self.recorded.data["y"]])
        self.y_axis.settle(float(np.nanmin(y)), float(np.nanmax(y)))

    def lock(self, locked: bool) -> None:
        self.y_axis.locked = locked

    def table(self) -> Table:
        time = self.lines.data["x"].reshape(64, -1)[0, :-1]
        waves = self.lines.data["y"].reshape(64, -1)[:, :-1]
        columns: dict[str, np.ndarray] = {"time_ms": time}
        names = lead_field("caudal_middle_frontal").names
        columns.update({f"{name}_uv": waves[k] for k, name in enumerate(names)})
        return Table(columns)

    def dress(self, theme: Theme, font: int) -> None:
        super().dress(theme, font)
        self.pulse.fill_color, self.pulse.fill_alpha = theme.wash, 1.0
        self.cursor.line_color = theme.muted
        self._thin.glyph.line_color = theme.butterfly
        self._line.glyph.line_color = theme.ink
        self._recorded_line.glyph.line_color = theme.recording


__all__ = ["SOURCE", "STRONGEST", "EvokedView", "strongest_channel"]
