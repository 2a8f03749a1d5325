"""`trainwatch ps`: the runs known here."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from trainwatch.supervise.record import RunRecord

SCHEMA = 1

_HEAD = ("RUN", "STATE", "STARTED", "TIME", "EXIT", "HOST", "DIRECTORY")


@click.command("ps")
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of a table.")
def command(as_json: bool) -> None:
    """List the runs known here, the newest first.

    Known are the runs below trainwatch_runs in the working directory and the directories above
    it, and those that this user started anywhere ($XDG_STATE_HOME/trainwatch/runs).

    States: running; waiting (for the next attempt); stopping (asked to end, or ending what the training left); unguarded (the
    training lives, its supervisor was killed); ended; cut_off (gone without a word); unknown
    (on another machine).
    """
    from trainwatch.supervise.registry import known_runs  # noqa: PLC0415

    runs = known_runs()
    if as_json:
        documents = [_document(root, record) for root, record in runs.items()]
        click.echo(json.dumps({"schema": SCHEMA, "runs": documents}, indent=1))
    elif not runs:
        click.echo("No runs are known here.", err=True)
    else:
        rows = [_HEAD, *(_row(root, record) for root, record in runs.items())]
        for line in _aligned(rows):
            click.echo(line)


def _document(root: Path, record: RunRecord) -> dict[str, Any]:
    from trainwatch.supervise.record import alive  # noqa: PLC0415
    from trainwatch.supervise.standing import standing  # noqa: PLC0415

    return {
        "id": record.id,
        "path": str(root),
        "state": standing(record),
        "alive": alive(record),
        "command": list(record.command),
        "host": record.machine.host,
        "attempt": max(len(record.attempts) - 1, 0),
        "started": record.started,
        "ended": record.ended,
        "exit_code": record.exit_code,
        "stopped": record.stopped,
        "reason": record.reason,
        "attempts": [
            {
                "number": number,
                "started": one.started,
                "ended": one.ended,
                "exit_code": one.exit_code,
                "epoch": one.epoch,
                "step": one.step,
                "failure": one.failure,
                "checkpoint": one.checkpoint,
            }
            for number, one in enumerate(record.attempts)
        ],
        "pid": record.launcher.pid if record.launcher else None,
        "supervisor_pid": record.supervisor.pid,
        "survivors": list(record.survivors),
    }


def _row(root: Path, record: RunRecord) -> tuple[str, ...]:
    from trainwatch.supervise.standing import Standing, standing  # noqa: PLC0415

    state = standing(record)
    end = time.time() if record.ended is None else record.ended
    known = record.ended is not None or state not in {Standing.CUT_OFF, Standing.UNKNOWN}
    return (
        record.id,
        state.replace("_", " "),
        time.strftime("%Y-%m-%d %H:%M", time.localtime(record.started)),
        _duration(end - record.started) if known else "-",
        "-" if record.exit_code is None else str(record.exit_code),
        record.machine.host,
        str(root),
    )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    cells = ([cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows)
    return ["  ".join(row).rstrip() for row in cells]
