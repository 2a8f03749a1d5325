"""Signals: whatever ends the dashboard, the terminal is left as it was found."""

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)

_RESTORE = (
    "\x1b[?2004l\x1b[?7h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1004l"
    "\x1b[?2048l\x1b[<u\x1b[?1049l\x1b[?25h\x1b[0m"
)
"""Everything that Textual may have turned on, off: paste, mouse, focus, keyboard, screen, cursor."""

_SIGNALLED = 128


@contextlib.contextmanager
def ending(leave: Callable[[int], None]) -> Iterator[None]:
    """Calls `leave` in the event loop at the first signal that ends a program; the second exits hard.

    Python's own handlers, not the loop's: they run also while the loop is busy, so that a
    dashboard that hangs can still be ended, with a sane terminal.

    Args:
        leave: Takes the number of the signal.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    seen: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        del frame
        if seen:
            _hard(number)
        seen.append(number)
        loop.call_soon_threadsafe(leave, number)

    before = {number: signal.signal(number, handle) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _hard(number: int) -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.write(sys.__stderr__.fileno(), _RESTORE.encode())  # type: ignore[union-attr]
    os._exit(_SIGNALLED + number)
