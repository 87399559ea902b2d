"""A real server and a real browser for the tests of the page."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Response

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT_S = 120.0  # a cold numba cache compiles every kernel first
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
READY = "document.documentElement.dataset.ready === 'true'"
_HOME = itertools.cycle(("?", "?circuit=jansen_rit"))  # never the same twice running
GO_HOME = """
(query) => {
  document.querySelectorAll(".notice").forEach((box) => box.remove());
  document.activeElement?.blur();
  const bridge = Bokeh.documents[0].get_model_by_name("bridge_model");
  window.sentHome = bridge.frame;
  bridge.setv({popped: query});
}
"""
AT_HOME = """
() => {
  const bridge = Bokeh.documents[0].get_model_by_name("bridge_model");
  return bridge.frame > window.sentHome && bridge.painted === bridge.frame;
}
"""


@dataclass(frozen=True)
class RunningServer:
    """A server of our own: its address, and the file that holds all it says."""

    url: str
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


@dataclass
class Complaints:
    """What went wrong behind a test: page errors, console errors, tracebacks of the server.

    A test that expects one clears it.
    """

    found: list[str]

    def hear(self, page: Page) -> None:
        page.on("pageerror", self._page_error)
        page.on("console", self._console)
        page.on("response", self._response)

    def stop_hearing(self, page: Page) -> None:
        page.remove_listener("pageerror", self._page_error)
        page.remove_listener("console", self._console)
        page.remove_listener("response", self._response)

    def _page_error(self, error: Error) -> None:
        self.found.append(f"page error: {error}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "favicon" not in str(message.location.get("url")):
            self.found.append(f"console: {message.text}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and "favicon" not in response.url:
            self.found.append(f"HTTP {response.status}: {response.url}")


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> str:
    end = time.monotonic() + START_LIMIT_S
    while time.monotonic() < end:
        said = log.read_text(encoding="utf-8", errors="replace")
        if ready := re.search(r"ready at (http://\S+)", said):
            return ready.group(1)
        if process.poll() is not None:
            pytest.fail(f"the server ended with code {process.returncode}:\n{said}")
        time.sleep(0.05)
    pytest.fail(f"no server after {START_LIMIT_S:.0f} s:\n{said}")


@pytest.fixture(scope="session")
def running_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The server as a user starts it, on a free port, ended with the tests."""
    log = tmp_path_factory.mktemp("server") / "server.log"
    command = [sys.executable, "-m", "explorer.cli", "serve", "--port", "0", "--no-show"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT
        )
        try:
            yield RunningServer(_wait_until_ready(process, log), log)
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="session")
def server(running_server: RunningServer) -> str:
    """Address of the running server, with the closing slash."""
    return running_server.url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium; its path may be given as CHROMIUM."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no browser: install chromium, or name one in CHROMIUM")
    with api.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def complaints(running_server: RunningServer) -> Iterator[Complaints]:
    """Collects what goes wrong on all pages of a test, and fails it at its end."""
    before = len(running_server.said)
    heard = Complaints([])
    yield heard
    said = running_server.said[before:]
    if "Traceback" in said:
        heard.found.append(f"the server said:\n{said}")
    if heard.found:
        pytest.fail("\n".join(heard.found))


@pytest.fixture
def open_page(
    browser: Browser, server: str, complaints: Complaints
) -> Iterator[Callable[..., Page]]:
    """Opens windows, each with its own storage; waits until they can be used."""
    contexts = []

    def open_(query: str = "", width: int = 1440, height: int = 900, dark: bool = False) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        complaints.hear(page)
        page.goto(server + query)
        page.wait_for_function(READY)
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """The page at its defaults, 1440 × 900, light."""
    return open_page()


@pytest.fixture(scope="session")
def window(browser: Browser, server: str) -> Iterator[Page]:
    """One window for the many tests that need no new one."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.goto(server)
    page.wait_for_function(READY)
    yield page
    context.close()


@pytest.fixture
def live(window: Page, complaints: Complaints) -> Iterator[Page]:
    """The shared window, brought back to the defaults: quicker than ``page``.

    Its history and undo hold what other tests did.
    """
    complaints.hear(window)
    query = next(_HOME)
    window.evaluate(GO_HOME, query)
    window.wait_for_function(AT_HOME)
    yield window
    complaints.stop_hearing(window)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser test that fails runs again, twice at most: a shared machine may stall for seconds.

    What fails three times fails the suite.
    """
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=2))
