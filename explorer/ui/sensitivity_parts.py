"""Small parts of the Sensitivity tab: cards, choices, symbols, words in empty plots."""

from __future__ import annotations

import datetime
import re
import textwrap
from collections.abc import Callable, Sequence

import panel as pn
from bokeh.core.properties import String, value
from bokeh.model import DataModel
from bokeh.models import Button, ColumnDataSource, CustomJS, Div, RadioButtonGroup, Select
from bokeh.plotting import figure

from explorer.ui.styles import BUTTON, FIELD, UNSEEN_LABEL
from explorer.ui.theme import SANS, Theme

_SOLID = {"stylesheets": [BUTTON], "css_classes": ["solid"]}
NARROW = "@media (max-width: 1199px)"
_WRITE = """
const text = cb_obj.text;
box.setv({text}, {silent: true});
const view = Bokeh.index.find_one(box);
if (view && view.markup_el) view.markup_el.innerHTML = text;
"""
_SUBSCRIPTS = str.maketrans("ei1234", "ₑᵢ₁₂₃₄")
_SYMBOL = re.compile(r"\b([Aab])_([ei1234])\b")
_CARD = """
:host { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: 2px 8px 4px 10px; box-sizing: border-box; overflow: hidden; min-width: 0;
  min-height: 0 !important; }
"""
_CARD += NARROW + " { :host { flex: none !important; height: 440px !important; } }"
_HEAD = ":host { flex-wrap: wrap; align-items: center; row-gap: 2px; }"
_LABELLED = """
.bk-input-group { flex-direction: row; align-items: center; gap: 4px; }
.bk-input-group > label { white-space: nowrap; }
"""
_WORDS = """
:host { color: var(--muted); font-size: calc(var(--size) - 1px); line-height: 1.3; }
b, h2, li { color: var(--text); } sub { line-height: 0; }
h2 { font-size: calc(var(--size) + 1px); font-weight: 650; margin: 0; white-space: nowrap; }
ul { margin: 0; padding: 0; list-style: none; } li { margin-bottom: 4px; line-height: 1.25; }
"""


def symbol(name: str) -> str:
    """A parameter's name for a figure: ``Aₑ``, ``a₁``."""
    return _SYMBOL.sub(lambda m: m[1] + m[2].translate(_SUBSCRIPTS), name)


def marked(text: str) -> str:
    """Text in which the parameters' names are written as symbols, as HTML."""
    return _SYMBOL.sub(r"\1<sub>\2</sub>", text).replace("p_sd", "p<sub>sd</sub>")


def today() -> str:
    """The date, as the tables write theirs (UTC)."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()


class Written(DataModel):
    """``text``: what a box shows; a record, so that a change of it lays nothing out anew."""

    text = String("")


class Words:
    """Words that may follow a slider.

    Bokeh lays out the whole page anew when a Div gets another text, which costs some 100 ms
    with five plots; these words go into the box's element instead.

    Args:
        name: handle of the record with the text.
        text: at the start, as HTML.
        options: of the box.
    """

    def __init__(self, name: str, text: str = "", **options: object) -> None:
        options.setdefault("sizing_mode", "stretch_width")
        self.record = Written(name=name, text=text)
        self.box = Div(text=text, stylesheets=[_WORDS], margin=(1, 0), **options)
        self.record.js_on_change("text", CustomJS(args={"box": self.box}, code=_WRITE))
        # the box's callback is never called; it brings the record into the page
        self.box.js_on_change("name", CustomJS(args={"record": self.record}, code=""))

    def catch_up(self) -> None:
        """The page has been built: what was said before it listened is shown now."""
        if self.box.text != self.record.text:
            self.box.text = self.record.text

    def say(self, text: str) -> None:
        """Show a text, where it differs."""
        if self.record.text == text:
            return
        self.record.text = text
        if self.record.document is None:  # not yet on the page, where the record is heard
            self.box.text = text


def heading(text: str) -> Div:
    """The heading of a card."""
    return Div(text=f"<h2>{text}</h2>", stylesheets=[_WORDS], margin=(2, 10, 2, 0))


def dim(plot: figure, outdated: bool) -> None:
    """Show that a figure is outdated, or no longer."""
    opacity = "0.4" if outdated else "1"
    if plot.styles.get("opacity", "1") != opacity:
        plot.styles = {"opacity": opacity}


def choice(
    name: str,
    title: str,
    options: Sequence[tuple[str, str]],
    chosen: Callable[[str], object],
    *,
    seen: bool = True,
    width: int | None = None,
) -> Select:
    """A choice among (value, label); its title is for screen readers alone if not ``seen``."""
    select = Select(
        name=name, title=title, options=list(options), value=options[0][0], margin=(1, 6, 1, 0),
        stylesheets=[FIELD, _LABELLED if seen else UNSEEN_LABEL], width=width,
    )  # fmt: skip
    select.on_change("value", lambda attr, old, new: chosen(new))
    return select


def radio(name: str, labels: Sequence[str], chosen: Callable[[int], object]) -> RadioButtonGroup:
    """Buttons of which one is pressed; the first at the start."""
    group = RadioButtonGroup(
        name=name, labels=list(labels), active=0, margin=(1, 6, 1, 0), **_SOLID
    )
    group.on_change("active", lambda attr, old, new: chosen(new))
    return group


def button(name: str, label: str, pressed: Callable[[], object], **options: object) -> Button:
    """A button."""
    one = Button(name=name, label=label, margin=(1, 4, 1, 0), **_SOLID, **options)
    one.on_click(lambda: pressed())
    return one


def download(label: str, callback: Callable[[], object]) -> pn.widgets.FileDownload:
    """A button that saves a file made when it is pressed."""
    return pn.widgets.FileDownload(
        callback=callback, filename="sobol", label=label, margin=(1, 4, 1, 0), **_SOLID
    )


def head(*parts: object) -> pn.Row:
    """The first line of a card; it wraps where it is narrow."""
    return pn.Row(*parts, stylesheets=[_HEAD], sizing_mode="stretch_width", margin=0)


def card(*parts: object) -> pn.Column:
    """A card from its lines and its figure."""
    return pn.Column(*parts, stylesheets=[_CARD], sizing_mode="stretch_both", margin=0)


class Message:
    """Words in the middle of a plot, where there is nothing to draw."""

    def __init__(self, plot: figure) -> None:
        self.source = ColumnDataSource({"x": [], "y": [], "text": []})
        self._glyph = plot.text(
            "x", "y", text="text", source=self.source, text_align="center",
            text_baseline="middle", text_font=value(SANS),
        ).glyph  # fmt: skip

    def say(self, *places: tuple[float, float, str, int]) -> None:
        """Show texts, each at x, y (data) and wrapped to so many letters."""
        new = {
            "x": [p[0] for p in places],
            "y": [p[1] for p in places],
            "text": ["\n".join(textwrap.wrap(p[2], p[3])) for p in places],
        }
        if new != self.source.data:
            self.source.data = new

    def dress(self, theme: Theme, font: int) -> None:
        """Wear a theme."""
        self._glyph.update(text_color=theme.text, text_font_size=f"{font}px")
