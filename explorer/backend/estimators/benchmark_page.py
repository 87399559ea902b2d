"""Writes docs/estimators.md from the benchmark, so that no figure is typed by hand."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import explorer
from explorer.backend.docs_tables import markdown_table
from explorer.backend.estimators.benchmark import EXACT, Benchmark, Score, TestFacts
from explorer.backend.estimators.registry import ESTIMATORS
from explorer.backend.estimators.scores import r_error
from explorer.backend.export import write_atomically
from explorer.backend.parameters import INFERRED_NAMES, PARAMETERS
from explorer.backend.targets import TARGETS

DOCUMENT = Path(explorer.__file__).parent.parent / "docs" / "estimators.md"
PUBLISHED_NOISE = PARAMETERS["noise_factor"].default
SURE = 0.3
"""Targets that the exact posterior correlates with by less are not compared with it."""

_HEAD = """# The estimators and how good they are

Five networks read the nine parameters, and the four products that the data speak of, off one
noisy averaged evoked response. This page is written by `jr-explorer evaluate` from
`assets/benchmark.json`; every figure is of the shipped weights on test cases with seeds that no
training used.

The response x (301 samples, 250 Hz) is projected on the principal components of the training
responses and weighted as a Wiener filter would for the given noise (`front_end.py`), so that
small differences are kept where the noise allows and dropped where not. What a network is told
beside it: the standard deviation of the noise on the waveform, p_mean, p_sd and the number of
trials. The point networks give a logit-normal posterior for each target, `npe` draws from the
joint posterior of the nine.

r is Pearson's correlation of estimate and truth, R² = 1 − the unexplained share of the variance,
RMSE is in the target's unit, coverage the share of truths within the central intervals (it
should be the interval's own 50 % or 90 %).
"""

_WEIGHTS = """The transformer is shown more responses than the others, seven to twenty times as
many in deepjr and forty to eighty in jansen_rit, and reads more of them there: 160 components
instead of 96, and as many of the responses divided by their own size, which tell small responses
apart. There it learns from six times the data, most of them without background noise and half of
those at p_mean 90 s⁻¹, where the exact posteriors are (protocol `calm`): without background noise
a network finds more to learn than a smaller data set holds, and learned one by heart. Then it
goes on with more data, and learning rates that rise again to half of what they were (a warm
restart); responses observed above 1 mV, of which it knew too little, count twice. The context is
told to it, and it reads the response, so how often a value of either comes, or counts, changes no
posterior, only how near to it the network comes there. That is to see how near that can be; it is
the best of the five for that reason as much as for its architecture. Validation losses compare
the trainings of one kind of estimator alone: the transformer's counts the squared error of the
means ten times and dwells on the noise factors 0.4 to 8,000, that of `npe` is a joint density."""


def write_page(
    benchmark: Benchmark, manifest: Mapping[str, Any], path: Path = DOCUMENT, force: bool = True
) -> None:
    """Write the page.

    Raises:
        ExplorerError: it exists and ``force`` is off, or cannot be written.
    """
    words = page_text(benchmark, manifest)
    write_atomically(path, force, lambda beside: _write(beside, words))


def _write(path: Path, words: str) -> None:
    path.write_text(words, encoding="utf-8")


def page_text(benchmark: Benchmark, manifest: Mapping[str, Any]) -> str:
    """The page as Markdown."""
    parts = [_HEAD, f"## The weights\n\n{_WEIGHTS}\n\n{_weights_table(manifest)}"]
    parts += [*_published_part(benchmark), *_ceiling_part(benchmark)]
    for facts in benchmark.tests:
        if facts.test in ("repeating", "explorer"):
            parts.append(_test_part(benchmark, facts))
    parts += [_timing_part(benchmark), _about_part(benchmark)]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _f(value: float, digits: int = 2) -> str:
    """A figure with a true minus, – where there is none."""
    return f"{value:.{digits}f}".replace("-", "−") if math.isfinite(value) else "–"


def _weights_table(manifest: Mapping[str, Any]) -> str:
    names = ("estimator", "circuit", "protocol", "data_size", "data_seed", "steps", "batch",
             "seed", "device", "validation_loss", "date")  # fmt: skip

    def cells(record: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(_f(v, 3) if isinstance(v, float) else str(v)
                     for v in (record.get(name, "–") for name in names))  # fmt: skip

    rows = sorted(cells(each) for record in manifest.values() for each in _trainings(record))
    return markdown_table(tuple(name.replace("_", " ") for name in names), rows)


def _trainings(record: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The trainings behind weights, first to last."""
    if "from" not in record:
        yield record
        return
    yield from _trainings(record["from"])
    yield {**record, "estimator": f"{record['estimator']}, gone on"}


def _row(scores: Iterable[Score], column: str, targets: Sequence[str]) -> tuple[str, ...]:
    found = {one.target: getattr(one, column) for one in scores}
    return tuple(_f(found.get(name, math.nan), 3 if column == "r" else 2) for name in targets)


def _facts(benchmark: Benchmark, test: str) -> TestFacts | None:
    return next((one for one in benchmark.tests if one.test == test), None)


def _published_part(benchmark: Benchmark) -> list[str]:
    """The published protocol beside the published figures."""
    small, split = (_facts(benchmark, f"published_{name}") for name in ("small", "split"))
    if small is None or split is None:
        return []
    published = benchmark.published["r"]
    given = tuple(_f(published[name], 3) for name in INFERRED_NAMES)
    rows = [(f"published, {benchmark.published['estimator']}", *given)]
    for test, words in (
        ("published_small", f"800 simulations, {small.n} fresh cases"),
        ("published_split", f"800 simulations, the split's {split.n}"),
        ("published", f"shipped weights, {small.n} fresh cases"),
    ):
        for name in ESTIMATORS:
            found = benchmark.select(test=test, estimator=name, noise_factor=PUBLISHED_NOISE)
            if found:
                rows.append((f"{name}, {words}", *_row(found, "r", INFERRED_NAMES)))
    errors = f"{_f(r_error(0.0, small.n), 3)} for {small.n} cases"
    return [
        "## The published protocol (deepjr, noise factor 1), r\n\n"
        f"Published: {benchmark.published['source']}.\n"
        "*800 simulations*: the same protocol, 80/10/10, each network trained on the 800 alone. "
        "*Shipped weights*: trained on the large set of uniform draws and scored on the "
        "published draws, a few of which lie outside its ranges. The standard error of an r "
        f"near 0 is {errors} and {_f(r_error(0.0, split.n))} for {split.n}.\n\n"
        + markdown_table(("r", *INFERRED_NAMES), rows)
    ]


def _ceiling_part(benchmark: Benchmark) -> list[str]:
    """The exact posterior and the estimators on the same cases."""
    parts = []
    for facts in (one for one in benchmark.tests if one.test == "ceiling"):
        lost = ", ".join(f"{n} at {factor}" for factor, n in facts.unconverged.items())
        rows = []
        chosen = benchmark.select(test="ceiling", circuit=facts.circuit)
        for factor in sorted({one.noise_factor for one in chosen}):
            shares = best_shares([one for one in chosen if one.noise_factor == factor])
            best = tuple(_f(shares.get(name, math.nan)) for name in TARGETS)
            rows.append((f"{factor:g}", "best ÷ exact", *best, ""))
            for name in (EXACT, *ESTIMATORS):
                found = benchmark.select(
                    test="ceiling", circuit=facts.circuit, estimator=name, noise_factor=factor
                )
                covered = [s.coverage90 for s in found if math.isfinite(s.coverage90)]
                mean = sum(covered) / len(covered) if covered else math.nan
                rows.append((f"{factor:g}", name, *_row(found, "r", tuple(TARGETS)), _f(mean)))
        parts.append(
            f"### {facts.circuit}: the ceiling, r\n\n{facts.meaning} {facts.share:.0%} of the "
            f"draws repeat. Posteriors that did not converge, kept in the table: {lost}.\n\n"
            + markdown_table(("noise factor", "", *TARGETS, "90 % coverage, mean"), rows)
        )
    if parts:
        parts.insert(0, "## The best that is possible\n\nNo estimator can beat the mean of the "
                     "exact posterior, sampled with the simulator itself. *best ÷ exact* is the "
                     f"best estimator's r over it, where that is above {SURE:g}. The exact "
                     "posterior is told that the response repeats with the stimulus, the networks "
                     "are not: leaving out the draws of NPE whose response does not moves its r "
                     "by about 0.01 at most.\n\n"
                     "The walkers of the sampler set out from particles tempered from the whole "
                     "prior and from around the truth, so that modes far apart are found. Some "
                     "posteriors of jansen_rit have them; where the walkers cannot go from one to "
                     "the other, split R-hat says so and the posterior counts as not "
                     "converged. Those of deepjr are older: their walkers set out from around the "
                     "truth alone.")  # fmt: skip
    return parts


def best_shares(scores: Sequence[Score]) -> dict[str, float]:
    """Best estimator's r over the exact posterior's, by target, where that is above ``SURE``."""
    exact = {one.target: one.r for one in scores if one.estimator == EXACT and one.r > SURE}
    found = {
        name: [one.r for one in scores if one.target == name and one.estimator != EXACT]
        for name in exact
    }
    return {name: max(r) / exact[name] for name, r in found.items() if r}


def _test_part(benchmark: Benchmark, facts: TestFacts) -> str:
    """One test: r, R², RMSE and coverage of all estimators over the ladder of noise."""
    chosen = benchmark.select(test=facts.test, circuit=facts.circuit)
    factors = sorted({one.noise_factor for one in chosen})
    titles = {"r": "r", "r2": "R²", "rmse": "RMSE, in units", "coverage50": "coverage of 50 %",
              "coverage90": "coverage of 90 %"}  # fmt: skip
    kept = f" {facts.share:.0%} of the draws are kept." if facts.share < 1 else ""
    parts = [f"## {facts.circuit}, test `{facts.test}`\n\n{facts.meaning} {facts.n} cases.{kept}"]
    units = tuple(f"{name} {t.unit}".strip() for name, t in TARGETS.items())
    for column, title in titles.items():
        rows = []
        for factor in factors:
            for name in ESTIMATORS:
                found = [s for s in chosen if s.estimator == name and s.noise_factor == factor]
                rows.append((f"{factor:g}", name, *_row(found, column, tuple(TARGETS))))
        head = units if column == "rmse" else tuple(TARGETS)
        table = markdown_table(("noise factor", "estimator", *head), rows)
        parts.append(f"### {title}\n\n{table}")
    return "\n\n".join(parts)


def _timing_part(benchmark: Benchmark) -> str:
    rows = [
        (one.circuit, one.estimator, _f(one.single_ms, 1), _f(one.batch_ms, 2))
        for one in benchmark.timings
    ]
    head = ("circuit", "estimator", "one observation, ms", "each of 64 at once, ms")
    return "## Time per estimate\n\n" + markdown_table(head, rows) if rows else ""


def _about_part(benchmark: Benchmark) -> str:
    about = ", ".join(f"{key} {value}" for key, value in benchmark.about.items())
    has_ceiling = any(one.test == "ceiling" for one in benchmark.tests)
    cases = (
        "The ceiling's cases are in `assets/ceiling_CIRCUIT.nc`, made by `jr-explorer ceiling`."
        if has_ceiling
        else "The exact posteriors of `jr-explorer ceiling` are not part of it yet."
    )
    return f"## Remade by\n\n    jr-explorer evaluate --force\n\nMade with: {about}. {cases}"
