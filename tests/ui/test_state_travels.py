"""Undo, redo, reset, the address bar, two windows, and values that cannot be used."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.backend.settings import make_settings
from explorer.backend.snapshot import take_snapshot
from tests.ui import helpers as h


def data(page) -> dict[str, str]:
    return {figure: h.all_data(page, figure) for figure in h.FIGURES}


def move(page, name: str, value: float) -> None:
    h.set_slider(page, name, value)
    h.release(page, name)


def value(page, name: str) -> float:
    return h.get(page, name, "value")


def wait_value(page, name: str, expected: float) -> None:
    h.wait_for(
        page,
        "([n, v]) => Math.abs(Bokeh.documents[0].get_model_by_name(n).value - v) < 1e-6",
        [name, expected],
    )
    h.settled(page)


def test_undo_and_redo_by_buttons(page):
    first = data(page)
    undo, redo = page.locator("[data-command=undo]"), page.locator("[data-command=redo]")
    assert undo.is_disabled() and redo.is_disabled()
    move(page, "A_e", 4.0)
    second = data(page)
    move(page, "p_mean", 150)
    undo.click()
    wait_value(page, "p_mean", 220)
    assert data(page) == second
    undo.click()
    wait_value(page, "A_e", 3.25)
    assert data(page) == first
    redo.click()
    wait_value(page, "A_e", 4.0)
    assert data(page) == second


def test_undo_and_redo_by_keys(live):
    move(live, "A_e", 4.0)
    live.keyboard.press("Control+z")
    wait_value(live, "A_e", 3.25)
    live.keyboard.press("Control+Shift+Z")
    wait_value(live, "A_e", 4.0)


def test_undo_by_keys_after_enter_undoes_the_state(live):
    """The box still has the focus; what was typed has become the state."""
    h.type_value(live, "A_e", "4.5")
    wait_value(live, "A_e", 4.5)
    live.keyboard.press("Control+z")
    wait_value(live, "A_e", 3.25)
    assert h.element(live, "A_e_input").input_value() == "3.25"
    live.keyboard.press("Control+Shift+Z")
    wait_value(live, "A_e", 4.5)


def test_undo_by_keys_while_typing_undoes_the_letters(live):
    move(live, "p_mean", 150)
    field = h.element(live, "A_e_input")
    field.focus()
    live.keyboard.press("Control+a")
    live.keyboard.type("5.5")
    live.keyboard.press("Control+z")
    h.settled(live)
    assert field.input_value() != "5.5" and value(live, "A_e") == 3.25
    assert value(live, "p_mean") == 150  # the state stays


def test_one_drag_is_one_step_of_undo(live):
    for k in range(1, 11):  # faster than the pause that would end the movement
        h.set_slider(live, "p_mean", 220 - 5 * k, wait=False)
    h.settled(live, 120)
    h.release(live, "p_mean")
    live.keyboard.press("Control+z")
    wait_value(live, "p_mean", 220)


def test_undo_covers_the_choices(live):
    h.choose(live, "Horizontal axis", "y0")
    h.settled(live, 600)
    live.locator("[data-command=undo]").click()
    h.wait_for(live, "() => location.search.includes('phase_x=y1&')")
    h.settled(live)
    shot = take_snapshot(make_settings())
    np.testing.assert_allclose(h.column(live, "phase", 0, "x"), shot.states[-1001:, 1], rtol=1e-5)
    assert live.get_by_label("Horizontal axis").input_value() == "y1"


def test_reset_goes_to_the_preset_then_to_the_defaults(live):
    live.get_by_label("Preset").select_option(label="Slow spikes")
    wait_value(live, "p_mean", 120)
    move(live, "p_mean", 300)
    live.get_by_role("button", name="reset", exact=True).click()
    wait_value(live, "p_mean", 120)
    live.get_by_role("button", name="reset", exact=True).click()
    wait_value(live, "p_mean", 220)
    assert live.get_by_label("Preset").input_value() in ("", "preset …")


def test_a_slider_resets_by_itself(live):
    move(live, "A_e", 4.0)
    move(live, "p_mean", 150)
    h.element(live, "A_e_reset", "button_el").click()
    wait_value(live, "A_e", 3.25)
    assert value(live, "p_mean") == 150


def test_url_gives_the_same_picture_elsewhere(page, open_page):
    move(page, "tau_i", 25.0)
    move(page, "noise_factor", 30.0)
    page.get_by_label("Noise seed").fill("42")
    page.get_by_label("Noise seed").press("Enter")
    h.choose(page, "Signal", "Oz")
    h.choose(page, "Horizontal axis", "y0")
    h.settled(page, 700)
    query = page.evaluate("location.search")
    assert "seed=42" in query and "eeg=Oz" in query
    other = open_page(query)
    h.settled(other)
    assert data(other) == data(page)
    assert h.text(other, "headline") == h.text(page, "headline")
    assert other.evaluate("location.search") == query


def test_back_button_returns_to_the_earlier_state(page):
    first = data(page)
    move(page, "p_mean", 150)
    second = data(page)
    move(page, "p_mean", 300)
    page.go_back()
    wait_value(page, "p_mean", 150)
    assert data(page) == second
    page.go_back()
    wait_value(page, "p_mean", 220)
    assert data(page) == first
    page.go_forward()
    wait_value(page, "p_mean", 150)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?A_e=banana", "A_e"),
        ("?p_mean=1e9", "p_mean"),
        ("?C=nan", "C"),
        ("?seed=0", "seed"),
        ("?circuit=tvb", "circuit"),
        ("?region=moon", "region"),
        ("?phase_x=z", "phase_x"),
        ("?bogus=1", "bogus"),
    ],
)
def test_bad_url_value_is_named_and_falls_back(open_page, query, field):
    page = open_page(query + "&b_e=80")
    page.locator(".notice").first.wait_for()
    told = h.notices(page)
    assert len(told) == 1 and field in told[0] and "expected" in told[0]
    assert value(page, "tau_e") == pytest.approx(12.5)  # what was good is kept
    assert value(page, "A_e") == 3.25 and value(page, "p_mean") == 220
    shot = take_snapshot(make_settings(values={"b_e": 80}))
    np.testing.assert_allclose(h.column(page, "eeg"), shot.signal[-2001::2], rtol=1e-5)


def test_every_bad_url_value_is_told(open_page):
    page = open_page("?A_e=banana&A_i=apple&seed=x")
    page.locator(".notice").first.wait_for()
    told = " ".join(h.notices(page))
    assert all(field in told for field in ("A_e", "A_i", "seed"))


@pytest.mark.parametrize(
    ("name", "typed"),
    [("A_e", "abc"), ("A_e", "100"), ("A_e", ""), ("p_mean", "nan"), ("tau_e", "0"),
     ("n_trials", "3.5"), ("C", "1e400"), ("noise_factor", "-1")],
)  # fmt: skip
def test_bad_typed_value_is_refused(live, name, typed):
    before, old, shown = data(live), value(live, name), h.get(live, f"{name}_input", "value")
    h.type_value(live, name, typed)
    live.locator(".notice.error").wait_for()
    told = h.notices(live)
    assert len(told) == 1 and name in told[0] and "expected" in told[0]
    assert value(live, name) == old and data(live) == before
    assert h.element(live, f"{name}_input").input_value() == shown
    move(live, "p_mean", 200)  # the page goes on
    assert data(live) != before


@pytest.mark.parametrize(
    ("name", "typed", "expected"),
    [("A_e", "4.25", 4.25), ("tau_e", "12.5", 12.5), ("noise_factor", "0", 0.0),
     ("A_i", "30,5", 30.5), ("stim_width_ms", "75", 75.0), ("C", "1350", 1350.0)],
)  # fmt: skip
def test_typed_value_is_taken(live, name, typed, expected):
    before = data(live)
    h.type_value(live, name, typed)
    wait_value(live, name, expected)
    assert data(live) != before


def test_bad_seed_is_refused(live):
    field = live.get_by_label("Noise seed")
    field.fill("0")
    field.press("Enter")
    live.locator(".notice.error").wait_for()
    assert "seed" in h.notices(live)[0]
    h.settled(live)
    assert field.input_value() == "1" and len(h.notices(live)) == 1


def test_new_noise_is_another_seed(live):
    before = h.all_data(live, "eeg")
    live.get_by_role("button", name="new", exact=True).click()
    h.wait_for(live, "() => location.search.includes('seed=2&')")
    h.settled(live)
    assert h.all_data(live, "eeg") != before
    assert live.get_by_label("Noise seed").input_value() == "2"


def test_circuit_switch(live):
    live.get_by_role("button", name="deepjr").click()
    h.wait_for(live, "() => location.search.includes('circuit=deepjr')")
    h.settled(live)
    shot = take_snapshot(make_settings("deepjr"))
    assert h.text(live, "headline") == shot.headline and "only answers" in shot.headline
    np.testing.assert_allclose(h.column(live, "eeg"), shot.signal[-2001::2], rtol=1e-5, atol=1e-5)
    assert value(live, "v_max") == pytest.approx(0.05)
    live.locator("[data-command=undo]").click()
    wait_value(live, "v_max", 5.0)
    assert h.text(live, "headline").startswith("alpha oscillation")


def test_deepjr_evoked_response_is_the_published_one(open_page):
    page = open_page("?circuit=deepjr&noise_factor=0")
    wave = np.array(h.line(page, "evoked", "#12395b"), dtype=float)
    assert wave[np.argmax(np.abs(wave))] == pytest.approx(-50.0, abs=1.5)  # µV, the notebook's


def test_two_windows_do_not_affect_each_other(page, open_page):
    other = open_page()
    before = data(other)
    move(page, "A_e", 4.0)
    page.get_by_role("button", name="deepjr").click()
    h.settled(page, 500)
    h.settled(other, 500)
    assert data(other) == before and value(other, "A_e") == 3.25
    move(other, "p_mean", 150)
    assert value(page, "p_mean") != 150


OUTRUN = """
async ([name, low, high]) => {
  const slider = Bokeh.documents[0].get_model_by_name(name);
  for (let k = 1; k <= 100; k++) {
    slider.value = low + (high - low) * k / 100;
    await new Promise((done) => setTimeout(done, 10));
  }
}
"""


def test_outrun_drag_ends_at_the_last_value(live):
    before = h.frame(live)
    live.evaluate(OUTRUN, ["p_mean", 150.0, 260.0])
    h.settled(live, 300)
    shot = take_snapshot(make_settings(values={"p_mean": 260}))
    np.testing.assert_allclose(h.column(live, "eeg"), shot.signal[-2001::2], rtol=1e-5)
    assert value(live, "p_mean") == 260
    assert 3 <= h.frame(live) - before <= 101  # moved all along, and never more than asked


def focus_handle(page, name: str) -> None:
    h.handle(page, name).focus()


def test_arrow_keys_move_one_step_and_ten_with_shift(live):
    focus_handle(live, "A_e")
    live.keyboard.press("ArrowRight")
    wait_value(live, "A_e", 3.30)
    live.keyboard.press("Shift+ArrowRight")
    wait_value(live, "A_e", 3.80)
    live.keyboard.press("Shift+ArrowLeft")
    wait_value(live, "A_e", 3.30)
    live.keyboard.press("ArrowLeft")
    wait_value(live, "A_e", 3.25)


def test_arrow_keys_on_a_logarithmic_track(live):
    focus_handle(live, "noise_factor")
    live.keyboard.press("ArrowRight")
    h.wait_for(live, "() => Bokeh.documents[0].get_model_by_name('noise_factor').value > 1")
    assert value(live, "noise_factor") < 2
    live.keyboard.press("Shift+ArrowLeft")
    h.wait_for(live, "() => Bokeh.documents[0].get_model_by_name('noise_factor').value < 1.1")
    h.settled(live)


def test_handle_is_named_for_screen_readers(live):
    move(live, "A_e", 4.0)
    handle = h.handle(live, "A_e")
    assert handle.get_attribute("aria-label") == "excitatory gain"
    assert handle.get_attribute("aria-valuetext") == "4 mV"
