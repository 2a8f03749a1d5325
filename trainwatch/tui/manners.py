"""Signals: whatever ends the dashboard, the terminal is left as it was found."""

import asyncio
import contextlib
import os
import select
import signal
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from typing import Any

ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)

_GRACE = 3.0
"""Seconds that a dashboard has to end by itself; the terminal may have stopped reading."""

_RESTORE = (
    b"\x1b[?2004l\x1b[?7h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1004l"
    b"\x1b[?2048l\x1b[<u\x1b[?1049l\x1b[?25h\x1b[0m"
)
"""Everything that Textual may have turned on, off: paste, mouse, focus, keyboard, screen, cursor."""

_SIGNALLED = 128


@contextlib.contextmanager
def ending(leave: Callable[[int], None]) -> Iterator[None]:
    """Calls `leave` in the event loop at the first signal that ends a program.

    A second signal, or three seconds, end the program hard, with a sane terminal: the loop may be
    blocked by a terminal that does not read. These are Python's own handlers, not the loop's,
    because they run then too.

    Args:
        leave: Takes the number of the signal.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    settings = _settings()
    timers: list[threading.Timer] = []

    def handle(number: int, _frame: object) -> None:
        if timers:
            _end(number, settings)
        timers.append(threading.Timer(_GRACE, _end, (number, settings)))
        timers[0].daemon = True
        timers[0].start()
        loop.call_soon_threadsafe(leave, number)

    before = {number: signal.signal(number, handle) for number in ENDING}
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)


def _settings() -> list[Any] | None:
    try:
        return termios.tcgetattr(sys.__stdin__.fileno()) if sys.__stdin__ else None
    except (OSError, ValueError, termios.error):
        return None


def _end(number: int, settings: list[Any] | None) -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError, termios.error):
        out = sys.__stderr__.fileno()  # type: ignore[union-attr]
        if select.select([], [out], [], 0)[1]:
            os.write(out, _RESTORE)
        if settings is not None:
            termios.tcsetattr(sys.__stdin__.fileno(), termios.TCSANOW, settings)  # type: ignore[union-attr]
    os._exit(_SIGNALLED + number)
