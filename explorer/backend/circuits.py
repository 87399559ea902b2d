"""The two circuits, as data: what they change in the table, and how they are integrated.

``jansen_rit`` is Jansen & Rit 1995. ``deepjr`` is what the public code of Tilwani &
O'Reilly 2024 integrates: potentials in volts, the slope 0.56 (per millivolt) and a
maximum rate of 0.05, which in the units of the table are the figures below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from explorer.backend.errors import ExplorerError
from explorer.backend.parameters import INFERRED_NAMES, MODEL_NAMES, PARAMETERS, Parameter


@dataclass(frozen=True)
class Circuit:
    """One circuit.

    Attributes:
        name: key in ``CIRCUITS``.
        title: name on the page.
        meaning: one sentence for the tooltip.
        stimulus_weights: (w_e, w_p, w_i), how the stimulus enters y0, y1 and y2.
        integrators: admitted integrators, the default first.
        dt: integration step in s.
        parameters: the table with this circuit's defaults and ranges.
    """

    name: str
    title: str
    meaning: str
    stimulus_weights: tuple[float, float, float]
    integrators: tuple[str, ...]
    dt: float
    parameters: Mapping[str, Parameter]

    def defaults(self) -> dict[str, float]:
        """Default of every parameter of the table, in its unit."""
        return {name: row.default for name, row in self.parameters.items()}

    def trained_ranges(self) -> dict[str, tuple[float, float]]:
        """Trained range of the nine inferred parameters, in their units."""
        return {name: self.parameters[name].trained for name in INFERRED_NAMES}  # type: ignore[misc]


def _table(**changes: Mapping[str, object]) -> Mapping[str, Parameter]:
    rows = {name: replace(row, **changes.get(name, {})) for name, row in PARAMETERS.items()}  # type: ignore[arg-type]
    return MappingProxyType(rows)


_FULL_RANGE = {
    name: {"trained": (PARAMETERS[name].low, PARAMETERS[name].high)} for name in INFERRED_NAMES
}

CIRCUITS: dict[str, Circuit] = {
    "jansen_rit": Circuit(
        name="jansen_rit",
        title="Jansen-Rit",
        meaning="The circuit of Jansen & Rit 1995: a nonlinear oscillator.",
        stimulus_weights=(0.0, 1.0, 0.0),
        integrators=("strang",),
        dt=1e-3,
        parameters=_table(),
    ),
    "deepjr": Circuit(
        name="deepjr",
        title="deepjr",
        meaning="What the public code of Tilwani & O'Reilly 2024 integrates: "
        "its sigmoids stay near one half, so it filters the stimulus "
        "and does not oscillate by itself.",
        stimulus_weights=(0.56, 1.0, 1.0),
        integrators=("strang", "euler"),
        dt=1e-3,
        parameters=_table(
            **_FULL_RANGE,
            r={"default": 0.00056, "low": 0.0003, "high": 0.0008, "step": 0.00001},
            v_max={"default": 0.05, "low": 0.01, "high": 0.1, "step": 0.001},
            p_mean={"default": 0.0},
            p_sd={"default": 0.0},
        ),
    ),
}


def circuit(name: str) -> Circuit:
    """The circuit of that name.

    Raises:
        ExplorerError: there is no such circuit.
    """
    try:
        return CIRCUITS[name]
    except (KeyError, TypeError):
        raise ExplorerError("circuit", f"one of {', '.join(CIRCUITS)}", repr(name)) from None


def model_vector(values: Mapping[str, float]) -> list[float]:
    """The fourteen model parameters in the kernels' order, each in its unit."""
    return [values[name] for name in MODEL_NAMES]
