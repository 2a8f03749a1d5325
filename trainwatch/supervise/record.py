"""`run.json`: who, what, where, and how it ended.

One writer at a time: the supervisor while it lives, `trainwatch stop` after its death. Every write
is a temporary file and a rename, so that a reader sees the old record or the new one, never half.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainwatch.errors import RunError
from trainwatch.supervise import files
from trainwatch.supervise.files import Fields
from trainwatch.supervise.machine import Machine, is_here, was_rebooted
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.process import Identity, find

if TYPE_CHECKING:
    from trainwatch.events import RunInfo

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Attempt:
    """One start of the command.

    Attributes:
        launcher: The process that was started; None before and where it could not be read.
        started, ended: Epoch seconds.
        exit_code: The command's own; 128+N when signal N ended it.
    """

    started: float
    launcher: Identity | None = None
    ended: float | None = None
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What `run.json` says.

    Attributes:
        id: The experiment's id.
        token: Value of TRAINWATCH_RUN_ID in the training's environment; no other run has it.
        command, cwd: What was started, and where.
        logs: Absolute paths of further logs.
        stop_timeout: Seconds from SIGTERM to SIGKILL.
        owned: Whether trainwatch made the run directory.
        git_commit: Commit checked out in `cwd`, where that is a git work tree.
        machine: Where the process ids mean something.
        supervisor: The process that owns the training.
        started, ended: Epoch seconds; `ended` is the end of the last attempt.
        exit_code: Of the last attempt once the run is over.
        stopped: Whether a person or a signal asked for the end.
        survivors: Descriptions of processes that could not be ended.
        attempts: In order; the last is the current one.
    """

    id: str
    token: str
    command: tuple[str, ...]
    cwd: str
    machine: Machine
    supervisor: Identity
    started: float
    stop_timeout: float
    logs: tuple[str, ...] = ()
    owned: bool = False
    git_commit: str | None = None
    ended: float | None = None
    exit_code: int | None = None
    stopped: bool = False
    survivors: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()

    @property
    def launcher(self) -> Identity | None:
        """The current attempt's first process."""
        return self.attempts[-1].launcher if self.attempts else None

    def began(self, launcher: Identity | None, now: float) -> RunRecord:
        """With one more attempt."""
        return replace(self, attempts=(*self.attempts, Attempt(now, launcher)))

    def finished(self, exit_code: int | None, now: float) -> RunRecord:
        """With the current attempt and the run at their end."""
        last = replace(self.attempts[-1], ended=now, exit_code=exit_code) if self.attempts else None
        attempts = (*self.attempts[:-1], last) if last else ()
        return replace(self, attempts=attempts, ended=now, exit_code=exit_code)


def alive(record: RunRecord) -> bool | None:
    """Whether the training's first process lives; None where the process table cannot tell."""
    if record.ended is not None:
        return False
    if is_here(record.machine):
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
        alive=alive(record),
    )


def read_record(root: Path) -> RunRecord:
    """The record of the run in directory `root`.

    Raises:
        RunError: There is no `run.json`, or it is not one of trainwatch's.
    """
    fields = files.read_json(RunPaths(root).run)
    if fields.number("schema") != SCHEMA:
        raise RunError(f"{fields.path} was written by another version of trainwatch.")
    return _record(fields)


def write_record(paths: RunPaths, record: RunRecord) -> None:
    """Replaces `run.json`; raises OSError, for example when the disk is full."""
    files.write_json(paths.run, _document(record), durable=True)


def claim(paths: RunPaths, record: RunRecord) -> None:
    """Writes the first `run.json` of a directory.

    Raises:
        FileExistsError: Another run has this directory.
        OSError: It cannot be written.
    """
    files.create_json(paths.run, _document(record))


def _document(record: RunRecord) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "id": record.id,
        "command": list(record.command),
        "cwd": record.cwd,
        "git_commit": record.git_commit,
        "host": record.machine.host,
        "supervisor": _pid(record.supervisor),
        "started": record.started,
        "ended": record.ended,
        "exit_code": record.exit_code,
        "stopped": record.stopped,
        "survivors": list(record.survivors),
        "attempts": [
            {
                "number": number,
                "launcher": _pid(attempt.launcher),
                "started": attempt.started,
                "ended": attempt.ended,
                "exit_code": attempt.exit_code,
            }
            for number, attempt in enumerate(record.attempts)
        ],
        "logs": list(record.logs),
        "stop_timeout": record.stop_timeout,
        "token": record.token,
        "owned": record.owned,
        "machine": record.machine._asdict(),
    }


def _pid(identity: Identity | None) -> Mapping[str, int] | None:
    return identity and {"pid": identity.pid, "start_ticks": identity.start}


def _record(fields: Fields) -> RunRecord:
    machine = fields.part("machine")
    return RunRecord(
        id=fields.text("id"),
        token=fields.text("token"),
        command=fields.texts("command"),
        cwd=fields.text("cwd"),
        machine=Machine(*(machine.text(name) for name in Machine._fields)),
        supervisor=_identity(fields.part("supervisor")),
        started=fields.number("started"),
        stop_timeout=fields.number("stop_timeout"),
        logs=fields.texts("logs"),
        owned=fields.flag("owned"),
        git_commit=fields.get("git_commit", fields.text),
        ended=fields.get("ended", fields.number),
        exit_code=fields.get("exit_code", fields.integer),
        stopped=fields.flag("stopped"),
        survivors=fields.texts("survivors"),
        attempts=tuple(map(_attempt, fields.parts("attempts"))),
    )


def _attempt(fields: Fields) -> Attempt:
    launcher = fields.get("launcher", fields.part)
    return Attempt(
        started=fields.number("started"),
        launcher=_identity(launcher) if launcher else None,
        ended=fields.get("ended", fields.number),
        exit_code=fields.get("exit_code", fields.integer),
    )


def _identity(fields: Fields) -> Identity:
    return Identity(fields.integer("pid"), fields.integer("start_ticks"))


def discard(paths: RunPaths) -> None:
    """Removes the files of a run that never started."""
    for file in (paths.processes, paths.crash, paths.console, paths.events, paths.run):
        with contextlib.suppress(OSError):
            file.unlink()
    with contextlib.suppress(OSError):
        os.rmdir(paths.private)  # noqa: PTH106
