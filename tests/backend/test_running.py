"""The running model: carried state, hysteresis, noise that goes on, pulses, restarts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from explorer.backend.circuits import CIRCUITS
from explorer.backend.errors import ExplorerError
from explorer.backend.parameters import MODEL_NAMES
from explorer.backend.regimes import measure
from explorer.backend.running import RunningModel
from explorer.backend.settings import Settings, make_settings
from explorer.backend.simulate import simulate
from explorer.backend.stimulus import PulseTrain


def quiet(p_mean: float, start: str = "zero", **values: float) -> Settings:
    return make_settings(values={"p_mean": p_mean, "p_sd": 0.0, **values}, start=start)


def run_on(model: RunningModel, settings: Settings, seconds: float, piece: float = 0.04) -> None:
    for _ in range(round(seconds / piece)):
        model.advance(settings, piece)


def test_history_decides_between_alpha_and_spikes() -> None:
    """100 up to 130 and back to 120 on the upper branch gives alpha; zero at 120 spikes."""
    model = RunningModel(quiet(100, "from_above"))
    for p in [*np.arange(100, 130), *np.arange(130, 119, -1)]:
        run_on(model, quiet(float(p)), 0.2)
    run_on(model, quiet(120), 12)
    alpha = measure(model.window.source, model.dt)
    assert 10.0 < alpha.frequency_hz < 11.0 and alpha.maximum_mv < 9.0  # type: ignore[operator]

    model = RunningModel(quiet(120))
    run_on(model, quiet(120), 12)
    spikes = measure(model.window.source, model.dt)
    assert spikes.frequency_hz < 3.0 and spikes.maximum_mv > 10.0  # type: ignore[operator]
    assert spikes.duty < 0.3  # type: ignore[operator]


def test_pieces_equal_one_run() -> None:
    settings = quiet(220)
    model = RunningModel(settings)
    model.stimulate()
    pieces = [model.advance(settings, d) for d in (0.013, 0.04, 0.1, 0.847)]
    source = np.concatenate([p.source for p in pieces])
    pulse = PulseTrain(settings["stim_amplitude"], settings["stim_width"], (0.0,))
    whole = simulate(settings, 1.0, dt=1e-3, stimulus=pulse)
    assert source == pytest.approx(whole.source[1:], abs=1e-10)
    assert np.concatenate([p.time for p in pieces]) == pytest.approx(whole.time[1:])


def test_noise_goes_on_and_is_repeatable() -> None:
    settings = replace(make_settings(values={"p_sd": 5.0}), seed=3)

    def record() -> np.ndarray:
        model = RunningModel(settings)
        return np.array([model.advance(settings, 0.1).source for _ in range(20)])

    first, second = record(), record()
    assert (first == second).all()
    linear = settings.changed(v_max=1.0, C=65.0)  # pieces differ by their noise
    model = RunningModel(linear)
    run_on(model, linear, 5)
    a, b = (np.diff(model.advance(linear, 1.0).states[:, 4]) for _ in range(2))
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.15


def test_two_pulses_in_a_row_follow_each_other() -> None:
    settings = quiet(90)
    model = RunningModel(settings)
    model.stimulate()
    model.stimulate()
    got = model.advance(settings, 0.5).source
    width = settings["stim_width"]
    long_pulse = PulseTrain(settings["stim_amplitude"], 2 * width, (0.0,))
    expected = simulate(settings, 0.5, dt=1e-3, stimulus=long_pulse).source[1:]
    assert got == pytest.approx(expected, abs=1e-9)
    run_on(model, settings, 1.0)
    flat = simulate(settings, 0.5, dt=1e-3, initial=model.state).source[1:]
    assert model.advance(settings, 0.5).source == pytest.approx(flat, abs=1e-12)


def test_window_holds_the_last_seconds() -> None:
    settings = quiet(220)
    model = RunningModel(settings, window_s=0.5)
    assert model.window.time.size == 0
    all_of_it = np.concatenate([model.advance(settings, 0.12).source for _ in range(10)])
    assert model.window.source == pytest.approx(all_of_it[-500:], abs=0)
    assert model.window.time[-1] == pytest.approx(1.2) and np.ptp(model.window.time) < 0.5
    model.advance(settings, 2.0)
    assert model.window.time[-1] == pytest.approx(3.2) == pytest.approx(model.clock)


def test_kick_leaves_a_small_cycle_for_the_large_one() -> None:
    settings = quiet(120, "from_above")
    model = RunningModel(settings)
    run_on(model, settings, 5)
    before = model.state.copy()
    model.kick(-8.0)
    assert model.state - before == pytest.approx([0, -8, 0, 0, 0, 0])
    run_on(model, settings, 12)
    assert measure(model.window.source, model.dt).maximum_mv > 10.0
    for bad in (np.nan, np.inf, 1e3):
        with pytest.raises(ExplorerError):
            model.kick(bad)


def test_restarts() -> None:
    settings = quiet(120)
    model = RunningModel(settings)
    run_on(model, settings, 4)
    assert "alpha" in model.restart("other_branch")
    assert model.clock == 0.0 and model.window.time.size == 0
    run_on(model, settings, 12)
    assert measure(model.window.source, model.dt).maximum_mv < 9.0
    assert "spikes" in model.restart("other_branch")
    run_on(model, settings, 12)
    assert measure(model.window.source, model.dt).maximum_mv > 10.0

    rest = quiet(60)
    run_on(model, rest, 0.1)
    model.restart("rest")
    still = model.advance(rest, 1.0).source
    assert np.ptp(still) < 1e-3
    model.restart("zero")
    assert (model.state == 0).all()
    single = quiet(220)
    run_on(model, single, 0.2)
    assert "No other state" in model.restart("other_branch")
    with pytest.raises(ExplorerError):
        model.restart("elsewhere")


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_jumps_between_corners_stay_finite(circuit: str) -> None:
    rng = np.random.default_rng(1)
    rows = CIRCUITS[circuit].parameters
    model = RunningModel(make_settings(circuit))
    for _ in range(60):
        values = {n: rows[n].low if rng.integers(2) else rows[n].high for n in MODEL_NAMES}
        model.stimulate()
        assert np.isfinite(model.advance(make_settings(circuit, values), 0.2).states).all()
