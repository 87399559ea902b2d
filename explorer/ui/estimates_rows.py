"""The card of rows: every target from end to end of its trained range, with all estimates."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

import panel as pn
from bokeh.models import CheckboxButtonGroup

from explorer.backend.estimators.names import ESTIMATOR_TITLES
from explorer.backend.export import table_csv
from explorer.ui.estimate_marks import EstimatePlot
from explorer.ui.estimate_words import benchmark, figures_of, marks_of, rank_text, table_of
from explorer.ui.estimating import LOADING, Shown, without_weights
from explorer.ui.sensitivity_parts import Words, card, choice, dim, download, head, heading, marked
from explorer.ui.styles import BUTTON
from explorer.ui.theme import ESTIMATOR_LOOKS, THEMES, Theme
from explorer.ui.view import STRETCH

if TYPE_CHECKING:
    from explorer.ui.session import Session

PRODUCTS = (
    "The four products stand beside the nine because a stimulus that enters y1 alone acts through "
    "them and A_e, b_e, b_i only: the data speak of A_i·C·a_4, not of A_i by itself."
)
ALL_ENTERED = (
    "The four products stand beside the nine because the connections multiply: here the stimulus "
    "enters every population, so A_i by itself shows too."
)
_KEY = (
    "Each row is a trained range from low to high: │ true value, thick 50 % and thin 90 % "
    "interval; hollow: mostly its prior; grey and dotted: not trusted."
)
_NO_BENCHMARK = (
    "Typical errors are shown once assets/benchmark.json is there (jr-explorer evaluate)."
)
_WARNING = ":host { --muted: var(--text); }"


def toggle_style(theme: Theme) -> str:
    """The toggles wear their estimators' colours."""
    rules = [
        f".bk-btn:nth-child({k + 1}) {{ color: {look.colours[theme.name]} !important;"
        " font-weight: 600; }"
        for k, look in enumerate(ESTIMATOR_LOOKS.values())
    ]
    active = (
        ".bk-btn-group { flex-wrap: wrap; } "
        ":host(.solid) .bk-btn-group .bk-btn.bk-btn-default.bk-active { background: var(--wash);"
        " box-shadow: inset 0 -3px 0 currentColor; }"
        " .bk-btn-group .bk-btn:not(.bk-active) { opacity: .55; }"
    )
    return "\n".join([BUTTON, *rules, active])


class RowsCard:
    """Rows, toggles, figures of one estimator, words.

    Args:
        session: the page.
        given: whose response the estimators read, ``model`` or ``recording``.
    """

    def __init__(self, session: Session, given: Callable[[str], object]) -> None:
        self.session = session
        self.shown: Shown | None = None
        self.marks = EstimatePlot("estimates")
        self.plot = self.marks.plot
        self.given = choice(
            "estimates_given", "Given", [("model", "the model's response")], given, seen=False
        )
        labels = [f"{look.glyph} {ESTIMATOR_TITLES[n]}" for n, look in ESTIMATOR_LOOKS.items()]
        self.toggles = CheckboxButtonGroup(
            name="estimates_toggles", labels=labels, margin=(1, 6, 1, 0),
            stylesheets=[toggle_style(THEMES["light"])], css_classes=["solid"],
        )  # fmt: skip
        self.toggles.on_change("active", lambda attr, old, new: self._toggled(new))
        self.figures = choice(
            "estimates_figures", "figures of", list(ESTIMATOR_TITLES.items()),
            lambda _new: self.refresh(),
        )  # fmt: skip
        self.figures.value = "npe"
        self.csv = download("CSV", self._csv)
        self.csv.filename = "estimates.csv"
        self.warning = Words("estimates_warning")
        self.caption = Words("estimates_caption", _KEY)
        self.marks.say(LOADING)

    def card(self) -> pn.Column:
        """The card."""
        self.warning.box.stylesheets = [*self.warning.box.stylesheets, _WARNING]
        return card(
            head(heading("Estimates of"), self.given, self.figures, self.csv),
            head(self.toggles),
            self.warning.box,
            pn.pane.Bokeh(self.plot, sizing_mode=STRETCH),
            self.caption.box,
        )

    def _csv(self) -> io.BytesIO:
        columns = {} if self.shown is None else table_of(self.shown)
        return io.BytesIO(table_csv(columns).encode() if columns else b"")

    def _toggled(self, active: list[int]) -> None:
        names = [name for k, name in enumerate(ESTIMATOR_TITLES) if k in active]
        self.session.choose(estimators=",".join(names) or "none")

    def adopt(self) -> None:
        """Follow the choices."""
        names = self.session.state.choices.estimator_names
        active = [k for k, name in enumerate(ESTIMATOR_TITLES) if name in names]
        if sorted(self.toggles.active) != active:
            self.toggles.active = active
        self.refresh()

    def show(self, shown: Shown | None) -> None:
        """Show a reading."""
        self.shown = shown
        self.refresh()

    def say(self, text: str) -> None:
        """Nothing to show: say why."""
        self.shown = None
        self.marks.say(text)
        self.warning.say("")

    def refresh(self) -> None:
        """Show the chosen estimators of the reading."""
        shown = self.shown
        if shown is None:
            return
        empty = without_weights(shown.reading.failures)
        names = self.session.state.choices.estimator_names
        if empty or not names:
            self.marks.say(empty or "No estimator is chosen: press one above.")
            self.warning.say("")
            return
        name = self.figures.value
        there = name in shown.reading.estimates and name in names
        texts = figures_of(shown, name) if there else []
        self.marks.show(shown.settings.circuit, marks_of(shown, names), shown.truth, texts)
        self.warning.say(self._warning(shown))
        alone = shown.settings.table.stimulus_weights[0] == 0.0
        why = marked(PRODUCTS if alone else ALL_ENTERED)
        self.caption.say(" ".join([_KEY, why, *([] if benchmark() else [_NO_BENCHMARK])]))

    def _warning(self, shown: Shown) -> str:
        parts = [rank_text(shown)]
        if shown.truth is None:
            parts.insert(0, "<b>Data without ground truth.</b>")
        if shown.reasons:
            more = f" And {len(shown.reasons) - 2} more." if len(shown.reasons) > 2 else ""
            reasons = " ".join(shown.reasons[:2])
            parts.insert(0, f"<b>✕ Not to be trusted here.</b> {reasons}{more}")
        off = [ESTIMATOR_TITLES[f.estimator] for f in shown.reading.failures]
        if off:
            parts.append(f"Off: {', '.join(off)}.")
        return " ".join(parts)

    def dim(self, outdated: bool) -> None:
        """Show that the estimates are of another point."""
        dim(self.plot, outdated)

    def dress(self, theme: Theme, font: int) -> None:
        """Wear a theme."""
        self.marks.dress(theme, font)
        self.toggles.stylesheets = [toggle_style(theme)]
