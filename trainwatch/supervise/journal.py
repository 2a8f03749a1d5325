"""`events.jsonl`: what the supervisor did and saw, one line a write.

A line is appended with a single `write`, so a crash leaves whole lines, at worst a torn last one.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from trainwatch.supervise.document import SCHEMA
from trainwatch.supervise.files import PRIVATE


class Happened(StrEnum):
    """The values of `event`."""

    START = "start"
    SIGNAL = "signal"
    STOP = "stop"
    TERMINATE = "terminate"
    KILL = "kill"
    EXIT = "exit"
    ORPHANS = "orphans"
    SURVIVORS = "survivors"
    GATE = "gate"
    RESTART = "restart"
    CHECKPOINT = "checkpoint"
    COMPANION = "companion"
    FORWARD = "forward"
    REPORT = "report"
    HOOK = "hook"
    LOGS = "logs"
    DISK = "disk"
    ALERT = "alert"
    ROTATE = "rotate"
    DROP = "drop"
    SPOOL = "spool"
    END = "end"


class Journal:
    """Appends to one file; never raises, for a full disk must not end a training's guard."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def told(self, number: int, pids: Sequence[int]) -> None:
        """A signal was sent that ends processes."""
        event = Happened.KILL if number == signal.SIGKILL else Happened.TERMINATE
        self.write(event, pids=list(pids))

    def write(self, event: Happened, **facts: object) -> None:
        """One line: schema, time (epoch seconds), event, and the facts."""
        line = json.dumps({"schema": SCHEMA, "time": time.time(), "event": event, **facts})
        with contextlib.suppress(OSError):
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
            handle = os.open(self._path, flags, PRIVATE)
            try:
                os.write(handle, b"\n" * _torn(handle) + line.encode("ascii") + b"\n")
            finally:
                os.close(handle)


def _torn(handle: int) -> bool:
    """Whether the last line lacks its end, as after a crash or on a disk that was full."""
    size = os.fstat(handle).st_size
    return size > 0 and os.pread(handle, 1, size - 1) != b"\n"
