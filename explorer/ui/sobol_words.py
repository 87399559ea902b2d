"""What is said beneath the Sobol figures: what the indices are of, and how they were made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from explorer.backend.circuits import CIRCUITS
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.settings import Settings
from explorer.backend.sobol import SobolTable
from explorer.ui.sensitivity_parts import marked
from explorer.ui.sobol_view import has_indices, made, ranges_text

CONNECTIVITY = ("C", "a_1", "a_2", "a_3", "a_4")
_KEY = "Solid: S1, by itself; outlined: ST, with interactions; lines: {level:.4g} % intervals."
_STACK = "Every sample of the evoked response; blank where it does not vary."


def point(settings: Settings) -> tuple[object, ...]:
    """What indices around a point depend on."""
    others = ("stim_amplitude", "stim_width")
    model = settings.theta[:-1].tolist()  # p_sd is taken as 0
    return (settings.circuit, settings.start, *model, *(settings[name] for name in others))


def point_text(settings: Settings) -> str:
    """The nine values in words."""
    rows = [settings.table.parameters[name] for name in INFERRED_NAMES]
    return ", ".join(f"{row.name} {settings[row.name]:.4g} {row.unit}".strip() for row in rows)


def connectivity_text(tables: Sequence[SobolTable], feature: str) -> str:
    """How much the connectivity carries in each circuit, in one sentence; "" if unknown."""
    shares = []
    for table in tables:
        if has_indices(table, feature):
            where = [table.problem.names.index(name) for name in CONNECTIVITY]
            largest = float(np.nanmax(table.of_features.st[table.row(feature), where]))
            share = "below 0.01" if largest < 0.01 else f"{largest:.2f}"
            shares.append(f"{CIRCUITS[table.settings.circuit].title} {share}")
    if not shares:
        return ""
    return f"Largest ST of the connectivity, C and a_1 to a_4: {', '.join(shares)}."


def made_html(table: SobolTable) -> str:
    """What a table is of and how it was made; pointing at it gives the ranges."""
    return f'<span title="{ranges_text(table)}">{marked(made(table))}</span>'


def bars_text(tables: Sequence[SobolTable], feature: str) -> str:
    """Caption of the bars as HTML: one line for each table, then the ranges or the point."""
    said = [made_html(table) for table in tables]
    lines = []
    if len(tables) > 1:
        lines.append(connectivity_text(tables, feature))
    elif "around" in tables[0].scope:
        lines.append(f"the point: {point_text(tables[0].settings)}")
    else:
        lines.append(ranges_text(tables[0]))
    lines += [t.note(feature) for t in tables if has_indices(t, feature)]
    lines.append(_KEY.format(level=100 * tables[0].of_features.confidence))
    return "<br>".join([*said, *(marked(line) for line in lines if line)])


def stack_text(table: SobolTable) -> str:
    """Caption of the stack over time as HTML."""
    return f"{_STACK}<br>{made_html(table)}"


def pairs_text(table: SobolTable, title: str, certain: int) -> str:
    """Caption of the pairs as HTML; ``certain``: how many exceed their interval."""
    some = "figures where S2 exceeds its interval" if certain else "no S2 exceeds its interval"
    return f"Pairs, {title}; {some}.<br>{made_html(table)}"
