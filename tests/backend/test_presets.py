"""Presets: they exist, say what they show, and show it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from explorer.backend.errors import ExplorerError
from explorer.backend.presets import PRESETS, load_presets, preset
from explorer.backend.regimes import classify, headline
from explorer.backend.settings import make_settings


def test_at_least_ten_and_keys_are_names() -> None:
    assert len(PRESETS) >= 10
    assert all(key == row.name for key, row in PRESETS.items())
    assert {row.circuit for row in PRESETS.values()} == {"jansen_rit", "deepjr"}


@pytest.mark.parametrize("name", PRESETS)
def test_shows_the_regime_it_states(name: str) -> None:
    report = classify(PRESETS[name].settings())
    assert report.regime == PRESETS[name].regime


def test_the_two_bistable_presets_differ_in_the_start_alone() -> None:
    below, above = preset("bistable_from_below"), preset("bistable_from_above")
    assert dict(below.values) == dict(above.values)
    reports = [classify(row.settings()) for row in (below, above)]
    assert [r.regime for r in reports] == ["spikes", "alpha"]
    assert all(r.bistable for r in reports)
    assert [r.others[0].regime for r in reports] == ["alpha", "spikes"]


def test_frequencies_that_the_texts_promise() -> None:
    def frequency(name: str) -> float:
        found = classify(preset(name).settings()).rhythm.frequency_hz
        assert found is not None
        return found

    alpha = frequency("alpha")
    assert alpha == pytest.approx(10.938, rel=1e-3)
    assert frequency("beta") == pytest.approx(1.5 * alpha, rel=2e-3)  # an exact rescaling of time
    assert 3.0 < frequency("slowing") < 5.0
    assert 2.0 < frequency("slow_spikes") < 3.0


def test_the_silent_preset_says_which_way_to_go_and_is_right() -> None:
    settings = preset("silent").settings()
    text = headline(classify(settings), settings)
    assert "raise p above 114" in text
    assert not classify(settings.changed(p_mean=114.5)).at_rest
    assert classify(settings.changed(p_mean=113.0)).at_rest


def test_outside_trained() -> None:
    assert preset("alpha").outside_trained == ()
    assert preset("silent").outside_trained == ("p_mean", "p_sd")
    assert preset("beta").outside_trained == ()
    assert preset("evoked_deepjr").outside_trained == ()


GOOD = """
    one:
      title: t
      look: l
      why: w
      regime: alpha
      circuit: jansen_rit
      values: {}
"""


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("values: {}", "values: {C: 1}", "preset one, C"),
        ("values: {}", "values: {C: .nan}", "preset one, C"),
        ("values: {}", "values: {Q: 1}", "preset one, parameter"),
        ("values: {}", "values: 3", "preset one, values"),
        ("values: {}", "values: {}\n      start: side", "preset one, start"),
        ("values: {}", "values: {}\n      colour: red", "preset one, colour"),
        ("regime: alpha", "regime: blue", "preset one, regime"),
        ("circuit: jansen_rit", "circuit: other", "preset one, circuit"),
        ("title: t", "title: 3", "preset one, title"),
        ("one:", "- one:", "presets"),
        ("one:", "one: [", "presets"),
    ],
)
def test_a_bad_file_names_preset_and_field(tmp_path: Path, old: str, new: str, field: str) -> None:
    path = tmp_path / "presets.yaml"
    path.write_text(textwrap.dedent(GOOD))
    assert load_presets(path)["one"].settings() == make_settings()
    path.write_text(textwrap.dedent(GOOD.replace(old, new)))
    with pytest.raises(ExplorerError) as caught:
        load_presets(path)
    assert caught.value.field == field


def test_missing_file_and_unknown_preset(tmp_path: Path) -> None:
    with pytest.raises(ExplorerError, match="readable file"):
        load_presets(tmp_path / "none.yaml")
    with pytest.raises(ExplorerError, match="one of alpha"):
        preset("none")
