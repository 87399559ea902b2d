"""One parameter's control: symbol, name, value to type, unit, track, its own reset."""

from __future__ import annotations

import html
import json
from collections.abc import Callable

import panel as pn
from bokeh.models import Button, Column, Div, Row, Slider, TextInput

from explorer.backend.errors import ExplorerError
from explorer.backend.parameters import Parameter
from explorer.ui.styles import UNSEEN_LABEL
from explorer.ui.track import (
    limits,
    number_text,
    position,
    shown,
    stored,
    tooltip,
    track_points,
    track_style,
)

_HEAD_PX = 22
_INPUT = """
.bk-input { height: 22px; min-height: 22px; padding: 0 4px; text-align: right;
  font-size: calc(var(--size) - 1px);
  background: var(--card); color: var(--text); border: 1px solid var(--line); }
"""
_RESET = """
.bk-btn.bk-btn-default { padding: 0; min-width: 20px; height: 22px; min-height: 22px; border: none;
  background: none; color: var(--accent); font-size: 15px; line-height: 1; }
.bk-btn[disabled] { visibility: hidden; }
.bk-btn:hover { background: var(--wash); }
.bk-btn:focus-visible { outline: 3px solid var(--focus); }
"""
_LABEL = """
:host { color: var(--text); font-size: calc(var(--size) - 1px); line-height: 22px;
  overflow: hidden; }
.bk-clearfix { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
b { font-family: 'STIX Two Text', 'DejaVu Serif', serif; font-style: italic; font-size: 110%; }
sub { font-size: 70%; line-height: 0; }
"""
_UNIT = """
:host { color: var(--muted); font-size: calc(var(--size) - 1px); line-height: 22px;
  white-space: nowrap; min-width: 8px; }
"""
_MARKS = """
:host { width: 100%; height: 15px; font-size: 12px; line-height: 15px; color: var(--muted); }
.bk-clearfix { display: block; width: 100%; }
div div { position: relative; height: 15px; margin: 0 8px; }
span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
span:first-child { transform: translateX(-8px); }
"""


class ParameterSlider:
    """The control of one row of the table.

    Args:
        row: the row, with the present circuit's default and range.
        value: present value, in the table's unit.
        on_change: called with the new value (table's unit) at every movement.
        on_release: called when a movement has ended.
        on_error: called with what was wrong with a typed value.
    """

    def __init__(
        self,
        row: Parameter,
        value: float,
        on_change: Callable[[str, float], None],
        on_release: Callable[[], None],
        on_error: Callable[[ExplorerError], None],
    ) -> None:
        self.row = row
        self._on_change, self._on_release, self._on_error = on_change, on_release, on_error
        self._echoing = False
        self._value, self._shown_row = float("nan"), row
        unit = row.display.unit if row.display else row.unit
        self.slider = Slider(
            name=row.handle, title="", show_value=False, tooltips=False,
            sizing_mode="stretch_width",
            margin=0, start=0, end=1, value=0, step=0.1, bar_color="#00000000",
        )  # fmt: skip
        self.input = TextInput(
            value="", width=58, height=_HEAD_PX, margin=(0, 2, 0, 0),
            stylesheets=[_INPUT, UNSEEN_LABEL], name=f"{row.handle}_input",
            title=f"{self._label()} {unit}".strip(),
        )  # fmt: skip
        self.unit = Div(text=unit, margin=(0, 2, 0, 2), stylesheets=[_UNIT])
        self.reset = Button(
            label="↺", width=20, height=_HEAD_PX, margin=0, stylesheets=[_RESET], disabled=True,
            name=f"{row.handle}_reset",
        )  # fmt: skip
        label = Div(
            text=f'<span title="{html.escape(tooltip(row))}">'
            f"<b>{self._html()}</b> {self._label()}</span>",
            sizing_mode="stretch_width", margin=(0, 0, 0, 6), stylesheets=[_LABEL],
        )  # fmt: skip
        head = Row(label, self.input, self.unit, self.reset, sizing_mode="stretch_width")
        parts = [head, self.slider]
        if row.marks:
            parts.append(self._marks())
        self.layout = Column(*parts, sizing_mode="stretch_width", margin=0)
        self._fit(row)
        self.show(value)
        self.slider.on_change("value", self._slid)
        self.slider.on_change("value_throttled", lambda attr, old, new: self._on_release())
        self.input.on_change("value", self._typed)
        self.reset.on_click(self._reset)

    def _html(self) -> str:
        return self.row.display.html if self.row.display else self.row.html

    def _label(self) -> str:
        return self.row.display.label if self.row.display else self.row.label

    def _marks(self) -> Div:
        spans = "".join(
            f'<span style="left:{position(self.row, value):.2f}%">{word}</span>'
            for value, word in self.row.marks
        )
        return Div(text=f"<div>{spans}</div>", stylesheets=[_MARKS], margin=(-3, 0, 2, 0),
                   sizing_mode="stretch_width")  # fmt: skip

    def _fit(self, row: Parameter) -> None:
        """Take over the default and range of a circuit's row."""
        self.row = row
        low, high = limits(row)
        step = row.display.step if row.display else row.step
        points = track_points(row)
        tags: list[object] = [
            {"label": f"{self._label()}", "unit": self.unit.text, "shift_step": 10 * step}
        ]
        if points:
            tags.append({"points": json.dumps(points)})
        self.slider.update(
            start=low, end=high, step=step, tags=tags, stylesheets=[track_style(row)]
        )

    def refit(self, row: Parameter) -> None:
        """Another circuit: other default and range, if they differ."""
        if row != self.row:
            self._fit(row)

    def show(self, value: float) -> None:
        """Show a value (table's unit); called for every frame."""
        if value == self._value and self.row is self._shown_row:
            return
        self._value, self._shown_row = value, self.row
        at = shown(self.row, value)
        low, high = limits(self.row)
        self._echoing = True
        if abs(self.slider.value - at) > 1e-9 * (high - low):
            self.slider.value = at
        self.input.value = number_text(at)
        moved = abs(at - shown(self.row, self.row.default)) > 1e-6 * high
        self.reset.disabled = not moved
        if self.row.display and self.row.display.inverse:
            self.unit.text = f"ms, {1000 / at:.0f} s⁻¹"
        self._echoing = False

    def _slid(self, _attr: str, _old: float, new: float) -> None:
        if self._echoing:
            return
        row = self.row
        value = stored(row, new)
        if row.zero and 0.0 < value < row.low:
            value = 0.0 if value < row.low / 2 else row.low
        value = min(max(value, 0.0 if row.zero else row.low), row.high)
        self._on_change(row.name, float(round(value)) if row.integer else value)

    def _typed(self, _attr: str, _old: str, new: str) -> None:
        if self._echoing:
            return
        try:
            value = self._parse(new.strip().replace(",", "."))
        except ExplorerError as error:
            self._on_error(error)
            self._write(self._value)
            return
        self._write(value)
        self._set(value)

    def _write(self, value: float) -> None:
        """Put a value (table's unit) into the box without taking it for typing."""
        self._echoing = True
        self.input.value = number_text(shown(self.row, value))
        self._echoing = False

    def _set(self, value: float) -> None:
        self._on_change(self.row.name, value)
        self._on_release()

    def _parse(self, text: str) -> float:
        row = self.row
        low, high = limits(row)
        unit = row.display.unit if row.display else row.unit
        try:
            number = float(text)
            return row.check(stored(row, number))
        except (ExplorerError, ValueError, ZeroDivisionError):
            expected = f"a number from {low:.4g} to {high:.4g} {unit}".strip()
            raise ExplorerError(row.handle, expected, repr(text)) from None

    def _reset(self) -> None:
        self._set(self.row.default)

    def panel(self) -> pn.pane.Bokeh:
        """The control as a Panel object."""
        return pn.pane.Bokeh(self.layout, sizing_mode="stretch_width")
