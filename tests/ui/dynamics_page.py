"""Opening, reading and moving the Dynamics tab."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.ui.helpers import column, get, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Page

MODEL = "((name) => Bokeh.documents[0].get_model_by_name(name))"
CRITICALS = "bifurcation_criticals"
FRAME = f"""
(name) => {{
  const view = Bokeh.index.find_one({MODEL}(name));
  const at = view.el.getBoundingClientRect(), f = view.frame.bbox;
  return [at.x + f.left, at.y + f.top, f.width, f.height];
}}
"""


def open_tab(open_page: Callable[..., Page], **values: Any) -> Page:
    query = "&".join(f"{k}={v}" for k, v in {"tab": "dynamics", **values}.items())
    page = open_page(f"?{query}")
    wait_for(page, f"() => {MODEL}('running_link')?.painted > 2", timeout=30_000)
    return page


def model_seconds(page: Page, seconds: float) -> None:
    """Let the running model go on for so long."""
    start = get(page, "running_link", "clock")
    wait_for(page, f"(t) => {MODEL}('running_link').clock > t", start + seconds, timeout=60_000)


def press(page: Page, label: str) -> None:
    page.get_by_role("button", name=label, exact=True).click()


def restart(page: Page, label: str) -> None:
    """Press a restart, and wait until the clock has begun anew."""
    model_seconds(page, 0.5)
    before = get(page, "running_link", "clock")
    press(page, label)
    wait_for(page, f"(t) => {MODEL}('running_link').clock < t", before, timeout=20_000)


def set_model(page: Page, name: str, attribute: str, value: Any) -> None:
    page.evaluate(f"([n, k, v]) => {{ {MODEL}(n)[k] = v }}", [name, attribute, value])


def named_source(page: Page, name: str, columns: str) -> list[Any]:
    values = page.evaluate(f"([n, c]) => Array.from({MODEL}(n).data[c])", [name, columns])
    return list(values)


def running_source(page: Page) -> np.ndarray:
    """The running EEG since the last restart, mV, 250 a second."""
    return np.array([v for v in column(page, "running_eeg") if v is not None])


def wait_for_diagram(page: Page) -> None:
    wait_for(page, f"() => {MODEL}('{CRITICALS}')?.data.x.length > 0", timeout=30_000)


def wait_for_map(page: Page, size: int = 100) -> None:
    """Wait for a map with so many points along each side."""
    wait_for(
        page,
        f"(n) => {MODEL}('regime_map_source')?.data.image[0]?.length === n * n",
        size,
        timeout=60_000,
    )


def spot(page: Page, figure: str, x_share: float, y_share: float) -> tuple[float, float]:
    """Where on the screen a share of a figure's frame lies, from its upper left."""
    left, top, width, height = page.evaluate(FRAME, figure)
    return left + x_share * width, top + y_share * height


def drag(page: Page, figure: str, *shares: tuple[float, float]) -> None:
    """Press the mouse at the first place of a figure, let it go at the last."""
    page.mouse.move(*spot(page, figure, *shares[0]))
    page.mouse.down()
    for share in shares[1:]:
        page.mouse.move(*spot(page, figure, *share), steps=4)
    page.mouse.up()
