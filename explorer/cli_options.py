"""What the command line's options mean: their help from the table, their values to settings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from explorer.backend.circuits import CIRCUITS
from explorer.backend.errors import ExplorerError
from explorer.backend.parameters import PARAMETERS, Display, Parameter
from explorer.backend.settings import REGIONS, STARTS, Settings, make_settings

MOST_STEPS = 10_000_000
"""Most steps that one file may hold."""


def _with_unit(text: str, unit: str) -> str:
    return f"{text} {unit}" if unit else text


def _shown_range(row: Parameter, display: Display) -> str:
    low, high = sorted((display.shown(row.low), display.shown(row.high)))
    return f"a number from {low:.4g} to {high:.4g} {display.unit}"


def _row_help(row: Parameter) -> str:
    """One line: name, label, range with unit, the circuits that differ, the on-screen handle."""
    text = f"{row.name}: {row.label}, {row.range_text}"
    default = _with_unit(f"{row.default:g}", row.unit)
    for table in CIRCUITS.values():
        other = table.parameters[row.name]
        if other.range_text != row.range_text:
            text += f" ({table.name}: {other.range_text})"
    if row.display:
        text += f"; or {row.display.name}, {_shown_range(row, row.display)}"
    return f"{text}; default {default}"


PARAMETER_HELP = "\n\n".join(
    [
        "Parameters for --set NAME=VALUE (defaults of jansen_rit):",
        *map(_row_help, PARAMETERS.values()),
    ]
)
"""The parameter table for the end of a command's help."""


def _choices(choices: Sequence[str] | dict[str, str]) -> str:
    if isinstance(choices, dict):
        return "; ".join(f"{name}: {meaning}" for name, meaning in choices.items())
    return ", ".join(choices)


def _table_help(name: str, prefix: str) -> str:
    row = PARAMETERS[name]
    return f"{prefix}: {row.label}, {row.range_text}. Short for --set {name}=VALUE."


_DT = "; ".join(f"{table.name}: {table.dt:g} s" for table in CIRCUITS.values())
_INTEGRATORS = "; ".join(f"{t.name}: {', '.join(t.integrators)}" for t in CIRCUITS.values())

CircuitOption = Annotated[
    str | None,
    typer.Option("--circuit", metavar="C", help=f"The circuit: {_choices(tuple(CIRCUITS))}."),
]
PresetOption = Annotated[
    str | None,
    typer.Option("--preset", metavar="P", help="Start from a preset; see 'jr-explorer presets'."),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Change a parameter; may be repeated."),
]
DurationOption = Annotated[
    str, typer.Option("--duration", metavar="S", help="Length of the simulation in s.")
]
DtOption = Annotated[
    str | None,
    typer.Option(
        "--dt", metavar="S", help=f"Integration step in s; the circuit's default ({_DT})."
    ),
]
SeedOption = Annotated[
    str | None, typer.Option("--seed", metavar="N", help="Seed of the noise, from 1 on.")
]
StartOption = Annotated[
    str | None, typer.Option("--start", metavar="START", help=f"Initial state. {_choices(STARTS)}.")
]
IntegratorOption = Annotated[
    str | None,
    typer.Option("--integrator", metavar="I", help=f"Integrator. {_INTEGRATORS}."),
]
RegionOption = Annotated[
    str | None,
    typer.Option("--region", metavar="R", help=f"Where the dipole sits. {_choices(REGIONS)}."),
]
NoiseFactorOption = Annotated[
    str | None,
    typer.Option("--noise-factor", metavar="F", help=_table_help("noise_factor", "Sensor noise")),
]
TrialsOption = Annotated[
    str | None, typer.Option("--trials", metavar="N", help=_table_help("n_trials", "Trials"))
]
ForceOption = Annotated[bool, typer.Option("--force", help="Overwrite an existing output file.")]


def number(field: str, text: str, expected: str) -> float:
    """A number from the command line.

    Raises:
        ExplorerError: the text is none.
    """
    try:
        return float(text)
    except ValueError:
        raise ExplorerError(field, expected, repr(text)) from None


def whole(field: str, text: str) -> int:
    """A whole number, 0 or more, from the command line.

    Raises:
        ExplorerError: the text is none.
    """
    if not (text.strip().isascii() and text.strip().isdecimal()):
        raise ExplorerError(field, "a whole number", repr(text))
    return int(text)


def step_of(text: str | None, settings: Settings) -> float:
    """The integration step in s: as typed, or the circuit's.

    Raises:
        ExplorerError: not a number, or not a step that can be used.
    """
    from explorer.backend.simulate import n_steps_for

    step = settings.table.dt if text is None else number("dt", text, "a step in s")
    n_steps_for(step, step)
    return step


def check_length(field: str, duration: float, dt: float) -> float:
    """The duration in s, if a file can hold its steps of ``dt`` (s).

    Raises:
        ExplorerError: not at least one step, or over ``MOST_STEPS`` steps.
    """
    if not dt <= duration <= MOST_STEPS * dt * (1 + 1e-9):
        expected = f"a length from {dt:g} s, one step, to {MOST_STEPS * dt:g} s, {MOST_STEPS} steps"
        raise ExplorerError(field, expected, f"{duration:g} s")
    return duration


def _by_handle(name: str) -> tuple[str, Display | None]:
    if name in PARAMETERS:
        return name, None
    for row in PARAMETERS.values():
        if row.display and row.display.name == name:
            return row.name, row.display
    handles = [row.display.name for row in PARAMETERS.values() if row.display]
    raise ExplorerError("--set", f"one of {', '.join([*PARAMETERS, *handles])}", repr(name))


def _stored(field: str, text: str, row: Parameter, display: Display) -> float:
    """The model's value for a value on screen; errors speak of the screen's unit."""
    expected = _shown_range(row, display)
    shown = number(field, text, expected)
    try:
        return row.check(display.stored(shown))
    except (ExplorerError, ZeroDivisionError):
        raise ExplorerError(field, expected, text) from None


def parsed_changes(assignments: Sequence[str], circuit_name: str) -> dict[str, object]:
    """Parameter values from NAME=VALUE words, in the table's units.

    Raises:
        ExplorerError: a word that is not NAME=VALUE, an unknown or repeated name, or a
            value on screen out of its range.
    """
    changes: dict[str, object] = {}
    for word in assignments:
        field, separator, text = (part.strip() for part in word.partition("="))
        if not (field and separator and text):
            raise ExplorerError("--set", "NAME=VALUE", repr(word))
        name, display = _by_handle(field)
        if name in changes:
            raise ExplorerError(field, "each parameter set once", f"{name} set again by {word!r}")
        row = CIRCUITS[circuit_name].parameters[name]
        changes[name] = _stored(field, text, row, display) if display else text
    return changes


def _preset_settings(name: str, circuit_name: str | None) -> Settings:
    from explorer.backend.presets import PRESETS  # reads a file, only where it is asked for

    if name not in PRESETS:
        raise ExplorerError("preset", f"one of {', '.join(PRESETS)}", repr(name))
    preset = PRESETS[name]
    if circuit_name not in (None, preset.circuit):
        expected = f"{preset.circuit}, the circuit of preset {name}, or no --circuit"
        raise ExplorerError("circuit", expected, repr(circuit_name))
    return preset.settings()


def settings_of(
    circuit_name: str | None,
    preset: str | None,
    assignments: Sequence[str] | None,
    *,
    seed: str | None = None,
    start: str | None = None,
    integrator: str | None = None,
    region: str | None = None,
) -> Settings:
    """Settings from the options; what is not given is the preset's, or the circuit's default.

    Raises:
        ExplorerError: naming the first option that cannot be used.
    """
    if preset is None:
        base = make_settings(circuit_name if circuit_name is not None else next(iter(CIRCUITS)))
    else:
        base = _preset_settings(preset, circuit_name)
    return make_settings(
        base.circuit,
        {**base.values, **parsed_changes(assignments or (), base.circuit)},
        region=base.region if region is None else region,
        start=base.start if start is None else start,
        integrator=base.integrator if integrator is None else integrator,
        seed=base.seed if seed is None else seed,
    )


def output_of(path: Path, formats: Sequence[str], force: bool) -> Path:
    """The output path, if its format is known and it may be written.

    Raises:
        ExplorerError: an unknown ending, or a target that cannot be written.
    """
    from explorer.backend.export import check_target

    if not path.name.lower().endswith(tuple(formats)):
        raise ExplorerError("out", f"a file ending in {', '.join(formats)}", repr(path.name))
    check_target(path, force)
    return path
