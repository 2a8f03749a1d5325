"""`run.json` as a JSON object, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypeVar

from trainwatch.errors import RunError
from trainwatch.supervise.batch import BatchJob
from trainwatch.supervise.facts import Attempt, RunRecord
from trainwatch.supervise.files import Fields
from trainwatch.supervise.machine import Machine
from trainwatch.supervise.order import Guard, Restarts
from trainwatch.supervise.process import Identity

SCHEMA = 1

T = TypeVar("T")


def document_of(record: RunRecord) -> dict[str, Any]:
    """The JSON object of `run.json`."""
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
                "console": attempt.console,
                "epoch": attempt.epoch,
                "step": attempt.step,
                "failure": attempt.failure,
            }
            for number, attempt in enumerate(record.attempts)
        ],
        "logs": list(record.logs),
        "restarts": asdict(record.restarts),
        "guard": asdict(record.guard),
        "variables": list(record.variables),
        "job": record.job and record.job._asdict(),
        "stop_timeout": record.stop_timeout,
        "token": record.token,
        "owned": record.owned,
        "machine": record.machine._asdict(),
    }


def _pid(identity: Identity | None) -> Mapping[str, int] | None:
    return identity and {"pid": identity.pid, "start_ticks": identity.start}


def record_of(fields: Fields) -> RunRecord:
    """The reverse; raises RunError where it is not one of trainwatch's."""
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
        job=_job(fields.get("job", fields.part)),
    )


def _job(fields: Fields | None) -> BatchJob | None:
    return None if fields is None else BatchJob(fields.text("id"), fields.integer("restart"))


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
        console=fields.get("console", fields.integer),
        epoch=fields.get("epoch", fields.number),
        step=fields.get("step", fields.integer),
        failure=fields.get("failure", fields.text),
    )


def _identity(fields: Fields) -> Identity:
    return Identity(fields.integer("pid"), fields.integer("start_ticks"))
