"""The figures of the Estimates tab, without a browser."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.backend.estimators.benchmark import Benchmark, main_test, rows_of
from explorer.backend.estimators.interface import Estimates, observe
from explorer.backend.estimators.monte_carlo import truth_of
from explorer.backend.estimators.names import ESTIMATOR_TITLES
from explorer.backend.estimators.scores import Scores
from explorer.backend.estimators.service import Reading
from explorer.backend.estimators.trust import target_prior_sd, untrained
from explorer.backend.settings import Settings, make_settings
from explorer.backend.targets import N_TARGETS, TARGETS, target_extents
from explorer.state import Choices, check_choice, parse_query
from explorer.ui import estimate_words
from explorer.ui.estimate_marks import EstimatePlot
from explorer.ui.estimate_words import figures_of, marks_of, table_of
from explorer.ui.estimates_ladder import LadderView, across, upward
from explorer.ui.estimating import Shown
from explorer.ui.posterior_plot import PairPlot, highest_region
from explorer.ui.theme import ESTIMATOR_LOOKS, THEMES


def shown_at(settings: Settings, share: float = 0.2, truth: bool = True) -> Shown:
    """Estimates half a prior SD above the truth, their SD a share of the prior's."""
    prior = target_prior_sd(settings.circuit)
    mean, sd = truth_of(settings)[None] + 0.5 * prior, share * prior[None]
    inner = np.stack([mean - 0.67 * sd, mean + 0.67 * sd], axis=-1)
    outer = np.stack([mean - 1.64 * sd, mean + 1.64 * sd], axis=-1)
    half = np.array([0.5])
    found = {
        name: Estimates(name, settings.circuit, mean, sd, inner, outer, None, half, half)
        for name in ESTIMATOR_TITLES
    }
    reading = Reading(observe(settings, np.zeros(301)), found, frozenset(), (), 0.0)
    return Shown(
        settings, reading, untrained(settings), truth_of(settings) if truth else None, True
    )


HERE = make_settings("jansen_rit", {"p_mean": 90.0, "p_sd": 0.0})


def test_five_looks_differ_in_hue_and_shape() -> None:
    assert list(ESTIMATOR_LOOKS) == list(ESTIMATOR_TITLES)
    looks = ESTIMATOR_LOOKS.values()
    assert len({one.marker for one in looks}) == len({one.dash for one in looks}) == 5
    for theme in THEMES.values():
        assert len({one.colours[theme.name] for one in looks} | {theme.ink, theme.recording}) == 7


@pytest.mark.parametrize("vertical", [False, True])
def test_marks_stand_at_their_share_of_the_trained_range(vertical: bool) -> None:
    plot, shown = EstimatePlot("x", vertical), shown_at(HERE)
    plot.show("jansen_rit", marks_of(shown, ["lstm", "npe"]), shown.truth)
    data = plot.marks.data
    assert len(data["along"]) == 2 * N_TARGETS
    low, high = target_extents("jansen_rit").T
    expected = (shown.reading.estimates["npe"].mean[0] - low) / (high - low)
    of_npe = [k for k, name in enumerate(data["estimator"]) if name == "NPE"]
    np.testing.assert_allclose(np.array(data["along"])[of_npe], expected)
    truth = (truth_of(HERE) - low) / (high - low)
    np.testing.assert_allclose(plot.truths.data["along"], truth)
    assert set(data["marker"]) == {"square", "star"}
    lanes = np.array(data["across"]).reshape(2, N_TARGETS)
    assert (np.abs(lanes[0] - lanes[1]) > 0.2).all()  # side by side, not one over the other


def test_what_is_not_to_be_trusted_looks_it() -> None:
    plot = EstimatePlot("x")
    colour = ESTIMATOR_LOOKS["npe"].colours["light"]
    for shown, expected in (
        (shown_at(HERE), (colour, colour, "solid")),
        (shown_at(HERE, 0.97), (colour, THEMES["light"].paper, "solid")),
        (
            shown_at(HERE.changed(stim_width=0.1)),
            (THEMES["light"].muted, THEMES["light"].paper, "dotted"),
        ),
    ):
        plot.show("jansen_rit", marks_of(shown, ["npe"]), shown.truth)
        data = plot.marks.data
        assert (data["colour"][0], data["fill"][0], data["dash"][0]) == expected
    assert "✕" in figures_of(shown, "npe")[0] and "not trusted" in figures_of(shown, "npe")[0]
    assert "Pulse width" in plot.marks.data["verdict"][0]


def test_a_true_value_beyond_its_range_is_marked_at_the_edge() -> None:
    plot, shown = EstimatePlot("x"), shown_at(HERE.changed(C=600.0))
    plot.show("jansen_rit", marks_of(shown, ["npe"]), shown.truth)
    rows = [list(TARGETS).index(name) for name in ("C", "C·a_1", "C·a_2", "C·a_3")]
    assert len(plot.beyond.data["along"]) == 4
    assert set(plot.beyond.data["across"]) == {plot.at[k] for k in rows}


def test_words_give_the_error_in_units_and_per_cent() -> None:
    shown = shown_at(HERE)
    error = 0.5 * target_prior_sd("jansen_rit")[0]
    assert f"+{error:.3g} mV, +{100 * error / 3.25:.3g} %" in figures_of(shown, "npe")[0]
    table = table_of(shown)
    assert len(table["mean"]) == 5 * N_TARGETS
    np.testing.assert_allclose(table["error"][0], error)
    unknown = table_of(shown_at(HERE, truth=False))
    assert np.isnan(unknown["error"]).all()
    assert "%" not in figures_of(shown_at(HERE, truth=False), "npe")[0]


def scores_of(circuit: str) -> Benchmark:
    rows = []
    for name in ESTIMATOR_TITLES:
        for factor in (0.1, 1.0, 10.0, 100.0):
            r = np.full(N_TARGETS, 1.0 - 0.2 * np.log10(10 * factor))
            rmse = 0.25 * factor**0.1 * target_prior_sd(circuit)
            one = Scores(r, r**2, rmse, r, r, 100)
            rows += rows_of(main_test(circuit), circuit, name, factor, one)
    return Benchmark({}, {}, (), tuple(rows), (), {"r": {"A_e": 0.114, "A_i": 0.988}})


def test_typical_error_is_the_benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate_words, "benchmark", lambda: scores_of("jansen_rit"))
    usual = estimate_words.typical(shown_at(HERE), "npe", 0)
    assert usual == pytest.approx(0.25 * target_prior_sd("jansen_rit")[0])
    assert f"typical ±{usual:.3g} mV" in figures_of(shown_at(HERE), "npe")[0]
    monkeypatch.setattr(estimate_words, "benchmark", lambda: None)
    assert "typical" not in figures_of(shown_at(HERE), "npe")[0]


class FakeState:
    choices = Choices()
    settings = make_settings("deepjr")


class FakeSession:
    state = FakeState()


def test_the_ladder_draws_what_the_benchmark_says() -> None:
    view = LadderView(FakeSession())  # type: ignore[arg-type]
    view.draw(scores_of("deepjr"), "deepjr")
    points = view.points.data
    assert len(points["x"]) == 5 * 4 * N_TARGETS
    first = points["estimator"].index("NPE")
    assert points["x"][first] == pytest.approx(across(0, 0.1))
    assert points["y"][first] == pytest.approx(upward(0, 0.25 * 0.1**0.1))
    assert view.published.data["r"] == [0.114, 0.988]
    assert view.published.data["y"][1] == pytest.approx(upward(1, np.sqrt(1 - 0.988**2)))
    view.quantity.active = 1
    view.draw(scores_of("deepjr"), "deepjr")
    assert view.points.data["y"][first] == pytest.approx(upward(0, 1.0))
    assert view.published.data["y"][0] == pytest.approx(upward(0, 0.114))
    view.draw(scores_of("jansen_rit"), "jansen_rit")
    assert view.published.data["x"] == []


def test_hatched_regions_hold_their_share() -> None:
    rng = np.random.default_rng(3)
    points = rng.standard_normal((40_000, 2)) * [1.0, 3.0]
    edges = [np.linspace(-5, 5, 49), np.linspace(-15, 15, 49)]
    for share in (0.5, 0.9):
        cells = highest_region(points, edges, share)
        area = (cells[:, 1] - cells[:, 0]) @ (cells[:, 3] - cells[:, 2])
        exact = -2 * np.log(1 - share) * np.pi * 3  # of the ellipse of a Gaussian
        assert area == pytest.approx(exact, rel=0.12)


def test_the_pair_plot_shows_draws_truth_and_exact_regions() -> None:
    rng, plot = np.random.default_rng(3), PairPlot()
    draws, exact = rng.standard_normal((500, 2)), rng.standard_normal((2000, 2))
    extents = np.array([[-9.0, 9.0], [-9.0, 9.0]])
    plot.show([1, 8], extents, draws, np.array([0.5, -0.5]), exact, untrusted=False)
    assert len(plot.draws.data["x"]) == 500 and plot.truth.data["x"] == [0.5]
    wide, narrow = (len(source.data["left"]) for source in plot.regions)
    assert wide > narrow > 0
    plot.show([1, 8], extents, draws, None, None, untrusted=True)
    assert plot.truth.data["x"] == [] and len(plot.regions[0].data["left"]) == 0


def test_choices_travel_in_the_url() -> None:
    parsed = parse_query("?estimators=npe,lstm&estimates=posterior&pair_x=C·a_1&pair_y=b_i")
    assert parsed.errors == ()
    assert parsed.choices.estimator_names == ("lstm", "npe")
    assert (parsed.choices.pair_x, parsed.choices.pair_y) == ("C·a_1", "b_i")
    assert check_choice("estimators", "none") == "none"
    wrong = parse_query("?estimators=oracle&pair_x=z&estimates=zzz")
    assert [e.field for e in wrong.errors] == ["estimators", "pair_x", "estimates"]
    assert wrong.choices == Choices()
