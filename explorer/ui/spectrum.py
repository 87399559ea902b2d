"""The power spectral density of the ongoing signal, with bands and the peak named."""

from __future__ import annotations

import numpy as np
from bokeh.models import BoxAnnotation, ColumnDataSource, GlyphRenderer, Label, Range1d

from explorer.backend.snapshot import Snapshot
from explorer.backend.spectrum import BANDS, Spectrum, band_of
from explorer.ui.axes import SteadyRange
from explorer.ui.theme import Theme
from explorer.ui.view import LiveView, Table, float32, hover, plain_figure, replace_columns

LOW_HZ, HIGH_HZ = 1.0, 45.0
DEPTH_DB = 50.0
"""How far below the peak the axis reaches."""


def peak_text(frequency: float | None) -> str:
    """The peak in words: ``10.9 Hz, alpha``."""
    if frequency is None:
        return ""
    band = band_of(frequency)
    return f"{frequency:.1f} Hz" + (f", {band.name}" if band else "")


class SpectrumView(LiveView):
    """Welch spectrum in dB, of the model and of a recording."""

    name = "spectrum"
    title = "Spectrum"

    def __init__(self) -> None:
        self.source = ColumnDataSource({"x": float32(np.zeros(0)), "y": float32(np.zeros(0))})
        self.recorded = ColumnDataSource({"x": float32(np.zeros(0)), "y": float32(np.zeros(0))})
        self.peak = ColumnDataSource({"x": [], "y": [], "text": []})
        self.recorded_peak = ColumnDataSource({"x": [], "y": [], "text": []})
        self.y_axis = SteadyRange(-50.0, 10.0, 30.0)
        self.plot = plain_figure(
            self.name,
            Range1d(LOW_HZ, HIGH_HZ),
            self.y_axis.range,
            "frequency (Hz)",
            "power (dB re 1 mV²/Hz)",
            (hover([("frequency", "@x{0.00} Hz"), ("density", "@y{0.0} dB")]),),
        )
        self._bands, self._names = self._draw_bands()
        self._recorded_line = self.plot.line(
            "x", "y", source=self.recorded, line_width=1.8, line_dash="dashed"
        )
        self._line = self.plot.line("x", "y", source=self.source, line_width=1.8)
        self._mark = self.plot.scatter("x", "y", source=self.peak, marker="circle", size=8)
        self._mark_text = self._write("x", "y", "text", self.peak, y_offset=0)
        self._recorded_text = self._write("x", "y", "text", self.recorded_peak, y_offset=-14)

    def _draw_bands(self) -> tuple[list[BoxAnnotation], list[Label]]:
        boxes = []
        for k, band in enumerate(BANDS.values()):
            box = BoxAnnotation(left=band.low, right=band.high, line_color=None, level="image")
            box.fill_alpha = 0.75 if k % 2 == 0 else 0.25
            self.plot.add_layout(box)
            boxes.append(box)
        names = [
            Label(
                x=min(max((band.low + band.high) / 2, 2.2), 40), y=2, y_units="screen",
                text=band.symbol, text_align="center", level="underlay",
            )
            for band in BANDS.values()
        ]  # fmt: skip
        for name in names:
            self.plot.add_layout(name)
        return boxes, names

    def _write(
        self, x: str, y: str, text: str, source: ColumnDataSource, y_offset: int
    ) -> GlyphRenderer:
        return self.plot.text(
            x, y, text=text, source=source, x_offset=8, y_offset=y_offset, text_baseline="bottom"
        )

    def update(self, shot: Snapshot) -> None:
        x, y = self._visible(shot.spectrum)
        self.plot.yaxis.axis_label = f"power (dB re 1 {shot.signal_unit}²/Hz)"
        top = float(y.max())
        self.y_axis.follow(max(top - DEPTH_DB, float(y.min())), top + 4.0)
        replace_columns(self.source, x=float32(x), y=float32(y))
        frequency = shot.spectrum.peak(LOW_HZ, HIGH_HZ)
        self._show_peak(self.peak, shot.spectrum, frequency)

    @staticmethod
    def _visible(spectrum: Spectrum) -> tuple[np.ndarray, np.ndarray]:
        inside = (spectrum.frequency >= LOW_HZ) & (spectrum.frequency <= HIGH_HZ)
        return spectrum.frequency[inside], spectrum.decibels()[inside]

    @staticmethod
    def _show_peak(source: ColumnDataSource, spectrum: Spectrum, frequency: float | None) -> None:
        if frequency is None:
            source.data = {"x": [], "y": [], "text": []}
            return
        height = float(np.interp(frequency, spectrum.frequency, spectrum.decibels()))
        source.data = {"x": [frequency], "y": [height], "text": [peak_text(frequency)]}

    def show_recording(self, spectrum: Spectrum | None) -> None:
        """Draw a recording's spectrum (µV²/Hz) over the model's, or take it away."""
        if spectrum is None:
            self.recorded.data = {"x": float32(np.zeros(0)), "y": float32(np.zeros(0))}
            self._show_peak(self.recorded_peak, Spectrum(np.zeros(2), np.zeros(2)), None)
            return
        x, y = self._visible(spectrum)
        self.y_axis.follow(float(y.min()), float(y.max()) + 4.0)
        self.recorded.data = {"x": float32(x), "y": float32(y)}
        self._show_peak(self.recorded_peak, spectrum, spectrum.peak(5.0, HIGH_HZ))

    def settle(self) -> None:
        y = np.concatenate([self.source.data["y"], self.recorded.data["y"]])
        if y.size:
            top = float(y.max())
            self.y_axis.settle(max(top - DEPTH_DB, float(y.min())), top + 4.0)

    def lock(self, locked: bool) -> None:
        self.y_axis.locked = locked

    def table(self) -> Table:
        data = self.source.data
        return Table({"frequency_hz": data["x"], "density_db": data["y"]})

    def dress(self, theme: Theme, font: int) -> None:
        super().dress(theme, font)
        for box in self._bands:
            box.fill_color = theme.wash
        self._line.glyph.line_color = theme.ink
        self._mark.glyph.update(fill_color=theme.ink, line_color=theme.paper)
        self._recorded_line.glyph.line_color = theme.recording
        size = f"{font}px"
        self._mark_text.glyph.update(text_color=theme.text, text_font_size=size)
        self._recorded_text.glyph.update(text_color=theme.recording, text_font_size=size)
        for name in self._names:
            name.update(text_color=theme.muted, text_font_size=size)
