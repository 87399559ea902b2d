"""The pictures of the README, taken from the present page in headless Chromium.

python tests/benchmarks/screenshots.py [--out docs/images]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from page_latency import FLAGS, READY, start_server
from playwright.sync_api import Browser, sync_playwright

PICTURES = {
    "explore_light": ("", 1440, 900, "light"),
    "explore_dark": ("?p_mean=120&p_sd=0", 1440, 900, "dark"),
    "explore_narrow": ("", 480, 900, "light"),
    "dynamics": ("?tab=dynamics&p_sd=0", 1440, 900, "light"),
    "estimates": ("?tab=estimates", 1440, 900, "light"),
    "sensitivity": ("?tab=sensitivity", 1440, 900, "light"),
}


def take(browser: Browser, url: str, width: int, height: int, theme: str, path: Path) -> None:
    """One picture of the page at ``url``, once it has come to rest."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
    page = context.new_page()
    page.goto(url)
    page.wait_for_function(READY, timeout=60_000)
    page.wait_for_timeout(5000)
    page.screenshot(path=path)
    context.close()


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    parser.add_argument("--port", type=int, default=5078)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    server, _ = start_server(options.port)
    try:
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            for name, (query, width, height, theme) in PICTURES.items():
                url = f"http://127.0.0.1:{options.port}/{query}"
                take(browser, url, width, height, theme, options.out / f"{name}.png")
            browser.close()
    finally:
        server.terminate()


if __name__ == "__main__":
    main()
