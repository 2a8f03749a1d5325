"""Signals as bytes on a pipe, so that the supervisor's loop waits in one place.

Handlers, not SIG_IGN and not a blocked mask: those would be inherited by the training, and a
training that cannot be interrupted is worse than none.
"""

from __future__ import annotations

import os
import select
import signal

STOPPING = frozenset({signal.SIGTERM, signal.SIGINT})
"""Signals by which a supervisor is asked to end the training."""

AGAIN = signal.SIGRTMIN + 3
"""By which a supervisor is asked to end the attempt and to start the next one."""

_NOTED = frozenset({signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM})


class Wakeups:
    """Collects signals; for the main thread of a process, once."""

    def __init__(self) -> None:
        self._read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        for number in (*STOPPING, *_NOTED, AGAIN, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        # A parent may have left signals blocked; the training would have them blocked too.
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    def wait(self, seconds: float) -> list[int]:
        """The signals that came, SIGCHLD left out; at the latest after so many seconds."""
        select.select([self._read], [], [], max(seconds, 0.0))
        try:
            numbers = os.read(self._read, 4096)
        except BlockingIOError:
            return []
        return [number for number in numbers if number != signal.SIGCHLD]
