"""What the colour of a regime map may tell, and where the names of regimes stand in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt

from explorer.backend.regime_map import RegimeMap
from explorer.backend.rhythm import REGIME_NAMES

REGIME_COLOURS = {
    "light": ("#d9e2ea", "#8494a3", "#cc79a7", "#56b4e9", "#f0c020", "#d55e00"),
    "dark": ("#2b3642", "#66788a", "#a85588", "#2f86bd", "#c99a00", "#c2500a"),
}
"""In the order of ``REGIMES``; hues after Okabe & Ito, each of another lightness."""
_SHORT = {"rest_low": "rest", "rest_high": "saturated"}
SHORT_NAMES = tuple(_SHORT.get(name, name) for name in REGIME_NAMES)
RAMP = ("#0b1f4b", "#1f3f7a", "#2f6690", "#3f8f9b", "#5bb58f", "#9ad26f", "#e6e65a")


@dataclass(frozen=True)
class Shade:
    """What the map's colour may tell.

    Attributes:
        title: on the menu and the colour bar, with the unit.
        low, high: ends of the colour scale; None: those of the data.
    """

    title: str
    low: float | None
    high: float | None


SHADES: dict[str, Shade] = {
    "regime": Shade("regime", -0.5, len(REGIME_NAMES) - 0.5),
    "frequency": Shade("frequency (Hz)", 0.0, None),
    "amplitude": Shade("amplitude (mV)", 0.0, None),
}


def innermost(inside: np.ndarray) -> tuple[int, int] | None:
    """Row and column of the point farthest from the edge; None below 2 % of the plane."""
    if inside.mean() < 0.02:
        return None
    depth = distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
    row, column = np.unravel_index(int(np.argmax(depth)), depth.shape)
    return int(row), int(column)


def name_places(regimes: RegimeMap) -> dict[int, tuple[float, float]]:
    """Where the names of the regimes stand, by code, as shares (x, y) of the plane."""
    n = regimes.x.size
    found = {code: innermost(regimes.regime == code) for code in range(len(REGIME_NAMES))}
    return {
        code: ((place[1] + 0.5) / n, (place[0] + 0.5) / n)
        for code, place in found.items()
        if place is not None
    }
