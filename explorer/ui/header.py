"""The circuit switch and the preset menu."""

from __future__ import annotations

from collections.abc import Callable

import panel as pn

from explorer.backend.circuits import CIRCUITS
from explorer.backend.presets import PRESETS
from explorer.state import ExplorerState

_OWN = ""
_STYLE = """
.bk-input, .bk-btn { height: 28px; font-size: 14px; padding: 0 8px; }
.bk-input { background: var(--card); color: var(--text); border: 1px solid var(--line); }
.bk-btn { background: var(--card); color: var(--text); border-color: var(--line); }
.bk-btn.bk-active { background: var(--accent); color: var(--card); box-shadow: none; }
"""


class Header:
    """Widgets that replace the whole point.

    Args:
        state: the page's state.
        arrived: called when the state has gone elsewhere.
    """

    def __init__(self, state: ExplorerState, arrived: Callable[[], None]) -> None:
        self.state = state
        self._arrived = arrived
        self._refreshing = False
        self.circuit = pn.widgets.RadioButtonGroup(
            options={c.title: c.name for c in CIRCUITS.values()}, value=state.settings.circuit,
            stylesheets=[_STYLE], margin=0, sizing_mode="stretch_width",
            description=" ".join(f"{c.title}: {c.meaning}" for c in CIRCUITS.values()),
        )  # fmt: skip
        titles = {preset.title: name for name, preset in PRESETS.items()}
        self.preset = pn.widgets.Select(
            options={"preset …": _OWN, **titles}, value=state.preset, stylesheets=[_STYLE],
            margin=0, sizing_mode="stretch_width",
        )  # fmt: skip
        self.circuit.param.watch(self._switch, "value")
        self.preset.param.watch(self._load, "value")

    def _switch(self, event: object) -> None:
        if not self._refreshing and self.circuit.value != self.state.settings.circuit:
            self.state.switch_circuit(self.circuit.value)
            self._arrived()

    def _load(self, event: object) -> None:
        if self._refreshing or self.preset.value in (_OWN, self.state.preset):
            return
        preset = PRESETS[self.preset.value]
        self.state.load(preset.settings(), preset.name)
        self._arrived()

    def refresh(self) -> None:
        """Show where the state is."""
        self._refreshing = True
        if self.circuit.value != self.state.settings.circuit:
            self.circuit.value = self.state.settings.circuit
        if self.preset.value != self.state.preset:
            self.preset.value = self.state.preset
        self._refreshing = False
