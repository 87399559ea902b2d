"""What a live view is: a figure built once, whose sources follow the snapshots."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import panel as pn
from bokeh.core.enums import SizingModeType
from bokeh.models import ColumnDataSource, HoverTool, Line, Range1d, Tool
from bokeh.plotting import figure

from explorer.backend.snapshot import Snapshot
from explorer.ui.theme import Theme, dress

STRETCH: SizingModeType = "stretch_both"
_GLYPHS = ("glyph", "nonselection_glyph", "selection_glyph", "hover_glyph", "muted_glyph")


def float32(values: np.ndarray) -> np.ndarray:
    """The values as float32: half the bytes on the wire, exact enough for a screen."""
    return np.ascontiguousarray(values, dtype=np.float32)


def replace_columns(source: ColumnDataSource, **columns: object) -> None:
    """Replace some columns of a source, all of one length, in one event.

    Columns of another length than before go with all the others at once.
    """
    if columns.keys() == source.data.keys():
        source.data = columns
        return
    for name, values in columns.items():
        source.data[name] = values


def plain_figure(
    name: str,
    x_range: Range1d,
    y_range: Range1d,
    x_label: str,
    y_label: str,
    tools: tuple[Tool, ...] = (),
    **options: object,
) -> figure:
    """A figure with fixed ranges and no toolbar, its model named ``name``."""
    plot = figure(
        name=name,
        x_range=x_range,
        y_range=y_range,
        x_axis_label=x_label,
        y_axis_label=y_label,
        tools=list(tools),
        toolbar_location=None,
        sizing_mode=STRETCH,
        min_height=120,
        min_border=4,
        min_border_right=18,
        lod_threshold=None,
        **options,
    )
    plot.xaxis.ticker.desired_num_ticks = 6
    plot.yaxis.ticker.desired_num_ticks = 4
    return plot


def hover(tooltips: list[tuple[str, str]], **options: object) -> HoverTool:
    """A hover tool that gives values with their units."""
    return HoverTool(tooltips=tooltips, mode="vline", line_policy="nearest", **options)


@dataclass(frozen=True)
class Table:
    """The data behind a plot, for export.

    Attributes:
        columns: name with unit → values, all of one length.
    """

    columns: dict[str, np.ndarray]


class Exportable(Protocol):
    """What the export dialog offers: a figure with its data."""

    name: str
    title: str
    plot: figure

    def table(self) -> Table:
        """The data shown now."""
        ...


class LiveView(ABC):
    """A figure that follows the model.

    Attributes:
        name: handle of the figure.
        title: what is plotted.
        plot: the Bokeh figure.
    """

    name: str
    title: str
    plot: figure

    @abstractmethod
    def update(self, shot: Snapshot) -> None:
        """Show a snapshot; axes may grow."""

    @abstractmethod
    def settle(self) -> None:
        """After release: let the axes fit what is shown."""

    @abstractmethod
    def lock(self, locked: bool) -> None:
        """Hold the axes where they are, or let them follow."""

    @abstractmethod
    def table(self) -> Table:
        """The data shown now."""

    def dress(self, theme: Theme, font: int) -> None:
        """Wear a theme."""
        dress(self.plot, theme, font)

    def pane(self) -> pn.pane.Bokeh:
        """The figure as a root of the page.

        The tags tell page.js which lines need no spatial index, which glyphs no place in the
        document, and which axes keep still.
        """
        for renderer in self.plot.renderers:
            renderer.tags = ["unplaced"]
            for key in _GLYPHS:
                glyph = getattr(renderer, key, None)
                if isinstance(glyph, Line):
                    glyph.tags = ["unindexed"]
        for axis in self.plot.axis:
            axis.tags = ["steady"]
        return pn.pane.Bokeh(self.plot, sizing_mode=STRETCH)
