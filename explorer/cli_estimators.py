"""The commands that ask and judge the estimators: estimate, evaluate, ceiling."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from explorer import cli_options as options
from explorer.backend.circuits import CIRCUITS
from explorer.backend.errors import ExplorerError
from explorer.cli_tables import progress
from explorer.cli_training import INTERRUPTED, circuit_name, interruptible, writable_folder

if TYPE_CHECKING:
    from explorer.backend.estimators.evaluate import Scored, Told
    from explorer.backend.estimators.interface import Observation
    from explorer.backend.settings import Settings

PARTS = ("repeating", "explorer", "published", "ceiling", "time")


def _context_option(flag: str, text: str) -> typer.models.OptionInfo:
    return typer.Option(flag, metavar="X", help=f"{text} For a recording only.")


def estimate(
    recording: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="A recording; simulated where none is given."),
    ] = None,
    event: Annotated[
        str | None, typer.Option("--event", metavar="E", help="Event of the recording.")
    ] = None,
    channel: Annotated[
        str | None, typer.Option("--channel", metavar="CH", help="Channel of the recording.")
    ] = None,
    circuit: options.CircuitOption = None,
    preset: options.PresetOption = None,
    set_: options.SetOption = None,
    noise_factor: options.NoiseFactorOption = None,
    trials: options.TrialsOption = None,
    region: options.RegionOption = None,
    seed: options.SeedOption = None,
    noise_mv: Annotated[
        str | None,
        _context_option("--noise-mv", "Noise on the waveform in mV; the baseline's where none."),
    ] = None,
    estimator: Annotated[
        list[str] | None,
        typer.Option("--estimator", metavar="NAME", help="One estimator only; may be repeated."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Estimate the parameters from a simulated response, or from a recording's.

    What the estimators are told of the background input is --set p_mean=… and p_sd=….
    """
    from explorer.backend.estimators.registry import ESTIMATORS, estimator_kind
    from explorer.cli_estimate_text import estimate_tables, report_of, warnings_of

    chosen = [estimator_kind(name).name for name in estimator or ESTIMATORS]
    short = {"noise_factor": noise_factor, "n_trials": trials}
    words = [*(set_ or ()), *(f"{k}={v}" for k, v in short.items() if v is not None)]
    settings = options.settings_of(circuit, preset, words, seed=seed, region=region)
    only = {"event": event, "channel": channel, "noise_mv": noise_mv}
    if recording is None:
        for field, value in only.items():
            if value is not None:
                raise ExplorerError(field, "a recording with it", "no file")
        seen = _simulated(settings)
    else:
        seen = _recorded(recording, event, channel, settings, noise_mv, trials)
    report = report_of(seen, settings, chosen, truth=recording is None)
    for sentence in warnings_of(settings, truth=recording is None):
        typer.echo(sentence, err=True)
    if as_json:
        typer.echo(json.dumps(report, indent=2, ensure_ascii=False))
        return
    for table in estimate_tables(report):
        Console().print(table)


def _simulated(settings: Settings) -> Observation:
    from explorer.backend.estimators.interface import observe
    from explorer.backend.evoked import evoked

    return observe(settings, evoked(settings).source)


def _recorded(
    path: Path,
    event: str | None,
    channel: str | None,
    settings: Settings,
    noise_mv: str | None,
    trials: str | None,
) -> Observation:
    from explorer.backend.recorded_observation import recorded_observation
    from explorer.backend.recording import best_channel, best_event, filtered, recording_evoked
    from explorer.backend.recording_files import load_recording

    noise = None if noise_mv is None else options.number("noise_mv", noise_mv, "a number in mV")
    recording = filtered(load_recording(path))
    asked = event if event is not None else best_event(recording)
    if asked is None:
        raise ExplorerError("event", "a recording with events", f"{recording.name} with none")
    where = best_channel(recording) if channel is None else channel
    response = recording_evoked(recording, where, asked)
    averaged = response.n_epochs if trials is None else int(settings["n_trials"])
    return recorded_observation(response, settings, noise_mv=noise, n_trials=averaged)


def evaluate(
    circuit: options.CircuitOption = None,
    cases: Annotated[
        str | None, typer.Option("--cases", metavar="N", help="Cases of each test; 2000 if none.")
    ] = None,
    part: Annotated[
        list[str] | None,
        typer.Option(
            "--part", metavar="PART", help=f"One part only: {', '.join(PARTS)}; may be repeated."
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option("--weights", metavar="FOLDER", help="Of the weights; the assets if none."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FOLDER", help="For benchmark.json and estimators.md; assets and docs."
        ),
    ] = None,
    force: options.ForceOption = False,
) -> None:
    """Score the estimators: writes benchmark.json and the page docs/estimators.md.

    Each part is written when it is finished; what an existing benchmark says of the same
    weights stays where it is not asked for.
    """
    from explorer.backend.estimators import evaluate as backend
    from explorer.backend.estimators.benchmark import PATH, load_benchmark, save_benchmark
    from explorer.backend.estimators.benchmark_page import DOCUMENT, write_page
    from explorer.backend.estimators.weights import FOLDER, read_manifest
    from explorer.backend.export import check_target
    from explorer.backend.spreading import Cancelled

    circuits = list(CIRCUITS) if circuit is None else [circuit_name(circuit)]
    count = backend.N_CASES if cases is None else options.whole("cases", cases)
    if not 3 <= count <= 100_000:
        raise ExplorerError("cases", "a whole number from 3 to 100000", count)
    chosen = _parts(part)
    data, page = (
        (PATH, DOCUMENT) if out is None else (out / "benchmark.json", out / "estimators.md")
    )
    if out is not None:
        writable_folder(out)
    check_target(data, force)
    check_target(page, force)
    folder = FOLDER if weights is None else weights
    with progress("Evaluating") as report, interruptible() as stopped:

        def told(title: str, share: float | None) -> bool:
            report(title, share)
            return not stopped()

        try:
            for one in _asked(chosen, circuits, count, folder, told):
                found = backend.evaluate([one], folder, told)
                if data.exists():
                    found = backend.merged(load_benchmark(data), found)
                save_benchmark(found, data, force=True)
                write_page(load_benchmark(data), read_manifest(folder), page)
        except Cancelled:
            typer.echo("Stopped; the parts that were finished are written.", err=True)
            raise typer.Exit(INTERRUPTED) from None


def _parts(asked: list[str] | None) -> list[str]:
    for name in asked or ():
        if name not in PARTS:
            raise ExplorerError("part", f"one of {', '.join(PARTS)}", repr(name))
    return list(PARTS) if not asked else [name for name in PARTS if name in asked]


def _asked(
    parts: list[str], circuits: list[str], n: int, folder: Path, told: Told
) -> Iterator[Iterator[tuple[str, Scored]]]:
    """The parts of the evaluation that were asked for, each ready to run."""
    from explorer.backend.ceiling_run import load_ceiling
    from explorer.backend.estimators import evaluate as backend
    from explorer.backend.estimators.held_out import TESTS
    from explorer.backend.estimators.published import CIRCUIT as PUBLISHED_ON

    for name in circuits:
        for test in (TESTS[part] for part in parts if part in TESTS):
            if name in test.circuits:
                yield backend.on_test(test.name, name, n, folder)
        if "ceiling" in parts and ceiling_path(name).exists():
            yield backend.on_ceiling(load_ceiling(ceiling_path(name)), folder)
        if "published" in parts and name == PUBLISHED_ON:
            yield backend.on_published(n, told)
        if "time" in parts:
            yield backend.timings(name, folder)


def ceiling_path(name: str) -> Path:
    """Where the exact posteriors of a circuit's cases are kept."""
    from explorer.backend.assets import ASSETS

    return ASSETS / f"ceiling_{name}.nc"


def ceiling(
    circuit: options.CircuitOption = None,
    cases: Annotated[str, typer.Option("--cases", metavar="N", help="Cases.")] = "200",
    noise_factor: Annotated[
        list[str] | None,
        typer.Option("--noise-factor", metavar="F", help="1, 100, 2500 if none; may be repeated."),
    ] = None,
    seed: options.SeedOption = "1",
    processes: Annotated[
        str | None, typer.Option("--processes", metavar="N", help="One for each core if none.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Output: .nc; goes on where it exists."),
    ] = None,
) -> None:
    """Sample exact posteriors of random cases: the best that any estimator could do (hours)."""
    from explorer.backend.ceiling_run import NOISE_FACTORS, run_ceiling
    from explorer.backend.settings import check_seed
    from explorer.backend.spreading import Cancelled

    name, number = circuit_name(circuit), check_seed(seed)
    count = options.whole("cases", cases)
    workers = None if processes is None else options.whole("processes", processes)
    factors: tuple[float, ...] = NOISE_FACTORS
    if noise_factor:
        factors = tuple(options.number("noise_factor", f, "a number") for f in noise_factor)
    path = options.output_of(ceiling_path(name) if out is None else out, (".nc",), force=True)
    with progress("Sampling") as report, interruptible() as stopped:

        def told(share: float) -> bool:
            report("Sampling", share)
            return not stopped()

        try:
            found = run_ceiling(name, factors, count, number, told, path=path, processes=workers)
        except Cancelled:
            typer.echo(f"Stopped; the same command goes on from {path}.", err=True)
            raise typer.Exit(INTERRUPTED) from None
    lost = int((~found.converged).sum())
    typer.echo(f"{path}: {found.converged.size} posteriors, {lost} did not converge; "
               f"{found.share:.0%} of the draws repeat.")  # fmt: skip
