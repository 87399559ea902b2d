"""What the data could tell at most, at the present point: bars, figures and sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from bokeh.models import ColumnDataSource, FixedTicker, HoverTool, Range1d

from explorer.backend.circuits import circuit
from explorer.backend.fisher import SYMMETRY_EIGENVALUE, prior_sd
from explorer.backend.fisher_report import FisherReport, percent_text
from explorer.backend.parameters import INFERRED_NAMES, PARAMETERS
from explorer.ui.sensitivity_parts import Message, Words, dim, marked, symbol, today
from explorer.ui.theme import Theme, dress
from explorer.ui.view import plain_figure

ROOM = 2.15
"""Right end of the axis; what lies beyond 1 holds the figures."""
_WAITING = "Computing the information …"
_N = len(INFERRED_NAMES)
_HEIGHT = 0.62
_SPREADS = ("x", "y", "name", "estimator", "text", "marker", "colour")
_POWER = re.compile(r"\^(−?[\d.]+)")
_PERCENT = re.compile(r"(?<=\d) ?%")


@dataclass(frozen=True)
class Spread:
    """How unsure one estimator says it is at the present point.

    Attributes:
        estimator: its title.
        sd: (9,) standard deviation that it reports of each inferred parameter, in its unit; NaN
            where unknown.
        colour: of its marks, CSS.
        marker: shape of its marks, a Bokeh marker.
    """

    estimator: str
    sd: np.ndarray
    colour: str
    marker: str


def sd_text(name: str, sd: float, percent: float) -> str:
    """A standard deviation in the parameter's unit and in per cent of its value."""
    if not np.isfinite(sd):
        return ""
    figure = f"{float(f'{sd:.2g}'):g} {PARAMETERS[name].unit}".strip()
    return f"±{figure}, {percent_text(percent)}"


def directions_text(report: FisherReport) -> list[str]:
    """The stiffest direction, and the sloppiest of which the data tell something."""
    told = [d for d in report.directions if d.eigenvalue >= SYMMETRY_EIGENVALUE]
    named = [("Stiffest direction", told[:1]), ("Sloppiest the data tell of", told[1:][-1:])]
    return [
        f"{title}: {_powers(one.combination.label)}, to {percent_text(100 * one.relative_sd)}."
        for title, found in named
        for one in found
    ]


def _powers(label: str) -> str:
    """A product of powers, its exponents raised, as HTML that may break after each factor."""
    return _POWER.sub(r"<sup>\1</sup>", label).replace("·", "·<wbr>")


def report_html(report: FisherReport) -> str:
    """The sentences, the products and the exact symmetries as HTML."""
    if report.reason:
        return f"<b>{report.reason}</b>"
    said = [s for s in report.sentences() if s not in report.symmetries]
    whole = " ".join(said)
    unsaid = ", ".join(
        f"{product.label} to {percent_text(percent)}"
        for product, percent in zip(report.products, report.products_percent, strict=True)
        if "·" in product.label and f"{product.label} is" not in whole
    )
    few, prior = len(report.symmetries), report.n_prior_only
    more = f" ({prior} of {_N} directions are the prior's alone)" if prior > few else ""
    said += [f"{unsaid}."] if unsaid else []
    said += [
        f"<b>{few} exact {'symmetry' if few == 1 else 'symmetries'}</b>, of which no data can "
        f"tell{more}: {' '.join(report.symmetries)}",
    ]
    said += directions_text(report)
    items = "".join(f"<li>{_PERCENT.sub('&nbsp;%', sentence)}</li>" for sentence in said)
    return f"<ul>{marked(items)}</ul>"


class FisherView:
    """The ratio of what remains to the prior, as bars with figures, and the sentences."""

    def __init__(self) -> None:
        rows = np.arange(_N, 0, -1) - 1.0  # the first parameter on top
        self.source = ColumnDataSource(
            {
                "y": rows,
                "name": [symbol(name) for name in INFERRED_NAMES],
                "ratio": np.full(_N, np.nan),
                "text": [""] * _N,
            }
        )
        self.plot = plain_figure(
            "fisher", Range1d(0.0, ROOM), Range1d(-0.7, _N - 0.3),
            "least possible SD ÷ prior SD", "",
        )  # fmt: skip
        plot = self.plot
        plot.ygrid.visible = False
        ends = {0.0: "0 known", 1.0: "1 nothing learned"}
        plot.xaxis.update(ticker=FixedTicker(ticks=list(ends)), major_label_overrides=ends)
        plot.xgrid.ticker = FixedTicker(ticks=[0, 0.25, 0.5, 0.75, 1])
        names = {float(y): n for y, n in zip(rows, self.source.data["name"], strict=True)}
        plot.yaxis.update(ticker=FixedTicker(ticks=list(names)), major_label_overrides=names)
        shape = {"height": _HEIGHT, "source": self.source, "line_color": None}
        self._track = plot.hbar("y", right=1.0, **shape)
        self._bar = plot.hbar("y", right="ratio", **shape)
        self._text = plot.text(1.05, "y", text="text", source=self.source, text_baseline="middle")
        self.spreads = ColumnDataSource({c: [] for c in _SPREADS}, name="fisher_spreads")
        self._marks = plot.scatter(
            "x", "y", source=self.spreads, marker="marker", color="colour", size=9
        )
        self.message = Message(plot)
        self.sentences = Words("fisher_sentences", _WAITING)
        self.caption = Words("fisher_caption")
        tips = [("parameter", "@name"), ("remains", "@ratio{0.000} of the prior"), ("SD", "@text")]
        plot.add_tools(HoverTool(renderers=[self._track], tooltips=tips))
        tips = [("estimator", "@estimator"), ("parameter", "@name"), ("its SD", "@text")]
        plot.add_tools(HoverTool(renderers=[self._marks], tooltips=tips))

    def show(self, report: FisherReport) -> None:
        """Show a report."""
        triples = zip(INFERRED_NAMES, report.sd, report.percent, strict=True)
        self.source.data = {
            **self.source.data,
            "ratio": np.asarray(report.ratio_to_prior),
            "text": [sd_text(*triple) for triple in triples],
        }
        empty = "Nothing to show at this point: see beside."
        self.message.say(*([(0.5 * ROOM, 0.5 * (_N - 1), empty, 40)] if report.reason else []))
        self.sentences.say(report_html(report))
        self.caption.say(
            f"Least possible SD in units and per cent, sensor noise {report.noise_mv:.2g} mV on "
            f"the {report.settings['n_trials']:.0f}-trial average, prior uniform over the trained "
            f"ranges, {marked('p_sd = 0')}. {report.settings.table.title}, {today()}.",
        )

    def show_spreads(self, spreads: Sequence[Spread], circuit_name: str, theta: np.ndarray) -> None:
        """Set the estimators' actual spread beside the bound, a mark for each parameter.

        Args:
            spreads: one for each estimator; none takes the marks away.
            circuit_name: the circuit, whose prior the spreads are measured by.
            theta: (9,) the present values, for the per cent.
        """
        prior = prior_sd(circuit(circuit_name))
        columns: dict[str, list[object]] = {c: [] for c in _SPREADS}
        for k, spread in enumerate(spreads):
            shift = _HEIGHT * ((k + 0.5) / len(spreads) - 0.5)
            for row, name in enumerate(INFERRED_NAMES):
                if not np.isfinite(spread.sd[row]):
                    continue
                percent = 100 * spread.sd[row] / theta[row]
                columns["x"].append(min(spread.sd[row] / prior[row], 1.0))
                columns["y"].append(_N - 1 - row - shift)
                columns["name"].append(symbol(name))
                columns["estimator"].append(spread.estimator)
                columns["text"].append(sd_text(name, spread.sd[row], percent))
                columns["marker"].append(spread.marker)
                columns["colour"].append(spread.colour)
        self.spreads.data = columns

    def dim(self, outdated: bool) -> None:
        """Show that the figures are of another point."""
        dim(self.plot, outdated)

    def dress(self, theme: Theme, font: int) -> None:
        """Wear a theme."""
        dress(self.plot, theme, font)
        self._track.glyph.fill_color = theme.wash
        self._bar.glyph.fill_color = theme.ink
        self._text.glyph.update(text_color=theme.text, text_font_size=f"{font}px")
        self.message.dress(theme, font)
