"""Scoring the shipped weights: what ``jr-explorer evaluate`` does."""

from __future__ import annotations

import datetime
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

import explorer
from explorer.backend.ceiling import Ceiling
from explorer.backend.circuits import CIRCUITS
from explorer.backend.estimators.benchmark import (
    EXACT,
    Benchmark,
    Score,
    TestFacts,
    Timing,
    rows_of,
)
from explorer.backend.estimators.held_out import (
    NOISE_FACTORS,
    TESTS,
    CaseSet,
    noise_mv,
    observed,
)
from explorer.backend.estimators.interface import Estimates
from explorer.backend.estimators.predict import estimate_waves
from explorer.backend.estimators.published import (
    CIRCUIT,
    NOISE_FACTOR,
    PUBLISHED,
    STEPS,
    SmallData,
    small_data,
    train_small,
)
from explorer.backend.estimators.registry import ESTIMATORS
from explorer.backend.estimators.scores import Scores, score
from explorer.backend.estimators.weights import Weights, file_name, load_weights
from explorer.backend.parameters import PARAMETERS
from explorer.backend.revision import revision
from explorer.backend.spreading import Cancelled

N_CASES = 2000
N_DRAWS = 400
"""Draws of an estimator that draws: means are then known to 0.05 of their spread."""
_SINGLES = 9
Told = Callable[[str, float | None], bool]
"""Told what is under way and the share of it done; returns False to stop."""


@dataclass(frozen=True)
class Scored:
    """What one step of the evaluation found."""

    scores: tuple[Score, ...] = ()
    tests: tuple[TestFacts, ...] = ()
    timings: tuple[Timing, ...] = ()


def scored(
    weights: Weights, cases: CaseSet, noise_factor: float, n_draws: int
) -> tuple[Scores, Estimates]:
    """Score a network on a set of cases at one noise factor, with draws where it draws."""
    noise = np.full(len(cases.waves), noise_mv(cases.circuit, noise_factor))
    found = estimate_waves(
        weights, observed(cases, noise_factor), noise, cases.context, n_draws=n_draws
    )
    return score(found.mean, found.interval50, found.interval90, cases.truth), found


def on_test(name: str, circuit: str, n: int, folder: Path) -> Iterator[tuple[str, Scored]]:
    """All estimators on a test over the ladder of noise factors; what was scored, step by step.

    Raises:
        ExplorerError: weights that cannot be loaded.
    """
    cases = TESTS[name].make(circuit, n)
    facts = TestFacts(name, circuit, TESTS[name].meaning, n, cases.share, {})
    yield f"{name}, {circuit}", Scored(tests=(facts,))
    for estimator in ESTIMATORS:
        weights = load_weights(estimator, circuit, folder)
        for factor in NOISE_FACTORS:
            found, _ = scored(weights, cases, factor, N_DRAWS)
            rows = rows_of(name, circuit, estimator, factor, found)
            yield f"{name}, {circuit}, {estimator}", Scored(scores=tuple(rows))


def timings(circuit: str, folder: Path) -> Iterator[tuple[str, Scored]]:
    """How long each estimator takes, on its circuit's defaults."""
    cases = TESTS["repeating"].make(circuit, 64)
    waves, noise = observed(cases, NOISE_FACTOR), np.full(64, noise_mv(circuit, NOISE_FACTOR))
    for estimator in ESTIMATORS:
        weights = load_weights(estimator, circuit, folder)
        one = slice(0, 1)
        singles = [
            _milliseconds(weights, waves[one], noise[one], cases.context[one])
            for _ in range(_SINGLES + 1)
        ]
        batch = _milliseconds(weights, waves, noise, cases.context) / len(waves)
        single = statistics.median(singles[1:])
        yield (
            f"time, {circuit}, {estimator}",
            Scored(timings=(Timing(circuit, estimator, single, batch),)),
        )


def _milliseconds(
    weights: Weights, waves: np.ndarray, noise: np.ndarray, context: np.ndarray
) -> float:
    began = time.perf_counter()
    estimate_waves(weights, waves, noise, context)
    return 1000 * (time.perf_counter() - began)


def on_ceiling(ceiling: Ceiling, folder: Path) -> Iterator[tuple[str, Scored]]:
    """The exact posterior and all estimators on the very same observations."""
    known = ceiling.known
    lost = {
        f"{factor:g}": int((~ceiling.converged[f] | ~known[f]).sum())
        for f, factor in enumerate(ceiling.noise_factors)
    }
    meaning = (
        f"The {ceiling.truth.shape[0]} cases of the exact posterior, p_mean "
        f"{ceiling.p_mean:g} s⁻¹, no background noise; the estimators see the same observations."
    )
    facts = TestFacts("ceiling", ceiling.circuit, meaning, len(ceiling.truth), ceiling.share, lost)
    yield f"ceiling, {ceiling.circuit}", Scored(tests=(facts,))
    for f, factor in enumerate(ceiling.noise_factors):
        rows, truth = known[f], ceiling.truth[known[f]]
        if rows.sum() < 3:
            continue
        ends = ceiling.quantiles[f, rows]  # (n, 13, 4)
        exact = score(ceiling.mean[f, rows], ends[..., 1:3], ends[..., [0, 3]], truth)
        found = rows_of("ceiling", ceiling.circuit, EXACT, float(factor), exact)
        yield f"ceiling, {ceiling.circuit}, exact", Scored(scores=tuple(found))
        for estimator in ESTIMATORS:
            weights = load_weights(estimator, ceiling.circuit, folder)
            found = _on_same_cases(weights, ceiling, f)
            yield f"ceiling, {ceiling.circuit}, {estimator}", Scored(scores=tuple(found))


def _on_same_cases(weights: Weights, ceiling: Ceiling, f: int) -> list[Score]:
    rows = ceiling.known[f]
    n = int(rows.sum())
    context = np.array([ceiling.p_mean, 0.0, PARAMETERS["n_trials"].default])
    found = estimate_waves(
        weights, ceiling.observed[f, rows], np.full(n, ceiling.noise_mv[f]),
        np.tile(context, (n, 1)), n_draws=N_DRAWS,
    )  # fmt: skip
    scores = score(found.mean, found.interval50, found.interval90, ceiling.truth[rows])
    return rows_of(
        "ceiling", ceiling.circuit, weights.estimator, float(ceiling.noise_factors[f]), scores
    )


def on_published(n: int, told: Told, steps: int = STEPS) -> Iterator[tuple[str, Scored]]:
    """The published protocol: each network trained on 800 simulations, scored on two sets.

    Args:
        n: fresh cases of the same distribution, beside the 100 of the split.
        told: as for ``evaluate``.
        steps: batches of training at most.
    """
    data, fresh = small_data(), TESTS["published"].make(CIRCUIT, n)
    split = CaseSet("published_split", CIRCUIT, data.truth, data.waves, data.context, 1.0)
    meanings = {
        "published_small": "Trained on 800 simulations of the published protocol, scored on fresh "
        "ones of it.",
        "published_split": "Trained on the same 800, scored on the 100 of the split.",
    }
    sizes = {"published_small": n, "published_split": len(split.truth)}
    for name, meaning in meanings.items():
        facts = TestFacts(name, CIRCUIT, meaning, sizes[name], 1.0, {})
        yield f"{name}, {CIRCUIT}", Scored(tests=(facts,))
    for estimator in ESTIMATORS:
        weights = _trained_small(estimator, data, steps, told)
        for name, cases in (("published_small", fresh), ("published_split", split)):
            found, _ = scored(weights, cases, NOISE_FACTOR, N_DRAWS)
            rows = rows_of(name, CIRCUIT, estimator, NOISE_FACTOR, found)
            yield f"{name}, {estimator}", Scored(scores=tuple(rows))


def _trained_small(estimator: str, data: SmallData, steps: int, told: Told) -> Weights:
    title = f"published protocol, training {estimator}"
    return train_small(estimator, data, steps, lambda at: told(title, at.step / at.steps))


def evaluate(parts: Iterable[Iterator[tuple[str, Scored]]], folder: Path, told: Told) -> Benchmark:
    """Everything that the parts find, as one benchmark.

    Args:
        parts: of ``on_test``, ``timings``, ``on_ceiling`` and ``on_published``.
        folder: of the weights.
        told: what is under way and the share done; returns False to stop.

    Raises:
        Cancelled: ``told`` returned False.
        ExplorerError: weights that cannot be loaded.
    """
    scores: list[Score] = []
    tests: list[TestFacts] = []
    times: list[Timing] = []
    for part in parts:
        for title, found in part:
            scores += found.scores
            tests += found.tests
            times += found.timings
            if not told(title, None):
                raise Cancelled
    return Benchmark(
        about(), _hashes(folder), tuple(tests), tuple(scores), tuple(times),
        {"estimator": PUBLISHED.estimator, "source": PUBLISHED.source, "r": dict(PUBLISHED.r)},
    )  # fmt: skip


def about() -> dict[str, str]:
    """What the scores were made with."""
    return {
        "version": explorer.__version__,
        "commit": revision() or "unknown",
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "torch": str(torch.__version__),
        "machine": f"{platform.system()} {platform.machine()}, {torch.get_num_threads()} threads",
    }


def _hashes(folder: Path) -> dict[str, str]:
    names = [(e, c) for c in CIRCUITS for e in ESTIMATORS]
    return {file_name(e, c): str(load_weights(e, c, folder).record.get("sha256")) for e, c in names}


def merged(old: Benchmark, new: Benchmark) -> Benchmark:
    """The new benchmark, with what it lacks from the old one, if that is of the same weights.

    The tests come in the order of ``TESTS`` and the circuits, whichever was made last.
    """
    has = {(one.test, one.circuit) for one in new.tests}
    timed = {(one.circuit, one.estimator) for one in new.timings}

    def stands(one: Score) -> bool:
        if one.estimator == EXACT or one.test.startswith("published_"):
            return True  # no shipped weights behind it
        file = file_name(one.estimator, one.circuit)
        return old.weights.get(file) == new.weights.get(file)

    kept = [one for one in old.scores if (one.test, one.circuit) not in has and stands(one)]
    old_times = (t for t in old.timings if (t.circuit, t.estimator) not in timed)
    scored_in = {(one.test, one.circuit) for one in kept}
    tests = (*new.tests, *(t for t in old.tests if (t.test, t.circuit) in scored_in))
    names, circuits = list(TESTS), list(CIRCUITS)

    def place(one: TestFacts) -> tuple[int, int]:
        return (names.index(one.test) if one.test in names else -1, circuits.index(one.circuit))

    return replace(
        new,
        tests=tuple(sorted(tests, key=place)),
        scores=(*new.scores, *kept),
        timings=(*new.timings, *old_times),
    )
