"""`run.json`: who, what, where, and how it ended.

One writer at a time: the supervisor while it lives, `trainwatch stop` after its death. Every write
is a temporary file and a rename, so that a reader sees the old record or the new one, never half.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from trainwatch.errors import RunError
from trainwatch.supervise import files
from trainwatch.supervise.files import Fields
from trainwatch.supervise.machine import Machine, is_here, was_rebooted
from trainwatch.supervise.order import Guard, Restarts
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.process import Identity, find

if TYPE_CHECKING:
    from trainwatch.events import RunInfo

SCHEMA = 1

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One start of the command.

    Attributes:
        launcher: The process that was started; None before and where it could not be read.
        started, ended: Epoch seconds.
        exit_code: The command's own; 128+N when signal N ended it.
        checkpoint: From which it went on.
        epoch, step: How far it came, as its logs print it; known once it has failed.
        failure: How it failed, in a few words of its logs.
        console: Bytes that `console.log` held when it was started.
    """

    started: float
    launcher: Identity | None = None
    ended: float | None = None
    exit_code: int | None = None
    checkpoint: str | None = None
    epoch: float | None = None
    step: int | None = None
    failure: str | None = None
    console: int | None = None


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
        exit_code: Of `trainwatch run`, once the run is over: the last attempt's own, or 64 or 65.
        reason: Why it ended, where that is not the command's own doing.
        stopped: Whether a person or a signal asked for the end.
        survivors: Descriptions of processes that could not be ended.
        attempts: In order; the last is the current one.
        restarts: When it is started again.
        guard: What else is done for it.
        variables: Names of the variables that were added to the environment.
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
    reason: str | None = None
    restarts: Restarts = field(default_factory=Restarts)
    guard: Guard = field(default_factory=Guard)
    variables: tuple[str, ...] = ()

    @property
    def launcher(self) -> Identity | None:
        """The current attempt's first process."""
        return self.attempts[-1].launcher if self.attempts else None

    @property
    def waiting(self) -> bool:
        """Whether one attempt has ended and the run goes on."""
        last = self.attempts[-1] if self.attempts else None
        return self.ended is None and last is not None and last.ended is not None

    def began(
        self,
        launcher: Identity | None,
        now: float,
        checkpoint: str | None = None,
        console: int | None = None,
    ) -> RunRecord:
        """With one more attempt."""
        attempt = Attempt(now, launcher, checkpoint=checkpoint, console=console)
        return replace(self, attempts=(*self.attempts, attempt))

    def noted(self, **facts: Any) -> RunRecord:  # noqa: ANN401 - fields of Attempt
        """With more known of the current attempt."""
        if not self.attempts:
            return self
        return replace(self, attempts=(*self.attempts[:-1], replace(self.attempts[-1], **facts)))

    def finished(self, exit_code: int | None, now: float, reason: str | None = None) -> RunRecord:
        """With the run at its end, and the current attempt where it has not ended yet."""
        record = self
        if self.attempts and self.attempts[-1].ended is None:
            record = self.noted(ended=now, exit_code=exit_code)
        return replace(record, ended=now, exit_code=exit_code, reason=reason)


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
        alive=alive(record),
        consoles=_consoles(record),
    )


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
        "reason": record.reason,
        "survivors": list(record.survivors),
        "attempts": [
            {
                "number": number,
                "launcher": _pid(attempt.launcher),
                "started": attempt.started,
                "ended": attempt.ended,
                "exit_code": attempt.exit_code,
                "checkpoint": attempt.checkpoint,
                "epoch": attempt.epoch,
                "step": attempt.step,
                "failure": attempt.failure,
                "console": attempt.console,
            }
            for number, attempt in enumerate(record.attempts)
        ],
        "logs": list(record.logs),
        "restarts": asdict(record.restarts),
        "guard": asdict(record.guard),
        "variables": list(record.variables),
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
        reason=fields.get("reason", fields.text),
        restarts=_kept(fields, "restarts", Restarts),
        guard=_kept(fields, "guard", Guard),
        variables=fields.get("variables", fields.texts) or (),
    )


def _kept(fields: Fields, name: str, kind: type[T]) -> T:
    """Part of an order; its defaults where an earlier version wrote none."""
    part = fields.get(name, fields.part)
    if part is None:
        return kind()
    lists = {key: tuple(v) if isinstance(v, list) else v for key, v in part.data.items()}
    try:
        return kind(**lists)
    except TypeError:
        raise RunError(
            f"{fields.path} is damaged or not trainwatch's: {name!r} is wrong."
        ) from None


def _attempt(fields: Fields) -> Attempt:
    launcher = fields.get("launcher", fields.part)
    return Attempt(
        started=fields.number("started"),
        launcher=_identity(launcher) if launcher else None,
        ended=fields.get("ended", fields.number),
        exit_code=fields.get("exit_code", fields.integer),
        checkpoint=fields.get("checkpoint", fields.text),
        epoch=fields.get("epoch", fields.number),
        step=fields.get("step", fields.integer),
        failure=fields.get("failure", fields.text),
        console=fields.get("console", fields.integer),
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
