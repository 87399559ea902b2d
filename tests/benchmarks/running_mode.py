"""Running mode in headless Chromium: updates a second, drift, processor and memory.

    python tests/benchmarks/running_mode.py [--seconds 60] [--json]

Starts its own server. ``--seconds 300`` is the five minutes of the promise: 25 updates a
second, less than 100 ms between model and wall, less than half of one core, memory flat
within 5 %. The clock is read in the page, so its figure includes the wire.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
READY = "document.documentElement.dataset.ready === 'true'"
LINK = "Bokeh.documents[0].get_model_by_name('running_link')"
LOOK = f"() => [performance.now() / 1000, {LINK}.frame, {LINK}.clock]"
WARM_S = 12.0
"""The window is full and the map is finished by then."""


def start_server(port: int) -> subprocess.Popen[str]:
    """The server as a user starts it, ready."""
    command = [sys.executable, "-m", "explorer.cli", "serve", "--port", str(port), "--no-show"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    for line in server.stdout:
        if "ready" in line:
            return server
    raise SystemExit("the server did not start")


def processor_seconds(pid: int) -> float:
    """User and system time of a process so far (Linux)."""
    words = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def memory_mib(pid: int) -> float:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def family(pid: int) -> list[int]:
    """A process and all its descendants (Linux)."""
    found = [pid]
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text(encoding="utf-8", errors="replace").rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(words[1]) == pid:
            found += family(int(path.parent.name))
    return found


def watch(page: Page, pid: int, seconds: float) -> dict[str, float]:
    """Figures over so many seconds, looked at once a second."""
    wall, frame, clock = page.evaluate(LOOK)
    spent, memory = processor_seconds(pid), [memory_mib(pid)]
    others = [p for p in family(os.getpid()) if p not in (pid, os.getpid())]
    browser = sum(map(processor_seconds, others))
    leads = []
    now, frames, model = wall, frame, clock
    while now - wall < seconds:
        page.wait_for_timeout(1000)
        now, frames, model = page.evaluate(LOOK)
        leads.append((model - clock) - (now - wall))
        memory.append(memory_mib(pid))
    span = now - wall
    tail = max(3, len(leads) // 10)
    return {
        "seconds": span,
        "updates_per_s": (frames - frame) / span,
        "drift_ms": 1000 * abs(statistics.median(leads[-tail:]) - statistics.median(leads[:tail])),
        "largest_lag_ms": 1000 * (max(leads) - min(leads)),
        "server_cores": (processor_seconds(pid) - spent) / span,
        "browser_cores": (sum(map(processor_seconds, others)) - browser) / span,
        "server_mib": memory[-1],
        "memory_growth_percent": 100 * (max(memory) / memory[0] - 1),
    }


def run(seconds: float, port: int) -> dict[str, float]:
    """All figures."""
    server = start_server(port)
    try:
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"http://127.0.0.1:{port}/?tab=dynamics")
            page.wait_for_function(READY)
            page.wait_for_function(f"() => {LINK}?.clock > 0")
            time.sleep(WARM_S)
            figures = watch(page, server.pid, seconds)
            browser.close()
    finally:
        server.terminate()
    return figures


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--port", type=int, default=5078)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = run(options.seconds, options.port)
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:24s} {value:8.2f}")


if __name__ == "__main__":
    main()
