"""How the Dynamics tab is laid out: cards on a grid, one column where it is narrow."""

from __future__ import annotations

from bokeh.models import Column, Div, LayoutDOM, Row
from bokeh.plotting import figure

from explorer.ui.styles import FIELD, UNSEEN_LABEL

WIDE_PX = 1200
INPUT = FIELD + UNSEEN_LABEL
"""Of a choice whose label is for screen readers alone."""
BUTTON = """
.bk-btn { padding: 0 8px; min-height: 26px; line-height: 1.7;
  font-size: calc(var(--size) - 1px); white-space: nowrap;
  color: var(--text); background: var(--card); border: 1px solid var(--line); border-radius: 5px; }
.bk-btn:hover { background: var(--wash); }
.bk-btn.bk-active { background: var(--accent); color: var(--card); }
.bk-btn[disabled], .bk-btn[disabled]:hover { background: none; color: var(--muted);
  border-style: dashed; opacity: 1; }
.bk-btn:focus-visible { outline: 2px solid var(--focus); }
"""
WORDS = """
:host { color: var(--muted); font-size: calc(var(--size) - 1px); line-height: 26px;
  min-width: 0; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; flex: 1 1 auto; }
:host b { color: var(--text); font-weight: 650; font-size: calc(var(--size) + 1px); }
.bk-clearfix { display: block !important; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }
"""
FILL = ":host { flex: 1 1 0 !important; width: 0 !important; }"
"""Words that take what is left of their row, and no more."""
_CARD = """
:host { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  overflow: hidden; min-width: 0; min-height: 0; display: flex !important;
  flex-direction: column !important; width: auto !important; height: auto !important; }
"""
_HEAD = """
:host { padding: 2px 4px 0 10px; align-items: center !important; gap: 6px !important;
  flex-wrap: wrap; width: auto !important; flex: none !important; min-height: 30px; }
"""
_GRID = f"""
:host {{ display: grid !important; gap: 6px !important; width: 100% !important;
  height: 100% !important; min-height: 0; grid-template-columns: repeat(12, minmax(0, 1fr));
  grid-template-rows: minmax(0, 1.1fr) auto minmax(0, 1fr); }}
@media (max-width: {WIDE_PX - 1}px) {{
  :host {{ display: flex !important; flex-direction: column !important; height: auto !important; }}
}}
"""


def _place(columns: str, rows: str, narrow_px: int) -> str:
    return f"""
    :host {{ grid-column: {columns}; grid-row: {rows}; }}
    @media (max-width: {WIDE_PX - 1}px) {{
      :host {{ height: {narrow_px}px !important; flex: none !important; }}
    }}
    """


def card(
    title: str,
    plot: figure,
    head: tuple[LayoutDOM, ...],
    columns: str,
    row: int,
    narrow_px: int = 380,
) -> Column:
    """A titled figure with its choices.

    Args:
        title: in bold.
        plot: fills the card.
        head: small widgets beside the title.
        columns: the grid's columns, as CSS.
        row: the grid's row.
        narrow_px: height in one column.
    """
    words = Div(text=f"<b>{title}</b>", stylesheets=[WORDS, ":host { flex: none; }"], margin=0)
    return Column(
        Row(words, *head, stylesheets=[_HEAD], margin=0, sizing_mode="stretch_width"),
        plot,
        stylesheets=[_CARD, _place(columns, str(row), narrow_px)],
        sizing_mode="stretch_both",
        margin=0,
    )


def toolbar(children: tuple[LayoutDOM, ...], row: int) -> Row:
    """A row of controls over the full width; wraps where it is narrow."""
    place = f":host {{ grid-column: 1 / 13; grid-row: {row}; padding-left: 2px; }}"
    return Row(*children, stylesheets=[_HEAD, place], margin=0, sizing_mode="stretch_width")


def tab_grid(children: tuple[LayoutDOM, ...]) -> Column:
    """The tab."""
    return Column(*children, stylesheets=[_GRID], sizing_mode="stretch_both", margin=0)
