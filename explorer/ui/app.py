"""The page put together, and the server that gives each visitor one."""

from __future__ import annotations

import gc
import logging
from pathlib import Path
from typing import Any

import panel as pn
from bokeh.document import Document
from bokeh.models import CustomJS, Spacer
from bokeh.server.server import Server

from explorer.backend.circuits import CIRCUITS
from explorer.backend.estimators.service import SERVICE
from explorer.backend.warm import warm_page
from explorer.ui.cards import CARDS, choice_widgets
from explorer.ui.controls import COLLAPSED, ORDER
from explorer.ui.exporter import Exporter
from explorer.ui.model_page import HELP, model_html
from explorer.ui.session import Session
from explorer.ui.sobol_view import shipped_table
from explorer.ui.tabs import TAB_KINDS
from explorer.ui.wire import forget_closed_windows, send_at_once, take_short_turns

STATIC = Path(__file__).parent / "static"
TITLE = "Jansen-Rit Explorer"
MESSAGE_LIMIT = 300 * 2**20
"""Largest message from the page in bytes: a 200 MB recording and its wrapping."""
LOAD_AFTER_S = 8.0
"""Without a page, the networks load this long after the start; a page that has opened asks at
once, and so none opens more slowly for them."""

pn.extension("filedropper", inline=False)


def _key(title: str) -> str:
    return "group_" + title.lower().replace(" ", "_")


def _variables() -> dict[str, object]:
    return {
        "page_css": (STATIC / "page.css").read_text(encoding="utf-8"),
        "page_js": "\n".join(
            (STATIC / name).read_text(encoding="utf-8") for name in ("bokeh_changes.js", "page.js")
        ),
        "groups": [(title, _key(title), title in COLLAPSED) for title in ORDER],
        "tabs": [
            ("explore", "Explore"),
            *((key, kind.title) for key, kind in TAB_KINDS.items()),
            ("model", "Model"),
        ],
        "extra_tabs": list(TAB_KINDS),
        "cards": CARDS,
        "pages": (("model", model_html()),),
        "help_html": HELP,
    }


class PageTemplate(pn.Template):
    """A template whose roots are counted once and not after each, which saves a second.

    Nor is the page described anew, as text for a notebook, for every root added.
    """

    def __repr__(self) -> str:
        return type(self).__name__

    def _init_doc(self, doc: Document | None = None, *args: Any, **options: Any) -> Document:
        doc = doc or pn.state.curdoc
        with doc.models.freeze():
            return super()._init_doc(doc, *args, **options)


def page() -> pn.Template:
    """A new visitor's page."""
    search = pn.state.location.search if pn.state.location else ""
    session = Session(search)
    template = PageTemplate((STATIC / "page.html").read_text(encoding="utf-8"))
    for name, value in _variables().items():
        template.add_variable(name, value)

    def place(name: str, thing: pn.viewable.Viewable) -> None:
        template.add_panel(f"at_{name}", thing)

    for view in session.views:
        place(view.name, view.pane())
    for title in ORDER:
        place(_key(title), session.controls.panel(title))
    for name, widget in choice_widgets(session).items():
        place(name, widget)
    for key, slot in session.slots.items():
        place(f"tab_{key}", slot)
    place("sobol_compact", session.sobol.panel())
    place("estimates_compact", session.estimates.panel())
    place("circuit", session.header.circuit)
    place("preset", session.header.preset)
    place("headline", pn.pane.Bokeh(session.headline.regime))
    place("snr", pn.pane.Bokeh(session.headline.snr))
    place("recording", session.recording.layout)
    place("export", Exporter(session).panel())
    pn.state.on_session_destroyed(lambda _context: session.close())
    carrier = Spacer(width=0, height=0)
    carrier.js_on_change("width", CustomJS(args={"bridge": session.bridge}, code=""))
    place("bridge", pn.pane.Bokeh(carrier))
    return template


def make_server(port: int, address: str = "127.0.0.1") -> Server:
    """A running server; its loop is not started yet.

    Args:
        port: 0 for any free one.
        address: interface to listen on.
    """
    logging.getLogger("bokeh").setLevel(logging.ERROR)
    send_at_once()
    take_short_turns()
    warm_page()
    for name in CIRCUITS:
        shipped_table(name)
    gc.freeze()  # what stays for good is not looked through at each page: a quarter off its making
    names = {address, "localhost"} if address in ("127.0.0.1", "0.0.0.0") else {address}
    server = pn.serve(
        {"/": page},
        port=port,
        address=address,
        title=TITLE,
        show=False,
        start=False,
        threaded=False,
        websocket_max_message_size=MESSAGE_LIMIT,
        websocket_origin=[f"{name}:{port}" for name in names] if port else "*",
        check_unused_sessions_milliseconds=2000,
        unused_session_lifetime_milliseconds=10000,
    )
    forget_closed_windows(server.io_loop.asyncio_loop)  # type: ignore[attr-defined]
    server.io_loop.call_later(LOAD_AFTER_S, SERVICE.start)
    return server


def serve(port: int = 5006, address: str = "127.0.0.1", show: bool = True) -> None:
    """Serve the page until interrupted.

    Args:
        port: port to listen on, 0 for any free one.
        address: interface to listen on.
        show: open the browser.
    """
    server = make_server(port, address)
    url = f"http://{address}:{server.port}/"
    print(f"{TITLE} is ready at {url} (stop with Ctrl-C).", flush=True)
    if show:
        server.io_loop.add_callback(server.show, "/")
    try:
        server.run_until_shutdown()
    except KeyboardInterrupt:
        server.stop()
