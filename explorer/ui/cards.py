"""The cards of the dashboard and the small choices in their heads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import panel as pn
import param

from explorer.state import CHANNELS, STATE_VARIABLES
from explorer.ui.styles import FIELD, UNSEEN_LABEL

if TYPE_CHECKING:
    from explorer.ui.session import Session


@dataclass(frozen=True)
class Card:
    """A card: the figure's name, the title, a quiet hint, the root of its choices."""

    name: str
    title: str
    hint: str = ""
    choice: str = ""


CARDS: tuple[Card, ...] = (
    Card("eeg", "EEG, last 4 seconds", "drag τᵢ and watch the rhythm slow", "eeg_choice"),
    Card("spectrum", "Spectrum", "watch the peak move"),
    Card("evoked", "Evoked response", "click to move the map", "evoked_choice"),
    Card("scalp", "Scalp map", "", "cursor_choice"),
    Card("phase", "Phase", "", "phase_choice"),
)
_MS = ":host { font-size: calc(var(--size) - 1px); color: var(--text); line-height: 24px; }"
_TITLES = {"y0": "y0", "y1": "y1", "y2": "y2", "y1-y2": "y1 − y2"}


def _select(
    session: Session, field: str, options: dict[str, str], width: int, label: str
) -> pn.widgets.Select:
    widget = pn.widgets.Select(
        options=options, value=getattr(session.state.choices, field), width=width,
        stylesheets=[FIELD, UNSEEN_LABEL], margin=0, name=label,
    )  # fmt: skip
    widget.param.watch(lambda event: session.choose(**{field: event.new}), "value")

    def follow(event: object) -> None:
        value = getattr(session.state.choices, field)
        if widget.value != value:
            widget.value = value

    session.state.param.watch(follow, "choices")
    return widget


def choice_widgets(session: Session) -> dict[str, pn.viewable.Viewable]:
    """Root name → widgets in a card's head."""
    channels = {name: name for name in CHANNELS}
    variables = {_TITLES.get(v, v.replace("dy", "y") + "′"): v for v in STATE_VARIABLES}
    times = pn.widgets.FloatInput(
        value=session.state.choices.cursor_ms, start=-200, end=1000, step=4, width=72,
        stylesheets=[FIELD, UNSEEN_LABEL], margin=0, format="0", name="Time of the map, ms",
    )  # fmt: skip

    def timed(event: param.parameterized.Event) -> None:
        if event.new is None:  # the box was emptied: back to what it said
            times.value = session.state.choices.cursor_ms
        else:
            session.choose(cursor_ms=float(np.clip(event.new, -200.0, 1000.0)))

    times.param.watch(timed, "value")
    session.state.param.watch(
        lambda event: times.param.update(value=session.state.choices.cursor_ms), "choices"
    )
    session.evoked.on_pick(lambda ms: session.choose(cursor_ms=ms))
    return {
        "eeg_choice": _select(
            session, "eeg", {"source y1 − y2": "source", **channels}, 130, "Signal"
        ),
        "evoked_choice": _select(
            session, "evoked", {"strongest": "strongest", **channels}, 104, "Channel in ink"
        ),
        "cursor_choice": pn.Row(
            times, pn.pane.HTML("ms", margin=(0, 0, 0, 3), stylesheets=[_MS]), margin=0
        ),
        "phase_choice": pn.Row(
            _select(session, "phase_x", variables, 62, "Horizontal axis"),
            _select(session, "phase_y", variables, 62, "Vertical axis"),
            margin=0,
        ),
    }
