"""A plot's axis over one parameter: linear in what the control's track shows evenly.

Positions are the model's value, or its decimal logarithm where the control is
logarithmic; tick labels are in the unit of the screen.
"""

from __future__ import annotations

import math

import numpy as np
from bokeh.models import Axis, FixedTicker, Range1d

from explorer.backend.parameters import MODEL_NAMES, Parameter
from explorer.backend.settings import Settings
from explorer.ui.axes import round_step


class ParameterAxis:
    """Where values of a parameter stand on an axis.

    Args:
        row: the parameter's row in the table of the circuit.
    """

    def __init__(self, row: Parameter) -> None:
        self.row = row

    def place(self, value: np.ndarray | float) -> np.ndarray:
        """Positions of values, of the same shape."""
        values = np.asarray(value, dtype=float)
        return np.log10(values) if self.row.log else values

    def value(self, place: float) -> float:
        """The value at a position, brought into the parameter's range."""
        value = 10.0**place if self.row.log else place
        return min(max(value, self.row.low), self.row.high)

    @property
    def ends(self) -> tuple[float, float]:
        """Positions of the ends of the range."""
        return float(self.place(self.row.low)), float(self.place(self.row.high))

    def shown(self, value: float, digits: int = 4) -> str:
        """A value as the control shows it, with its unit, to significant digits."""
        row = self.row
        number = row.display.shown(value) if row.display else value
        return f"{number:.{digits}g} {self.unit}".strip().replace("-", "−", 1)

    @property
    def unit(self) -> str:
        """Unit on the screen, "" for a pure number."""
        return self.row.display.unit if self.row.display else self.row.unit

    @property
    def label(self) -> str:
        """Name, quantity and unit."""
        row = self.row
        symbol = row.display.name if row.display else row.name
        label = f"{symbol}, {row.display.label if row.display else row.label}"
        if row.display and row.display.inverse:
            label += " time constant"
        return f"{label} ({self.unit})" if self.unit else label

    def ticks(self) -> dict[float, str]:
        """Position → label, at round numbers of the screen's unit."""
        row = self.row
        ends = [row.display.shown(v) if row.display else v for v in (row.low, row.high)]
        low, high = min(ends), max(ends)
        if row.log:
            decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
            numbers = [m * 10.0**d for d in decades for m in (1, 2, 5)]
        else:
            step = round_step(high - low)
            numbers = [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
        stored = row.display.stored if row.display else float
        return {float(self.place(stored(n))): f"{n:.10g}" for n in numbers if low <= n <= high}

    def fit(self, axis: Axis, limits: Range1d) -> None:
        """Make an axis and its range show this parameter."""
        ticks = self.ticks()
        limits.update(start=self.ends[0], end=self.ends[1])
        axis.update(
            axis_label=self.label,
            ticker=FixedTicker(ticks=list(ticks)),
            major_label_overrides=ticks,
        )


def held(settings: Settings, *free: str) -> tuple[object, ...]:
    """What a picture over the parameters ``free`` depends on: all else but the noise."""
    skipped = {*free, "p_sd"}
    return settings.circuit, *(settings[name] for name in MODEL_NAMES if name not in skipped)
