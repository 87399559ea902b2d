"""Writes the tables of docs/model.md from the table of parameters.

``python -m explorer.backend.docs_tables`` replaces what stands between the markers
``<!-- begin NAME -->`` and ``<!-- end NAME -->``; a test fails where they are out of date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import explorer
from explorer.backend.circuits import CIRCUITS
from explorer.backend.parameters import PARAMETERS, Parameter

DOCUMENT = Path(explorer.__file__).parent.parent / "docs" / "model.md"


def markdown_table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, ("---",) * len(head), *rows)]
    return "\n".join(lines)


def _unit(row: Parameter) -> str:
    return row.unit or "–"


def _span(ends: tuple[float, float] | None) -> str:
    return f"{ends[0]:g} … {ends[1]:g}" if ends else "fixed"


def _range(row: Parameter) -> str:
    off = "0, " if row.zero and row.low > 0 else ""
    return off + _span((row.low, row.high))


def _meaning(row: Parameter) -> str:
    if not row.display:
        return row.meaning
    shown, default = row.display, row.display.shown(row.default)
    return f"{row.meaning} On screen {shown.name} in {shown.unit} ({default:g} {shown.unit})."


def parameter_table() -> str:
    """Every parameter of ``jansen_rit`` as a Markdown table."""
    head = ("name", "JR95", "unit", "default", "range", "trained range", "meaning", "source")
    return markdown_table(
        head,
        (
            (
                row.name, row.jr95 or "–", _unit(row), f"{row.default:g}", _range(row),
                _span(row.trained), _meaning(row), row.source,
            )
            for row in PARAMETERS.values()
        ),
    )  # fmt: skip


def difference_table() -> str:
    """What ``deepjr`` changes in the table, beside ``jansen_rit``, as a Markdown table."""
    head = ("name", "unit", "jansen_rit", "its range", "its trained range",
            "deepjr", "its range", "its trained range")  # fmt: skip
    other = CIRCUITS["deepjr"].parameters

    def facts(row: Parameter) -> tuple[str, str, str]:
        return f"{row.default:g}", _range(row), _span(row.trained)

    return markdown_table(
        head,
        (
            (name, _unit(row), *facts(row), *facts(other[name]))
            for name, row in PARAMETERS.items()
            if facts(row) != facts(other[name])
        ),
    )


TABLES: dict[str, Callable[[], str]] = {
    "parameters": parameter_table,
    "differences": difference_table,
}
"""Name of the markers in the document → the table between them."""


def with_tables(text: str) -> str:
    """The document with its tables as they are now.

    Raises:
        ValueError: a marker is missing.
    """
    for name, table in TABLES.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        start, stop = text.index(begin) + len(begin), text.index(end)
        text = f"{text[:start]}\n\n{table()}\n\n{text[stop:]}"
    return text


if __name__ == "__main__":
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
