"""Running the ceiling: cases over processes, saved as it goes, resumed where it stopped."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, fields
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np

import explorer
from explorer.backend.ceiling import QUANTITIES, Ceiling, case_settings, empty_ceiling
from explorer.backend.ensemble import Progress
from explorer.backend.errors import ExplorerError
from explorer.backend.exact_posterior import LEVELS, ExactPosterior, exact_posterior
from explorer.backend.export import write_atomically
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.spreading import Cancelled
from explorer.backend.walkers import N_WALKERS

NOISE_FACTORS = (1.0, 100.0, 2500.0)
"""Noise factors of the benchmark's ceiling."""
_DIMENSIONS: dict[str, tuple[str, ...]] = {
    "noise_factors": ("noise",), "noise_mv": ("noise",), "truth": ("case", "quantity"),
    "source": ("case", "time"), "observed": ("noise", "case", "time"),
    "mean": ("noise", "case", "quantity"), "sd": ("noise", "case", "quantity"),
    "quantiles": ("noise", "case", "quantity", "level"), "r_hat": ("noise", "case", "quantity"),
    "ess": ("noise", "case", "quantity"), "converged": ("noise", "case"),
    "finished": ("noise", "case"), "seconds": ("noise", "case"),
    "n_evaluations": ("noise", "case"),
}  # fmt: skip
_BLOCK_PER_PROCESS = 8  # cases between two savings
_WAIT_S = 0.2  # between two looks at whether to stop


@dataclass(frozen=True)
class _Job:
    """One case at one noise factor, as a process needs it."""

    circuit: str
    p_mean: float
    noise_factor: float
    theta: np.ndarray
    observed: np.ndarray
    seed: int


def run_ceiling(
    circuit: str,
    noise_factors: Sequence[float] = NOISE_FACTORS,
    n: int = 200,
    seed: int = 1,
    progress: Progress | None = None,
    *,
    p_mean: float | None = None,
    path: Path | None = None,
    processes: int | None = None,
) -> Ceiling:
    """Exact posteriors of n cases at each noise factor.

    Args:
        circuit: key of ``CIRCUITS``.
        noise_factors: f of them.
        n: cases.
        seed: of cases, noise and sampler.
        progress: called with the share done; False stops.
        p_mean: background input, s⁻¹; ``draws.REPEATING_P_MEAN``, or the circuit's default,
            where None.
        path: NetCDF file to which finished cases are saved as it goes, and from which an
            interrupted run of the same cases goes on.
        processes: one for each core where None; 1 runs in the caller's own. The result does
            not depend on it.

    Raises:
        ExplorerError: arguments that cannot be used, or a file of other cases.
        Cancelled: ``progress`` returned False; what was finished is in the file.
    """
    result = empty_ceiling(circuit, np.asarray(noise_factors, dtype=float), n, seed, p_mean)
    if path is not None and path.exists():
        result = _resumed(load_ceiling(path), result, path)
    left = [(int(f), int(k)) for f, k in np.argwhere(~result.finished)]
    with _Workers(
        processes or os.cpu_count() or 1, progress, len(left), result.finished.size
    ) as at:
        for first in range(0, len(left), at.block):
            places = left[first : first + at.block]
            for place, found in zip(
                places, at.solve([_job(result, p) for p in places]), strict=True
            ):
                _fill(result, place, found)
            if path is not None:
                save_ceiling(result, path)
    return result


def _job(ceiling: Ceiling, place: tuple[int, int]) -> _Job:
    f, k = place
    return _Job(
        ceiling.circuit, ceiling.p_mean, float(ceiling.noise_factors[f]), ceiling.truth[k, :9],
        ceiling.observed[f, k], ceiling.seed + k,
    )  # fmt: skip


def _solved(job: _Job, progress: Progress) -> ExactPosterior | None:
    """The posterior of one case; None where no walker can start near its truth."""
    settings = case_settings(job.circuit, job.p_mean, job.noise_factor)
    settings = settings.changed(**dict(zip(INFERRED_NAMES, job.theta, strict=True)))
    try:
        return exact_posterior(
            settings,
            job.observed,
            n_samples=len(LEVELS),
            seed=job.seed,
            progress=progress,
            workers=1,
        )
    except ExplorerError:
        return None  # reported: finished, not converged, no figures


def _fill(ceiling: Ceiling, place: tuple[int, int], found: ExactPosterior | None) -> None:
    ceiling.finished[place] = True
    if found is None:
        return
    ceiling.converged[place] = found.converged
    for name in ("mean", "sd", "quantiles", "r_hat", "ess", "seconds", "n_evaluations"):
        getattr(ceiling, name)[place] = getattr(found, name)


_STOP: list[Event] = []  # in a process: tells it to stop


def _enter(stop: Event) -> None:
    _STOP.append(stop)


def _solve_in_process(job: _Job) -> ExactPosterior | None:
    return _solved(job, lambda share: not _STOP[0].is_set())


class _Workers:
    """Solves blocks of cases, in processes or here, and reports the share done."""

    def __init__(self, processes: int, progress: Progress | None, left: int, total: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.block = _BLOCK_PER_PROCESS * processes
        self._progress, self._done, self._total = progress, total - left, total
        self._stop: Event = context.Event()
        self._pool = None
        if processes > 1 and left > 1:
            self._pool = ProcessPoolExecutor(processes, context, _enter, (self._stop,))

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, *reason: object) -> None:
        self._stop.set()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def solve(self, jobs: list[_Job]) -> list[ExactPosterior | None]:
        """Posteriors of all jobs, in their order.

        Raises:
            Cancelled: the progress returned False.
        """
        if self._pool is None:
            return [self._solve_here(job) for job in jobs]
        futures = [self._pool.submit(_solve_in_process, job) for job in jobs]
        waiting: set[Future[ExactPosterior | None]] = set(futures)
        while waiting:
            done, waiting = wait(waiting, timeout=_WAIT_S, return_when=FIRST_COMPLETED)
            self._done += len(done)
            if not self._told(0.0):
                raise Cancelled
        return [future.result() for future in futures]

    def _solve_here(self, job: _Job) -> ExactPosterior | None:
        found = _solved(job, self._told)
        self._done += 1
        return found

    def _told(self, share: float) -> bool:
        """Report, ``share`` of one more case being done."""
        done = min((self._done + share) / self._total, 1.0)
        return self._progress is None or self._progress(done)


def _resumed(saved: Ceiling, fresh: Ceiling, path: Path) -> Ceiling:
    same = saved.circuit == fresh.circuit and saved.seed == fresh.seed
    for name in ("noise_factors", "truth", "observed"):
        a, b = getattr(saved, name), getattr(fresh, name)
        same = same and a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-9, atol=1e-9))
    if not same:
        raise ExplorerError("out", "a file of the same cases, or none", str(path))
    return saved


def save_ceiling(ceiling: Ceiling, path: Path) -> None:
    """Write a ceiling as NetCDF, beside the target and renamed."""
    import xarray  # slow to import

    variables = {}
    for name, dims in _DIMENSIONS.items():
        values = getattr(ceiling, name)
        variables[name] = (dims, values.astype(np.int8) if values.dtype == bool else values)
    attributes = {
        f.name: getattr(ceiling, f.name) for f in fields(ceiling) if f.name not in _DIMENSIONS
    }
    attributes |= {
        "command": " ".join(
            [
                f"jr-explorer ceiling --circuit {ceiling.circuit} --seed {ceiling.seed}",
                f"--cases {len(ceiling.truth)}",
                *(f"--noise-factor {factor:g}" for factor in ceiling.noise_factors),
            ]
        ),
        "version": explorer.__version__,
        "walkers": N_WALKERS,
    }
    data = xarray.Dataset(
        variables, {"quantity": list(QUANTITIES), "level": list(LEVELS)}, attributes
    )
    write_atomically(path, True, lambda beside: data.to_netcdf(beside, engine="h5netcdf"))


def load_ceiling(path: Path) -> Ceiling:
    """Read what ``save_ceiling`` wrote.

    Raises:
        ExplorerError: a file that is not one.
    """
    import xarray

    try:
        with xarray.open_dataset(path, engine="h5netcdf") as data:
            arrays = {name: data[name].to_numpy().copy() for name in _DIMENSIONS}
            attributes = {key: data.attrs[key] for key in ("circuit", "p_mean", "seed", "share")}
    except (OSError, KeyError, ValueError) as error:
        raise ExplorerError(
            "ceiling", "a file written by run_ceiling", f"{path} ({error})"
        ) from None
    for name in ("converged", "finished"):
        arrays[name] = arrays[name].astype(bool)
    return Ceiling(
        circuit=str(attributes["circuit"]), p_mean=float(attributes["p_mean"]),
        seed=int(attributes["seed"]), share=float(attributes["share"]), **arrays,
    )  # fmt: skip
