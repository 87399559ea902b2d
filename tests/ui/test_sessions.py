"""A closed window leaves nothing behind on the server."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COUNTING_SERVER = """
import gc
from tornado.ioloop import PeriodicCallback
from explorer.ui.app import make_server
from explorer.ui.session import Session

def count():
    gc.collect()
    n = sum(isinstance(thing, Session) for thing in gc.get_objects())
    print("sessions", n, flush=True)

server = make_server(0)
PeriodicCallback(count, 400).start()
print(f"ready at http://127.0.0.1:{server.port}/", flush=True)
server.run_until_shutdown()
"""


@pytest.fixture
def counting_server(tmp_path) -> Iterator[Callable[[], str]]:
    """A server that says how many sessions live; gives all it has said."""
    log = tmp_path / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", COUNTING_SERVER], cwd=ROOT, stdout=out, stderr=subprocess.STDOUT
        )
        try:
            yield log.read_text
        finally:
            process.terminate()
            process.wait(20)


def wait_said(said: Callable[[], str], last: Callable[[str], bool], seconds: float) -> str:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        lines = said().splitlines()
        if lines and last(lines[-1]):
            return lines[-1]
        time.sleep(0.2)
    pytest.fail(f"after {seconds} s the server said:\n{said()[-2000:]}")


def test_closing_windows_frees_what_they_held(browser, counting_server):
    said = counting_server
    wait_said(said, lambda line: line.startswith(("ready", "sessions")), 120)
    url = next(line.split()[-1] for line in said().splitlines() if line.startswith("ready"))
    windows = []
    for _ in range(2):
        page = browser.new_page()
        page.goto(url)
        page.wait_for_function("document.documentElement.dataset.ready === 'true'")
        windows.append(page)
    wait_said(said, lambda line: line == "sessions 2", 20)
    windows[0].close()
    wait_said(said, lambda line: line == "sessions 1", 40)
    page = windows[1]
    frame = "Bokeh.documents[0].get_model_by_name('bridge_model').frame"
    before = page.evaluate(frame)
    page.evaluate("() => { Bokeh.documents[0].get_model_by_name('A_e').value = 4 }")
    page.wait_for_function(f"(n) => {frame} > n", arg=before)  # the other lives on
    page.close()
    wait_said(said, lambda line: line == "sessions 0", 40)
