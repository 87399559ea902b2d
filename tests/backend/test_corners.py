"""Every extreme corner of every range: finite figures, or a reason in words."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from explorer.backend.circuits import CIRCUITS
from explorer.backend.fisher_report import fisher_at
from explorer.backend.fixed_points import rest_sources
from explorer.backend.oat import one_at_a_time
from explorer.backend.parameters import INFERRED_NAMES, MODEL_NAMES
from explorer.backend.rhythm import REGIME_NAMES, is_rest, name_regimes
from explorer.backend.running import RunningModel
from explorer.backend.settings import Settings, make_settings
from explorer.backend.spreading import spread
from explorer.backend.sweep import N_SUMMARY, summarize_batch

SETTLE, READ, EVERY = 2000, 1000, 4  # steps of a millisecond, and one in four read


def all_corners(circuit: str) -> np.ndarray:
    """Model parameters (2¹³, 14) at both ends of every range, without noise."""
    rows = CIRCUITS[circuit].parameters
    ends = [(0.0,) if n == "p_sd" else (rows[n].low, rows[n].high) for n in MODEL_NAMES]
    return np.array(list(itertools.product(*ends)))


def random_corners(circuit: str, n: int, seed: int) -> list[Settings]:
    rows = CIRCUITS[circuit].parameters
    rng = np.random.default_rng(seed)
    return [
        make_settings(circuit, {k: (rows[k].low, rows[k].high)[rng.integers(2)] for k in rows})
        for _ in range(n)
    ]


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_all_corners_run_to_a_regime_and_hold_a_rest(circuit: str) -> None:
    theta = all_corners(circuit)
    assert theta.shape == (2**13, 14)
    state, out = np.zeros((len(theta), 6)), np.empty((len(theta), N_SUMMARY))

    def run(first: int, last: int) -> None:
        summarize_batch(theta, state, 1e-3, SETTLE, EVERY, READ // EVERY, out, first, last)

    spread(run, len(theta), SETTLE + READ)
    assert np.isfinite(state).all()
    assert np.isfinite(np.delete(out, [3, 4], axis=1)).all()  # all but frequency and duty
    regime = name_regimes(out, theta[:, MODEL_NAMES.index("v_0")])
    assert ((regime >= 0) & (regime < len(REGIME_NAMES))).all()
    assert np.isfinite(out[~is_rest(regime) & np.isfinite(out[:, 4]), 3]).all()
    source, of = rest_sources(theta)
    assert np.isfinite(source).all() and set(of) == set(range(len(theta)))


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_every_restart_at_a_corner_says_where_and_runs_on(circuit: str) -> None:
    for settings in random_corners(circuit, 12, seed=8):
        model = RunningModel(settings)
        for where in ("zero", "rest", "other_branch"):
            model.advance(settings, 0.2)
            assert len(model.restart(where)) > 10
            model.kick(5.0)
            model.stimulate()
            assert np.isfinite(model.advance(settings, 0.5).states).all()


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_sensitivity_at_corners_is_finite_or_has_a_reason(circuit: str) -> None:
    for settings in random_corners(circuit, 12, seed=9):
        report = fisher_at(settings)
        known = np.isfinite(report.ratio_to_prior).all() and np.isfinite(report.percent).all()
        assert known != bool(report.reason)
        assert not known or (report.ratio_to_prior <= 1 + 1e-6).all()
        assert not any("nan" in sentence for sentence in report.sentences())
        for name in INFERRED_NAMES[:3]:
            assert np.isfinite(one_at_a_time(settings, name, 5).response).all()
