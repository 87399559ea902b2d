"""Style sheets that widgets share: fields, selects and buttons in the page's colours.

A widget lives in a shadow tree of its own, so the page's sheet reaches it by variables alone;
what has no variable is here.
"""

from __future__ import annotations

FIELD = """
.bk-input { height: 24px; min-height: 24px; padding: 0 4px; background: var(--card);
  color: var(--text); border: 1px solid var(--line); font-size: calc(var(--size) - 1px); }
select:not([multiple]).bk-input.bk-input { padding: 0 18px 0 4px;
  background: linear-gradient(45deg, transparent 50%, var(--text) 50%) right 9px center / 5px 5px,
    linear-gradient(-45deg, transparent 50%, var(--text) 50%) right 4px center / 5px 5px,
    var(--card); background-repeat: no-repeat; }
.bk-spin-btn { --color: var(--text); }
:host, label { font-size: calc(var(--size) - 1px); color: var(--text); }
.bk-input-group > label { margin-bottom: 1px; }
"""
"""A field or a select, 24 px high."""

UNSEEN_LABEL = """
.bk-input-group > label { position: absolute; width: 1px; height: 1px; margin: -1px;
  overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
"""
"""The label is for screen readers alone: what the field is can be seen."""

BUTTON = """
:host(.solid) .bk-btn.bk-btn-default { height: 24px; min-height: 24px; padding: 0 8px;
  background: var(--card);
  color: var(--text); border: 1px solid var(--line); font-size: calc(var(--size) - 1px);
  line-height: 1; box-shadow: none; }
:host(.solid) .bk-btn.bk-btn-default:hover { background: var(--wash); }
:host(.solid) .bk-btn-group .bk-btn.bk-btn-default.bk-active { background: var(--accent);
  color: var(--card); box-shadow: none; }
.bk-btn:focus-visible { outline: 3px solid var(--focus); }
a { text-decoration: none; color: inherit; }
"""
"""A quiet button; in a group, the chosen one is filled."""
