"""The scalp map: the 64 potentials at the cursor's time, interpolated over the head."""

from __future__ import annotations

import numpy as np
from bokeh.models import (
    BasicTicker,
    ColorBar,
    ColumnDataSource,
    CustomJS,
    GlyphRenderer,
    HoverTool,
    LinearColorMapper,
    Range1d,
)

from explorer.backend.leadfield import interpolation_matrix, lead_field
from explorer.backend.snapshot import Snapshot
from explorer.ui.axes import round_limits
from explorer.ui.theme import Theme
from explorer.ui.view import LiveView, Table, float32, plain_figure, replace_columns

PIXELS = 96
_REACH = 1.1
_HALF = 1.17
"""Half of the frame's shorter side, in head radii."""
_ROUND = """
const {inner_width: w, inner_height: h} = plot;
if (w > 0 && h > 0) {
  const x = half * Math.max(1, w / h), y = half * Math.max(1, h / w);
  plot.x_range.setv({start: -x, end: x});
  plot.y_range.setv({start: -y, end: y});
}
"""
"""A head is round whatever the shape of its frame."""
_BLUE, _RED = (0.02, 0.19, 0.38), (0.40, 0.00, 0.12)
_MID = ((0.26, 0.58, 0.76), (0.96, 0.96, 0.96), (0.84, 0.38, 0.30))


def diverging_palette(n: int = 64) -> list[str]:
    """Blue to white to red, dark at both ends so that the sign-free size survives greyscale."""
    anchors = np.array([_BLUE, _MID[0], _MID[1], _MID[2], _RED])
    at = np.linspace(0, 4, n)
    rgb = np.column_stack([np.interp(at, range(5), anchors[:, k]) for k in range(3)])
    return ["#" + "".join(f"{round(255 * c):02x}" for c in row) for row in rgb]


class ScalpView(LiveView):
    """Topography in µV on a symmetric scale."""

    name = "scalp"
    title = "Scalp map"

    def __init__(self, cursor_ms: float = 100.0) -> None:
        self.cursor_ms = cursor_ms
        self.limit = 0.0
        self.locked = False
        self.matrix, self.mask = interpolation_matrix(PIXELS)
        self.values = np.zeros(64)
        self.source = ColumnDataSource({"image": [np.zeros((PIXELS, PIXELS), np.float32)]})
        self.mapper = LinearColorMapper(
            diverging_palette(), low=-10, high=10, nan_color="#00000000"
        )
        self.plot = plain_figure(self.name, Range1d(-_HALF, _HALF), Range1d(-_HALF, _HALF), "", "")
        self.plot.update(min_border_left=14, min_border_right=14)
        keep_round = CustomJS(args={"plot": self.plot, "half": _HALF}, code=_ROUND)
        self.plot.js_on_change("inner_width", keep_round)
        self.plot.js_on_change("inner_height", keep_round)
        self.plot.axis.visible = False
        self.plot.grid.visible = False
        self.plot.image(
            "image", source=self.source, color_mapper=self.mapper,
            x=-_REACH, y=-_REACH, dw=2 * _REACH, dh=2 * _REACH,
        )  # fmt: skip
        self._frame = self.plot.annulus(  # hides the steps of the pixels at the rim
            x=0, y=0, inner_radius=1.0, outer_radius=1.6, line_color=None
        )
        self._outline = self._draw_head()
        self._electrodes = self._draw_electrodes()
        self.bar = ColorBar(
            color_mapper=self.mapper,
            height=10,
            margin=2,
            padding=4,
            orientation="horizontal",
            ticker=BasicTicker(desired_num_ticks=3),
            title="potential (µV)",
            title_standoff=2,
            title_text_font_style="normal",
        )
        self.plot.add_layout(self.bar, "below")

    def _draw_head(self) -> GlyphRenderer:
        turn = np.linspace(0, 2 * np.pi, 90)
        nose = ([-0.12, 0.0, 0.12], [0.99, 1.14, 0.99])
        ear_y = np.array([0.18, 0.24, 0.12, -0.12, -0.24, -0.18])
        ear_x = np.array([0.98, 1.06, 1.09, 1.09, 1.06, 0.98])
        xs: list[np.ndarray] = [np.cos(turn), np.array(nose[0]), ear_x, -ear_x]
        ys: list[np.ndarray] = [np.sin(turn), np.array(nose[1]), ear_y, ear_y]
        return self.plot.multi_line([list(x) for x in xs], [list(y) for y in ys], line_width=1.6)

    def _draw_electrodes(self) -> GlyphRenderer:
        field = lead_field("caudal_middle_frontal")
        self.electrodes = ColumnDataSource(
            {
                "x": field.positions[:, 0],
                "y": field.positions[:, 1],
                "name": list(field.names),
                "value": float32(np.zeros(64)),
            }
        )
        dots = self.plot.scatter("x", "y", source=self.electrodes, size=4)
        tips = [("electrode", "@name"), ("potential", "@value{0.00} µV")]
        self.plot.add_tools(HoverTool(tooltips=tips, renderers=[dots]))
        return dots

    def update(self, shot: Snapshot) -> None:
        time_ms = shot.evoked.time * 1e3
        k = int(np.argmin(np.abs(time_ms - self.cursor_ms)))
        self._follow(float(np.abs(shot.scalp).max()))
        self.values = shot.scalp[:, k]
        image = (self.matrix @ self.values.astype(np.float32)).reshape(PIXELS, PIXELS)
        image[~self.mask] = np.nan
        self.source.data = {"image": [image]}
        replace_columns(self.electrodes, value=float32(self.values))

    def _follow(self, largest: float) -> None:
        self._largest = largest
        if largest > self.limit and not (self.locked and self.limit > 0):
            self._set_limit(largest)

    def _set_limit(self, largest: float) -> None:
        self.limit = max(round_limits(0.0, max(largest, 1e-6), 0.2)[1], 0.2)
        self.mapper.update(low=-self.limit, high=self.limit)

    def settle(self) -> None:
        if self._largest < 0.45 * self.limit and not self.locked:
            self._set_limit(self._largest)

    def lock(self, locked: bool) -> None:
        self.locked = locked

    def table(self) -> Table:
        data = self.electrodes.data
        return Table(
            {
                "electrode": np.array(data["name"]),
                "x": np.asarray(data["x"]),
                "y": np.asarray(data["y"]),
                f"potential_uv_at_{self.cursor_ms:.0f}_ms": self.values,
            }
        )

    def dress(self, theme: Theme, font: int) -> None:
        super().dress(theme, font)
        self._frame.glyph.fill_color = theme.paper
        self._outline.glyph.line_color = theme.muted
        self._electrodes.glyph.update(fill_color="#1b2733", line_color=None)
