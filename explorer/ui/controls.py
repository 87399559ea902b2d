"""The left side: grouped sliders, and the choices that belong to the groups."""

from __future__ import annotations

from collections.abc import Callable

import panel as pn
from bokeh.models import TextInput

from explorer.backend.circuits import circuit
from explorer.backend.errors import ExplorerError
from explorer.backend.parameters import PARAMETERS
from explorer.backend.settings import REGIONS, STARTS, Settings
from explorer.state import ExplorerState
from explorer.ui.slider import ParameterSlider
from explorer.ui.styles import BUTTON, FIELD

COLLAPSED = {"Sigmoid"}
ORDER = (
    "Synaptic gains",
    "Time constants",
    "Connectivity",
    "Background input",
    "Stimulus",
    "Measurement",
    "Sigmoid",
)
_START_WORDS = {"zero": "from zero", "from_above": "from above", "from_below": "from below"}


class Controls:
    """All sliders and choices of the sidebar.

    Args:
        state: the page's state.
        changed: called at every movement.
        released: called when a movement has ended.
        failed: called with what was wrong with a typed value.
    """

    def __init__(
        self,
        state: ExplorerState,
        changed: Callable[[], None],
        released: Callable[[], None],
        failed: Callable[[ExplorerError], None],
    ) -> None:
        self.state = state
        self._changed, self._released, self._failed = changed, released, failed
        table = state.settings.table.parameters
        self.sliders = {
            name: ParameterSlider(table[name], state.settings[name], self._set, released, failed)
            for name in PARAMETERS
        }
        self._circuit = state.settings.circuit
        self.region = self._select(
            "region", "Region of the dipole", {v: k for k, v in REGIONS.items()}
        )
        self.start = self._select("start", "Start", {_START_WORDS[k]: k for k in STARTS})
        self.integrator = self._select(
            "integrator", "Integrator", {n: n for n in state.settings.table.integrators}
        )
        # Bokeh's own: Panel's takes Enter twice, and would refuse the same value twice
        self.seed = TextInput(
            title="Noise seed", value=str(state.settings.seed), width=88,
            stylesheets=[FIELD], margin=(0, 0, 4, 0), name="seed",
        )  # fmt: skip
        self.seed.on_change("value", lambda attr, old, new: self._set_field("seed", new))
        self.redraw = pn.widgets.Button(
            name="new", width=44, align="end", margin=(0, 6, 4, 4), stylesheets=[BUTTON],
        )  # fmt: skip
        self.redraw.on_click(lambda _e: self._set_field("seed", state.settings.seed + 1))
        self.groups = {title: self._group(title) for title in ORDER}

    def _select(self, field: str, label: str, options: dict[str, str]) -> pn.widgets.Select:
        widget = pn.widgets.Select(
            name=label, options=options, value=getattr(self.state.settings, field),
            sizing_mode="stretch_width", stylesheets=[FIELD], margin=(0, 6, 4, 6),
        )  # fmt: skip
        widget.param.watch(lambda event: self._set_field(field, event.new), "value")
        return widget

    def _group(self, title: str) -> pn.Column:
        rows = [self.sliders[n].panel() for n, row in PARAMETERS.items() if row.group == title]
        extras: dict[str, list[pn.viewable.Viewable]] = {
            "Background input": [
                pn.Row(
                    self.start,
                    pn.pane.Bokeh(self.seed),
                    self.redraw,
                    margin=0,
                    sizing_mode="stretch_width",
                )
            ],
            "Measurement": [self.region],
            "Sigmoid": [self.integrator],
        }
        return pn.Column(*rows, *extras.get(title, []), sizing_mode="stretch_width", margin=0)

    def panel(self, title: str) -> pn.Column:
        """One group's controls."""
        return self.groups[title]

    def _set(self, name: str, value: float) -> None:
        try:
            self.state.set_value(name, value)
        except ExplorerError as error:
            self._failed(error)
            return
        self._changed()

    def _set_field(self, field: str, value: object) -> None:
        if str(value) == str(getattr(self.state.settings, field)):
            return
        try:
            self.state.set_field(field, value)
        except ExplorerError as error:
            self._failed(error)
            self.refresh(self.state.settings)
            return
        self._changed()
        self._released()

    def refresh(self, settings: Settings) -> None:
        """Show settings that may have been set elsewhere."""
        table = circuit(settings.circuit)
        if settings.circuit != self._circuit:
            self._circuit = settings.circuit
            for name, slider in self.sliders.items():
                slider.refit(table.parameters[name])
            self.integrator.options = {n: n for n in table.integrators}
        for name, slider in self.sliders.items():
            slider.show(settings[name])
        for field in ("region", "start", "integrator"):
            widget = getattr(self, field)
            if widget.value != getattr(settings, field):
                widget.value = getattr(settings, field)
        if self.seed.value != str(settings.seed):
            self.seed.value = str(settings.seed)
