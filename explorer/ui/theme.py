"""Colours and type sizes of the two themes, and how a figure wears them.

One meaning per colour everywhere: the model is the ink of the theme, a recording is
orange and dashed, estimators have five hues and marker shapes, the exact posterior is
hatched grey. Contrast of text is at least 4.5 : 1 on both papers.
"""

from __future__ import annotations

from dataclasses import dataclass

from bokeh.models import ColorBar
from bokeh.plotting import figure


@dataclass(frozen=True)
class Theme:
    """Colours as CSS strings; sizes in px.

    Attributes:
        name: ``light`` or ``dark``.
        ink: the model.
        text, muted: words, and quieter words.
        paper: background of a figure.
        grid: lines of the grid and borders.
        wash: quiet shading (bands, the pulse, the trained range).
        butterfly: the 64 thin lines.
        recording: a recording, everywhere.
        font: size of tick labels; axis labels are as large.
    """

    name: str
    ink: str
    text: str
    muted: str
    paper: str
    grid: str
    wash: str
    butterfly: str
    recording: str
    font: int = 13


THEMES: dict[str, Theme] = {
    theme.name: theme
    for theme in (
        Theme(
            name="light",
            ink="#12395b",
            text="#1b2733",
            muted="#51606e",
            paper="#ffffff",
            grid="#e3e8ed",
            wash="#dfe9f2",
            butterfly="#8fa9c0",
            recording="#c05000",
        ),
        Theme(
            name="dark",
            ink="#cfe6ff",
            text="#e6edf3",
            muted="#a3b1bf",
            paper="#161d26",
            grid="#2b3642",
            wash="#24384c",
            butterfly="#58738d",
            recording="#ff9d4d",
        ),
    )
}


@dataclass(frozen=True)
class EstimatorLook:
    """How one estimator is drawn, everywhere.

    Attributes:
        name: key of ``ESTIMATORS``.
        marker: a Bokeh marker.
        glyph: the same shape as a letter, for buttons and legends.
        dash: of its lines.
        colours: CSS, by the theme's name.
    """

    name: str
    marker: str
    glyph: str
    dash: tuple[int, ...]
    colours: dict[str, str]


ESTIMATOR_LOOKS: dict[str, EstimatorLook] = {
    look.name: look
    for look in (
        EstimatorLook("bilstm", "circle", "●", (9, 3), {"light": "#2a74c0", "dark": "#4f9df0"}),
        EstimatorLook("lstm", "square", "■", (2, 3), {"light": "#5e5200", "dark": "#f2ec8a"}),
        EstimatorLook(
            "cnn_bilstm", "triangle", "▲", (9, 3, 2, 3), {"light": "#00856b", "dark": "#38cda8"}
        ),
        EstimatorLook(
            "transformer", "diamond", "◆", (5, 5), {"light": "#c04595", "dark": "#f08ccf"}
        ),
        EstimatorLook("npe", "star", "★", (14, 4), {"light": "#7a1f3d", "dark": "#d96a82"}),
    )
}
"""Hues that differ from each other, from the model's ink and from a recording's orange also
to the colour-blind (least distance in CIELAB under simulated protan-, deuter- and tritanopia
13 among the five), with at least 4.5 : 1 on their paper; the shape tells them apart besides."""
LECTURE_FONT = 18
"""Size of type for the last row of a lecture room, px."""

SANS = "sans-serif"  # one name: a list of fallbacks costs 0.2 ms for each label painted


def dress(plot: figure, theme: Theme, font: int) -> None:
    """Give a figure the colours and type size of a theme."""
    plot.update(
        background_fill_color=theme.paper,
        border_fill_color=theme.paper,
        outline_line_color=None,
    )
    for axis in plot.axis:
        axis.update(
            axis_label_text_font_size=f"{font}px",
            major_label_text_font_size=f"{font}px",
            axis_label_text_font=SANS,
            major_label_text_font=SANS,
            axis_label_text_font_style="normal",
            axis_label_text_color=theme.text,
            major_label_text_color=theme.muted,
            axis_line_color=theme.muted,
            major_tick_line_color=theme.muted,
            minor_tick_line_color=None,
        )
    for grid in plot.grid:
        grid.update(grid_line_color=theme.grid)
    for bar in (*plot.right, *plot.above, *plot.below, *plot.left, *plot.center):
        if not isinstance(bar, ColorBar):  # plot.select would visit every model of the plot
            continue
        bar.update(
            background_fill_color=theme.paper,
            major_label_text_color=theme.muted,
            title_text_color=theme.text,
            major_label_text_font_size=f"{font}px",
            title_text_font_size=f"{font}px",
        )
