"""Regimes: the rule on signals whose rhythm is known, and on the model's known states."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from explorer.backend.circuits import CIRCUITS
from explorer.backend.errors import ExplorerError
from explorer.backend.fixed_points import fixed_points
from explorer.backend.parameters import MODEL_NAMES
from explorer.backend.regimes import REGIMES, classify, headline, measure
from explorer.backend.settings import STARTS, Settings, make_settings


def point(p_mean: float, start: str = "zero", **values: float) -> Settings:
    return make_settings(values={"p_mean": p_mean, **values}, start=start)


def test_keys_are_names() -> None:
    assert all(key == row.name for key, row in REGIMES.items())


@pytest.mark.parametrize("frequency", [1.0, 4.81, 10.9, 30.0])
def test_measure_of_a_sine(frequency: float) -> None:
    time = np.arange(6000) * 1e-3
    rhythm = measure(7.0 + 1.5 * np.sin(2 * np.pi * frequency * time + 0.3), 1e-3)
    assert rhythm.frequency_hz == pytest.approx(frequency, rel=1e-4)
    assert rhythm.peak_to_peak_mv == pytest.approx(3.0, rel=5e-3)
    assert rhythm.duty == pytest.approx(0.5, abs=0.02)
    assert rhythm.settled


def test_measure_counts_spikes_and_not_their_ripples() -> None:
    time = np.arange(6000) * 1e-3
    phase = (time * 3.0) % 1.0
    spike = 10.0 * np.exp(-(((phase - 0.5) / 0.05) ** 2))
    ripple = 2.0 * np.exp(-(((phase - 0.7) / 0.05) ** 2)) + 0.1 * np.sin(2 * np.pi * 50 * time)
    rhythm = measure(spike + ripple, 1e-3)
    assert rhythm.frequency_hz == pytest.approx(3.0, rel=1e-3)
    assert rhythm.duty == pytest.approx(2 * 0.05 * np.sqrt(np.log(2)), abs=0.02)


def test_a_decaying_swing_is_no_oscillation_and_a_converging_one_is() -> None:
    """Exact solutions of r' = μ r − r³, just below and just above a Hopf point."""
    time = np.arange(6000) * 1e-3
    wave = np.sin(2 * np.pi * 10 * time)

    def radius(mu: float, start: float) -> np.ndarray:
        decay = np.exp(-2 * mu * time)
        return np.sqrt(mu / (1 + (mu / start**2 - 1) * decay))

    assert measure(radius(-0.02, 0.6) * wave, 1e-3).peak_to_peak_mv == 0.0
    assert measure(radius(-0.5, 0.6) * wave, 1e-3).peak_to_peak_mv == 0.0
    for start in (0.6, 0.1):
        rhythm = measure(radius(0.1, start) * wave, 1e-3)
        assert not rhythm.settled
        assert rhythm.peak_to_peak_mv == pytest.approx(2 * np.sqrt(0.1), rel=0.03)


def test_measure_refuses_nan_and_too_little() -> None:
    for bad in (np.full(100, np.nan), np.zeros(5), np.zeros((50, 2))):
        with pytest.raises(ExplorerError):
            measure(bad, 1e-3)


@pytest.mark.parametrize(
    ("p_mean", "start", "regime", "frequency", "swing"),
    [
        (220, "zero", "alpha", 10.938, 2.946),
        (120, "zero", "spikes", None, 9.944),
        (120, "from_above", "alpha", None, None),
        (50, "zero", "rest_low", None, 0.0),
        (50, "from_above", "rest_low", None, None),
        (360, "zero", "rest_high", None, 0.0),
    ],
)
def test_known_states(
    p_mean: float, start: str, regime: str, frequency: float | None, swing: float | None
) -> None:
    report = classify(point(p_mean, start))
    assert report.regime == regime
    if frequency is not None:
        assert report.rhythm.frequency_hz == pytest.approx(frequency, rel=1e-3)
    if swing is not None:
        assert report.rhythm.peak_to_peak_mv == pytest.approx(swing, rel=2e-3)


def test_spike_frequency_against_an_independent_integrator() -> None:
    """The period at p = 120 by DOP853, from the source's highest peaks."""
    theta = point(120, p_sd=0.0).theta
    a_e, a_i, b_e, b_i, c, a_1, a_2, a_3, a_4, v_max, v_0, r, p, _ = theta

    def field(_: float, y: np.ndarray) -> list[float]:
        def s(v: float) -> float:
            return v_max / (1.0 + np.exp(r * (v_0 - v)))

        return [
            y[3],
            y[4],
            y[5],
            a_e * b_e * s(y[1] - y[2]) - 2 * b_e * y[3] - b_e**2 * y[0],
            a_e * b_e * (p + c * a_2 * s(c * a_1 * y[0])) - 2 * b_e * y[4] - b_e**2 * y[1],
            a_i * b_i * c * a_4 * s(c * a_3 * y[0]) - 2 * b_i * y[5] - b_i**2 * y[2],
        ]

    def spike(_: float, y: np.ndarray) -> float:
        return y[1] - y[2] - 7.0

    spike.direction = 1.0  # type: ignore[attr-defined]
    run = solve_ivp(field, (0, 8), np.zeros(6), method="DOP853", rtol=1e-9, atol=1e-9, events=spike)
    period = np.diff(run.t_events[0])[-3:].mean()
    found = classify(point(120)).rhythm.frequency_hz
    assert found == pytest.approx(1 / period, rel=3e-3)


@pytest.mark.parametrize("p_mean", [305, 310, 314, 317.5, 322, 335])
@pytest.mark.parametrize("start", STARTS)
def test_close_to_the_hopf_point_at_315_7(p_mean: float, start: str) -> None:
    assert classify(point(p_mean, start)).regime == ("alpha" if p_mean < 315.7 else "rest_high")


def test_where_two_states_coexist() -> None:
    def others(p: float, start: str = "zero") -> list[str]:
        return [other.regime for other in classify(point(p, start)).others]

    assert others(220) == [] and others(150) == [] and others(360) == [] and others(-45) == []
    assert others(50) == ["rest_high"]
    assert others(100) == ["alpha"] and others(100, "from_above") == ["rest_low"]
    assert others(120) == ["alpha"] and others(120, "from_above") == ["spikes"]


def test_the_other_state_stays_where_it_is() -> None:
    settings = point(120)
    other = classify(settings).others[0]
    assert classify(settings, initial=other.state).regime == other.regime == "alpha"


def test_headlines() -> None:
    def text(settings: Settings) -> str:
        return headline(classify(settings), settings)

    assert text(point(220)) == "alpha oscillation, 10.9 Hz, 2.9 mV peak to peak"
    assert re.match(r"slow spikes, 2\.4 Hz, 9\.9 mV peak to peak; another state", text(point(120)))
    assert text(point(360)) == "saturated: no oscillation; lower p below 315"
    assert "raise p above 114" in text(point(50))
    assert "raise p above 87" not in text(point(50))
    deepjr = text(make_settings("deepjr"))
    assert deepjr.startswith("at rest: ") and "only answers the stimulus" in deepjr


@pytest.mark.parametrize(
    "values", [{}, {"A_e": 3.6}, {"A_i": 30.0}, {"b_i": 25.0}, {"A_e": 4.5}, {"C": 160.0}]
)
def test_advice_is_right(values: dict[str, float]) -> None:
    """Coming from here, it oscillates just beyond the named input; just before, a rest is left."""
    settings = point(20, **values)
    report = classify(settings)
    if not report.at_rest:
        pytest.skip("not at rest here")
    found = re.search(r"(raise|lower) p (?:above|below) (-?\d+)", headline(report, settings))
    assert found is not None
    sign, edge = found.groups()
    beyond = float(edge) + (1 if sign == "raise" else -1)
    assert not classify(settings.changed(p_mean=beyond), initial=report.state).at_rest
    before = float(edge) - (2 if sign == "raise" else -2)
    assert any(rest.stable for rest in fixed_points(settings.changed(p_mean=before).theta))


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_random_corners_of_every_range_give_a_finite_sentence(circuit: str) -> None:
    rng = np.random.default_rng(2)
    table = CIRCUITS[circuit].parameters
    for _ in range(60):
        values = {
            name: table[name].low if rng.integers(2) else table[name].high for name in MODEL_NAMES
        }
        settings = replace(make_settings(circuit, values), start=str(rng.choice(list(STARTS))))
        report = classify(settings)
        numbers = [report.rhythm.mean_mv, report.rhythm.peak_to_peak_mv, *report.state]
        assert np.isfinite(numbers).all()
        sentence = headline(report, settings)
        assert len(sentence) > 10 and "nan" not in sentence
