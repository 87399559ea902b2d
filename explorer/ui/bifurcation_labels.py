"""Where the labels of folds and Hopf points stand, so that none covers another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from explorer.backend.fixed_points import Critical
from explorer.ui.parameter_axis import ParameterAxis

FRAME_PX = (520.0, 225.0)
"""About the size of the frame on a page of 1440 × 900, until the page has told it."""
LETTER = 0.56
"""Width of a letter, as a share of the size of the type."""
_GAP_PX, _MARK_PX = 9, 6.0
_CROSSED_PX2 = 40.0
"""What it costs a label to cover one point of a curve."""
_LIFTS = (0, -20, 20, -40, 40, -60, 60, -80, 80)


@dataclass(frozen=True)
class Place:
    """Where a label stands.

    Attributes:
        align: ``left`` where it stands to the right of its mark, else ``right``.
        dx, dy: px from the mark; dy grows downward.
    """

    align: str
    dx: int
    dy: int


@dataclass(frozen=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float

    def shared(self, other: _Box) -> float:
        """Area in common, px²."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(width, 0.0) * max(height, 0.0)

    def holds(self, points: np.ndarray) -> int:
        """How many of the points (m, 2) lie inside."""
        x, y = points.T
        inside = (self.left < x) & (x < self.right) & (self.top < y) & (y < self.bottom)
        return int(np.count_nonzero(inside))


def words(critical: Critical, axis: ParameterAxis) -> str:
    """Kind, value and, for a Hopf point, frequency."""
    value = axis.shown(critical.value, digits=5)
    if critical.frequency is None:
        return f"fold {value}"
    return f"Hopf {value}, {critical.frequency:.2f} Hz"


def _box(x: float, y: float, width: float, height: float, place: Place) -> _Box:
    left = x + place.dx - (width if place.align == "right" else 0.0)
    top = y + place.dy - 0.5 * height
    return _Box(left, top, left + width, top + height)


def _outside(box: _Box, frame: tuple[float, float]) -> float:
    """Area beyond the frame, px²."""
    whole = (box.right - box.left) * (box.bottom - box.top)
    return whole - box.shared(_Box(0.0, 0.0, *frame))


def places(
    shares: np.ndarray,
    texts: Sequence[str],
    curves: np.ndarray,
    font: int,
    frame: tuple[float, float] = FRAME_PX,
) -> list[Place]:
    """A place for each label: the one tried that covers least of labels, marks and curves.

    Args:
        shares: (n, 2) positions of the marks as shares of the frame, from its lower left.
        texts: n labels.
        curves: (m, 2) points of what else is drawn, likewise.
        font: size of the type, px.
        frame: width and height of the frame, px.
    """
    marks, drawn = (_pixels(points, frame) for points in (shares, curves))
    taken = [_Box(x - _MARK_PX, y - _MARK_PX, x + _MARK_PX, y + _MARK_PX) for x, y in marks]
    found = []
    for (x, y), text in zip(marks, texts, strict=True):
        width, height = LETTER * font * len(text), 1.3 * font
        sides = (("left", _GAP_PX), ("right", -_GAP_PX))
        tried = [Place(align, dx, dy) for dy in _LIFTS for align, dx in sides]
        boxes = [_box(x, y, width, height, place) for place in tried]
        costs = [
            sum(box.shared(t) for t in taken)
            + 4.0 * _outside(box, frame)
            + _CROSSED_PX2 * box.holds(drawn)
            + 2.0 * abs(place.dy)
            for box, place in zip(boxes, tried, strict=True)
        ]
        best = int(np.argmin(costs))
        found.append(tried[best])
        taken.append(boxes[best])
    return found


def _pixels(shares: np.ndarray, frame: tuple[float, float]) -> np.ndarray:
    """Positions (n, 2) in px from the frame's upper left."""
    return np.column_stack([shares[:, 0], 1.0 - shares[:, 1]]) * frame
