"""A pair plot: draws of two targets, the true point, the exact posterior hatched grey."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from bokeh.models import ColumnDataSource, Range1d
from scipy.ndimage import gaussian_filter

from explorer.backend.estimators.names import SAMPLER
from explorer.backend.targets import TARGETS
from explorer.ui.sensitivity_parts import Message, symbol
from explorer.ui.theme import ESTIMATOR_LOOKS, THEMES, Theme, dress
from explorer.ui.view import float32, plain_figure

CELLS = 48
_SMOOTH = 1.3  # cells
REGIONS = (0.9, 0.5)
"""Shares of the exact posterior that the hatched regions hold, the wide one first."""
_CELL = ("left", "right", "bottom", "top")


def highest_region(points: np.ndarray, edges: Sequence[np.ndarray], share: float) -> np.ndarray:
    """Cells (n, 4), left, right, bottom, top, of the densest region that holds a share.

    Args:
        points: (draws, 2).
        edges: of the cells, (cells + 1,) for each axis.
        share: of the draws.
    """
    counts, _, _ = np.histogram2d(points[:, 0], points[:, 1], bins=list(edges))
    density = gaussian_filter(counts, _SMOOTH)
    order = np.argsort(density, axis=None)[::-1]
    held = np.cumsum(density.ravel()[order]) / max(density.sum(), 1e-300)
    chosen = order[: int(np.searchsorted(held, share)) + 1]
    i, j = np.unravel_index(chosen, density.shape)
    return np.stack([edges[0][i], edges[0][i + 1], edges[1][j], edges[1][j + 1]], axis=1)


def _limits(extent: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """Limits around values within an extent, so that a narrow posterior fills the frame."""
    low, high = float(values.min()), float(values.max())
    margin = max(0.15 * (high - low), 1e-3 * float(extent[1] - extent[0]))
    return max(low - margin, float(extent[0])), min(high + margin, float(extent[1]))


class PairPlot:
    """The figure."""

    def __init__(self) -> None:
        self.plot = plain_figure("pair", Range1d(0.0, 1.0), Range1d(0.0, 1.0), "", "")
        self.draws = ColumnDataSource({"x": [], "y": []}, name="pair_draws")
        self.truth = ColumnDataSource({"x": [], "y": []}, name="pair_truth")
        self.regions = [
            ColumnDataSource({name: [] for name in _CELL}, name=f"pair_exact_{share:.0%}")
            for share in REGIONS
        ]
        self._areas = [
            self.plot.quad(
                "left", "right", "bottom", "top", source=source, line_color=None, fill_alpha=alpha,
                hatch_pattern=pattern, hatch_scale=9,
            )
            for source, alpha, pattern in zip(
                self.regions, (0.25, 0.35), ("right_diagonal_line", "cross"), strict=True
            )
        ]  # fmt: skip
        look = ESTIMATOR_LOOKS[SAMPLER]
        self._dots = self.plot.scatter(
            "x", "y", source=self.draws, marker=look.marker, size=6, line_color=None,
            fill_alpha=0.55,
        )  # fmt: skip
        self._cross = self.plot.scatter(
            "x", "y", source=self.truth, marker="cross", size=20, line_width=3
        )
        self.message = Message(self.plot)
        self._theme, self._trusted = THEMES["light"], True

    def show(
        self,
        pair: Sequence[int],
        extents: np.ndarray,
        draws: np.ndarray,
        truth: np.ndarray | None,
        exact: np.ndarray | None,
        untrusted: bool,
    ) -> None:
        """Show a pair.

        Args:
            pair: indices in ``TARGETS``.
            extents: (2, 2) trained ranges.
            draws: (n, 2) of the estimator.
            truth: (2,) where known.
            exact: (m, 2) draws of the exact posterior, where computed.
            untrusted: whether the draws are to look it.
        """
        self.message.say()
        everything = np.concatenate(
            [draws, *([] if truth is None else [truth[None]]), *([] if exact is None else [exact])]
        )
        axes = (self.plot.xaxis, self.plot.yaxis)
        for k, range_ in enumerate((self.plot.x_range, self.plot.y_range)):
            low, high = _limits(extents[k], everything[:, k])
            range_.update(start=low, end=high)
            one = list(TARGETS.values())[pair[k]]
            axes[k].axis_label = f"{symbol(one.name)} ({one.unit or '1'})"
        self.draws.data = {"x": float32(draws[:, 0]), "y": float32(draws[:, 1])}
        self.truth.data = {
            "x": [] if truth is None else [truth[0]],
            "y": [] if truth is None else [truth[1]],
        }
        self._trusted = not untrusted
        self._show_exact(exact)
        self._colour()

    def _show_exact(self, exact: np.ndarray | None) -> None:
        for source, share in zip(self.regions, REGIONS, strict=True):
            cells = np.zeros((0, 4))
            if exact is not None:
                edges = [
                    np.linspace(exact[:, k].min() - 1e-12, exact[:, k].max() + 1e-12, CELLS + 1)
                    for k in (0, 1)
                ]
                cells = highest_region(exact, edges, share)
            source.data = {name: cells[:, j] for j, name in enumerate(_CELL)}

    def say(self, text: str) -> None:
        """Nothing to show: say why."""
        for source in (self.draws, self.truth, *self.regions):
            source.data = {name: [] for name in source.data}
        x, y = self.plot.x_range, self.plot.y_range
        self.message.say((0.5 * (x.start + x.end), 0.5 * (y.start + y.end), text, 44))

    def _colour(self) -> None:
        colour = ESTIMATOR_LOOKS[SAMPLER].colours[self._theme.name]
        self._dots.glyph.update(
            fill_color=colour if self._trusted else self._theme.paper,
            line_color=None if self._trusted else self._theme.muted,
        )

    def dress(self, theme: Theme, font: int) -> None:
        """Wear a theme."""
        self._theme = theme
        dress(self.plot, theme, font)
        for area in self._areas:
            area.glyph.update(fill_color=theme.grid, hatch_color=theme.muted)
        self._cross.glyph.line_color = theme.ink
        self.message.dress(theme, font)
        self._colour()
