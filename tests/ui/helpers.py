"""Reading and moving the page through its Bokeh models, as named by the page's contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import ElementHandle, Page

FIGURES = ("eeg", "spectrum", "evoked", "scalp", "phase")

_MODEL = "((name) => Bokeh.documents[0].get_model_by_name(name))"
_COLUMN = (
    """
([figure, index, column]) => {
  const plot = """
    + _MODEL
    + """(figure);
  let values = plot.renderers[index].data_source.data[column];
  if (values === undefined) return null;
  const flat = (v) => (v !== null && typeof v === "object" && typeof v.length === "number")
    ? Array.from(v).flatMap(flat) : [typeof v === "number" && Number.isNaN(v) ? null : v];
  return flat(values);
}"""
)
_QUIET = """
() => new Promise((done) => {
  const bridge = Bokeh.documents[0].get_model_by_name("bridge_model");
  let last = bridge.frame, since = performance.now();
  const look = () => {
    const now = performance.now();
    if (bridge.frame !== last) { last = bridge.frame; since = now; }
    if (now - since > QUIET_MS && bridge.painted === bridge.frame) done(last);
    else setTimeout(look, 20);
  };
  look();
})
"""


def wait_for(page: Page, predicate: str, argument: Any = None, timeout: float = 10_000) -> None:
    """Wait until a JavaScript expression is true."""
    page.wait_for_function(predicate, arg=argument, timeout=timeout)


def get(page: Page, name: str, attribute: str) -> Any:
    """An attribute of a named model."""
    return page.evaluate(f"([name, key]) => {_MODEL}(name)[key]", [name, attribute])


def frame(page: Page) -> int:
    """Number of the newest frame."""
    return int(get(page, "bridge_model", "frame"))


def settled(page: Page, quiet_ms: int = 250) -> None:
    """Wait until no new frame has come for a while and the last one is painted."""
    page.evaluate(_QUIET.replace("QUIET_MS", str(quiet_ms)))


def set_slider(page: Page, name: str, value: float, wait: bool = True) -> None:
    """Move a slider as a drag does: through its model; wait for the picture.

    ``wait=False`` where no frame is to be expected.
    """
    before = frame(page)
    page.evaluate(f"([name, value]) => {{ {_MODEL}(name).value = value }}", [name, value])
    if wait:
        wait_for(page, f"(n) => {_MODEL}('bridge_model').frame > n", before)
        settled(page, 120)


def release(page: Page, name: str) -> None:
    """End a movement, as letting go of the handle does, and wait for the address."""
    page.evaluate(f"(name) => {{ const s = {_MODEL}(name); s.value_throttled = s.value }}", name)
    settled(page, 600)


def column(page: Page, figure: str, index: int = 0, name: str = "y") -> list[Any]:
    """A column behind the index-th renderer of a figure, nested lists flattened; NaN is None."""
    values = page.evaluate(_COLUMN, [figure, index, name])
    assert values is not None, f"{figure}: renderer {index} has no column {name}"
    return list(values)


def line(page: Page, figure: str, colour: str) -> list[Any]:
    """The y column of the line drawn in a colour."""
    index = page.evaluate(
        f"([f, c]) => {_MODEL}(f).renderers.findIndex((r) => r.glyph.line_color?.value === c)",
        [figure, colour],
    )
    assert index >= 0, f"{figure} has no line in {colour}"
    return column(page, figure, index)


def all_data(page: Page, figure: str) -> str:
    """A fingerprint of everything a figure draws from its sources."""
    return str(
        page.evaluate(
            f"""(figure) => {{
      const plain = (v) => ArrayBuffer.isView(v) || Array.isArray(v) ? Array.from(v, plain)
        : (v && typeof v === "object" && v.length !== undefined) ? Array.from(v, plain) : v;
      const text = JSON.stringify({_MODEL}(figure).renderers.map((r) =>
        Object.entries(r.data_source.data).sort(([a], [b]) => a < b ? -1 : 1)
          .map(([k, v]) => [k, plain(v)])));
      let hash = 0;
      for (let k = 0; k < text.length; k++) hash = (hash * 31 + text.charCodeAt(k)) | 0;
      return `${{text.length}}:${{hash}}`;
    }}""",
            figure,
        )
    )


def text(page: Page, name: str) -> str:
    """Words of a named Div, without markup."""
    return str(
        page.evaluate(
            f"""(name) => {{ const box = document.createElement("div");
            box.innerHTML = {_MODEL}(name).text; return box.textContent; }}""",
            name,
        )
    )


def notices(page: Page) -> list[str]:
    """The notices on the page, oldest first."""
    return page.locator("#notices .notice span").all_inner_texts()


def element(page: Page, name: str, part: str = "input_el") -> ElementHandle:
    """An HTML element of a named model's view."""
    found = page.evaluate_handle(
        f"([name, part]) => Bokeh.index.find_one({_MODEL}(name))[part]", [name, part]
    ).as_element()
    assert found is not None, f"{name} has no {part}"
    return found


def handle(page: Page, name: str) -> ElementHandle:
    """The handle of a slider."""
    found = page.evaluate_handle(
        f"(name) => Bokeh.index.find_one({_MODEL}(name)).slider_el.querySelector('.noUi-handle')",
        name,
    ).as_element()
    assert found is not None, f"{name} has no handle"
    return found


def choose(page: Page, label: str, value: str) -> None:
    """Choose in a menu of a plot or a group, and wait for the picture."""
    before = frame(page)
    page.get_by_label(label, exact=True).select_option(label=value)
    wait_for(page, f"(n) => {_MODEL}('bridge_model').frame > n", before)
    settled(page)


def type_value(page: Page, name: str, value: str) -> None:
    """Type into the box beside a slider and press Enter."""
    field = element(page, f"{name}_input")
    field.fill(value)
    field.press("Enter")
