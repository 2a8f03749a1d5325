"""`run.json`: who, what, where, and how it ended.

One writer at a time: the supervisor while it lives, `trainwatch stop` after its death. Every write
is a temporary file and a rename, so that a reader sees the old record or the new one, never half.
"""

from __future__ import annotations

import contextlib
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

from trainwatch.errors import RunError
from trainwatch.supervise import files
from trainwatch.supervise.document import SCHEMA, document_of, record_of
from trainwatch.supervise.facts import Attempt, RunRecord
from trainwatch.supervise.machine import is_here, was_rebooted
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.process import find

if TYPE_CHECKING:
    from trainwatch.events import RunInfo

__all__ = [
    "SCHEMA",
    "Attempt",
    "RunRecord",
    "alive",
    "claim",
    "discard",
    "guarded",
    "read_record",
    "read_run",
    "write_record",
]


def alive(record: RunRecord) -> bool | None:
    """Whether the training's first process lives; None where the process table cannot tell.

    Between two attempts it does not, and the run is not over: that is None too.
    """
    if record.ended is not None:
        return False
    if is_here(record.machine):
        if record.waiting and find(record.supervisor):
            return None
        return find(record.launcher or record.supervisor) is not None
    return False if was_rebooted(record.machine) else None


def guarded(record: RunRecord) -> bool | None:
    """Whether the supervisor lives; None where the process table cannot tell."""
    if is_here(record.machine):
        return find(record.supervisor) is not None
    return False if was_rebooted(record.machine) else None


def read_run(path: Path) -> RunInfo:
    """What the readers know of the run in directory `path`.

    Raises:
        RunError: There is no `run.json`, or it is not one of trainwatch's.
    """
    # For readers only: the supervisor and `ps` would spend a third of their start on it.
    from trainwatch.events import RunInfo  # noqa: PLC0415

    record = read_record(path)
    return RunInfo(
        path=str(path),
        id=record.id,
        command=record.command,
        attempt=max(len(record.attempts) - 1, 0),
        host=record.machine.host,
        started=record.started,
        ended=record.ended,
        exit_code=record.exit_code,
        stopped=record.stopped,
        reason=record.reason,
        alive=alive(record),
        consoles=_consoles(record),
        since=_since(record),
    )


def _since(record: RunRecord) -> float | None:
    if record.waiting:
        return math.inf
    return record.attempts[-1].started if len(record.attempts) > 1 else None


def _consoles(record: RunRecord) -> tuple[int, ...]:
    """Where each attempt begins in `console.log`; nothing where that is not known of all."""
    offsets = [attempt.console for attempt in record.attempts]
    return tuple(at for at in offsets if at is not None) if None not in offsets else ()


def read_record(root: Path) -> RunRecord:
    """The record of the run in directory `root`.

    Raises:
        RunError: There is no `run.json`, or it is not one of trainwatch's.
    """
    fields = files.read_json(RunPaths(root).run)
    if fields.number("schema") != SCHEMA:
        raise RunError(f"{fields.path} was written by another version of trainwatch.")
    return record_of(fields)


def write_record(paths: RunPaths, record: RunRecord) -> None:
    """Replaces `run.json`; raises OSError, for example when the disk is full."""
    files.write_json(paths.run, document_of(record), durable=True)


def claim(paths: RunPaths, record: RunRecord) -> None:
    """Writes the first `run.json` of a directory.

    Raises:
        FileExistsError: Another run has this directory.
        OSError: It cannot be written.
    """
    files.create_json(paths.run, document_of(record))


def discard(paths: RunPaths) -> None:
    """Removes the files of a run that never started."""
    spool = (paths.spool(0), paths.spooled, paths.next_console)
    for file in (*spool, paths.processes, paths.crash, paths.console, paths.events, paths.run):
        with contextlib.suppress(OSError):
            file.unlink()
    with contextlib.suppress(OSError):
        os.rmdir(paths.private)  # noqa: PTH106
