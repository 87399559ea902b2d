"""The command line, ``jr-explorer``. What is slow to import is imported by its command."""

from __future__ import annotations

import errno
import io
import json
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

import explorer
from explorer import cli_estimators, cli_sensitivity, cli_training
from explorer import cli_options as options
from explorer.backend.errors import ExplorerError
from explorer.cli_tables import bench_table, preset_table, progress
from explorer.cli_usage import UsageError, usage_sentence

if TYPE_CHECKING:
    from explorer.backend.evoked import Evoked
    from explorer.backend.settings import Settings

TRAJECTORY_FORMATS = (".csv", ".npz", ".nc")
EVOKED_FORMATS = (*TRAJECTORY_FORMATS, ".fif")
USAGE_ERROR = 2

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="The Jansen-Rit Explorer: simulate the EEG of a neural mass model, or explore it live.",
)


def _out(formats: tuple[str, ...]) -> typer.models.OptionInfo:
    return typer.Option("--out", metavar="FILE", help=f"Output file: {', '.join(formats)}.")


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"jr-explorer {explorer.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """The Jansen-Rit Explorer: simulate the EEG of a neural mass model, or explore it live."""


@app.command(epilog=options.PARAMETER_HELP)
def simulate(
    out: Annotated[Path, _out(TRAJECTORY_FORMATS)],
    circuit: options.CircuitOption = None,
    preset: options.PresetOption = None,
    set_: options.SetOption = None,
    duration: options.DurationOption = "10",
    dt: options.DtOption = None,
    seed: options.SeedOption = None,
    start: options.StartOption = None,
    integrator: options.IntegratorOption = None,
    force: options.ForceOption = False,
) -> None:
    """Simulate one trajectory: time in s, source and potentials in mV, without a stimulus."""
    from explorer.backend.export import trajectory_result, write_result
    from explorer.backend.simulate import simulate as run

    settings = options.settings_of(
        circuit, preset, set_, seed=seed, start=start, integrator=integrator
    )
    step = options.step_of(dt, settings)
    seconds = options.number("duration", duration, "a length in s")
    options.check_length("duration", seconds, step)
    options.output_of(out, TRAJECTORY_FORMATS, force)
    with progress("Simulating") as report:
        result = trajectory_result(settings, run(settings, seconds, dt=step), step)
        write_result(out, result, force, lambda share: report("Writing", share))


@app.command(epilog=options.PARAMETER_HELP)
def evoked(
    out: Annotated[Path, _out(EVOKED_FORMATS)],
    circuit: options.CircuitOption = None,
    preset: options.PresetOption = None,
    set_: options.SetOption = None,
    noise_factor: options.NoiseFactorOption = None,
    trials: options.TrialsOption = None,
    region: options.RegionOption = None,
    dt: options.DtOption = None,
    seed: options.SeedOption = None,
    start: options.StartOption = None,
    integrator: options.IntegratorOption = None,
    force: options.ForceOption = False,
) -> None:
    """Average the response to a pulse each second: source in mV, 64 EEG channels in µV."""
    from explorer.backend.evoked import evoked as run
    from explorer.backend.evoked import experiment_of

    short = {"noise_factor": noise_factor, "n_trials": trials}
    words = [*(set_ or ()), *(f"{k}={v}" for k, v in short.items() if v is not None)]
    settings = options.settings_of(
        circuit, preset, words, seed=seed, start=start, integrator=integrator, region=region
    )
    step = options.step_of(dt, settings)
    options.check_length("trials", experiment_of(settings).duration, step)
    options.output_of(out, EVOKED_FORMATS, force)
    with progress("Simulating") as report:
        response = run(settings, dt=step)
        _write_evoked(out, settings, response, step, force, report)


def _write_evoked(
    out: Path,
    settings: Settings,
    response: Evoked,
    dt: float,
    force: bool,
    report: Callable[[str, float | None], None],
) -> None:
    from explorer.backend.export import evoked_result, write_result
    from explorer.backend.fif import write_evoked_fif
    from explorer.backend.leadfield import lead_field
    from explorer.backend.snapshot import averaged_scalp

    scalp = averaged_scalp(settings, response)  # (channels, samples)
    report("Writing", None)
    if out.suffix.lower() == ".fif":
        write_evoked_fif(out, settings, response.time, scalp, response.n_trials, force)
        return
    names = lead_field(settings.region).names
    write_result(out, evoked_result(settings, response, scalp, names, dt), force)


@app.command()
def presets() -> None:
    """List the presets: what each shows, and what to look at."""
    from explorer.backend.presets import PRESETS

    Console().print(preset_table(PRESETS.values()))


@app.command()
def bench(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Measure the simulator's speeds now, in ns and ms, beside their goals."""
    from explorer.backend.bench import BENCHMARKS, measure
    from explorer.backend.machine import machine

    results = []
    with progress("Measuring") as report:
        for k, benchmark in enumerate(BENCHMARKS.values()):
            report(benchmark.title, k / len(BENCHMARKS))
            results.append(measure(benchmark))
    if as_json:
        rows = [{**asdict(result), "met": result.met} for result in results]
        typer.echo(json.dumps({"machine": asdict(machine()), "results": rows}, indent=2))
    else:
        Console().print(bench_table(machine(), results))


app.command(epilog=options.PARAMETER_HELP)(cli_sensitivity.sobol)
app.command()(cli_sensitivity.fisher_table)
app.command()(cli_training.dataset)
app.command()(cli_training.train)
app.command(epilog=options.PARAMETER_HELP)(cli_estimators.estimate)
app.command()(cli_estimators.evaluate)
app.command()(cli_estimators.ceiling)


@app.command()
def leadfield(
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="Folder to write to; the assets where none."),
    ] = None,
) -> None:
    """Compute the lead fields of all regions with MNE, in µV per nAm, as kept in the assets."""
    from explorer.backend.assets import ASSETS
    from explorer.backend.leadfield_make import make_lead_fields

    with progress("Computing lead fields"):
        make_lead_fields(ASSETS if out is None else out)


def _free_port(port: str, address: str) -> int:
    """The port if it is free on that address; a free one for 0.

    Raises:
        ExplorerError: no port, a taken port, or an address that is not this machine's.
    """
    if not port.isdecimal() or int(port) > 65535:
        raise ExplorerError("port", "a whole number from 0 to 65535", repr(port))
    try:
        family, kind, _, _, target = socket.getaddrinfo(
            address, int(port), type=socket.SOCK_STREAM
        )[0]
    except (OSError, UnicodeError):
        raise ExplorerError("address", "an address of this machine", repr(address)) from None
    with socket.socket(family, kind) as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(target)
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise ExplorerError("address", "an address of this machine", address) from None
            expected = f"a port that is free on {address} (0 picks one)"
            raise ExplorerError("port", expected, f"{port} ({error.strerror})") from None
        return int(probe.getsockname()[1])


@app.command()
def serve(
    port: Annotated[
        str, typer.Option("--port", metavar="N", help="Port of the page; 0 picks a free one.")
    ] = "5006",
    address: Annotated[
        str,
        typer.Option("--address", "--host", metavar="A", help="Address to listen on."),
    ] = "127.0.0.1",
    show: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Start the page and open it in the browser; Ctrl-C ends it."""
    number = _free_port(port, address)
    from explorer.ui.app import serve as run

    run(port=number, address=address, show=show)


def main() -> None:
    """The console script: errors of the user's are one sentence on stderr and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console without µ still gets its answer
    try:
        code = app(standalone_mode=False, prog_name="jr-explorer")
    except UsageError as error:
        print(usage_sentence(error), file=sys.stderr)
        raise SystemExit(USAGE_ERROR) from None
    except ExplorerError as error:
        print(error, file=sys.stderr)
        raise SystemExit(USAGE_ERROR) from None
    except typer.Abort:
        raise SystemExit(1) from None
    raise SystemExit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
