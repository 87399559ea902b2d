"""What the live figures draw is what the backend computes, for every control of the table."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from explorer.backend.parameters import PARAMETERS, Parameter
from explorer.backend.presets import PRESETS
from explorer.backend.settings import Settings, make_settings
from explorer.backend.snapshot import take_snapshot
from explorer.backend.spectrum import band_of
from explorer.ui.headline import snr_words
from tests.ui import helpers as h

LIGHT_INK = "#12395b"


def moved(row: Parameter) -> float:
    """A value of the control, as shown, away from the default and inside the range."""
    value = row.default * 1.25 if row.default * 1.25 <= row.high else row.default * 0.8
    value = float(round(value)) if row.integer else value
    return row.display.shown(value) if row.display else value


@pytest.mark.parametrize("name", list(PARAMETERS))
def test_every_slider_changes_a_live_figure(live, name):
    row = PARAMETERS[name]
    before = {figure: h.all_data(live, figure) for figure in h.FIGURES}
    h.set_slider(live, row.handle, moved(row))
    after = {figure: h.all_data(live, figure) for figure in h.FIGURES}
    assert before != after, f"{row.handle} moves nothing"
    assert h.get(live, f"{row.handle}_reset", "disabled") is False
    stored = row.display.stored(moved(row)) if row.display else moved(row)
    expected = take_snapshot(make_settings("jansen_rit", {name: stored}))
    np.testing.assert_allclose(drawn_eeg(live), eeg_of(expected), rtol=2e-6, atol=2e-6)


def drawn_eeg(page) -> np.ndarray:
    return np.array(h.column(page, "eeg"), dtype=float)


def eeg_of(shot) -> np.ndarray:
    """The last four seconds, 250 samples a second."""
    return shot.signal[-2001::2]


def evoked_of(page) -> np.ndarray:
    return np.array(h.line(page, "evoked", LIGHT_INK), dtype=float)


POINTS = {
    "": make_settings(),
    "?p_mean=120&p_sd=0": make_settings(values={"p_mean": 120, "p_sd": 0}),
    "?b_e=60&b_i=30&seed=7": make_settings(values={"b_e": 60, "b_i": 30}, seed=7),
    "?circuit=deepjr&noise_factor=0": make_settings("deepjr", {"noise_factor": 0}),
    "?p_mean=125&p_sd=0&start=from_above": make_settings(
        values={"p_mean": 125, "p_sd": 0}, start="from_above"
    ),
    "?region=occipital&gain=30&n_trials=5": make_settings(
        values={"gain": 30, "n_trials": 5}, region="occipital"
    ),
}


@pytest.mark.parametrize("query", list(POINTS))
def test_figures_are_the_backends_snapshot(open_page, query):
    settings: Settings = POINTS[query]
    shot, page = take_snapshot(settings), open_page(query)
    np.testing.assert_allclose(drawn_eeg(page), eeg_of(shot), rtol=2e-6, atol=2e-6)
    time = np.array(h.column(page, "eeg", name="x"))
    assert time[0] == -4.0 and time[-1] == 0.0
    strongest = np.argmax(np.abs(shot.scalp).sum(axis=1)) if settings["noise_factor"] == 0 else None
    waves = np.array(h.line(page, "evoked", "#8fa9c0")[:], dtype=float).reshape(64, -1)[:, :-1]
    np.testing.assert_allclose(waves, shot.scalp[:, ::2], rtol=1e-5, atol=1e-5)
    chosen = evoked_of(page)
    rows = [k for k in range(64) if np.allclose(chosen, shot.scalp[k], rtol=1e-5, atol=1e-5)]
    assert len(rows) == 1
    assert strongest is None or rows == [strongest]
    inside = (shot.spectrum.frequency >= 1) & (shot.spectrum.frequency <= 45)
    np.testing.assert_allclose(
        h.line(page, "spectrum", LIGHT_INK), shot.spectrum.decibels()[inside], rtol=1e-4, atol=1e-3
    )
    y1, y2 = shot.states[-1001:, 1], shot.states[-1001:, 2]
    np.testing.assert_allclose(h.column(page, "phase", 0, "x"), y1, rtol=1e-5)
    np.testing.assert_allclose(h.column(page, "phase", 0, "y"), y2, rtol=1e-5)
    assert h.text(page, "headline") == shot.headline
    assert h.text(page, "snr") == snr_words(shot)


@pytest.mark.parametrize(
    ("single", "average", "words"),
    [
        (9.6, 27.4, "SNR 10 dB single trial, 27 dB average"),
        (math.inf, math.inf, "SNR no sensor noise"),
        (-math.inf, -math.inf, "SNR no response"),
    ],
)
def test_snr_in_words(single: float, average: float, words: str):
    shot = take_snapshot(make_settings())
    assert snr_words(replace(shot, snr_single=single, snr_average=average)) == words


@pytest.mark.parametrize("name", list(PRESETS))
def test_preset_menu_goes_to_the_preset_and_says_its_regime(live, name):
    preset = PRESETS[name]
    live.get_by_label("Preset").select_option(label=preset.title)
    h.settled(live, 500)
    shot = take_snapshot(preset.settings())
    assert h.text(live, "headline") == shot.headline
    assert shot.report.regime == preset.regime
    np.testing.assert_allclose(drawn_eeg(live), eeg_of(shot), rtol=1e-5, atol=1e-5)
    for row in preset.settings().table.parameters.values():
        value = preset.settings()[row.name]
        shown = row.display.shown(value) if row.display else value
        assert h.get(live, row.handle, "value") == pytest.approx(shown, rel=1e-6)


def test_spectrum_names_the_alpha_peak(live):
    text = h.column(live, "spectrum", 2, "text")[0]
    frequency = h.column(live, "spectrum", 2, "x")[0]
    assert frequency == pytest.approx(10.9, abs=0.25)
    assert band_of(frequency).name == "alpha" and text == f"{frequency:.1f} Hz, alpha"
    y, x = h.line(live, "spectrum", LIGHT_INK), h.column(live, "spectrum", 1, "x")
    assert x[int(np.argmax(y))] == pytest.approx(frequency, abs=0.25)


def pulse(page) -> list[float]:
    return page.evaluate(
        """() => { const p = Bokeh.documents[0].get_model_by_name("evoked");
        const box = p.center.find((r) => r.type === "BoxAnnotation");
        return [box.left, box.right] }"""
    )


def test_evoked_pulse_has_its_true_width(live):
    assert pulse(live) == [0, 50]
    h.set_slider(live, "stim_width_ms", 120)
    assert pulse(live) == [0, 120]


def test_silent_point_is_explained(live):
    h.set_slider(live, "p_sd", 0)
    h.set_slider(live, "p_mean", 50)
    shot = take_snapshot(make_settings(values={"p_sd": 0, "p_mean": 50}))
    assert h.text(live, "headline") == shot.headline
    assert "no oscillation; raise p above 114" in shot.headline  # the fold at 113.586
    assert np.ptp(drawn_eeg(live)) < 1e-3
    low, high = axis(live, "eeg", "y_range")
    assert high - low >= 0.5  # rounding must not fill the frame


def axis(page, figure: str, which: str) -> tuple[float, float]:
    return tuple(
        page.evaluate(
            "([f, w]) => { const r = Bokeh.documents[0].get_model_by_name(f)[w];"
            " return [r.start, r.end] }",
            [figure, which],
        )
    )


def test_axes_grow_at_once_and_shrink_on_release(live):
    h.set_slider(live, "p_sd", 0)
    h.release(live, "p_sd")
    start = axis(live, "eeg", "y_range")  # 3 mV of alpha
    h.set_slider(live, "p_mean", 120)
    low, high = axis(live, "eeg", "y_range")
    eeg = drawn_eeg(live)
    assert low < eeg.min() and high > eeg.max() and low < start[0]
    h.set_slider(live, "p_mean", 300)
    assert axis(live, "eeg", "y_range")[0] <= low  # holds still in the movement
    h.release(live, "p_mean")
    h.settled(live, 600)
    assert axis(live, "eeg", "y_range")[0] > low


def test_lock_holds_the_axes(page):
    page.get_by_role("button", name="lock axes").click()
    h.wait_for(page, "() => document.querySelector('#lock').ariaPressed === 'true'")
    before = axis(page, "eeg", "y_range")
    h.set_slider(page, "A_e", 6.0)
    assert max(h.column(page, "eeg")) > before[1]  # it would have to grow
    h.release(page, "A_e")
    assert axis(page, "eeg", "y_range") == before
    page.get_by_role("button", name="lock axes").click()
    h.set_slider(page, "A_e", 6.1)
    assert axis(page, "eeg", "y_range") != before


def test_scalp_channel_replaces_the_source(live):
    h.choose(live, "Signal", "Oz")
    shot = take_snapshot(make_settings(), "Oz")
    np.testing.assert_allclose(drawn_eeg(live), eeg_of(shot), rtol=1e-5, atol=1e-5)
    label = live.evaluate("Bokeh.documents[0].get_model_by_name('eeg').left[0].axis_label")
    assert "µV" in label


def test_evoked_channel_can_be_chosen(live):
    h.choose(live, "Channel in ink", "Cz")
    shot = take_snapshot(make_settings())
    from explorer.backend.leadfield import lead_field

    row = lead_field("caudal_middle_frontal").names.index("Cz")
    np.testing.assert_allclose(evoked_of(live), shot.scalp[row], rtol=1e-5, atol=1e-5)


def test_phase_axes_can_be_chosen(live):
    h.choose(live, "Horizontal axis", "y0")
    h.choose(live, "Vertical axis", "y0′")
    shot = take_snapshot(make_settings())
    np.testing.assert_allclose(h.column(live, "phase", 0, "x"), shot.states[-1001:, 0], rtol=1e-5)
    np.testing.assert_allclose(
        h.column(live, "phase", 0, "y"), shot.states[-1001:, 3], rtol=1e-5, atol=1e-5
    )
    labels = live.evaluate(
        "() => { const p = Bokeh.documents[0].get_model_by_name('phase');"
        " return [p.below[0].axis_label, p.left[0].axis_label] }"
    )
    assert "y0" in labels[0] and "(mV)" in labels[0] and "mV/s" in labels[1]


def scalp_at(page) -> np.ndarray:
    index = page.evaluate(
        "Bokeh.documents[0].get_model_by_name('scalp').renderers.findIndex("
        "(r) => r.data_source.data.name !== undefined)"
    )
    return np.array(h.column(page, "scalp", index, "value"), dtype=float)


def test_click_in_the_evoked_response_moves_the_map(live):
    shot = take_snapshot(make_settings())
    time_ms = np.round(shot.evoked.time * 1e3)
    image = h.all_data(live, "scalp")
    np.testing.assert_allclose(scalp_at(live), shot.scalp[:, time_ms == 100][:, 0], rtol=1e-5)
    box = live.locator("#card-evoked .plot").bounding_box()
    live.mouse.click(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.4)
    h.wait_for(live, "() => !location.search.includes('cursor_ms=100&')")
    h.settled(live)
    assert h.all_data(live, "scalp") != image
    cursor = live.evaluate(
        "Bokeh.documents[0].get_model_by_name('evoked').center"
        ".find((r) => r.type === 'Span').location"
    )
    assert 300 < cursor < 700
    np.testing.assert_allclose(scalp_at(live), shot.scalp[:, time_ms == cursor][:, 0], rtol=1e-5)
    assert live.get_by_label("Time of the map, ms").input_value() == f"{cursor:.0f}"


def test_cursor_can_be_typed(live):
    field = live.get_by_label("Time of the map, ms")
    field.fill("140")
    field.press("Enter")
    h.wait_for(live, "() => location.search.includes('cursor_ms=140')")
    shot = take_snapshot(make_settings())
    k = int(np.argmin(np.abs(shot.evoked.time - 0.140)))
    np.testing.assert_allclose(scalp_at(live), shot.scalp[:, k], rtol=1e-5)


def test_an_emptied_cursor_box_says_what_it_said(live):
    field = live.get_by_label("Time of the map, ms")
    field.fill("")
    field.press("Enter")
    field.press("Tab")
    h.settled(live)
    live.wait_for_function("(f) => f.value === '100'", arg=field.element_handle())
    field.fill("140")
    field.press("Enter")  # and goes on
    h.wait_for(live, "() => location.search.includes('cursor_ms=140')")


def test_scalp_scale_is_symmetric(live):
    low, high = live.evaluate(
        """() => { const r = Bokeh.documents[0].get_model_by_name("scalp").renderers[0];
        return [r.glyph.color_mapper.low, r.glyph.color_mapper.high] }"""
    )
    assert low == -high and high >= np.abs(take_snapshot(make_settings()).scalp).max()


def test_head_is_round(live):
    """As many pixels to a head radius across as upward."""
    across, up = live.evaluate(
        """() => { const p = Bokeh.documents[0].get_model_by_name("scalp");
        return [p.inner_width / (p.x_range.end - p.x_range.start),
                p.inner_height / (p.y_range.end - p.y_range.start)] }"""
    )
    assert across == pytest.approx(up, rel=0.02)
