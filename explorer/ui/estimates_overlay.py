"""Each chosen estimate simulated again, over the EEG, the spectrum and the evoked response."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource, Range1d
from bokeh.plotting import figure

from explorer.backend.estimators.names import ESTIMATOR_TITLES
from explorer.backend.estimators.resimulate import Fit, Resimulation, resimulate
from explorer.backend.evoked import Experiment
from explorer.backend.snapshot import RATE, SOURCE
from explorer.backend.spectrum import Spectrum
from explorer.ui.axes import SteadyRange
from explorer.ui.estimate_marks import number
from explorer.ui.estimate_view import EstimateView
from explorer.ui.estimating import Shown
from explorer.ui.newest import Newest
from explorer.ui.sensitivity_parts import Message, Words, dim
from explorer.ui.theme import ESTIMATOR_LOOKS, THEMES, Theme, dress
from explorer.ui.view import STRETCH, float32, plain_figure

if TYPE_CHECKING:
    from explorer.ui.session import Session

WINDOW_S = 2.0
_EVERY = 2
_TIME_MS = Experiment().time * 1e3
_HEADS = (
    "", "evoked: off by", "r", "EEG: r", "spectrum: off by",
)  # fmt: skip
_RULE = (
    "Thick: observed; thin: each estimate simulated again. Off by: root mean square difference; "
    "× noise ≈ 1 means that no data of this noise could tell the estimate from the truth. Ongoing "
    "EEG shares the background noise of the seed, so its r tells about the rhythm's timing too."
)


class _Lines:
    """One figure: what was observed, and one line for each estimate."""

    def __init__(self, name: str, x: Range1d, y: SteadyRange, x_label: str, y_label: str) -> None:
        self.y = y
        self.plot: figure = plain_figure(name, x, y.range, x_label, y_label)
        self.observed = ColumnDataSource({"x": [], "y": []})
        self.estimates = ColumnDataSource(
            {"xs": [], "ys": [], "colour": [], "dash": [], "name": []}, name=f"{name}_estimates"
        )
        self._line = self.plot.line("x", "y", source=self.observed, line_width=3.0)
        self._lines = self.plot.multi_line(
            "xs", "ys", source=self.estimates, line_color="colour", line_dash="dash",
            line_width=1.8,
        )  # fmt: skip
        self.message = Message(self.plot)

    def show(
        self, x: np.ndarray, y: np.ndarray | None, curves: dict[str, np.ndarray], theme: Theme
    ) -> None:
        """Draw ``y`` over x (n,), if there is one, and the estimates' curves (n,)."""
        seen = np.zeros(0) if y is None else y
        self.observed.data = {"x": float32(x[: seen.size]), "y": float32(seen)}
        looks = [ESTIMATOR_LOOKS[name] for name in curves]
        self.estimates.data = {
            "xs": [float32(x)] * len(curves),
            "ys": [float32(curve) for curve in curves.values()],
            "colour": [look.colours[theme.name] for look in looks],
            "dash": [list(look.dash) for look in looks],
            "name": [ESTIMATOR_TITLES[name] for name in curves],
        }
        everything = np.concatenate([seen, *curves.values()])
        if everything.size:
            self.y.settle(float(everything.min()), float(everything.max()))

    def dress(self, theme: Theme, font: int, recorded: bool) -> None:
        dress(self.plot, theme, font)
        self._line.glyph.update(
            line_color=theme.recording if recorded else theme.ink,
            line_dash="dashed" if recorded else "solid",
        )
        self.message.dress(theme, font)


class OverlayView(EstimateView):
    """Re-simulated estimates over the observed curves, with misfits."""

    key = "overlay"
    title = "Overlay"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._theme, self._font = THEMES["light"], 13
        self._again: Resimulation | None = None
        self._shown: Shown | None = None
        self.work = Newest(session.doc, session.complain)
        self.wave = _Lines(
            "overlay_evoked", Range1d(-200.0, 1000.0), SteadyRange(-1.0, 1.0, 0.05),
            "time after the pulse (ms)", "evoked source (mV)",
        )  # fmt: skip
        self.eeg = _Lines(
            "overlay_eeg", Range1d(-WINDOW_S, 0.0), SteadyRange(-2.0, 12.0, 0.5),
            "time before now (s)", "source y1 − y2 (mV)",
        )  # fmt: skip
        self.spectrum = _Lines(
            "overlay_spectrum", Range1d(1.0, 45.0), SteadyRange(-60.0, 10.0, 20.0),
            "frequency (Hz)", "power (dB)",
        )  # fmt: skip
        self.table = Words("overlay_table")
        self.caption = Words("overlay_caption", _RULE)

    @property
    def figures(self) -> tuple[_Lines, ...]:
        """The three figures."""
        return self.wave, self.eeg, self.spectrum

    def panel(self) -> pn.Column:
        return pn.Column(
            *(pn.pane.Bokeh(one.plot, sizing_mode=STRETCH) for one in self.figures),
            self.table.box, self.caption.box, sizing_mode=STRETCH, margin=0,
        )  # fmt: skip

    def show(self, shown: Shown | None) -> None:
        if shown is None or not shown.reading.estimates:
            self._empty("No estimates to simulate again.")
            return
        channel = self.session.state.choices.eeg
        same = self._shown is shown and self._again and self._again.channel == channel
        if same:
            self._draw()
            return
        if not shown.final:
            return
        self._shown = shown
        self.moved(True)
        self.work.ask(
            lambda progress: resimulate(shown.settings, shown.reading, channel, progress),
            lambda again: self._arrived(shown, again),
        )

    def _arrived(self, shown: Shown, again: Resimulation) -> None:
        self._again = again
        self._draw()
        self.moved(shown.settings != self.session.state.settings)

    def _empty(self, text: str) -> None:
        self._shown = self._again = None
        for one in self.figures:
            one.show(np.zeros(0), None, {}, self._theme)
        self.wave.message.say((400.0, 0.0, text, 40))
        self.table.say("")

    def _draw(self) -> None:
        again, shown = self._again, self._shown
        if again is None or shown is None:
            return
        self.wave.message.say()
        fits = {name: fit for name, fit in again.fits.items() if name in self.names}
        recorded = shown.truth is None
        unit = "source y1 − y2 (mV)" if again.channel == SOURCE else f"{again.channel} (µV)"
        self.eeg.plot.yaxis.axis_label = unit
        self.wave.show(
            _TIME_MS, again.observed.wave, {n: f.curves.wave for n, f in fits.items()}, self._theme
        )
        self._draw_ongoing(again, fits, recorded)
        for one in self.figures:
            one.dress(self._theme, self._font, recorded)
        self.table.say(_table(fits, recorded, self._theme))

    def _draw_ongoing(self, again: Resimulation, fits: dict[str, Fit], recorded: bool) -> None:
        last = slice(-round(WINDOW_S * RATE) - 1, None, _EVERY)
        n = again.observed.signal[last].size
        own, spectrum = again.observed.signal[last], again.observed.spectrum
        self.eeg.show(
            np.linspace(-WINDOW_S, 0.0, n), None if recorded else own,
            {name: fit.curves.signal[last] for name, fit in fits.items()}, self._theme,
        )  # fmt: skip
        band = (spectrum.frequency >= 1.0) & (spectrum.frequency <= 45.0)

        def decibels(one: Spectrum) -> np.ndarray:
            return np.asarray(one.decibels(1e-7)[band])

        self.spectrum.show(
            spectrum.frequency[band], None if recorded else decibels(spectrum),
            {name: decibels(fit.curves.spectrum) for name, fit in fits.items()}, self._theme,
        )  # fmt: skip

    def moved(self, outdated: bool) -> None:
        for one in self.figures:
            dim(one.plot, outdated)

    def dress(self, theme: Theme, font: int) -> None:
        self._theme, self._font = theme, font
        for one in self.figures:
            one.dress(theme, font, self._shown is not None and self._shown.truth is None)
        self._draw()

    def close(self) -> None:
        self.work.stop()


def _r(value: float) -> str:
    """Pearson's r, "–" where one of the two curves is flat."""
    return f"{value:.3f}".replace("-", "−") if np.isfinite(value) else "–"


def _table(fits: dict[str, Fit], recorded: bool, theme: Theme) -> str:
    """The misfits as an HTML table."""
    rows = []
    for name, fit in fits.items():
        look = ESTIMATOR_LOOKS[name]
        noise = f", {number(fit.in_noise)} × noise" if np.isfinite(fit.in_noise) else ""
        cells = [
            f'<span style="color:{look.colours[theme.name]}">{look.glyph}</span> '
            f"{ESTIMATOR_TITLES[name]}",
            f"{number(fit.wave_mv)} mV{noise}",
            _r(fit.wave.r),
            "–" if recorded else _r(fit.signal.r),
            "–" if recorded else f"{fit.spectrum_db:.1f} dB",
        ]
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    style = "text-align:left;font-weight:600;padding-right:6px"
    heads = "".join(f'<th style="{style}">{h}</th>' for h in _HEADS)
    return f'<table style="width:100%">{heads}{"".join(rows)}</table>'
