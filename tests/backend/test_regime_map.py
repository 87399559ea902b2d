"""Regime maps agree with the rule at single points."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.backend.circuits import CIRCUITS
from explorer.backend.errors import ExplorerError
from explorer.backend.regime_map import refined_maps, regime_map
from explorer.backend.regimes import classify
from explorer.backend.rhythm import REGIME_NAMES
from explorer.backend.settings import STARTS, make_settings
from explorer.backend.spreading import Cancelled


@pytest.mark.parametrize("start", STARTS)
def test_agrees_with_single_points(start: str) -> None:
    settings = make_settings(start=start)
    grid = regime_map(settings, "p_mean", "A_e", 20)
    assert set(np.unique(grid.regime)) >= {0, 1, REGIME_NAMES.index("alpha")}
    rng = np.random.default_rng(4)
    wrong = 0
    for row, column in rng.integers(20, size=(60, 2)):
        report = classify(settings.changed(p_mean=grid.x[column], A_e=grid.y[row]))
        wrong += REGIME_NAMES[grid.regime[row, column]] != report.regime
        if report.rhythm.settled and report.rhythm.frequency_hz:
            figures = grid.frequency[row, column], grid.amplitude[row, column]
            assert figures[0] == pytest.approx(report.rhythm.frequency_hz, rel=0.04)
            assert figures[1] == pytest.approx(report.rhythm.peak_to_peak_mv, rel=0.04)
    assert wrong <= 1  # a point close to a bifurcation may fall on the other side


def test_bistable_along_the_defaults() -> None:
    grid = regime_map(make_settings(), "p_mean", "A_e", 46)  # p in steps of 10
    row = int(np.argmin(np.abs(grid.y - 3.25)))
    single = [classify(make_settings(values={"p_mean": p, "A_e": grid.y[row]})) for p in grid.x]
    agree = [a.bistable == b for a, b in zip(single, grid.bistable[row], strict=True)]
    # the map tries one other start alone, so it may miss a state but should invent none
    assert not any(b and not a.bistable for a, b in zip(single, grid.bistable[row], strict=True))
    assert grid.bistable[row].any() and np.mean(agree) > 0.7


def test_refinement_keeps_the_picture() -> None:
    sizes = [grid.regime.shape for grid in refined_maps(make_settings(), "C", "A_i", (5, 9))]
    assert sizes == [(5, 5), (9, 9)]
    coarse, fine = refined_maps(make_settings(), "C", "A_i", (5, 9))
    assert (coarse.regime == fine.regime[::2, ::2]).all()


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_whole_ranges_are_finite(circuit: str) -> None:
    table = CIRCUITS[circuit].parameters
    for values in ({}, {"C": table["C"].high, "A_i": table["A_i"].high}):
        grid = regime_map(make_settings(circuit, values), "A_e", "b_i", 8)
        assert np.isfinite(grid.amplitude).all() and np.isfinite(grid.mean).all()
        assert (grid.regime >= 0).all()


def test_refuses_and_stops() -> None:
    settings = make_settings()
    for arguments in (("C", "C", 10), ("C", "p_sd", 10), ("C", "A_e", 1)):
        with pytest.raises(ExplorerError):
            regime_map(settings, *arguments)
    with pytest.raises(Cancelled):
        regime_map(settings, "C", "A_e", 60, progress=lambda share: share < 0.1)
