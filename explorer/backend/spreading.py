"""Work over cores: chunks on threads, stopped soon where the caller asks."""

from __future__ import annotations

import math
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from explorer.backend.strang import LANES

CHUNK_S = 0.01
"""Longest piece of work (s) between two looks at whether to stop."""


class Cancelled(Exception):
    """Work was stopped because its caller asked for it."""


def spread(
    run: Callable[[int, int], None],
    n: int,
    n_steps: int,
    workers: int | None = None,
    progress: Callable[[float], bool] | None = None,
) -> None:
    """Call ``run(first, last)`` on chunks of whole blocks of lanes, over threads.

    Chunks are at most about 10 ms of work, so that a stop is prompt, and of one size and
    as many for each thread, so that all threads end together.

    Raises:
        Cancelled: ``progress`` returned False.
    """
    workers = workers or os.cpu_count() or 1
    blocks = -(-n // LANES)
    rounds = math.ceil(blocks * n_steps * LANES * 5e-9 / (CHUNK_S * workers))
    per_chunk = max(1, -(-blocks // (max(rounds, 1) * workers)))
    starts = range(0, blocks, per_chunk)
    if workers == 1 and progress is None:  # nothing to hand to another thread
        run(0, n)
        return
    pool = _pool(workers, _priority())
    stopped = False

    def chunk(first_block: int) -> None:
        if not stopped:
            run(first_block * LANES, min((first_block + per_chunk) * LANES, n))

    futures = [pool.submit(chunk, start) for start in starts]
    for k, future in enumerate(futures):
        future.result()
        if progress is not None and not stopped:
            stopped = not progress((k + 1) / len(futures))
    if stopped:
        raise Cancelled


def _priority() -> int:
    """Niceness of the calling thread, where threads have one; 0 elsewhere."""
    if sys.platform != "linux":
        return 0
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@lru_cache(maxsize=8)
def _pool(workers: int, priority: int) -> ThreadPoolExecutor:
    """Threads of the caller's priority (they inherit it): calm work never holds up live work."""
    return ThreadPoolExecutor(workers, thread_name_prefix="kernel")
