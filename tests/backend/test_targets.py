"""The thirteen targets."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.backend.circuits import CIRCUITS
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.targets import N_TARGETS, TARGETS, target_extents, target_values


def test_the_nine_come_first_then_the_four_products():
    assert tuple(TARGETS)[:9] == INFERRED_NAMES
    assert tuple(TARGETS)[9:] == ("C·a_1", "C·a_2", "C·a_3", "A_i·C·a_4")
    assert N_TARGETS == 13
    assert [TARGETS[name].is_product for name in TARGETS] == [False] * 9 + [True] * 4


def test_values_written_out():
    nine = np.array([2.0, 3.0, 5.0, 7.0, 11.0, 0.1, 0.2, 0.3, 0.4])
    expected = [*nine, 11 * 0.1, 11 * 0.2, 11 * 0.3, 3 * 11 * 0.4]
    np.testing.assert_allclose(target_values(nine), expected)
    np.testing.assert_allclose(target_values(np.tile(nine, (2, 3, 1)))[1, 2], expected)


def test_units():
    assert TARGETS["A_i·C·a_4"].unit == TARGETS["A_i"].unit == "mV"
    assert TARGETS["C·a_1"].unit == ""
    assert TARGETS["b_e"].unit == "s⁻¹"


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_extents_are_those_of_many_draws_and_cannot_be_changed(circuit):
    low, high = np.array(list(CIRCUITS[circuit].trained_ranges().values())).T
    drawn = low + (high - low) * np.random.default_rng(1).random((200_000, 9)).round(1)
    values = target_values(drawn)
    extents = target_extents(circuit)
    np.testing.assert_allclose(extents[:9], np.stack([low, high], axis=1)[:9])
    assert (values >= extents[:, 0] * (1 - 1e-12)).all()
    assert (values <= extents[:, 1] * (1 + 1e-12)).all()
    np.testing.assert_allclose(values.min(axis=0), extents[:, 0], rtol=0.02)
    np.testing.assert_allclose(values.max(axis=0), extents[:, 1], rtol=0.02)
    with pytest.raises(ValueError, match="read-only"):
        extents[0, 0] = 1.0
