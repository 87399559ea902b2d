"""The commands about sensitivity: Sobol indices, and the Fisher table."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from explorer import cli_options as options
from explorer.backend.circuits import CIRCUITS
from explorer.backend.errors import ExplorerError
from explorer.backend.parameters import INFERRED_NAMES
from explorer.cli_tables import progress

if TYPE_CHECKING:
    from explorer.backend.fisher_table import FisherTable

TABLE_FORMATS = (".nc", ".csv")
SHIPPED_SAMPLE = 8192
SHIPPED_CONFIDENCE = 0.999
"""A table holds about a thousand indices: at this level about one is expected outside."""


def _whole(field: str, text: str) -> int:
    if not text.strip().isdecimal():
        raise ExplorerError(field, "a whole number", repr(text))
    return int(text)


def _ranges(words: list[str] | None) -> dict[str, tuple[float, float]]:
    """Ranges from NAME=LOW:HIGH words, in the table's units."""
    found: dict[str, tuple[float, float]] = {}
    for word in words or ():
        name, _, ends = (part.strip() for part in word.partition("="))
        parts = ends.split(":")
        if not name or len(parts) != 2:
            raise ExplorerError("range", "NAME=LOW:HIGH", repr(word))
        if name in found:
            raise ExplorerError("range", "each factor once", f"{name} again by {word!r}")
        low, high = (options.number(name, end, "LOW:HIGH, two numbers") for end in parts)
        found[name] = (low, high)
    return found


def _writable(out: Path, formats: tuple[str, ...], force: bool) -> None:
    """Refuse an output that cannot be written before the work, not after it."""
    options.output_of(out, formats, force)
    if not os.access(out.resolve().parent, os.W_OK):
        raise ExplorerError("out", "a file in a folder that can be written to", str(out))


def sobol(
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help=f"Output: {', '.join(TABLE_FORMATS)}.")
    ],
    circuit: options.CircuitOption = None,
    samples: Annotated[
        str,
        typer.Option(
            "--samples",
            metavar="N",
            help="Base sample, a power of two; N × (2 × factors + 2) simulations.",
        ),
    ] = str(SHIPPED_SAMPLE),
    set_: options.SetOption = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary",
            metavar="NAME",
            help="A further factor, such as p_mean or p_sd, over its whole range; may be repeated.",
        ),
    ] = None,
    range_: Annotated[
        list[str] | None,
        typer.Option(
            "--range",
            metavar="NAME=LOW:HIGH",
            help="Another range than the trained one for a factor, in its unit; may be repeated.",
        ),
    ] = None,
    feature: Annotated[
        list[str] | None,
        typer.Option("--feature", metavar="F", help="One feature only; may be repeated."),
    ] = None,
    around: Annotated[
        str | None,
        typer.Option(
            "--around", metavar="PERCENT", help="Ranges of ± PERCENT % around the present point."
        ),
    ] = None,
    noise: Annotated[
        bool, typer.Option("--noise", help="Keep the background noise, common to all runs.")
    ] = False,
    seed: options.SeedOption = "1",
    confidence: Annotated[
        str, typer.Option("--confidence", metavar="P", help="Level of the intervals, 0.5 … 0.9999.")
    ] = str(SHIPPED_CONFIDENCE),
    force: options.ForceOption = False,
) -> None:
    """Compute Sobol indices of the evoked response and the spectrum; p_sd = 0 unless --noise."""
    from explorer.backend import sobol as backend
    from explorer.backend.saltelli import check_base
    from explorer.backend.settings import check_seed
    from explorer.backend.sobol_store import write_table

    settings = options.settings_of(circuit, None, set_)
    n = check_base(_whole("samples", samples))
    design_seed = check_seed(seed)
    level = options.number("confidence", confidence, "a number from 0.5 to 0.9999")
    percent = None if around is None else options.number("around", around, "a number of per cent")
    ranges = _ranges(range_)
    if percent is not None and (vary or ranges):
        field, got = ("vary", vary) if vary else ("range", list(ranges))
        expected = f"no --{field} with --around"
        raise ExplorerError(field, expected, ", ".join(got or ()))
    _writable(out, TABLE_FORMATS, force)
    with progress("Simulating") as report:

        def told(share: float) -> bool:
            report("Simulating", share)
            return True

        common = {"seed": design_seed, "noise": noise, "features": feature, "confidence": level}
        if percent is None:
            table = backend.over_ranges(
                settings,
                n,
                also=vary or (),
                ranges=ranges,
                progress=told,
                **common,  # type: ignore[arg-type]
            )
        else:
            table = backend.around(settings, percent, n, told, **common)  # type: ignore[arg-type]
    write_table(out, table, force)
    for name in table.features:
        if table.note(name):
            typer.echo(table.note(name), err=True)


def fisher_table(
    circuit: options.CircuitOption = None,
    p_mean: Annotated[
        list[str] | None,
        typer.Option(
            "--p-mean",
            metavar="P",
            help="Background input in s⁻¹, the circuit's default where none; may be repeated.",
        ),
    ] = None,
    noise_factor: Annotated[
        list[str] | None,
        typer.Option("--noise-factor", metavar="F", help="Sensor noise; may be repeated."),
    ] = None,
    points: Annotated[
        str, typer.Option("--points", metavar="N", help="Random points of the trained ranges.")
    ] = "150",
    seed: options.SeedOption = "1",
) -> None:
    """Print how well each parameter could be known at best: 0 = known, 1 = nothing learned."""
    from explorer.backend import fisher_table as backend
    from explorer.backend.settings import check_seed

    name = next(iter(CIRCUITS)) if circuit is None else circuit
    factors = [options.number("noise_factor", f, "a number") for f in noise_factor or ("1", "2500")]
    inputs: list[float | None] = [None]
    if p_mean:
        inputs = [options.number("p_mean", p, "a number in s⁻¹") for p in p_mean]
    n_points, draws = _whole("points", points), check_seed(seed)
    with progress("Simulating"):
        tables = [backend.fisher_table(name, p, factors, n_points, draws) for p in inputs]
    for table in tables:
        typer.echo(fisher_text(table))


def fisher_text(table: FisherTable) -> str:
    """One table in words and figures, medians with their standard errors."""
    lines = [
        f"{table.circuit}, p_mean {table.p_mean:g} s⁻¹: {table.n_points} random points, "
        f"{table.repeating:.0%} repeat from trial to trial, {table.regular:.0%} count; "
        f"the exact symmetries show as eigenvalues of the prior at {table.prior_only:.0%} of them.",
        "noise factor " + "".join(f"{name:>13}" for name in INFERRED_NAMES),
    ]
    for k, factor in enumerate(table.noise_factors):
        pairs = zip(table.median[k], table.error[k], strict=True)
        lines.append(f"{factor:<13g}" + "".join(f"  {m:5.2f} ± {e:.2f}" for m, e in pairs))
    return "\n".join(lines)
