"""The wall clock of running mode and the axes over a parameter, without a browser."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.backend.circuits import CIRCUITS, circuit
from explorer.ui.parameter_axis import ParameterAxis
from explorer.ui.running import CATCH_UP_S, WallClock


def test_the_clock_does_not_drift() -> None:
    clock, model, rng = WallClock(1e-3), 0.0, np.random.default_rng(1)
    clock.anchor(100.0, model)
    now = 100.0
    for _ in range(7500):  # five minutes of uneven ticks
        now += float(rng.uniform(0.03, 0.06))
        model += clock.due(now, model)
        assert abs(model - (now - 100.0)) <= 0.5e-3 + 1e-9


@pytest.mark.parametrize("speed", [0.25, 1.0, 4.0])
def test_after_a_pause_the_clock_skips_ahead(speed: float) -> None:
    clock = WallClock(1e-3)
    clock.speed = speed
    clock.anchor(0.0, 0.0)
    made_up = clock.due(60.0, 0.0)
    assert made_up == pytest.approx(CATCH_UP_S * max(1.0, speed))
    assert clock.due(60.0, made_up) == 0.0
    assert clock.due(60.1, made_up) == pytest.approx(0.1 * speed)


@pytest.mark.parametrize("name", list(CIRCUITS))
def test_axes_name_quantity_and_unit_and_come_back(name: str) -> None:
    for row in circuit(name).parameters.values():
        if row.zero:
            continue
        axis = ParameterAxis(row)
        for value in (row.low, row.default, row.high):
            assert axis.value(float(axis.place(value))) == pytest.approx(value)
        ticks = axis.ticks()
        assert len(ticks) >= 2, row.name
        for place, label in ticks.items():
            shown = row.display.shown(axis.value(place)) if row.display else axis.value(place)
            assert float(label) == pytest.approx(shown, rel=1e-6, abs=1e-12)
    table = circuit(name).parameters
    assert ParameterAxis(table["b_e"]).label == "tau_e, excitatory time constant (ms)"
    assert ParameterAxis(table["p_mean"]).shown(-41.30141, digits=5) == "−41.301 s⁻¹"
