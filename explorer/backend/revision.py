"""Which revision of the source this is, for the records of what is made with it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import explorer

_ROOT = Path(explorer.__file__).parent.parent


def revision(root: Path = _ROOT) -> str | None:
    """The git commit of a checkout, "-dirty" after it where files differ; None elsewhere."""
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40",
               "--match", "none"]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):  # no git on this machine: not known
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
