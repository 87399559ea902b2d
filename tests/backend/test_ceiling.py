"""The ceiling: its cases, its scores, its file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from explorer.backend import ceiling_run
from explorer.backend.ceiling import QUANTITIES, Ceiling, draw_cases, empty_ceiling, observations
from explorer.backend.ceiling_run import load_ceiling, run_ceiling, save_ceiling
from explorer.backend.ensemble import last_two_responses, parameter_sets
from explorer.backend.errors import ExplorerError
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.spreading import Cancelled


def test_cases_repeat_and_more_of_them_begin_alike():
    cases, more = draw_cases("jansen_rit", 20, 3), draw_cases("jansen_rit", 300, 3)
    assert (more.truth[:20] == cases.truth).all()
    assert 0.6 < more.share < 0.82
    sets = parameter_sets(cases.settings, INFERRED_NAMES, cases.truth)
    last, before = last_two_responses(cases.settings, sets, 29)
    assert np.abs(last - before).max() < 1e-3
    assert cases.settings["p_mean"] == 90.0
    assert cases.settings["p_sd"] == 0.0
    assert draw_cases("deepjr", 5).share == 1.0


def test_observations_carry_the_noise_they_say():
    cases = draw_cases("deepjr", 30, 1)
    waves, sd = observations(cases, 2500.0, 1)
    assert (waves - cases.source).std() == pytest.approx(sd, rel=0.03)
    assert sd == pytest.approx(0.164, rel=0.02)
    fewer, _ = observations(draw_cases("deepjr", 4, 1), 2500.0, 1)
    assert fewer == pytest.approx(waves[:4])


def made_up(n: int = 4000) -> Ceiling:
    """A ceiling whose posteriors are right by construction: truth = mean + sd · normal."""
    base = empty_ceiling("deepjr", np.array([1.0]), 2, 1, None)
    rng, q = np.random.default_rng(1), len(QUANTITIES)
    mean = rng.normal(size=(1, n, q))
    truth = mean[0] + 0.5 * rng.normal(size=(n, q))
    ends = 0.5 * np.array([-1.6449, -0.6745, 0.6745, 1.6449])
    return replace(
        base, truth=truth, mean=mean, quantiles=mean[..., None] + ends,
        finished=np.ones((1, n), bool), converged=np.ones((1, n), bool),
    )  # fmt: skip


def test_scores_of_posteriors_that_are_right():
    made = made_up()
    assert made.correlation() == pytest.approx(np.full((1, 13), 1 / np.sqrt(1.25)), abs=0.02)
    assert made.coverage(0.5) == pytest.approx(0.5, abs=0.03)
    assert made.coverage(0.9) == pytest.approx(0.9, abs=0.02)
    with pytest.raises(ExplorerError, match="level"):
        made.coverage(0.8)


def test_what_is_missing_or_did_not_converge_is_left_out_where_asked():
    made = made_up()
    made.truth[:100] += 100.0
    made.converged[0, :100] = False
    assert made.correlation().max() < 0.5
    assert made.correlation(converged_only=True).min() > 0.85
    made.finished[0, :100] = False
    assert made.correlation().min() > 0.85
    empty = empty_ceiling("deepjr", np.array([1.0]), 3, 1, None)
    assert np.isnan(empty.correlation()).all() & np.isnan(empty.coverage(0.9)).all()


def test_a_file_keeps_everything(tmp_path):
    made = empty_ceiling("jansen_rit", np.array([1.0, 100.0]), 3, 2, None)
    made.mean[1, 2] = np.arange(13)
    made.finished[1, 2] = True
    save_ceiling(made, tmp_path / "c.nc")
    back = load_ceiling(tmp_path / "c.nc")
    for name, value in vars(made).items():
        assert np.array_equal(getattr(back, name), value, equal_nan=name not in {"circuit"}), name
    (tmp_path / "junk.nc").write_bytes(b"no such thing")
    with pytest.raises(ExplorerError, match="ceiling"):
        load_ceiling(tmp_path / "junk.nc")


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path, monkeypatch):
    path, solved = tmp_path / "c.nc", []
    real = ceiling_run._solved

    def counted(job, progress):
        solved.append(float(job.theta[0]))
        return real(job, progress)

    monkeypatch.setattr(ceiling_run, "_solved", counted)
    monkeypatch.setattr(ceiling_run, "_BLOCK_PER_PROCESS", 1)
    with pytest.raises(Cancelled):
        run_ceiling("deepjr", [2500.0], 2, 5, lambda s: s < 0.6, path=path, processes=1)
    assert load_ceiling(path).finished.tolist() == [[True, False]]
    solved.clear()
    whole = run_ceiling("deepjr", [2500.0], 2, 5, path=path, processes=1)
    assert solved == [whole.truth[1, 0]]
    assert whole.finished.all() & np.isfinite(whole.mean).all()
    assert (np.abs(whole.truth - whole.mean) < 5 * whole.sd).all()
    with pytest.raises(ExplorerError, match="same cases"):
        run_ceiling("deepjr", [2500.0], 2, 6, path=path, processes=1)


def test_processes_give_what_one_gives(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("explorer.backend.walkers.ATTEMPTS", ((40,),))
    one = run_ceiling("deepjr", [100.0], 2, 7, processes=1)
    assert not one.converged.any()  # far too short, and said so
    monkeypatch.undo()
    two = run_ceiling("deepjr", [2500.0], 2, 7, processes=2)
    again = run_ceiling("deepjr", [2500.0], 2, 7, processes=1)
    assert (two.mean == again.mean).all()
