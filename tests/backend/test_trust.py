"""Verdicts on estimates, and recordings turned into observations."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.backend.errors import ExplorerError
from explorer.backend.estimators.interface import Estimates, observe
from explorer.backend.estimators.monte_carlo import truth_of
from explorer.backend.estimators.recorded import Context, observation_of
from explorer.backend.estimators.service import Reading
from explorer.backend.estimators.trust import (
    target_prior_sd,
    untrained,
    untrained_context,
    verdicts,
)
from explorer.backend.evoked import Experiment, evoked
from explorer.backend.leadfield import lead_field
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.sensors import scalp_uv
from explorer.backend.settings import Settings, make_settings
from explorer.backend.targets import TARGETS, target_values

WITHIN = {"p_mean": 90.0, "p_sd": 0.0}


def reading_of(settings: Settings, sd_share: float, outlier: bool = False) -> Reading:
    mean, sd = truth_of(settings)[None], sd_share * target_prior_sd(settings.circuit)[None]
    interval = np.stack([mean - sd, mean + sd], axis=-1)
    rank = np.array([0.0 if outlier else 0.5])
    one = Estimates("bilstm", settings.circuit, mean, sd, interval, interval, None, rank, rank)
    outliers = frozenset({"bilstm"} if outlier else ())
    return Reading(observe(settings, np.zeros(301)), {"bilstm": one}, outliers, (), 0.0)


@pytest.mark.parametrize("circuit", ["jansen_rit", "deepjr"])
def test_prior_sd_is_that_of_uniform_draws(circuit: str) -> None:
    ranges = np.array(list(make_settings(circuit).table.trained_ranges().values()))
    rng = np.random.default_rng(1)
    draws = target_values(rng.uniform(ranges[:, 0], ranges[:, 1], (400_000, 9)))
    np.testing.assert_allclose(target_prior_sd(circuit), draws.std(axis=0), rtol=0.01)


def test_defaults_are_trained_for() -> None:
    assert untrained(make_settings()) == ()
    assert untrained(make_settings("jansen_rit", WITHIN)) == ()
    assert untrained(make_settings("deepjr")) == ()


@pytest.mark.parametrize(
    ("circuit", "values", "word"),
    [
        ("jansen_rit", {"stim_amplitude": 80.0}, "Pulse height"),
        ("jansen_rit", {"stim_width": 0.1}, "100 ms"),
        ("jansen_rit", {"v_max": 4.0}, "firing rate"),
        ("jansen_rit", {"r": 0.5}, "slope"),
        ("jansen_rit", {"p_mean": 20.0}, "50 to 350"),
        ("jansen_rit", {"p_sd": 9.0}, "0 to 4"),
        ("jansen_rit", {"C": 600.0}, "65 to 270"),
        ("deepjr", {"p_mean": 5.0}, "Background input"),
        ("deepjr", {"p_sd": 1.0}, "Background noise"),
    ],
)
def test_what_training_did_not_vary_is_named(
    circuit: str, values: dict[str, float], word: str
) -> None:
    (reason,) = untrained(make_settings(circuit, values))
    assert word in reason


def test_start_and_integrator_are_named() -> None:
    assert "zero" in untrained(make_settings(start="from_above"))[0]
    assert "euler" in untrained(make_settings("deepjr", integrator="euler"))[0]


def test_levels() -> None:
    here = make_settings("jansen_rit", WITHIN)
    truth = truth_of(here)
    sure = verdicts(reading_of(here, 0.1), "bilstm", (), truth)
    assert {v.level for v in sure} == {"trusted"} and all(v.inside for v in sure)
    assert {v.level for v in verdicts(reading_of(here, 0.95), "bilstm", (), truth)} == {"prior"}
    foreign = verdicts(reading_of(here, 0.1, outlier=True), "bilstm", (), truth)
    assert all(v.level == "untrusted" and "Out of distribution" in v.reason for v in foreign)
    moved = verdicts(reading_of(here, 0.1), "bilstm", ("Because.",), None)
    assert all(v.reason == "Because." and v.inside is None for v in moved)


def test_a_true_value_outside_is_said_of_its_parameter() -> None:
    beyond = make_settings("jansen_rit", {**WITHIN, "C": 600.0})
    found = verdicts(reading_of(beyond, 0.1), "bilstm", untrained(beyond), truth_of(beyond))
    inside = dict(zip(TARGETS, (v.inside for v in found), strict=True))
    assert inside["C"] is False and inside["A_e"] is True and inside["C·a_1"] is False
    assert {v.level for v in found} == {"untrusted"}


def test_a_recorded_copy_of_the_model_gives_the_models_observation() -> None:
    settings = make_settings("jansen_rit", WITHIN)
    wave = evoked(settings).source
    channel = lead_field(settings.region).names[5]
    fine = np.arange(-0.2, 1.0005, 0.002)
    recorded = np.interp(fine, Experiment().time, scalp_uv(settings, wave)[5])
    context = Context(0.5, 90.0, 0.0, 60, "lead")
    seen = observation_of(settings, channel, fine, recorded, context, wave)
    np.testing.assert_allclose(seen.wave, wave, atol=2e-2 * np.abs(wave).max())
    lead = abs(scalp_uv(settings, np.ones(1))[5, 0])
    assert seen.noise_mv == pytest.approx(0.5 / lead)
    size = observation_of(
        settings, "nowhere", fine, 7 * recorded, Context(0.5, 90, 0, 60, "size"), wave
    )
    assert np.sqrt(np.mean(size.wave**2)) == pytest.approx(np.sqrt(np.mean(wave**2)))


def test_a_short_recording_and_an_unknown_rule_are_refused() -> None:
    settings, time = make_settings(), np.arange(0.0, 0.5, 0.004)
    good = np.arange(-0.2, 1.001, 0.004)
    with pytest.raises(ExplorerError, match="recording"):
        observation_of(settings, "Cz", time, time, Context(1, 220, 0, 10, "lead"), np.ones(301))
    with pytest.raises(ExplorerError, match="scale"):
        observation_of(settings, "Cz", good, good, Context(1, 220, 0, 10, "x"), np.ones(301))


def test_context_outside_training_is_named() -> None:
    seen = observe(make_settings("jansen_rit", {"p_mean": 20.0}), np.zeros(301))
    assert "50 to 350" in untrained_context(seen)[0]
    assert untrained_context(observe(make_settings("deepjr"), np.zeros(301))) == ()
    assert set(INFERRED_NAMES) <= set(TARGETS)
