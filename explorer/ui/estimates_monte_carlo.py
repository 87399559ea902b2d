"""Many noise realisations of the present point: each estimator's bias and spread."""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import panel as pn

from explorer.backend.ensemble import Progress
from explorer.backend.estimators.monte_carlo import REALISATIONS, MonteCarlo, monte_carlo
from explorer.backend.estimators.names import ESTIMATOR_TITLES
from explorer.backend.estimators.service import SERVICE
from explorer.backend.estimators.trust import LEVELS, untrained
from explorer.backend.targets import TARGETS
from explorer.ui.estimate_marks import EstimatePlot, Mark, number, quantity
from explorer.ui.estimate_view import EstimateView, Run, csv_bytes, name_download
from explorer.ui.estimate_words import error_text, signed
from explorer.ui.estimating import Shown
from explorer.ui.sensitivity_parts import Words, choice, dim, download, head
from explorer.ui.theme import Theme
from explorer.ui.view import STRETCH

if TYPE_CHECKING:
    from explorer.ui.session import Session

_INVITE = (
    f"Press Run: {REALISATIONS} draws of the noise at the present point are given to every "
    "chosen estimator. It takes some seconds and can be stopped."
)
_KEY = (
    "Mark: mean of the estimates; thick: middle half of them; thin: middle 90 %; │ true value. "
    "Bias is mean estimate less truth, spread their standard deviation; “holds” is the share of "
    "90 % intervals that hold the truth."
)
_LEVELS = (5.0, 25.0, 75.0, 95.0)


def marks_of_runs(found: MonteCarlo, names: tuple[str, ...]) -> list[Mark]:
    """The distribution of each estimator's estimates as marks."""
    level = "untrusted" if untrained(found.settings) else "trusted"
    marks = []
    for name in (n for n in names if n in found.realised):
        one = found.realised[name]
        low, quarter, upper, high = np.percentile(one.mean, _LEVELS, axis=0)
        for k, middle in enumerate(one.mean.mean(axis=0)):
            unit = list(TARGETS.values())[k].unit
            spread = f"{number(quarter[k])} … {number(upper[k])} {unit}"
            marks.append(
                Mark(
                    name, k, float(middle), (quarter[k], upper[k]), (low[k], high[k]), level,
                    quantity(k, float(middle)), spread,
                    error_text(k, float(middle), found.truth[k]), LEVELS[level],
                )
            )  # fmt: skip
    return marks


def figures_of_runs(found: MonteCarlo, name: str) -> list[str]:
    """Bias, spread and coverage of one estimator in words, two lines for each target."""
    one = found.realised[name]
    return [
        f"bias {signed(one.bias[k])}, spread {quantity(k, one.spread[k])}\n"
        f"90 % interval holds {100 * one.covered90[k]:.0f} %"
        for k in range(len(TARGETS))
    ]


class MonteCarloView(EstimateView):
    """Distributions over noise realisations."""

    key = "monte_carlo"
    title = "Monte Carlo"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.found: MonteCarlo | None = None
        self.marks = EstimatePlot("monte_carlo")
        self.run = Run(session, "monte_carlo", f"Run {REALISATIONS}", self._run)
        self.figures = choice(
            "monte_carlo_figures", "figures of", list(ESTIMATOR_TITLES.items()),
            lambda _new: self._draw(),
        )  # fmt: skip
        self.figures.value = "npe"
        self.csv = name_download(download("CSV", self._csv), "monte-carlo")
        self.caption = Words("monte_carlo_caption", _KEY)
        self.marks.say(_INVITE)

    def panel(self) -> pn.Column:
        return pn.Column(
            head(*self.run.parts, self.figures, self.csv),
            pn.pane.Bokeh(self.marks.plot, sizing_mode=STRETCH),
            self.caption.box,
            sizing_mode=STRETCH,
            margin=0,
        )

    def _run(self) -> None:
        names, settings = self.names, self.session.state.settings
        if not names:
            self.marks.say("No estimator is chosen.")
            return

        def work(progress: Progress) -> MonteCarlo:
            return monte_carlo(SERVICE, settings, names, progress)

        self.run.newest.ask(work, partial(self._arrived))

    def _arrived(self, found: MonteCarlo) -> None:
        self.found = found
        self._draw()

    def show(self, shown: Shown | None) -> None:
        self._draw()

    def _draw(self) -> None:
        found = self.found
        if found is None:
            return
        names, name = self.names, self.figures.value
        there = name in found.realised and name in names
        texts = figures_of_runs(found, name) if there else []
        marks = marks_of_runs(found, names)
        if not marks:
            self.marks.say("None of the chosen estimators has been run here: press Run.")
            return
        self.marks.show(found.settings.circuit, marks, found.truth, texts)
        self.moved(True)

    def moved(self, outdated: bool) -> None:
        away = self.found is not None and self.found.settings != self.session.state.settings
        dim(self.marks.plot, away)
        words = "<b>Of another point: press Run again.</b> " if away else ""
        self.caption.say(words + _KEY)

    def _csv(self) -> io.BytesIO:
        found = self.found
        columns: dict[str, list[object]] = {}
        for name, one in found.realised.items() if found else ():
            for k, target in enumerate(TARGETS):
                row = {
                    "estimator": name, "target": target, "unit": TARGETS[target].unit,
                    "truth": one.truth[k], "bias": one.bias[k], "spread": one.spread[k],
                    "reported_sd": one.sd[:, k].mean(), "coverage90": one.covered90[k],
                    "realisations": len(one.mean),
                }  # fmt: skip
                for key, value in row.items():
                    columns.setdefault(key, []).append(value)
        return io.BytesIO(csv_bytes({key: np.array(v) for key, v in columns.items()}))

    def dress(self, theme: Theme, font: int) -> None:
        self.marks.dress(theme, font)

    def close(self) -> None:
        self.run.newest.stop()
