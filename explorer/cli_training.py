"""The commands that remake what the estimators ship with: data sets and weights."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from explorer import cli_options as options
from explorer.backend.circuits import CIRCUITS
from explorer.backend.errors import ExplorerError
from explorer.cli_tables import progress

if TYPE_CHECKING:
    from explorer.backend.dataset import DataSet
    from explorer.backend.estimators.training import Progress
    from explorer.backend.estimators.weights import Weights

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""

SizeOption = Annotated[
    str | None, typer.Option("--size", metavar="N", help="Simulations; the shipped size where none")
]


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Turns the first Ctrl-C into a question, ``stopped()``; a second one ends at once."""
    asked = False

    def ask(*_: object) -> None:
        nonlocal asked
        asked = True
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)


def circuit_name(given: str | None) -> str:
    """The circuit as typed, or the first; checked."""
    from explorer.backend.circuits import circuit

    return circuit(next(iter(CIRCUITS)) if given is None else given).name


def dataset(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Output file: .nc.")],
    circuit: options.CircuitOption = None,
    size: SizeOption = None,
    seed: options.SeedOption = "1",
    protocol: Annotated[
        str,
        typer.Option(
            "--protocol",
            metavar="P",
            help="published: the paper's draws; explorer: uniform over the trained ranges, "
            "background input and trials drawn too; calm: as explorer, most of it without "
            "background noise.",
        ),
    ] = "explorer",
    force: options.ForceOption = False,
) -> None:
    """Simulate evoked responses of random parameters, as the estimators learn from (NetCDF)."""
    from explorer.backend.dataset_store import FORMATS, write_data_set
    from explorer.backend.estimators.registry import DATA_SIZE
    from explorer.backend.settings import check_seed
    from explorer.backend.spreading import Cancelled

    name = circuit_name(circuit)
    count = DATA_SIZE[name] if size is None else options.whole("size", size)
    number = check_seed(seed)
    options.output_of(out, FORMATS, force)
    with progress("Simulating") as report, interruptible() as stopped:

        def told(share: float) -> bool:
            report("Simulating", share)
            return not stopped()

        try:
            write_data_set(out, name, count, number, protocol, force=force, progress=told)
        except Cancelled:
            typer.echo("Stopped; nothing is written.", err=True)
            raise typer.Exit(INTERRUPTED) from None


def train(
    estimator: Annotated[str, typer.Argument(metavar="ESTIMATOR", help="Which network.")],
    circuit: options.CircuitOption = None,
    size: SizeOption = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="FILE", help="A data set made by 'jr-explorer dataset'."),
    ] = None,
    seed: options.SeedOption = "1",
    steps: Annotated[
        str | None, typer.Option("--steps", metavar="N", help="Batches; as shipped where none.")
    ] = None,
    device: Annotated[str, typer.Option("--device", help="cpu or cuda.")] = "cpu",
    start: Annotated[
        Path | None,
        typer.Option("--from", metavar="FOLDER", help="Weights to go on from; fresh where none."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="Where the weights go; the assets if none."),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint", metavar="FILE", help="To resume from; beside the weights where none."
        ),
    ] = None,
    force: options.ForceOption = False,
) -> None:
    """Train an estimator and write its weights; run it again to go on after an interruption."""
    from explorer.backend.estimators.making import shipped_plan, train_estimator
    from explorer.backend.estimators.training import check_device
    from explorer.backend.estimators.weights import FOLDER, file_name
    from explorer.backend.settings import check_seed
    from explorer.backend.spreading import Cancelled

    name, number = circuit_name(circuit), check_seed(seed)
    file = file_name(estimator, name)
    batches = None if steps is None else options.whole("steps", steps)
    check_device(device)
    before = None if start is None else _weights(estimator, name, start)
    folder = writable_folder(FOLDER if out is None else out)
    if (folder / file).exists() and not force:
        raise ExplorerError("out", "--force to replace weights", f"{folder / file}, which exists")
    learned = _data(estimator, name, size, data, goes_on=before is not None)
    plan = shipped_plan(estimator, learned, steps=batches, seed=number, device=device, start=before)
    kept = folder / f"{Path(file).stem}.checkpoint" if checkpoint is None else checkpoint
    with training_bar(f"{estimator} {name}") as told, interruptible() as stopped:

        def on(state: Progress) -> bool:
            told(state)
            return not stopped()

        try:
            trained = train_estimator(plan, learned, folder, kept, on, before)
        except Cancelled:
            typer.echo(f"Stopped; the same command goes on from {kept}.", err=True)
            raise typer.Exit(INTERRUPTED) from None
    end = "stopped early" if trained.stopped_early else "to the end"
    typer.echo(f"{folder / file}: {trained.steps} steps, {end}, validation loss "
               f"{trained.validation:.3f}.")  # fmt: skip


def _weights(estimator: str, name: str, folder: Path) -> Weights:
    """The weights that a training goes on from."""
    from explorer.backend.estimators.weights import load_weights

    try:
        return load_weights(estimator, name, folder)
    except ExplorerError as error:
        wanted = f"a folder with weights of {estimator} for {name}"
        raise ExplorerError("from", wanted, f"{folder} ({str(error).rstrip('.')})") from None


def writable_folder(folder: Path) -> Path:
    """The folder, made where its parent exists.

    Raises:
        ExplorerError: it cannot be made or written to.
    """
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        got = f"{folder} ({error.strerror})"
        raise ExplorerError("out", "a folder that can be made", got) from None
    if not os.access(folder, os.W_OK):
        raise ExplorerError("out", "a folder that can be written to", str(folder))
    return folder


def _data(
    estimator: str, name: str, size: str | None, path: Path | None, *, goes_on: bool
) -> DataSet:
    """The data set of a file, or a fresh one of the shipped seed."""
    from explorer.backend.dataset import make_data_set
    from explorer.backend.dataset_store import read_data_set
    from explorer.backend.estimators.making import LEAST_DATA, SHIPPED_DATA_SEED
    from explorer.backend.estimators.registry import estimator_kind

    if path is not None:
        if size is not None:
            raise ExplorerError("size", "no --size beside --data", size)
        found = read_data_set(path)
        if found.circuit != name:
            raise ExplorerError("data", f"a data set of {name}", f"{path}, of {found.circuit}")
        return found
    kind = estimator_kind(estimator)
    shipped = kind.goes_on(name).data if goes_on else kind.data[name]
    count = shipped if size is None else options.whole("size", size)
    if count < LEAST_DATA:
        raise ExplorerError("size", f"{LEAST_DATA} simulations or more", count)
    with progress("Simulating") as report:

        def told(share: float) -> bool:
            report("Simulating", share)
            return True

        return make_data_set(name, count, SHIPPED_DATA_SEED, kind.protocol(name), progress=told)


@contextmanager
def training_bar(title: str) -> Iterator[Callable[[Progress], None]]:
    """A bar on stderr with the loss, the validation loss and the time left."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.2f}, validation {task.fields[validation]:.2f}"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )  # fmt: skip
    with Bar(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=None, loss=float("nan"), validation=float("nan"))

        def told(state: Progress) -> None:
            bar.update(
                task, total=state.steps, completed=state.step, loss=state.loss,
                validation=state.validation,
            )  # fmt: skip

        yield told
