"""One validated set of everything that determines a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from explorer.backend.circuits import Circuit, circuit, model_vector
from explorer.backend.errors import ExplorerError
from explorer.backend.parameters import PARAMETERS, parameter

STARTS: dict[str, str] = {
    "zero": "all potentials zero",
    "from_above": "settled at 100 s⁻¹ more background input, then brought here",
    "from_below": "settled at 100 s⁻¹ less background input, then brought here",
}
"""Where a simulation starts, with its meaning; history matters where two states coexist."""

REGIONS: dict[str, str] = {
    "caudal_middle_frontal": "caudal middle frontal gyrus, left (the paper's)",
    "occipital": "occipital cortex",
    "central": "central cortex (hand area), left",
    "temporal": "temporal cortex, left",
    "parietal": "parietal cortex",
}
"""Where the dipole sits, with its name on the page."""

SEED_LIMIT = 2**31 - 1


@dataclass(frozen=True)
class Settings:
    """A circuit with a valid value for every parameter, and the choices beside them.

    Attributes:
        circuit: key of ``CIRCUITS``.
        values: value of every parameter of the table, in its unit.
        region: key of ``REGIONS``.
        start: key of ``STARTS``.
        integrator: ``strang``, or ``euler`` where the circuit offers it.
        seed: seed of background and sensor noise, 1 … 2³¹ − 1.
    """

    circuit: str
    values: Mapping[str, float]
    region: str = "caudal_middle_frontal"
    start: str = "zero"
    integrator: str = "strang"
    seed: int = 1

    def __getitem__(self, name: str) -> float:
        """Value of a parameter, in its unit."""
        return self.values[name]

    @property
    def table(self) -> Circuit:
        """The circuit with its table."""
        return circuit(self.circuit)

    @property
    def theta(self) -> np.ndarray:
        """The model parameters in the kernels' order, (14,)."""
        return np.array(model_vector(self.values))

    def changed(self, **values: float) -> Settings:
        """A copy with other values of some parameters, validated.

        Raises:
            ExplorerError: an unknown parameter, or a value out of its range.
        """
        return replace(self, values=_checked(self.table, {**self.values, **values}))


def _checked(table: Circuit, values: Mapping[str, object]) -> Mapping[str, float]:
    for name in values:
        parameter(name)
    return MappingProxyType(
        {name: table.parameters[name].check(values[name]) for name in PARAMETERS}
    )


def _choice(field: str, value: object, choices: Mapping[str, object] | tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise ExplorerError(field, f"one of {', '.join(choices)}", repr(value))
    return value


def check_seed(seed: object) -> int:
    """The seed, if it is a whole number from 1 to 2³¹ − 1.

    Raises:
        ExplorerError: anything else, 0 included.
    """
    try:
        number = int(str(seed))
    except ValueError:
        number = 0
    if not 1 <= number <= SEED_LIMIT:
        raise ExplorerError("seed", f"a whole number from 1 to {SEED_LIMIT}", repr(seed))
    return number


def make_settings(
    circuit_name: str = "jansen_rit",
    values: Mapping[str, object] | None = None,
    *,
    region: str = "caudal_middle_frontal",
    start: str = "zero",
    integrator: str = "strang",
    seed: object = 1,
) -> Settings:
    """Settings from the circuit's defaults and the given changes.

    Args:
        circuit_name: key of ``CIRCUITS``.
        values: parameters that differ from the circuit's defaults, in the table's units.
        region: key of ``REGIONS``.
        start: key of ``STARTS``.
        integrator: one that the circuit offers.
        seed: 1 … 2³¹ − 1.

    Raises:
        ExplorerError: naming the first field that cannot be used.
    """
    table = circuit(circuit_name)
    return Settings(
        circuit=circuit_name,
        values=_checked(table, {**table.defaults(), **(values or {})}),
        region=_choice("region", region, REGIONS),
        start=_choice("start", start, STARTS),
        integrator=_choice("integrator", integrator, table.integrators),
        seed=check_seed(seed),
    )
