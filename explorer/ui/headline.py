"""The two lines above the cards: the regime of the model, and the SNR of its response."""

from __future__ import annotations

import math

from bokeh.models import Div

from explorer.backend.snapshot import Snapshot

_WORDS = ":host {{ font-size:{size}px; color: var(--text); font-weight: {weight}; }}"
_SIZE, _LECTURE_SIZE = 17, 22


def decibels(value: float) -> str:
    """An SNR in words."""
    if math.isinf(value):
        return "no sensor noise" if value > 0 else "no response"
    return f"{value:.0f} dB"


def snr_words(shot: Snapshot) -> str:
    """The SNR of a single trial and of the average."""
    single, average = shot.snr_single, shot.snr_average
    if math.isfinite(single):
        return f"SNR {decibels(single)} single trial, {decibels(average)} average"
    return f"SNR {decibels(single)}"


def _words(name: str) -> Div:
    """Words that change with every frame (page.js writes them in place)."""
    return Div(name=name, tags=["words"], sizing_mode="stretch_width", margin=(2, 0))


class Headline:
    """Words that follow the state.

    Attributes:
        regime: names the regime of the model.
        snr: of the evoked response.
    """

    def __init__(self) -> None:
        self.regime, self.snr = _words("headline"), _words("snr")

    def show(self, shot: Snapshot) -> None:
        """Say what a snapshot shows; what is said already is not sent again."""
        for words, new in ((self.regime, shot.headline), (self.snr, snr_words(shot))):
            if words.text != new:
                words.text = new

    def dress(self, lecture: bool) -> None:
        """Set the size of the words."""
        size = _LECTURE_SIZE if lecture else _SIZE
        self.regime.stylesheets = [_WORDS.format(size=size, weight=600)]
        self.snr.stylesheets = [_WORDS.format(size=size - 3, weight=400)]
