"""Opening, reading and moving the Sensitivity tab."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from playwright.sync_api import Page

MODEL = "((name) => Bokeh.documents[0].get_model_by_name(name))"
DATA = f"""
([figure, renderer, column]) => {{
  const data = {MODEL}(figure).renderers[renderer].data_source.data[column];
  return Array.from(data, (v) => typeof v === "number" && Number.isNaN(v) ? null : v);
}}
"""
ADVANCED = "([name, before]) => " + MODEL + "(name).frame > before"


def get(page: Page, name: str, attribute: str) -> Any:
    return page.evaluate(f"([n, a]) => {MODEL}(n)[a]", [name, attribute])


def put(page: Page, name: str, attribute: str, value: object) -> None:
    page.evaluate(f"([n, a, v]) => {{ {MODEL}(n)[a] = v; }}", [name, attribute, value])


def data(page: Page, figure: str, renderer: int, column: str) -> list[Any]:
    return page.evaluate(DATA, [figure, renderer, column])  # type: ignore[no-any-return]


def wait(page: Page, condition: str, timeout: float = 20_000) -> None:
    page.wait_for_function(
        "() => { const m = " + MODEL + f"; return {condition}; }}", timeout=timeout
    )


def floats(values: list[Any]) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def start_run(page: Page, samples: int) -> None:
    page.get_by_role("button", name="around this point").click()
    put(page, "sobol_samples", "value", str(samples))
    page.get_by_role("button", name="Run", exact=True).click()


def image(page: Page) -> np.ndarray:
    code = f"() => Array.from({MODEL}('oat').renderers[0].data_source.data.image[0])"
    return np.array(page.evaluate(code)).reshape(200, 301)


def open_sensitivity(page: Page) -> Page:
    """Open the tab, and wait until everything is drawn."""
    page.get_by_role("tab", name="Sensitivity").click()
    wait(page, "m('fisher_sentences') && m('fisher_sentences').text.includes('Known best')")
    wait(page, "m('oat_caption').text !== ''")
    return page
