"""Axes that hold still: they grow at once in round steps and shrink only when asked."""

from __future__ import annotations

import math

from bokeh.models import Range1d

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def round_step(span: float) -> float:
    """The round number (1, 2, 2.5, 5 × 10ᵏ) just above a fifth of ``span``."""
    if not span > 0.0 or not math.isfinite(span):
        return 1.0
    raw = span / 5.0
    scale = 10.0 ** math.floor(math.log10(raw))
    return next(step * scale for step in _STEPS if step * scale >= raw * (1 - 1e-9))


def round_limits(low: float, high: float, least: float) -> tuple[float, float]:
    """Round limits around low … high, at least ``least`` apart."""
    if high - low < least:
        middle = 0.5 * (low + high)
        low, high = middle - least / 2, middle + least / 2
    margin = 0.04 * (high - low)
    step = round_step(high - low)
    return (
        math.floor((low - margin) / step) * step,
        math.ceil((high + margin) / step) * step,
    )


class SteadyRange:
    """A Bokeh range that follows data as a good oscilloscope would.

    Args:
        low, high: limits at the start.
        least: least span, so that noise of rounding never fills the frame.
    """

    def __init__(self, low: float, high: float, least: float) -> None:
        self.range = Range1d(low, high)
        self.least = least
        self.locked = False

    def follow(self, low: float, high: float) -> None:
        """Grow where the data would leave the frame."""
        if self.locked or not (math.isfinite(low) and math.isfinite(high)):
            return
        if low < self.range.start or high > self.range.end:
            self._set(*round_limits(min(low, self.range.start), max(high, self.range.end), 0.0))

    def settle(self, low: float, high: float) -> None:
        """Fit the data anew, where they fill less than 45 % of the frame or leave it."""
        if self.locked or not (math.isfinite(low) and math.isfinite(high)):
            return
        span = self.range.end - self.range.start
        if (
            low < self.range.start
            or high > self.range.end
            or max(high - low, self.least) < 0.45 * span
        ):
            self._set(*round_limits(low, high, self.least))

    def _set(self, low: float, high: float) -> None:
        if (low, high) != (self.range.start, self.range.end):
            self.range.update(start=low, end=high)
