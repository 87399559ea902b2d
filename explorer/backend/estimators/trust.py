"""Whether an estimate is to be believed, and if not, why: in words.

Three levels. ``trusted``: nothing speaks against it. ``prior``: sound, but the data told
the estimator next to nothing, so that it repeats its prior. ``untrusted``: the network was
never trained on anything like it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from explorer.backend.circuits import Circuit, circuit
from explorer.backend.draws import P_MEAN_RANGE, P_SD_RANGE
from explorer.backend.estimators.interface import LARGEST_NOISE_MV, LEAST_NOISE_MV, Observation
from explorer.backend.estimators.service import Reading
from explorer.backend.parameters import INFERRED_NAMES, MODEL_NAMES, PARAMETERS
from explorer.backend.settings import STARTS, Settings
from explorer.backend.targets import TARGETS, target_extents

LEVELS: dict[str, str] = {
    "trusted": "trained for this",
    "prior": "says little more than its prior",
    "untrusted": "not to be trusted",
}
"""The levels, with their words."""
PRIOR_SHARE = 0.9
"""An estimate whose SD is more than this share of the prior's repeats the prior."""
_CONTEXT = ("p_mean", "p_sd")
_NOT_INFERRED = (
    *(name for name in MODEL_NAMES if name not in INFERRED_NAMES and name not in _CONTEXT),
    "stim_amplitude",
    "stim_width",
)


@dataclass(frozen=True)
class Verdict:
    """On one estimate of one target.

    Attributes:
        level: key of ``LEVELS``.
        reason: one sentence, "" where there is nothing to say.
        inside: whether the true value lies in the trained range; None where unknown.
    """

    level: str
    reason: str
    inside: bool | None


@lru_cache(maxsize=4)
def target_prior_sd(circuit_name: str) -> np.ndarray:
    """Standard deviation (13,) of the targets under the uniform prior over the trained ranges.

    For a product of independent factors E[x²] = Π E[xᵢ²] and E[x] = Π E[xᵢ].
    """
    low, high = np.array(list(circuit(circuit_name).trained_ranges().values())).T
    middle, square = (low + high) / 2, (low**2 + low * high + high**2) / 3
    columns = [[INFERRED_NAMES.index(m) for m in one.members] for one in TARGETS.values()]
    found = np.array([square[c].prod() - middle[c].prod() ** 2 for c in columns])
    sd = np.sqrt(found)
    sd.flags.writeable = False
    return sd


def _quantity(table: Circuit, name: str, value: float) -> str:
    row = table.parameters[name]
    shown = row.display.shown(value) if row.display else value
    unit = row.display.unit if row.display else row.unit
    return f"{shown:.4g} {unit}".strip()


def _moved(settings: Settings) -> list[str]:
    """What training held fixed and is elsewhere now."""
    table = settings.table
    names = _NOT_INFERRED + (_CONTEXT if table.parameters["p_mean"].default == 0.0 else ())
    return [
        f"{table.parameters[name].label} is {_quantity(table, name, settings[name])}, and "
        f"training knew {_quantity(table, name, table.parameters[name].default)} alone."
        for name in names
        if not np.isclose(settings[name], table.parameters[name].default, rtol=1e-9, atol=0.0)
    ]


def _beyond(settings: Settings) -> list[str]:
    """True values and context outside what training drew from."""
    table, found = settings.table, []
    limits = {name: table.trained_ranges()[name] for name in INFERRED_NAMES}
    if table.parameters["p_mean"].default > 0.0:
        limits |= {"p_mean": P_MEAN_RANGE, "p_sd": P_SD_RANGE}
    for name, (low, high) in limits.items():
        if not low <= settings[name] <= high:
            row = PARAMETERS[name]
            words = f"{settings[name]:.4g}, outside the trained {low:g} to {high:g} {row.unit}"
            found.append(f"{row.label} ({name}) is {words.strip()}.")
    return found


def untrained(settings: Settings) -> tuple[str, ...]:
    """Why no estimate of this point is to be trusted: one sentence for each reason."""
    reasons = _moved(settings) + _beyond(settings)
    if settings.start != "zero":
        reasons.append(f"The start is “{STARTS[settings.start]}”; training always began at zero.")
    if settings.integrator != settings.table.integrators[0]:
        reasons.append(
            f"The integrator is {settings.integrator}; training used "
            f"{settings.table.integrators[0]}."
        )
    return tuple(words[0].upper() + words[1:] for words in reasons)


def untrained_context(observation: Observation) -> tuple[str, ...]:
    """The same for an observation of which nothing but the context is known."""
    table, found = circuit(observation.circuit), []
    if not LEAST_NOISE_MV <= observation.noise_mv <= LARGEST_NOISE_MV:
        found.append(
            f"Noise of {observation.noise_mv:.2g} mV is outside the trained "
            f"{LEAST_NOISE_MV:g} to {LARGEST_NOISE_MV:g} mV."
        )
    if table.parameters["p_mean"].default > 0.0:
        limits = {"p_mean": P_MEAN_RANGE, "p_sd": P_SD_RANGE}
    else:
        limits = {name: (table.parameters[name].default,) * 2 for name in _CONTEXT}
    for name, (low, high) in limits.items():
        value = getattr(observation, name)
        if not low <= value <= high:
            allowed = f"{low:g}" if low == high else f"{low:g} to {high:g}"
            found.append(
                f"{PARAMETERS[name].label.capitalize()} of {value:g} is outside the trained "
                f"{allowed} {PARAMETERS[name].unit}."
            )
    return tuple(found)


def foreign(reading: Reading, name: str) -> str:
    """Why an observation is foreign to an estimator, "" where it is not."""
    if name not in reading.outliers:
        return ""
    rank = reading.estimates[name].evidence_rank[0]
    share = f"{100 * rank:.1g} %" if rank > 0 else "none"
    return f"Out of distribution: {share} of the training responses are as unlikely as this one."


def verdicts(
    reading: Reading, name: str, reasons: Sequence[str], truth: np.ndarray | None
) -> tuple[Verdict, ...]:
    """On an estimator's estimates, one for each target.

    Args:
        reading: of one observation.
        name: the estimator.
        reasons: why no estimate is to be trusted (``untrained``).
        truth: (13,) true values, None where unknown.
    """
    found = reading.estimates[name]
    extents, prior = target_extents(found.circuit), target_prior_sd(found.circuit)
    every = [*reasons, *filter(None, [foreign(reading, name)])]
    out = []
    for k in range(len(extents)):
        low, high = extents[k]
        edge = 1e-9 * (high - low)
        inside = None if truth is None else bool(low - edge <= truth[k] <= high + edge)
        if inside is False:
            reason = f"The true value lies outside the trained {low:.4g} to {high:.4g}."
            out.append(Verdict("untrusted", reason, inside))
        elif every:
            out.append(Verdict("untrusted", " ".join(every), inside))
        elif found.sd[0, k] > PRIOR_SHARE * prior[k]:
            out.append(Verdict("prior", "The data told it next to nothing of this one.", inside))
        else:
            out.append(Verdict("trusted", "", inside))
    return tuple(out)
