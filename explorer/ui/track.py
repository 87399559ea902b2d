"""Where a parameter's values stand on its track, and how they are written."""

from __future__ import annotations

import math

from explorer.backend.parameters import Parameter

_POINTS = 24


def shown(row: Parameter, value: float) -> float:
    """A value as the control shows it."""
    return row.display.shown(value) if row.display else value


def stored(row: Parameter, value: float) -> float:
    """A control's value as the model holds it."""
    return row.display.stored(value) if row.display else value


def limits(row: Parameter) -> tuple[float, float]:
    """The control's ends, as shown; 0 belongs to the track where the row admits it."""
    low, high = sorted((shown(row, row.low), shown(row, row.high)))
    return (0.0 if row.zero else low), high


def number_text(value: float) -> str:
    """A number as the input shows it: four figures, no trailing zeros."""
    return f"{float(f'{value:.4g}'):.10g}"


def position(row: Parameter, value: float) -> float:
    """Where on the track (0 … 100 %) a shown value stands."""
    low, high = limits(row)
    if not row.log:
        return 100.0 * (value - low) / (high - low)
    if row.zero and value < row.low:
        return 4.0 * value / row.low
    start = 4.0 if row.zero else 0.0
    share = math.log(value / row.low) / math.log(high / row.low)
    return start + (100.0 - start) * share


def track_points(row: Parameter) -> dict[str, list[float]] | None:
    """A logarithmic track as noUiSlider's non-linear range: per cent → [value, step]."""
    if not row.log:
        return None
    high = limits(row)[1]
    points: dict[str, list[float]] = {"min": [0.0, row.low]} if row.zero else {}
    for k in range(_POINTS):
        value = row.low * (high / row.low) ** (k / _POINTS)
        step = row.step if row.step < value / 50 else 10 ** math.floor(math.log10(value / 20))
        key = "min" if not points else f"{position(row, value):.3f}%"
        points[key] = [float(f"{value:.3g}") if k else row.low, step]
    points["max"] = [high]
    return points


def tooltip(row: Parameter) -> str:
    """Meaning, Jansen & Rit's letter, range and source, as plain text."""
    low, high = limits(row)
    unit = row.display.unit if row.display else row.unit
    letter = f" Jansen & Rit 1995 call it {row.jr95}." if row.jr95 else ""
    return f"{row.meaning}{letter} Range {low:.4g} to {high:.4g} {unit}. Source: {row.source}."


def track_style(row: Parameter) -> str:
    """CSS that shades the trained range and marks the default on the track."""
    at = position(row, shown(row, row.default))
    shade = "var(--track)"
    if row.trained:
        ends = sorted(position(row, shown(row, end)) for end in row.trained)
        shade = (
            f"linear-gradient(to right, var(--track) {ends[0]:.2f}%, var(--trained) {ends[0]:.2f}%,"
            f" var(--trained) {ends[1]:.2f}%, var(--track) {ends[1]:.2f}%)"
        )
    return f"""
    .bk-input-group {{ padding: 3px 10px 5px; margin: 0; }}
    .noUi-target.noUi-horizontal {{ height: 6px; margin: 0; border: none; box-shadow: none;
      background: {shade}; border-radius: 3px; }}
    .noUi-connects {{ background: none; }}
    .noUi-target::after {{ content: ''; position: absolute; left: calc({at:.2f}% - 1px); top: -6px;
      width: 2px; height: 18px; background: var(--text); border-radius: 1px; }}
    .noUi-horizontal .noUi-handle {{ width: 14px; height: 14px; right: -7px; top: -4px;
      border-radius: 50%; background: var(--accent); border: 2px solid var(--card);
      box-shadow: 0 0 2px var(--muted); z-index: 2; }}
    .noUi-handle:focus-visible {{ outline: 3px solid var(--focus); outline-offset: 1px; }}
    .noUi-handle::before, .noUi-handle::after {{ display: none; }}
    """
