"""What running mode shows: EEG as on a recorder, and its spectrum."""

from __future__ import annotations

import numpy as np
from bokeh.models import ColumnDataSource, Label, Range1d

from explorer.backend.rhythm import measure
from explorer.backend.running import RunningModel
from explorer.backend.spectrum import spectrum
from explorer.ui.axes import SteadyRange
from explorer.ui.theme import Theme, dress
from explorer.ui.view import float32, hover, plain_figure, replace_columns

SHOWN_S = 5.0
_EVERY = 4  # 250 samples a second are drawn and analysed


class RunningEeg:
    """The source of the last seconds, scrolling; marks where it was touched."""

    def __init__(self) -> None:
        n = round(SHOWN_S / 0.001) // _EVERY + 1
        self.source = ColumnDataSource(
            {"x": float32(np.linspace(-SHOWN_S, 0.0, n)), "y": float32(np.full(n, np.nan))}
        )
        self.marks = ColumnDataSource({"x": [], "text": []})
        self._events: list[tuple[float, str]] = []
        self.y_axis = SteadyRange(-2.0, 14.0, 0.5)
        self.plot = plain_figure(
            "running_eeg", Range1d(-SHOWN_S, 0.0), self.y_axis.range,
            "time before now (s)", "source y1 − y2 (mV)",
            (hover([("time", "@x{0.000} s"), ("source", "@y{0.00} mV")]),),
        )  # fmt: skip
        self._line = self.plot.line("x", "y", source=self.source, line_width=1.6)
        self._line.glyph.tags = ["unindexed"]  # see page.js
        self._text = self.plot.text(
            "x", y=4, text="text", source=self.marks, text_align="center", text_baseline="bottom"
        )
        self._text.glyph.update(y={"value": 0.0}, y_offset=-20)
        self.words = Label(  # words beside a figure would lay out the whole tab at each change
            x=8, y=4, x_units="screen", y_units="screen", text="", name="running_rhythm"
        )  # fmt: skip
        self.plot.add_layout(self.words)

    def mark(self, clock: float, words: str) -> None:
        """Remember that something was done at a model time (s)."""
        self._events.append((clock, words))

    def forget_marks(self) -> None:
        """The clock begins anew."""
        self._events.clear()

    def follow(self, model: RunningModel, source: np.ndarray) -> None:
        """Show the newest samples of the source (n,), one a step."""
        y = np.full(self.source.data["x"].size, np.nan, dtype=np.float32)
        newest = source[::-_EVERY][: y.size]
        y[y.size - newest.size :] = newest[::-1]
        self.y_axis.follow(float(newest.min()), float(newest.max()))
        replace_columns(self.source, y=y)
        self._events = [e for e in self._events if e[0] > model.clock - SHOWN_S]
        if self._events or len(self.marks.data["x"]):
            self._text.glyph.y = {"value": self.y_axis.range.start}
            self.marks.data = {
                "x": [clock - model.clock for clock, _ in self._events],
                "text": [words for _, words in self._events],
            }

    def settle(self) -> None:
        """Let the axis fit what is shown."""
        y = self.source.data["y"]
        if np.isfinite(y).any():
            self.y_axis.settle(float(np.nanmin(y)), float(np.nanmax(y)))

    def dress(self, theme: Theme, font: int) -> None:
        """Wear a theme."""
        dress(self.plot, theme, font)
        self._line.glyph.line_color = theme.ink
        for text in (self._text.glyph, self.words):
            text.update(text_color=theme.text, text_font_size=f"{font}px")


class RunningSpectrum:
    """Welch's spectrum of the running window."""

    LOW_HZ, HIGH_HZ, DEPTH_DB, SHORTEST_S, SILENT_MV = 1.0, 45.0, 50.0, 1.0, 1e-3

    def __init__(self) -> None:
        self.source = ColumnDataSource({"x": float32(np.zeros(0)), "y": float32(np.zeros(0))})
        self.peak = ColumnDataSource({"x": [], "y": [], "text": []})
        self.y_axis = SteadyRange(-50.0, 10.0, 30.0)
        self.plot = plain_figure(
            "running_spectrum", Range1d(self.LOW_HZ, self.HIGH_HZ), self.y_axis.range,
            "frequency (Hz)", "density (dB re 1 mV²/Hz)",
            (hover([("frequency", "@x{0.00} Hz"), ("density", "@y{0.0} dB")]),),
        )  # fmt: skip
        self._line = self.plot.line("x", "y", source=self.source, line_width=1.8)
        self._line.glyph.tags = ["unindexed"]
        self._peak = self.plot.scatter("x", "y", source=self.peak, size=8, marker="circle")
        self._text = self.plot.text(
            "x", "y", "text", source=self.peak, x_offset=8, y_offset=-4, text_baseline="bottom"
        )
        self.words = Label(
            x=8, y=8, x_units="screen", y_units="screen", text="", name="running_spectrum_words"
        )
        self.plot.add_layout(self.words)

    def follow(self, source: np.ndarray) -> None:
        """Show the spectrum of the newest samples of the source (n,), one a step."""
        slow = source[::-_EVERY][::-1]
        if slow.size < self.SHORTEST_S * 250.0:
            self._say("the first second is being gathered")
        elif np.ptp(slow) < self.SILENT_MV:
            self._say("at rest: no oscillation")
        else:
            self._say("")
            self._show(slow)

    def _say(self, words: str) -> None:
        if words != self.words.text:
            self.words.text = words
        if words and len(self.source.data["x"]):
            self.source.data = {"x": float32(np.zeros(0)), "y": float32(np.zeros(0))}
            self.peak.data = {"x": [], "y": [], "text": []}

    def _show(self, slow: np.ndarray) -> None:
        found = spectrum(slow, 250.0)
        inside = (found.frequency >= self.LOW_HZ) & (found.frequency <= self.HIGH_HZ)
        y = found.decibels()[inside]
        top = float(y.max())
        self.y_axis.follow(max(top - self.DEPTH_DB, float(y.min())), top + 4.0)
        self.source.data = {"x": float32(found.frequency[inside]), "y": float32(y)}
        frequency = found.peak(self.LOW_HZ, self.HIGH_HZ)
        peaks = [] if frequency is None else [frequency]
        self.peak.data = {
            "x": peaks,
            "y": [float(np.interp(f, found.frequency, found.decibels())) for f in peaks],
            "text": [f"{f:.1f} Hz" for f in peaks],
        }

    def settle(self) -> None:
        """Let the axis fit what is shown."""
        y = self.source.data["y"]
        if len(y):
            self.y_axis.settle(max(float(y.max()) - self.DEPTH_DB, float(y.min())), y.max() + 4.0)

    def dress(self, theme: Theme, font: int) -> None:
        """Wear a theme."""
        dress(self.plot, theme, font)
        self._line.glyph.line_color = theme.ink
        self._peak.glyph.update(fill_color=theme.ink, line_color=theme.paper)
        for text in (self._text.glyph, self.words):
            text.update(text_color=theme.text, text_font_size=f"{font}px")


def rhythm_words(source: np.ndarray, dt: float) -> str:
    """The rhythm of the last three seconds of a source (n,) in words."""
    recent = source[-round(3.0 / dt) :]
    if recent.size < 0.5 / dt:
        return "starting"
    rhythm = measure(recent, dt)
    swing = float(np.ptp(recent))
    if swing < RunningSpectrum.SILENT_MV:
        return f"at rest at {recent[-1]:.2f} mV"
    rate = f"{rhythm.frequency_hz:.1f} Hz, " if rhythm.frequency_hz else ""
    return f"{rate}{swing:.3g} mV peak to peak"
