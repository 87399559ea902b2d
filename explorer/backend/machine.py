"""The machine that a figure was measured on."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import explorer

PACKAGES = ("numpy", "scipy", "numba", "panel", "bokeh", "mne")


@dataclass(frozen=True)
class Machine:
    """Where it was measured.

    Attributes:
        processor: name of the processor.
        cores: cores that this process may use.
        system: operating system.
        versions: version of Python, of this program and of the packages that matter.
    """

    processor: str
    cores: int
    system: str
    versions: dict[str, str]


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def usable_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def machine() -> Machine:
    """The machine and the versions in use."""
    versions = {"python": platform.python_version(), "jr-explorer": explorer.__version__}
    versions.update({package: version(package) for package in PACKAGES})
    return Machine(_processor(), usable_cores(), platform.platform(terse=True), versions)
