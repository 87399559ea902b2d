"""Where the labels of folds and Hopf points stand, so that none covers another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from explorer.backend.fixed_points import Critical
from explorer.ui.parameter_axis import ParameterAxis

FRAME_PX = (520.0, 225.0)
"""About the size of the frame on a page of 1440 × 900; elsewhere there is more room."""
LETTER = 0.56
"""Width of a letter, as a share of the size of the type."""
_GAP_PX, _MARK_PX = 9, 6.0
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


def _outside(box: _Box) -> float:
    """Area beyond the frame, px²."""
    whole = (box.right - box.left) * (box.bottom - box.top)
    return whole - box.shared(_Box(0.0, 0.0, *FRAME_PX))


def places(shares: np.ndarray, texts: Sequence[str], font: int) -> list[Place]:
    """A place for each label; the first one tried that covers no other label and no mark.

    Args:
        shares: (n, 2) positions of the marks as shares of the frame, from its lower left.
        texts: n labels.
        font: size of the type, px.
    """
    marks = np.column_stack([shares[:, 0], 1.0 - shares[:, 1]]) * FRAME_PX  # (n, 2), px
    taken = [_Box(x - _MARK_PX, y - _MARK_PX, x + _MARK_PX, y + _MARK_PX) for x, y in marks]
    found = []
    for (x, y), text in zip(marks, texts, strict=True):
        width, height = LETTER * font * len(text), 1.3 * font
        sides = (("left", _GAP_PX), ("right", -_GAP_PX))
        tried = [Place(align, dx, dy) for dy in _LIFTS for align, dx in sides]
        boxes = [_box(x, y, width, height, place) for place in tried]
        costs = [sum(box.shared(t) for t in taken) + 4.0 * _outside(box) for box in boxes]
        best = int(np.argmin(costs))
        found.append(tried[best])
        taken.append(boxes[best])
    return found
