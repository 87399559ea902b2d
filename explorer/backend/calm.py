"""Work beside the page, at a lower priority."""

from __future__ import annotations

import os
import sys
import threading

NICE = 5
"""With less, dragging during a run suffers; with more, it holds Python's lock too long."""


def give_way() -> None:
    """Let the page go first: this thread, and threads that it starts, at a lower priority."""
    if sys.platform == "linux":  # elsewhere a priority belongs to the whole process
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
