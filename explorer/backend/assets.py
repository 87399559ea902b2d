"""Where the assets lie: beside the package in a checkout, inside it when installed."""

from __future__ import annotations

from pathlib import Path

import explorer

_PACKAGE = Path(explorer.__file__).parent
_CHECKOUT = _PACKAGE.parent / "assets"
ASSETS = _CHECKOUT if _CHECKOUT.is_dir() else _PACKAGE / "assets"
