"""What is estimated: the nine inferred parameters, and the four products the data speak of.

With the stimulus entering y1 alone, the nine act only through A_e, b_e, b_i, C·a_1, C·a_2,
C·a_3 and A_i·C·a_4 (design of the explorer, section 3), so the products are judged too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from explorer.backend.circuits import circuit
from explorer.backend.parameters import INFERRED_NAMES, PARAMETERS


@dataclass(frozen=True)
class Target:
    """A parameter or a product of parameters.

    Attributes:
        name: key in ``TARGETS``, for example ``C`` or ``A_i·C·a_4``.
        members: the parameters that are multiplied.
    """

    name: str
    members: tuple[str, ...]

    @property
    def unit(self) -> str:
        """Unit of the value ("" for a pure number)."""
        return "".join(PARAMETERS[member].unit for member in self.members)

    @property
    def is_product(self) -> bool:
        """Whether it is a product of several parameters."""
        return len(self.members) > 1

    def of(self, parameters: np.ndarray) -> np.ndarray:
        """Values (…) from the inferred parameters (…, 9)."""
        columns = [INFERRED_NAMES.index(member) for member in self.members]
        return np.asarray(parameters)[..., columns].prod(axis=-1)


_PRODUCTS = (("C", "a_1"), ("C", "a_2"), ("C", "a_3"), ("A_i", "C", "a_4"))

TARGETS: dict[str, Target] = {
    row.name: row
    for row in (
        *(Target(name, (name,)) for name in INFERRED_NAMES),
        *(Target("·".join(members), members) for members in _PRODUCTS),
    )
}
"""The nine inferred parameters in the paper's order, then the four products."""

N_TARGETS = len(TARGETS)


def target_values(parameters: np.ndarray) -> np.ndarray:
    """Values (…, 13) of all targets from the inferred parameters (…, 9)."""
    return np.stack([target.of(parameters) for target in TARGETS.values()], axis=-1)


@lru_cache(maxsize=8)
def target_extents(circuit_name: str) -> np.ndarray:
    """Least and largest value of each target in the trained ranges, (13, 2)."""
    ranges = np.array(list(circuit(circuit_name).trained_ranges().values()))  # (9, 2)
    extents = np.stack([target_values(ranges[:, 0]), target_values(ranges[:, 1])], axis=-1)
    extents.flags.writeable = False
    return extents
