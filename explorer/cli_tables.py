"""What the command line prints: progress, the presets, the speeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from explorer.backend.bench import Measurement
    from explorer.backend.machine import Machine
    from explorer.backend.presets import Preset

_VERDICT = {None: "", True: "[green]met[/]", False: "[red]missed[/]"}


@contextmanager
def progress(title: str) -> Iterator[Callable[[str, float | None], None]]:
    """A bar on stderr, none where that is no terminal.

    Yields ``report(title, share)``; a share of None means that it is not known.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task(title, total=None)

        def report(description: str, share: float | None) -> None:
            total = None if share is None else 1.0
            bar.update(task, description=description, total=total, completed=share or 0.0)

        yield report


def bench_table(machine: Machine, results: Iterable[Measurement]) -> Table:
    """Medians beside their goals, with the machine and the versions."""
    versions = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    caption = f"{machine.processor}, {machine.cores} cores, {machine.system}\n{versions}"
    table = Table(title="Speeds measured now", caption=caption)
    for heading in ("what", "median", "best", "worst"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    table.add_column("unit")
    table.add_column("goal", justify="right")
    table.add_column("")
    for row in results:
        figures = [f"{value:.2f}" for value in (row.median, row.best, row.worst)]
        goal = "" if row.goal is None else f"≤ {row.goal:g}"
        table.add_row(row.title, *figures, row.unit, goal, _VERDICT[row.met])
    return table


def preset_table(presets: Iterable[Preset]) -> Table:
    """Name, title, circuit, regime and what to look at."""
    table = Table(title="Presets", show_lines=True)
    table.add_column("name", no_wrap=True)
    for heading in ("title", "circuit", "regime", "look at"):
        table.add_column(heading)
    for row in presets:
        table.add_row(row.name, row.title, row.circuit, row.regime, row.look)
    return table
