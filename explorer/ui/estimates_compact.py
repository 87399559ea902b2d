"""The estimates on the dashboard: all targets in columns, small."""

from __future__ import annotations

from typing import TYPE_CHECKING

import panel as pn

from explorer.backend.estimators.names import ESTIMATOR_TITLES
from explorer.state import Choices
from explorer.ui.estimate_marks import EstimatePlot
from explorer.ui.estimate_words import marks_of, table_of
from explorer.ui.estimating import LOADING, Shown, without_weights
from explorer.ui.sensitivity_parts import Words, dim, head, heading
from explorer.ui.theme import ESTIMATOR_LOOKS, THEMES, Theme
from explorer.ui.view import STRETCH, Table

if TYPE_CHECKING:
    from explorer.ui.session import Session

_ONE_LINE = ".bk-clearfix { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }"


def legend(names: tuple[str, ...], theme: Theme) -> str:
    """The estimators' shapes, colours and names as HTML."""
    parts = [
        f'<span style="white-space:nowrap"><span style="color:{look.colours[theme.name]}">'
        f"{look.glyph}</span> {ESTIMATOR_TITLES[look.name]}</span>"
        for look in ESTIMATOR_LOOKS.values()
        if look.name in names
    ]
    return " &nbsp;".join(parts)


class CompactEstimates:
    """The card on the dashboard."""

    name = "estimates_compact"
    title = "Estimates"

    def __init__(self, session: Session) -> None:
        self.session = session
        self.marks = EstimatePlot(self.name, vertical=True)
        self.plot = self.marks.plot
        self.caption = Words("estimates_compact_caption")
        self.caption.box.stylesheets = [*self.caption.box.stylesheets, _ONE_LINE]
        self._theme = THEMES["light"]
        self._names: tuple[str, ...] = session.state.choices.estimator_names
        self.marks.say(LOADING)
        session.estimating.listen(self._arrived, self._dim)

    def panel(self) -> pn.Column:
        """Heading, plot and caption."""
        return pn.Column(
            head(heading("Estimates"), self.caption.box),
            pn.pane.Bokeh(self.plot, sizing_mode=STRETCH),
            sizing_mode=STRETCH,
            margin=0,
        )

    def _arrived(self, shown: Shown) -> None:
        empty = without_weights(shown.reading.failures)
        if empty:
            self.marks.say(empty)
            self.caption.say("")
            return
        self.refresh()

    def adopt(self, choices: Choices) -> None:
        """Follow the choices."""
        if choices.estimator_names != self._names:
            self._names = choices.estimator_names
            self.refresh()

    def refresh(self) -> None:
        """Show the chosen estimators."""
        shown = self.session.estimating.shown
        if shown is None or not shown.reading.estimates:
            return
        self.marks.show(shown.settings.circuit, marks_of(shown, self._names), shown.truth)
        self.caption.say(self._words(shown, self._names))

    def _words(self, shown: Shown, names: tuple[str, ...]) -> str:
        words = legend(names, self._theme)
        if shown.reasons:
            return f"<b>✕ not trusted: {shown.reasons[0]}</b>"
        if shown.reading.outliers:
            return "<b>✕ not trusted: out of distribution</b>"
        return words

    def _dim(self, outdated: bool) -> None:
        dim(self.plot, outdated)

    def dress(self, theme: Theme, font: int) -> None:
        """Wear a theme."""
        self._theme = theme
        self.marks.dress(theme, font)
        self.refresh()

    def table(self) -> Table:
        """All estimates, for export."""
        shown = self.session.estimating.shown
        return Table({} if shown is None else table_of(shown))
