"""The benchmark as the page and the docs read it: ``assets/benchmark.json`` as objects.

Written by ``evaluate.py``; nothing here needs a network.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from explorer.backend.assets import ASSETS
from explorer.backend.errors import ExplorerError
from explorer.backend.estimators.scores import Scores
from explorer.backend.export import write_atomically
from explorer.backend.targets import TARGETS

PATH = ASSETS / "benchmark.json"
EXACT = "exact"
"""Stands for the exact posterior where an estimator's name is expected."""
COLUMNS = ("r", "r2", "rmse", "coverage50", "coverage90")


@dataclass(frozen=True)
class Score:
    """One estimator's score on one target, at one noise factor of one test.

    Attributes:
        test: ``repeating``, ``explorer``, ``published`` …; key of ``Benchmark.tests``.
        circuit: key of ``CIRCUITS``.
        estimator: key of ``ESTIMATORS``, or ``exact``.
        target: key of ``TARGETS``.
        noise_factor: of the sensor noise.
        r, r2: Pearson's correlation and 1 − unexplained share of the variance.
        rmse: in the target's unit.
        coverage50, coverage90: share of truths within the central intervals.
        n: cases.
    """

    test: str
    circuit: str
    estimator: str
    target: str
    noise_factor: float
    r: float
    r2: float
    rmse: float
    coverage50: float
    coverage90: float
    n: int


@dataclass(frozen=True)
class Timing:
    """Time per estimate on the machine of the benchmark.

    Attributes:
        circuit, estimator: whose.
        single_ms: for one observation alone, median.
        batch_ms: per observation when many come at once.
    """

    circuit: str
    estimator: str
    single_ms: float
    batch_ms: float


@dataclass(frozen=True)
class TestFacts:
    """What is to be known of a test.

    Attributes:
        test, circuit: which.
        meaning: one sentence.
        n: cases.
        share: of the draws that are kept.
        unconverged: exact posteriors that did not converge, by noise factor as text; empty
            where there are none to speak of.
    """

    __test__ = False  # not one of pytest's

    test: str
    circuit: str
    meaning: str
    n: int
    share: float
    unconverged: Mapping[str, int]


@dataclass(frozen=True)
class Benchmark:
    """All scores, and what they were made with.

    Attributes:
        about: version, commit, date, torch and machine.
        weights: SHA-256 by file of the weights that were scored.
        tests: facts of the tests.
        scores: all of them.
        timings: all of them.
        published: r by parameter of the paper, and its source under ``source``.
    """

    about: Mapping[str, str]
    weights: Mapping[str, str]
    tests: tuple[TestFacts, ...]
    scores: tuple[Score, ...]
    timings: tuple[Timing, ...]
    published: Mapping[str, Any]

    def select(self, **wanted: object) -> tuple[Score, ...]:
        """Scores whose fields have the wanted values, for example ``circuit="deepjr"``."""
        return tuple(
            one for one in self.scores if all(getattr(one, k) == v for k, v in wanted.items())
        )

    def ladder(self, circuit: str, estimator: str, target: str) -> tuple[Score, ...]:
        """Scores from the least noise factor to the largest, on the circuit's main test."""
        found = self.select(
            test=main_test(circuit), circuit=circuit, estimator=estimator, target=target
        )
        return tuple(sorted(found, key=lambda one: one.noise_factor))

    def typical_error(
        self, circuit: str, estimator: str, target: str, noise_factor: float
    ) -> float:
        """Root mean square error in the target's unit at a noise factor.

        Between two noise factors of the ladder it is interpolated in the logarithms of both;
        beyond its ends it is that of the end.

        Raises:
            ExplorerError: there are no scores of these names.
        """
        rungs = self.ladder(circuit, estimator, target)
        if not rungs:
            got = f"{circuit}, {estimator}, {target}"
            raise ExplorerError("benchmark", "scores of the names asked for", f"none of {got}")
        factors = np.log([one.noise_factor for one in rungs])
        errors = np.log([max(one.rmse, 1e-300) for one in rungs])
        here = math.log(max(noise_factor, 1e-300))
        return float(math.exp(np.interp(here, factors, errors)))


def main_test(circuit: str) -> str:
    """The test whose cases are like those that the page shows."""
    return "explorer" if circuit == "jansen_rit" else "repeating"


def rows_of(
    test: str, circuit: str, estimator: str, noise_factor: float, scores: Scores
) -> list[Score]:
    """One row for each target."""
    return [
        Score(
            test, circuit, estimator, target, noise_factor, n=scores.n,
            **{name: float(getattr(scores, name)[k]) for name in COLUMNS},
        )
        for k, target in enumerate(TARGETS)
    ]  # fmt: skip


def _number(value: float) -> float | None:
    return float(f"{value:.5g}") if math.isfinite(value) else None


def _grouped(scores: Sequence[Score]) -> list[dict[str, Any]]:
    """One entry for all targets of an estimator at a noise factor of a test."""
    groups: dict[tuple[object, ...], list[Score]] = {}
    for one in scores:
        key = (one.test, one.circuit, one.estimator, one.noise_factor, one.n)
        groups.setdefault(key, []).append(one)
    names = ("test", "circuit", "estimator", "noise_factor", "n")
    return [
        dict(zip(names, key, strict=True))
        | {name: [_number(getattr(row, name)) for row in rows] for name in COLUMNS}
        for key, rows in groups.items()
    ]


def save_benchmark(benchmark: Benchmark, path: Path, force: bool) -> None:
    """Write a benchmark as JSON.

    Raises:
        ExplorerError: it exists and ``force`` is off, or cannot be written.
    """
    content = {
        "about": dict(benchmark.about),
        "weights": dict(benchmark.weights),
        "targets": list(TARGETS),
        "tests": [asdict(one) for one in benchmark.tests],
        "published": dict(benchmark.published),
        "timings": [
            {k: _number(v) if isinstance(v, float) else v for k, v in asdict(one).items()}
            for one in benchmark.timings
        ],
        "scores": _grouped(benchmark.scores),
    }
    words = _json(content)
    write_atomically(path, force, lambda beside: _write(beside, words))


def _json(content: Mapping[str, Any]) -> str:
    """JSON with one line for each entry of a list, so that changes can be read."""
    parts = []
    for key, value in content.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            lines = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in value)
            parts.append(f"{json.dumps(key)}: [\n  {lines}\n ]")
        else:
            parts.append(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}")
    return "{\n " + ",\n ".join(parts) + "\n}\n"


def _write(path: Path, words: str) -> None:
    path.write_text(words, encoding="utf-8")


def load_benchmark(path: Path = PATH) -> Benchmark:
    """The benchmark from its file.

    Raises:
        ExplorerError: the file is missing, or is no benchmark of these targets.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["targets"] != list(TARGETS):
            raise ValueError("other targets")
        return _benchmark(content)
    except (OSError, ValueError, KeyError, TypeError) as error:
        got = f"{path.name} ({type(error).__name__})"
        raise ExplorerError("benchmark", "a file made by jr-explorer evaluate", got) from None


def _benchmark(content: Mapping[str, Any]) -> Benchmark:
    return Benchmark(
        about=content["about"],
        weights=content["weights"],
        tests=tuple(TestFacts(**one) for one in content["tests"]),
        scores=tuple(row for group in content["scores"] for row in _rows(group)),
        timings=tuple(Timing(**one) for one in content["timings"]),
        published=content["published"],
    )


def _rows(group: Mapping[str, Any]) -> list[Score]:
    columns = {
        name: np.array([math.nan if v is None else v for v in group[name]]) for name in COLUMNS
    }
    return rows_of(
        group["test"], group["circuit"], group["estimator"], float(group["noise_factor"]),
        Scores(**columns, n=int(group["n"])),
    )  # fmt: skip
