"""What page and server tell each other beside the widgets' values."""

from __future__ import annotations

from bokeh.core.properties import Bool, Float, Int, String
from bokeh.model import DataModel


class Bridge(DataModel):
    """A small shared record, one for each open page.

    ``frame``: number of the newest frame sent; ``painted``: newest frame that the page
    has painted; ``search``: the URL's query that describes the state; ``popped``: query
    that the browser went back to; ``notice``: newest message, as JSON; ``cursor_ms``:
    time under the cursor of the evoked response; ``theme``: ``light`` or ``dark``;
    ``lecture``: large type; ``tab``: open tab; ``command``: newest press of a button or
    shortcut, as ``name#count``; ``can``: which of undo and redo are possible.
    """

    frame = Int(0)
    painted = Int(0)
    search = String("")
    popped = String("")
    notice = String("")
    cursor_ms = Float(100.0)
    theme = String("light")
    lecture = Bool(False)
    tab = String("explore")
    command = String("")
    can = String("")
