"""The cycles of one sweep: lines coloured by frequency, triangles that tell the direction."""

from __future__ import annotations

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool, LinearColorMapper
from bokeh.plotting import figure

from explorer.backend.bifurcation import CycleBranch
from explorer.backend.rhythm import REGIME_NAMES, REGIMES

COLUMNS = ("x", "y", "x1", "y1", "frequency", "text", "size")
LEAST_SWING_MV = 1e-6
_MARK_EVERY, _MARK_PX = 5, 7.0
_TITLES = [REGIMES[name].title for name in REGIME_NAMES]


def cycle_words(branch: CycleBranch, k: int) -> str:
    """Regime and frequency of the k-th value."""
    f = branch.frequency[k]
    rate = "slower than 0.7 Hz" if np.isnan(f) else f"{f:.2f} Hz"
    return f"{_TITLES[branch.regime[k]]}, {rate}"


def cycle_columns(x: np.ndarray, branch: CycleBranch, offset: int) -> dict[str, object]:
    """Columns of the maxima, then the minima; a line joins neighbours of one regime.

    Args:
        x: (n,) positions of the branch's values on the axis.
        branch: what one sweep found.
        offset: which of every five points bears a triangle.
    """
    cycling = branch.maximum - branch.minimum > LEAST_SWING_MV
    after = np.minimum(np.arange(x.size) + 1, x.size - 1)
    joined = cycling & cycling[after] & (branch.regime == branch.regime[after])
    after = np.where(joined, after, np.arange(x.size))
    kept = np.flatnonzero(cycling)
    size = np.where(kept % _MARK_EVERY == offset, _MARK_PX, 0.0)
    both = (branch.maximum, branch.minimum)
    return {
        "x": np.tile(x[kept], 2),
        "y": np.concatenate([y[kept] for y in both]),
        "x1": np.tile(x[after[kept]], 2),
        "y1": np.concatenate([y[after[kept]] for y in both]),
        "frequency": np.tile(branch.frequency[kept], 2),
        "text": [cycle_words(branch, int(k)) for k in kept] * 2,
        "size": np.tile(size, 2),
    }


class Sweep:
    """What one sweep found, in a figure.

    Args:
        plot: the figure.
        way: ``up`` or ``down``.
        colours: of the frequency.
    """

    def __init__(self, plot: figure, way: str, colours: LinearColorMapper) -> None:
        empty: list[float] = []
        self.source = ColumnDataSource(dict.fromkeys(COLUMNS, empty), name=f"bifurcation_{way}")
        colour = {"field": "frequency", "transform": colours}
        lines = plot.segment("x", "y", "x1", "y1", source=self.source, color=colour, line_width=2.2)
        triangles = plot.scatter(
            "x", "y", source=self.source, size="size", line_color=colour, line_width=1.4,
            marker="triangle" if way == "up" else "inverted_triangle",
            fill_color=colour if way == "up" else None,
        )  # fmt: skip
        self.marks = (lines, triangles)
        tips = [(f"sweep {way}ward", "@text"), ("source", "@y{0.00} mV")]
        plot.add_tools(HoverTool(renderers=list(self.marks), tooltips=tips))
