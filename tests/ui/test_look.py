"""Themes, sizes, narrow screens, and what every control owes a keyboard and a screen reader."""

from __future__ import annotations

import re

import pytest

from explorer.backend.parameters import PARAMETERS
from tests.ui import helpers as h

FILL = "([f]) => Bokeh.documents[0].get_model_by_name(f).background_fill_color"


def paper(page, figure: str) -> str:
    return page.evaluate(FILL, [figure])


def line_colours(page, figure: str) -> list[str]:
    return page.evaluate(
        "(f) => Bokeh.documents[0].get_model_by_name(f).renderers"
        ".map((r) => r.glyph.line_color?.value).filter((c) => c)",
        figure,
    )


def canvas_pixel(page, figure: str) -> tuple[int, ...]:
    """Colour of a corner of what is really painted: (red, green, blue)."""
    return tuple(
        page.evaluate(
            """(f) => { const view = Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name(f));
            const c = view.canvas_view.compose().canvas;
            return Array.from(c.getContext("2d").getImageData(3, 3, 1, 1).data).slice(0, 3) }""",
            figure,
        )
    )


def test_light_and_dark_change_the_figures(page):
    before = {f: (paper(page, f), line_colours(page, f)) for f in h.FIGURES}
    assert min(canvas_pixel(page, "eeg")) > 200
    page.locator("#theme").click()
    h.wait_for(page, "() => document.documentElement.dataset.theme === 'dark'")
    h.wait_for(page, f"() => ({FILL})(['eeg']) === '#161d26'")
    page.wait_for_timeout(300)
    after = {f: (paper(page, f), line_colours(page, f)) for f in h.FIGURES}
    for figure in h.FIGURES:
        assert before[figure][0] != after[figure][0], figure
        assert before[figure][1] != after[figure][1], figure
    assert max(canvas_pixel(page, "eeg")) < 80
    page.locator("#theme").click()
    h.wait_for(page, f"() => ({FILL})(['eeg']) === '#ffffff'")


def test_dark_is_taken_from_the_system(open_page):
    page = open_page(dark=True)
    h.wait_for(page, f"() => ({FILL})(['eeg']) === '#161d26'")
    assert max(canvas_pixel(page, "spectrum")) < 80


def test_lecture_size_is_larger(page):
    size = "() => Bokeh.documents[0].get_model_by_name('eeg').left[0].major_label_text_font_size"
    assert page.evaluate(size) == "13px"
    page.locator("#lecture").click()
    h.wait_for(page, f"() => ({size})() === '18px'")


def luminance(colour: str) -> float:
    """Relative luminance by WCAG 2.1."""
    numbers = [float(n) / 255 for n in re.findall(r"[\d.]+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in numbers]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


TEXTS = """
() => {
  const out = [];
  const ground = (e) => {
    for (let n = e; n; n = n.parentElement || n.getRootNode().host) {
      const c = getComputedStyle(n).backgroundColor;
      if (!/rgba\\(.*, 0\\)/.test(c) && c !== "transparent") return c;
    }
    return "rgb(255, 255, 255)";
  };
  const walk = (root) => {
    for (const e of root.querySelectorAll("*")) {
      if (e.shadowRoot) walk(e.shadowRoot);
      const words = [...e.childNodes].filter((n) => n.nodeType === 3 && n.data.trim());
      const box = e.getBoundingClientRect();
      if (e.tagName === "OPTION" || e.tagName === "STYLE" || e.disabled) continue;
      if ((words.length || e.tagName === "INPUT") && box.width > 2 && box.height > 2)
        out.push([(words[0]?.data || e.value || e.tagName).trim().slice(0, 40),
                  getComputedStyle(e).color, ground(e)]);
    }
  };
  walk(document.body);
  return out;
}
"""


@pytest.mark.parametrize("dark", [False, True])
def test_words_stand_out(open_page, dark):
    page = open_page(dark=dark)
    page.locator("[data-dialog=export-dialog]").click()
    page.wait_for_timeout(400)
    texts = page.evaluate(TEXTS)
    words = {text for text, _, _ in texts}
    assert {"reset", "Explore", "excitatory gain", "Save data", "Synaptic gains"} <= words
    faint = [t for t in texts if contrast(t[1], t[2]) < 4.5]
    assert not faint


def test_wide_page_fits_without_scrolling(page):
    bottoms = page.evaluate(
        "() => [...document.querySelectorAll('#panel-explore .card')]"
        ".map((c) => c.getBoundingClientRect().bottom)"
    )
    assert len(bottoms) >= 5 and max(bottoms) <= 900
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    in_sight = [
        name
        for name, row in PARAMETERS.items()
        if row.group != "Sigmoid" and h.handle(page, row.handle).bounding_box()["y"] < 900
    ]
    assert len(in_sight) >= 13


def test_narrow_page_has_a_drawer_and_keeps_the_eeg_in_sight(open_page):
    page = open_page(width=800, height=1000)
    assert not page.locator("#side").is_visible()
    page.locator("#drawer").click()
    page.locator("#side").wait_for(state="visible")
    assert page.locator("#drawer").get_attribute("aria-expanded") == "true"
    before = h.all_data(page, "eeg")
    box = h.handle(page, "A_e").bounding_box()
    page.mouse.move(box["x"] + 7, box["y"] + 7)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 7, steps=5)
    page.mouse.up()
    h.settled(page)
    assert h.all_data(page, "eeg") != before
    eeg, side = (page.locator(s).bounding_box() for s in ("#card-eeg", "#side"))
    assert eeg["y"] >= 0 and eeg["y"] + eeg["height"] <= side["y"]
    page.locator("#main").evaluate("(m) => m.scrollBy(0, 600)")
    page.wait_for_timeout(200)
    eeg = page.locator("#card-eeg").bounding_box()
    assert eeg["y"] >= 0 and eeg["y"] + eeg["height"] <= side["y"]  # stays while one scrolls
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#drawer").click()
    page.locator("#side").wait_for(state="hidden")


def test_the_drawer_has_two_columns(open_page):
    page = open_page(width=800, height=1000)
    page.locator("#drawer").click()
    page.locator("#side").wait_for(state="visible")
    lefts = page.locator("#side .group").evaluate_all(
        "(groups) => [...new Set(groups.map((g) => Math.round(g.getBoundingClientRect().left)))]"
    )
    assert len(lefts) == 2 and max(lefts) >= 400
    side = page.locator("#side").bounding_box()
    seen = [h.handle(page, row.handle).bounding_box() for row in PARAMETERS.values()
            if row.group in ("Synaptic gains", "Time constants", "Connectivity")]  # fmt: skip
    assert all(side["x"] <= box["x"] < side["x"] + side["width"] for box in seen)
    assert page.locator("#side").evaluate("(s) => s.scrollWidth <= s.clientWidth")


def hints(page) -> set[str]:
    return set(
        page.locator(".hint").evaluate_all(
            "(all) => all.filter((e) => e.offsetParent).map((e) => e.dataset.hint)"
        )
    )


def test_hints_go_once_they_are_followed_and_stay_away(page):
    assert hints(page) == {"eeg", "spectrum", "evoked"}
    h.set_slider(page, "A_e", 4.0)
    assert hints(page) == {"eeg", "spectrum", "evoked"}  # no hint was about A_e
    h.set_slider(page, "tau_i", 25.0)
    assert hints(page) == {"evoked"}
    box = page.locator("#card-evoked .plot").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.4)
    h.wait_for(page, "() => !document.querySelector('[data-hint=evoked]').offsetParent")
    page.reload()
    page.wait_for_function("document.documentElement.dataset.ready === 'true'")
    assert hints(page) == set()


def test_news_is_announced_and_plots_are_named(page):
    """Regions that a screen reader follows, and the names of the plots."""
    status = page.get_by_role("status")
    assert status.get_attribute("aria-live") == "polite"
    page.get_by_text("alpha oscillation").wait_for()  # within the status, through shadow roots
    alert = page.locator("#notices")
    assert (
        alert.get_attribute("role") == "alert" and alert.get_attribute("aria-live") == "assertive"
    )
    for title in ("EEG, last 4 seconds", "Spectrum", "Evoked response", "Scalp map", "Phase"):
        assert page.get_by_role("region", name=title, exact=True).count() == 1, title
    assert page.get_by_role("complementary", name="Parameters").count() == 1
    tab = page.get_by_role("tab", name="Explore")
    panel = page.locator(f"#{tab.get_attribute('aria-controls')}")
    assert panel.get_attribute("role") == "tabpanel"
    assert panel.get_attribute("aria-labelledby") == tab.get_attribute("id")


def test_a_view_can_be_enlarged_and_put_back(page):
    small = page.locator("#card-scalp").bounding_box()["width"]
    page.get_by_role("button", name="Enlarge Scalp map").click()
    big = page.locator("#card-scalp").bounding_box()["width"]
    assert big > 3 * small and not page.locator("#card-eeg").is_visible()
    page.get_by_role("button", name="Enlarge Scalp map").click()
    assert page.locator("#card-scalp").bounding_box()["width"] == pytest.approx(small, abs=1)


def test_dragging_a_handle_with_the_mouse_moves_the_picture(page):
    box = h.handle(page, "p_mean").bounding_box()
    before, frames = h.all_data(page, "eeg"), h.frame(page)
    page.mouse.move(box["x"] + 7, box["y"] + 7)
    page.mouse.down()
    page.mouse.move(box["x"] - 40, box["y"] + 7, steps=8)
    h.wait_for(
        page, "(n) => Bokeh.documents[0].get_model_by_name('bridge_model').frame > n", frames
    )
    assert h.all_data(page, "eeg") != before  # before the button is let go
    page.mouse.up()
    h.settled(page)
    assert h.get(page, "p_mean", "value") < 200
    h.wait_for(page, "() => !location.search.includes('p_mean=220&')")


def test_every_axis_has_quantity_and_unit(page):
    labels = page.evaluate(
        """() => ["eeg", "spectrum", "evoked", "phase"].flatMap((f) => {
        const p = Bokeh.documents[0].get_model_by_name(f);
        return [p.below[0].axis_label, p.left[0].axis_label] })"""
    )
    assert all(re.search(r"\w.*\(.*(s|V|Hz|V²/Hz)\)", label) for label in labels), labels
    bar = page.evaluate(
        "Bokeh.documents[0].get_model_by_name('scalp').below"
        ".find((a) => a.type === 'ColorBar').title"
    )
    assert "µV" in bar


def test_every_field_and_button_has_a_name(page):
    """As a screen reader would announce it; unnamed ones have an empty name."""
    names = page.evaluate(
        """() => {
      const out = [];
      const walk = (root) => {
        for (const e of root.querySelectorAll("*")) {
          if (e.shadowRoot) walk(e.shadowRoot);
          if (!["INPUT", "SELECT", "BUTTON"].includes(e.tagName) || e.type === "file"
              || e.classList.contains("bk-spin-btn")) continue;  // the arrow keys' doubles
          const label = [...(e.labels || [])].map((l) => l.textContent).join(" ");
          const name = e.getAttribute("aria-label") || label || e.title || e.textContent;
          if (!name.trim()) out.push(e.outerHTML.slice(0, 160));
        }
      };
      walk(document.body);
      return out;
    }"""
    )
    assert not names


def test_tabs_by_arrow_keys(page):
    page.get_by_role("tab", name="Explore").focus()
    page.keyboard.press("ArrowLeft")
    assert page.get_by_role("tab", name="Model").get_attribute("aria-selected") == "true"
    page.locator("#panel-model").wait_for(state="visible")
    assert "Jansen & Rit 1995" in page.locator("#panel-model").inner_text()
    h.wait_for(page, "() => location.search.includes('tab=model')")


def test_help_says_what_the_page_does(page):
    page.get_by_role("button", name="Help").click()
    words = page.locator("#help-dialog").inner_text()
    assert "Ctrl-Z" in words and "arrow keys" in words.lower()
    page.keyboard.press("Escape")
    page.locator("#help-dialog").wait_for(state="hidden")


def test_share_copies_the_address(open_page):
    page = open_page("?A_e=4")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="share").click()
    page.locator(".notice").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.url and "A_e=4" in page.url
