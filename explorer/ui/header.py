"""The circuit switch and the preset menu."""

from __future__ import annotations

from collections.abc import Callable

import panel as pn

from explorer.backend.circuits import CIRCUITS
from explorer.backend.presets import PRESETS
from explorer.state import ExplorerState
from explorer.ui.styles import BUTTON, FIELD, UNSEEN_LABEL

_OWN = ""
_TALL = ".bk-input, :host(.solid) .bk-btn.bk-btn-default { height: 28px; min-height: 28px; }"


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
            stylesheets=[BUTTON, _TALL], margin=0, sizing_mode="stretch_width",
        )  # fmt: skip
        titles = {preset.title: name for name, preset in PRESETS.items()}
        self.preset = pn.widgets.Select(
            name="Preset", options={"preset …": _OWN, **titles}, value=state.preset,
            stylesheets=[FIELD, _TALL, UNSEEN_LABEL], margin=0, sizing_mode="stretch_width",
        )  # fmt: skip
        self.circuit.param.watch(self._switch, "value")
        self.preset.param.watch(self._load, "value")

    def _switch(self, event: object) -> None:
        if not self._refreshing and self.circuit.value != self.state.settings.circuit:
            self.state.switch_circuit(self.circuit.value)
            self._arrived()

    def _load(self, event: object) -> None:
        if self._refreshing or self.preset.value == _OWN:
            return
        preset = PRESETS[self.preset.value]
        self.state.load(preset.settings(), preset.name)
        self._arrived()

    def refresh(self) -> None:
        """Show where the state is."""
        self._refreshing = True
        if self.circuit.value != self.state.settings.circuit:
            self.circuit.value = self.state.settings.circuit
        there = self.state.settings == self.state.base  # else it can be chosen again
        preset = self.state.preset if there else _OWN
        if self.preset.value != preset:
            self.preset.value = preset
        self._refreshing = False
