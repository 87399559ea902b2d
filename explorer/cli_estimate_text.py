"""What ``jr-explorer estimate`` prints: estimates as JSON and as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from rich.table import Table

from explorer.backend.estimators.evidence import OUTLIER_RANK
from explorer.backend.estimators.interface import Estimates, Observation
from explorer.backend.estimators.predict import estimate
from explorer.backend.estimators.registry import ESTIMATORS
from explorer.backend.estimators.weights import load_weights
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.settings import Settings
from explorer.backend.targets import TARGETS, target_values

FIXED_IN_TRAINING = ("v_max", "v_0", "r", "stim_amplitude", "stim_width")
"""What training did not vary: with another value the estimates mean little."""


def report_of(
    seen: Observation, settings: Settings, names: Sequence[str], truth: bool
) -> dict[str, Any]:
    """Everything that is printed, as plain values for JSON.

    Args:
        seen: the observation.
        settings: the point behind it, or the context of a recording.
        names: keys of ``ESTIMATORS``.
        truth: whether the settings are the truth.

    Raises:
        ExplorerError: weights that cannot be loaded.
    """
    true = target_values(np.array([settings[name] for name in INFERRED_NAMES])) if truth else None
    about = {
        "circuit": seen.circuit, "noise_mv": seen.noise_mv, "p_mean": seen.p_mean,
        "p_sd": seen.p_sd, "n_trials": seen.n_trials, "ground_truth": truth,
    }  # fmt: skip
    found = (estimate(load_weights(name, seen.circuit), [seen]) for name in names)
    return {"observation": about, "estimates": [_entry(one, true) for one in found]}


def _entry(found: Estimates, true: np.ndarray | None) -> dict[str, Any]:
    rank = float(found.evidence_rank[0])
    rows = {}
    for k, target in enumerate(TARGETS.values()):
        row: dict[str, Any] = {
            "unit": target.unit,
            "mean": float(found.mean[0, k]),
            "sd": float(found.sd[0, k]),
            "interval50": found.interval50[0, k].tolist(),
            "interval90": found.interval90[0, k].tolist(),
        }
        if true is not None:
            row |= {"truth": float(true[k]), "error": float(found.mean[0, k] - true[k])}
        rows[target.name] = row
    return {
        "estimator": found.estimator,
        "evidence_rank": rank,
        "out_of_distribution": rank < OUTLIER_RANK,
        "targets": rows,
    }


def warnings_of(settings: Settings, truth: bool) -> Iterator[str]:
    """Why the estimates should not be trusted, one sentence each."""
    table = settings.table
    for name in FIXED_IN_TRAINING if truth else ():
        if settings[name] != table.parameters[name].default:
            default = f"{table.parameters[name].default:g}"
            yield f"{name} is {settings[name]:g}; the estimators know {default} only."
    if not truth:
        yield "A recording has no ground truth; the estimates take it for the model's response."
        return
    for name, (low, high) in table.trained_ranges().items():
        if not low <= settings[name] <= high:
            yield f"{name} is {settings[name]:g}, outside the trained range {low:g} … {high:g}."


def two_figures(value: float) -> float:
    """Rounded to two figures: 290, where the format alone would print 2.9e+02."""
    return float(f"{value:.2g}")


def four_figures(value: float) -> float:
    """Rounded to four figures, for the same reason."""
    return float(f"{value:.4g}")


def estimate_tables(report: dict[str, Any]) -> Iterator[Table]:
    """One table for each estimator."""
    truth = report["observation"]["ground_truth"]
    noise = report["observation"]["noise_mv"]
    for one in report["estimates"]:
        rank = f"{one['evidence_rank']:.1%} of training responses are less plausible"
        outside = "OUT OF DISTRIBUTION: do not trust these: " if one["out_of_distribution"] else ""
        table = Table(
            title=f"{ESTIMATORS[one['estimator']].title}, noise {noise:.2g} mV on the waveform",
            caption=outside + rank,
        )
        table.add_column("", no_wrap=True)
        for head in ("estimate ± sd", "90 % interval", *(("truth", "error") if truth else ())):
            table.add_column(head, justify="right", no_wrap=True)
        table.add_column("unit", no_wrap=True)
        for name, row in one["targets"].items():
            low, high = row["interval90"]
            cells = [
                f"{four_figures(row['mean']):g} ± {two_figures(row['sd']):g}",
                f"{four_figures(low):g} … {four_figures(high):g}",
            ]
            if truth:
                cells += [
                    f"{four_figures(row['truth']):g}",
                    f"{two_figures(row['error']):+g}".replace("-", "−"),
                ]
            table.add_row(name, *cells, row["unit"])
        yield table
