"""Slider set → painted, in headless Chromium, over 200 changes; first load; an outrun drag.

    python tests/benchmarks/page_latency.py [--changes 200] [--json]

Starts its own server, so that nothing else need run. A change is timed in the page, from
setting a slider's value to the second animation frame after all live views have their new
data (two frames counted in, as in docs/design). Medians and 95th percentiles.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time

from playwright.sync_api import Page, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
READY = "document.documentElement.dataset.ready === 'true'"
ONE_CHANGE = """
async ([name, value]) => {
  const doc = Bokeh.documents[0];
  const slider = doc.get_model_by_name(name);
  const bridge = doc.get_model_by_name("bridge_model");
  const before = bridge.frame;
  const start = performance.now();
  slider.value = value;
  await new Promise((done) => {
    const look = () => {
      if (bridge.frame > before) { bridge.properties.frame.change.disconnect(look); done(); }
    };
    bridge.properties.frame.change.connect(look);
  });
  const arrived = performance.now();
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return [performance.now() - start, arrived - start];
}
"""
OUTRUN = """
async ([name, low, high]) => {
  const doc = Bokeh.documents[0];
  const slider = doc.get_model_by_name(name);
  const bridge = doc.get_model_by_name("bridge_model");
  for (let k = 1; k <= 100; k++) {
    slider.value = low + (high - low) * k / 100;
    await new Promise((done) => setTimeout(done, 10));
  }
  const end = performance.now();
  let last = end;
  const look = () => { last = performance.now(); };
  bridge.properties.frame.change.connect(look);
  await new Promise((done) => setTimeout(done, 1500));
  bridge.properties.frame.change.disconnect(look);
  return last - end;
}
"""


def start_server(port: int) -> tuple[subprocess.Popen[str], float]:
    """The server as a user starts it, and the seconds until it was ready."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "explorer.cli", "serve", "--port", str(port), "--no-show"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    for line in server.stdout:
        if "ready" in line:
            return server, time.perf_counter() - start
    raise SystemExit("the server did not start")


def measure(page: Page, changes: int) -> dict[str, float]:
    """Latencies over ``changes`` changes of p_mean, ms."""
    totals, arrivals = [], []
    for k in range(changes + 10):
        value = 140 + 160 * ((k * 37) % 100) / 100
        total, arrived = page.evaluate(ONE_CHANGE, ["p_mean", value])
        if k >= 10:
            totals.append(total)
            arrivals.append(arrived)
        page.wait_for_timeout(30)
    cuts = statistics.quantiles(totals, n=20)
    return {
        "painted_median_ms": statistics.median(totals),
        "painted_p95_ms": cuts[-1],
        "arrived_median_ms": statistics.median(arrivals),
    }


def run(changes: int, port: int) -> dict[str, float]:
    """All figures."""
    server, ready = start_server(port)
    try:
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            loads = []
            for _ in range(5):
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                start = time.perf_counter()
                page.goto(f"http://127.0.0.1:{port}/")
                page.wait_for_function(READY)
                loads.append(time.perf_counter() - start)
                if len(loads) < 5:
                    page.close()
            page.wait_for_timeout(1000)
            figures = measure(page, changes)
            outrun = statistics.median(
                page.evaluate(OUTRUN, ["p_mean", 150.0, 150.0 + k]) for k in (100, 110, 120)
            )
            browser.close()
    finally:
        server.terminate()
    return {
        "server_ready_s": ready,
        "first_load_s": loads[0],
        "load_median_s": statistics.median(loads),
        **figures,
        "outrun_drag_ends_after_ms": outrun,
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--port", type=int, default=5077)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = run(options.changes, options.port)
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:28s} {value:8.2f}")


if __name__ == "__main__":
    main()
