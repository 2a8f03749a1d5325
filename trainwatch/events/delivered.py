"""What sources deliver, and what is known of a run besides its logs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from trainwatch.events.places import Where


@dataclass(frozen=True, slots=True)
class LogFile:
    """One physical log file that is being read.

    Attributes:
        name: Path as shown to the user: relative to the directory given, or absolute outside it.
        generation: 0 for the first file seen under this name, one more after each rotation or
            truncation; line numbers and offsets restart with it.
        start: Offset at which reading began. Above 0 (a view that starts from the tail) line
            numbers are not known.
    """

    name: str
    generation: int = 0
    start: int = 0


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes of one file; the chunks of a file follow each other without gap or overlap.

    Attributes:
        file: The file they come from.
        offset: Where `data` begins in it.
        data: The bytes, cut anywhere.
        time: Epoch seconds: when they were seen to arrive, or, for what was there before, the
            file's modification time.
        live: True when `time` is an arrival that was watched.
    """

    file: LogFile
    offset: int
    data: bytes
    time: float
    live: bool = False


@dataclass(frozen=True, slots=True)
class FileEnded:
    """A file will not grow any more: it was rotated away, truncated or deleted, and is read."""

    file: LogFile
    reason: str


SourceItem = Chunk | FileEnded


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What is known about a run besides its logs; from `run.json` and the process table.

    Attributes:
        path: The path as the user gave it.
        id: The experiment's id.
        command: The command of the training, as a list of arguments.
        attempt: The current attempt, from 0.
        host: Where the supervisor runs.
        started, ended: Epoch seconds.
        exit_code: Of the training once it ended; 128+N when signal N ended it.
        stopped: Whether a person or a signal asked for the end.
        reason: Why trainwatch ended it, or gave it up; None where it did neither.
        alive: True or False when the process table says so, None when it cannot be known.
        consoles: Bytes that `console.log` held when each attempt began, the first included.
        since: Epoch seconds at which the current attempt began, where there were earlier ones;
            infinite while the next one has yet to begin.
        before: Bytes of each log that earlier attempts wrote, by the name under which it is shown.
    """

    path: str
    id: str | None = None
    command: tuple[str, ...] | None = None
    attempt: int = 0
    host: str | None = None
    started: float | None = None
    ended: float | None = None
    exit_code: int | None = None
    stopped: bool = False
    reason: str | None = None
    alive: bool | None = None
    consoles: tuple[int, ...] = ()
    since: float | None = None
    before: Mapping[str, int] = field(default_factory=dict)

    def is_past(self, where: Where, arrival: float) -> bool:
        """Whether an earlier attempt wrote what stands there; `arrival` as in `Chunk.time`."""
        if self.since is None:
            return False
        return arrival < self.since or where.offset < self.before.get(where.file, 0)

    def begins(self, log: str) -> tuple[int, ...]:
        """Bytes of a log with which attempts begin, as far as that is known, the first one's included."""
        if log.rpartition("/")[2] == "console.log":
            return self.consoles
        before = self.before.get(log)
        return (0, before) if before else ()

    @property
    def between(self) -> bool:
        """Whether one attempt is over and the next has yet to begin."""
        return self.since == math.inf
