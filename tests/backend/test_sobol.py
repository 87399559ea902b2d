"""Sobol indices of the model: the path from settings to indices, and the shipped tables."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from explorer.backend import sensitivity_text
from explorer.backend.circuits import CIRCUITS
from explorer.backend.errors import ExplorerError
from explorer.backend.features import FEATURES
from explorer.backend.outputs import evaluate
from explorer.backend.parameters import INFERRED_NAMES, MODEL_NAMES
from explorer.backend.settings import make_settings
from explorer.backend.simulate import simulate
from explorer.backend.sobol import around, over_ranges
from explorer.backend.sobol_store import asset_path, load_sobol, read_table, table_text, write_table
from explorer.backend.spreading import Cancelled
from explorer.backend.stimulus import PulseTrain

EVOKED = ("n_amplitude", "rms")
OTHERS = [INFERRED_NAMES.index(name) for name in ("C", "a_1", "a_2", "a_3", "a_4")]


@pytest.fixture(scope="module")
def small():
    return around(make_settings("deepjr"), 10.0, 16, seed=3)


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_outputs_are_those_of_whole_trajectories(circuit):
    settings = make_settings(circuit, {"p_sd": 2.0}, seed=5)
    found = evaluate(settings, settings.theta[None], tuple(FEATURES))
    pulses = PulseTrain(60.0, 0.05, tuple(range(1, 9)))
    source = simulate(settings, 9.0, stimulus=pulses, stream=1).source
    epochs = [source[1000 * k + 4800 : 1000 * k + 6001 : 4] for k in range(4)]
    mean = np.mean(epochs, axis=0)
    mean = mean - mean[:51].mean()
    assert found.waves[0] == pytest.approx(mean, abs=1e-5)
    assert found.features[0, list(FEATURES).index("rms")] == pytest.approx(
        np.sqrt(np.mean(mean[51:] ** 2)), rel=1e-6
    )


def test_noise_is_common_to_all_runs_and_off_where_not_asked_for():
    settings = make_settings("jansen_rit", {"p_sd": 5.0})
    twice = evaluate(settings, np.tile(settings.theta, (3, 1)), EVOKED)
    assert np.array_equal(twice.waves[0], twice.waves[1])
    assert np.array_equal(twice.features[0], twice.features[2])
    silent = over_ranges(settings, 4, features=EVOKED)
    assert not silent.noise
    with_noise = over_ranges(settings, 4, features=EVOKED, noise=True)
    assert with_noise.noise
    assert not np.allclose(silent.of_waves.mean, with_noise.of_waves.mean)
    other_noise = replace(settings, seed=9)
    assert np.array_equal(
        over_ranges(other_noise, 4, features=EVOKED).of_waves.mean, silent.of_waves.mean
    )


def test_ranges_around_a_point_are_cut_where_the_table_ends():
    settings = make_settings("deepjr")
    table = around(settings, 10.0, 2, features=EVOKED)
    lows, highs = (dict(zip(INFERRED_NAMES, x, strict=True))
                   for x in (table.problem.lows, table.problem.highs))  # fmt: skip
    assert lows["A_i"] == pytest.approx(19.8)
    assert highs["b_i"] == pytest.approx(55.0)
    edge = around(settings.changed(A_e=2.6), 10.0, 2, features=EVOKED)
    assert edge.problem.lows[0] == 2.6
    assert edge.scope == "±10 % around the point"


def test_around_a_point_first_orders_are_those_of_the_gradient():
    """In a small range the response is linear, and S1 = ST = the squared gradient's shares."""
    settings = make_settings("deepjr")
    table = around(settings, 0.5, 256, features=("n_amplitude",))
    value = settings.theta[:9]
    moved = np.tile(settings.theta, (18, 1))
    for k in range(9):
        moved[2 * k, k] *= 1.002
        moved[2 * k + 1, k] *= 0.998
    lowest = evaluate(settings, moved, ("n_amplitude",)).features[:, 0]
    gradient = (lowest[0::2] - lowest[1::2]) / (0.004 * value)
    share = (gradient * value) ** 2 / ((gradient * value) ** 2).sum()
    assert table.of_features.st[0] == pytest.approx(share, abs=0.01)
    assert table.of_features.s1[0] == pytest.approx(share, abs=0.03)


def test_further_factors_have_their_whole_range():
    table = over_ranges(make_settings("deepjr"), 2, also=("p_mean", "p_sd"), features=EVOKED)
    assert table.problem.names == (*INFERRED_NAMES, "p_mean", "p_sd")
    assert (table.problem.lows[9], table.problem.highs[9]) == (-50.0, 400.0)
    assert table.of_features.st.shape == (2, 11)
    assert table.noise


def test_a_table_says_what_is_undefined(small):
    assert "too few for indices" in small.note("peak_frequency")
    assert "Peak frequency is defined in 0 % of the runs" in small.note("peak_frequency")
    assert small.note("alpha_power") == "Alpha power does not vary here."
    assert small.note("rms") == ""


def test_stop_stops_and_progress_ends_at_one():
    shares: list[float] = []
    around(make_settings("deepjr"), 10.0, 8, lambda done: shares.append(done) or True)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
    with pytest.raises(Cancelled):
        around(make_settings("deepjr"), 10.0, 8, lambda done: False)


@pytest.mark.parametrize(
    ("match", "call"),
    [
        ("feature: expected one of", lambda s: over_ranges(s, 4, features=("peak",))),
        ("samples: expected a power of two", lambda s: around(s, 10.0, 1000)),
        ("seed: expected", lambda s: over_ranges(s, 4, seed=0)),
        ("percent: expected from", lambda s: around(s, 60.0, 4)),
        ("percent: expected from", lambda s: around(s, float("nan"), 4)),
        ("factor: expected one of v_max", lambda s: over_ranges(s, 4, also=("A_e",))),
        ("confidence: expected", lambda s: over_ranges(s, 4, confidence=1.0)),
    ],
)
def test_bad_input_is_refused_before_any_work(match, call):
    with pytest.raises(ExplorerError, match=match):
        call(make_settings("deepjr"))


def test_a_stored_table_loads_as_it_was(small, tmp_path):
    path = tmp_path / "t.nc"
    write_table(path, small, force=False)
    back = read_table(path)
    for name in ("problem", "scope", "n", "seed", "noise", "features", "version", "date"):
        assert getattr(back, name) == getattr(small, name)
    assert dict(back.settings.values) == dict(small.settings.values)
    assert back.time == pytest.approx(small.time)
    for old, new in ((small.of_features, back.of_features), (small.of_waves, back.of_waves)):
        for name in ("s1", "s1_half", "st", "st_half", "defined", "complete", "mean", "sd"):
            assert getattr(new, name) == pytest.approx(getattr(old, name), rel=1e-6, nan_ok=True)
    assert back.of_features.s2 == pytest.approx(small.of_features.s2, rel=1e-6, nan_ok=True)
    assert back.of_waves.s2 is None
    with pytest.raises(ExplorerError, match="--force"):
        write_table(path, small, force=False)


def test_csv_holds_every_index_that_is_given(small):
    rows = list(csv.DictReader(io.StringIO(table_text(small))))
    given = sum(np.isfinite(x).sum() for x in (
        small.of_features.s1, small.of_features.st, small.of_waves.s1, small.of_waves.st,
    )) + np.isfinite(small.of_features.s2).sum() / 2  # fmt: skip
    assert len(rows) == given
    one = next(r for r in rows if (r["output"], r["index"], r["factor"]) == ("rms", "ST", "A_i"))
    expected = small.of_features.st[small.row("rms"), INFERRED_NAMES.index("A_i")]
    assert float(one["value"]) == pytest.approx(expected, rel=1e-9)
    assert one["unit"] == "mV"


def test_a_damaged_or_missing_table_is_said(tmp_path):
    (tmp_path / "x.nc").write_bytes(b"nothing of the kind")
    for name in ("x.nc", "y.nc"):
        with pytest.raises(ExplorerError, match="expected a Sobol table"):
            read_table(tmp_path / name)
    with pytest.raises(ExplorerError, match=r"\.nc, \.csv"):
        write_table(tmp_path / "t.txt", load_sobol("deepjr"), force=False)


def test_a_kill_in_mid_run_leaves_the_old_table_whole(tmp_path):
    path = tmp_path / "old.nc"
    path.write_bytes(b"the old table")
    code = (
        "from pathlib import Path; from explorer.cli_sensitivity import sobol; "
        "print('on', flush=True); "
        f"sobol(Path({str(path)!r}), circuit='deepjr', samples='65536', force=True)"
    )
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment)
    assert run.stdout is not None
    assert run.stdout.readline() == b"on\n"
    time.sleep(2.0)
    assert run.poll() is None, "the run should still be at work"
    run.send_signal(signal.SIGTERM)
    run.wait(30)
    run.stdout.close()
    assert path.read_bytes() == b"the old table"


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_shipped_tables_are_of_this_circuit_and_registry(circuit):
    table = load_sobol(circuit)
    ranges = CIRCUITS[circuit].trained_ranges()
    assert table.n == 8192
    assert table.problem.names == INFERRED_NAMES
    assert list(zip(table.problem.lows, table.problem.highs, strict=True)) == list(ranges.values())
    assert table.features == tuple(FEATURES)
    defaults = CIRCUITS[circuit].defaults()
    for name in (*MODEL_NAMES, "stim_amplitude", "stim_width"):
        assert table.settings[name] == defaults[name]
    assert not table.noise
    assert asset_path(circuit).stat().st_size < 1_000_000


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_shipped_indices_obey_sums_and_bounds(circuit):
    table = load_sobol(circuit)
    for found in (table.of_features, table.of_waves):
        given = np.isfinite(found.st).all(axis=1)
        s1, st = found.s1[given], found.st[given]
        h1, ht = found.s1_half[given], found.st_half[given]
        assert given.any()
        assert (s1 <= st + h1 + ht).all()
        assert (s1 >= -h1).all()
        assert (s1.sum(axis=1) <= 1 + h1.sum(axis=1)).all()
        assert (st.sum(axis=1) >= 1 - ht.sum(axis=1)).all()


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_shipped_indices_are_those_of_todays_simulator(circuit):
    table = load_sobol(circuit)
    fresh = over_ranges(make_settings(circuit), 512, seed=11, features=EVOKED, confidence=0.999)
    rows = [table.row(name) for name in EVOKED]
    shipped = table.of_features
    for name in ("s1", "st"):
        difference = np.abs(getattr(shipped, name)[rows] - getattr(fresh.of_features, name))
        halves = getattr(shipped, name + "_half")[rows], getattr(fresh.of_features, name + "_half")
        assert (difference <= halves[0] + halves[1] + 1e-3).all()
    assert fresh.of_features.mean == pytest.approx(shipped.mean[rows], rel=0.1)


def test_deepjr_is_nearly_all_inhibition_and_jansen_rit_is_not():
    deepjr, jansen_rit = load_sobol("deepjr"), load_sobol("jansen_rit")
    row = deepjr.row("n_amplitude")
    assert deepjr.of_features.st[row, OTHERS].max() < 0.01
    assert deepjr.of_features.st[row, [1, 3]].sum() > 0.95
    row = jansen_rit.row("rms")
    assert jansen_rit.of_features.st[row, OTHERS].min() > 0.15


def test_the_page_of_docs_is_made_from_the_shipped_tables():
    page = Path(__file__).parents[2] / sensitivity_text.PAGE
    assert page.read_text(encoding="utf-8") == sensitivity_text.render()
