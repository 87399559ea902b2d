"""What the server says when a window has closed under it: nothing; of all else, everything."""

from __future__ import annotations

import asyncio
import gc
from concurrent.futures import ThreadPoolExecutor

import pytest
from tornado.websocket import WebSocketClosedError

from explorer.ui.wire import forget_closed_windows


@pytest.mark.parametrize(("error", "told"), [(WebSocketClosedError(), 0), (ValueError("x"), 1)])
def test_only_a_closed_window_is_passed_over(
    error: Exception, told: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        raise error

    async def send_and_forget() -> None:
        task = asyncio.ensure_future(fail())
        await asyncio.sleep(0)
        del task
        gc.collect()

    def run_a_loop() -> None:
        loop = asyncio.new_event_loop()
        forget_closed_windows(loop)
        loop.run_until_complete(send_and_forget())
        loop.close()

    # In a thread of its own: Playwright keeps a loop running in the tests' thread.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(run_a_loop).result()
    assert len(caplog.records) == told
