"""Data sets: reproducible, drawn as they say, and simulated as SciPy would."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from explorer.backend.circuits import CIRCUITS
from explorer.backend.dataset import make_data_set, parameter_matrix, simulate_draws
from explorer.backend.draws import BLOCK, PROTOCOLS, Draws, default_context, draw
from explorer.backend.errors import ExplorerError
from explorer.backend.evoked import Experiment, evoked_batch
from explorer.backend.spreading import Cancelled

RANGES = {
    "jansen_rit": [(2.6, 6.5), (17.6, 44), (50, 150), (25, 75), (65, 270), (0.5, 1.5), (0.4, 1.2),
                   (0.125, 0.375), (0.125, 0.375)],
    "deepjr": [(2.6, 9.75), (17.6, 110), (50, 150), (25, 75), (65, 1350), (0.5, 1.5), (0.4, 1.2),
               (0.125, 0.375), (0.125, 0.375)],
}  # fmt: skip
"""Trained ranges of the design, written out."""


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_a_seed_gives_the_same_data_on_any_number_of_workers(circuit):
    one = make_data_set(circuit, 100, 5, workers=1)
    three = make_data_set(circuit, 100, 5, workers=3)
    other = make_data_set(circuit, 100, 6)
    np.testing.assert_array_equal(one.waves, three.waves)
    np.testing.assert_array_equal(one.parameters, three.parameters)
    np.testing.assert_array_equal(one.context, three.context)
    assert one.waves.shape == (100, 301) and one.waves.dtype == np.float32
    assert np.abs(one.waves - other.waves).max() > 0.1
    assert len(one) == 100


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_the_explorers_draws_are_uniform_over_the_trained_ranges(circuit):
    drawn = draw(circuit, 4000, 2, "explorer").parameters
    for column, (low, high) in zip(drawn.T, RANGES[circuit], strict=True):
        assert stats.kstest(column, stats.uniform(low, high - low).cdf).pvalue > 1e-4


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_the_published_draws_are_normal_around_the_middle(circuit):
    draws = draw(circuit, 4000, 2, "published")
    for column, (low, high) in zip(draws.parameters.T, RANGES[circuit], strict=True):
        middle, sd = (low + high) / 2, (high - low) / 4
        truth = stats.truncnorm(-middle / sd, np.inf, middle, sd)  # nothing below zero
        assert stats.kstest(column, truth.cdf).pvalue > 1e-4
        assert (column < low).any() and (column > high).any() and (column > 0).all()
    p_mean = {"jansen_rit": 220.0, "deepjr": 0.0}[circuit]
    np.testing.assert_array_equal(draws.context, np.tile([p_mean, 0.0, 60.0], (4000, 1)))


def test_the_context_of_jansen_rit_is_drawn_and_a_quarter_has_no_background_noise():
    context = draw("jansen_rit", 40_000, 4, "explorer").context
    p_mean, p_sd, trials = context.T
    assert stats.kstest(p_mean, stats.uniform(50, 300).cdf).pvalue > 1e-4
    assert (p_sd == 0).mean() == pytest.approx(0.25, abs=0.01)
    assert stats.kstest(p_sd[p_sd > 0], stats.uniform(0, 4).cdf).pvalue > 1e-4
    assert (trials == trials.round()).all() and trials.min() >= 1 and trials.max() <= 200
    assert np.unique(trials).size > 10


def test_calm_is_mostly_without_background_noise_and_half_of_that_at_one_input():
    explorer, calm = (draw("jansen_rit", 40_000, 4, name) for name in ("explorer", "calm"))
    np.testing.assert_array_equal(calm.parameters, explorer.parameters)
    p_mean, p_sd, trials = calm.context.T
    np.testing.assert_array_equal(trials, explorer.context[:, 2])
    assert (p_sd == 0).mean() == pytest.approx(0.85, abs=0.01)
    assert stats.kstest(p_sd[p_sd > 0], stats.uniform(0, 4).cdf).pvalue > 1e-4
    steady = (p_mean == 90.0) & (p_sd == 0)
    assert steady.sum() == (p_mean == 90.0).sum()
    assert steady.mean() == pytest.approx(0.425, abs=0.01)
    assert stats.kstest(p_mean[~steady], stats.uniform(50, 300).cdf).pvalue > 1e-4


@pytest.mark.parametrize("protocol", ["explorer", "calm"])
def test_deepjr_has_no_background_input_to_draw(protocol):
    context = draw("deepjr", 100, 4, protocol).context
    np.testing.assert_array_equal(context, np.tile([0.0, 0.0, 60.0], (100, 1)))


def test_a_response_agrees_with_scipys(exact):
    names = ("A_e", "A_i", "b_e", "b_i", "C", "a_1", "a_2", "a_3", "a_4")
    point = np.array([4.0, 30.0, 90.0, 45.0, 100.0, 1.1, 0.7, 0.2, 0.3])
    context = np.array([[90.0, 0.0, 1.0]])
    wave = simulate_draws("jansen_rit", Draws(point[None], context), 1)[0]
    states = exact(
        duration=2.0, pulses=((1.0, 1.05, 60.0),), p_mean=90.0,
        **dict(zip(names, map(float, point), strict=True)),
    )  # fmt: skip
    source = (states[:, 1] - states[:, 2])[800::4]
    time = Experiment().time
    truth = source - source[time <= 1e-9].mean()
    assert np.abs(truth).max() > 1.0
    np.testing.assert_allclose(wave, truth, atol=0.02 * np.abs(truth).max())


def test_background_noise_reaches_the_responses_and_trials_average_it():
    table = CIRCUITS["jansen_rit"]
    middle = np.array(list(table.trained_ranges().values())).mean(axis=1)
    spread = []
    for trials in (1.0, 100.0):
        context = np.tile([60.0, 2.0, trials], (40, 1))
        waves = simulate_draws("jansen_rit", Draws(np.tile(middle, (40, 1)), context), 9)
        spread.append(waves.std(axis=0).mean())
    assert spread[0] / spread[1] == pytest.approx(10.0, rel=0.35)


def test_responses_with_and_without_noise_are_those_of_one_batch():
    draws = draw("jansen_rit", BLOCK + 80, 6, "explorer")
    noisy = draws.context[BLOCK:, 1] > 0
    assert noisy.any() and not noisy.all()
    whole = evoked_batch(
        CIRCUITS["jansen_rit"], parameter_matrix("jansen_rit", draws)[BLOCK:],
        Experiment(n_trials=int(draws.context[BLOCK, 2])), seed=6,
        streams=np.arange(BLOCK, BLOCK + 80),
    )  # fmt: skip
    found = simulate_draws("jansen_rit", draws, 6)[BLOCK:]
    np.testing.assert_array_equal(found, whole.astype(np.float32))


def test_progress_rises_to_one_and_stops_the_work():
    shares: list[float] = []
    make_data_set("deepjr", 5000, 1, progress=lambda share: shares.append(share) is None)
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1.0) and len(shares) == 3
    with pytest.raises(Cancelled):
        make_data_set("deepjr", 50, 1, progress=lambda share: False)


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("wilson", 5, 1, "explorer"), "circuit"),
        (("deepjr", 0, 1, "explorer"), "size"),
        (("deepjr", 30_000_000, 1, "explorer"), "size"),
        (("deepjr", 5, 0, "explorer"), "seed"),
        (("deepjr", 5, 1, "mine"), "protocol"),
    ],
)
def test_bad_input_names_the_field(words, field):
    with pytest.raises(ExplorerError) as caught:
        make_data_set(*words)
    assert caught.value.field == field


def test_protocols_say_what_they_are():
    assert set(PROTOCOLS) == {"published", "explorer", "calm"}
    assert all(row.meaning for row in PROTOCOLS.values())
    np.testing.assert_array_equal(default_context(CIRCUITS["jansen_rit"]), [220.0, 0.0, 60.0])
