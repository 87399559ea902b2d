"""What the command line says of words it cannot take: one sentence, as of any other input."""

from __future__ import annotations

import difflib
from typing import Any

import typer

from explorer.backend.errors import ExplorerError

UsageError: type[Exception] = typer.BadParameter.__mro__[1]
"""Click's error of usage, wherever this release of Typer keeps its Click."""


def usage_sentence(error: Any) -> ExplorerError:
    """An error of usage as field, what was expected and what came.

    Args:
        error: a ``UsageError`` that Typer raised while it read the command line.
    """
    name = type(error).__name__
    context = error.ctx
    if name == "NoSuchOption":
        known = [option for row in context.command.params for option in row.opts]
        return ExplorerError(
            error.option_name, f"an option of '{context.command_path}'{_nearest(error, known)}",
            "one that it does not have",
        )  # fmt: skip
    if name == "MissingParameter" and error.param is not None:
        row = error.param
        field = row.opts[0] if row.opts[0].startswith("-") else row.name
        return ExplorerError(field, f"a value{_of(row)}", "nothing")
    if name == "BadOptionUsage":
        return ExplorerError(error.option_name, "a value after it", "nothing")
    asked = _unknown_command(error)
    if asked is not None:
        return ExplorerError(
            "command", f"one of {', '.join(context.command.commands)}", repr(asked)
        )
    return ExplorerError("command line", "what --help says", _lower(error.format_message()))


def _unknown_command(error: Any) -> str | None:
    commands = getattr(getattr(error.ctx, "command", None), "commands", None)
    said = error.format_message()
    return said.split("'")[1] if commands and said.startswith("No such command '") else None


def _nearest(error: Any, known: list[str]) -> str:
    near = difflib.get_close_matches(error.option_name, known, 1)
    return f" (perhaps {near[0]})" if near else " (--help lists them)"


def _of(row: Any) -> str:
    return f" ({row.metavar})" if getattr(row, "metavar", None) else ""


def _lower(message: str) -> str:
    plain = message.rstrip(".").removeprefix("Got ")
    return plain[:1].lower() + plain[1:]
