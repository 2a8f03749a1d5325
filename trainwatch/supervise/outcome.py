"""What a run leaves for others when it ends: signal files, and the facts for `--then`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence

from trainwatch.signs import Value, done, failed, write_sign
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.record import RunRecord

Seen = Mapping[str, tuple[int, int] | None]
"""Of each path what tells a file from a later one in its place; None where there is none."""


def seen(paths: Sequence[str]) -> Seen:
    """How the paths stand now."""
    return {path: _fingerprint(path) for path in paths}


def _fingerprint(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def is_complete(until: Sequence[str], before: Seen, code: int) -> bool | None:
    """Whether what a run is to make is there; None where it is to make nothing.

    What was there before the run counts only when the command says that it succeeded.
    """
    if not until:
        return None
    there = [path for path in until if _fingerprint(path) is not None]
    if code == 0:
        return bool(there)
    return any(_fingerprint(path) != before.get(path) for path in there)


def announce(paths: RunPaths, record: RunRecord) -> None:
    """Writes `.done` or `.failed`; a full disk changes nothing else."""
    now = record.ended or record.started
    fields: Mapping[str, Value]
    if record.exit_code == 0:
        fields = done(0, now - record.started, now)
    else:
        fields = failed(why(record), now)
    with contextlib.suppress(OSError):
        write_sign(paths.signals, record.id, fields)


def why(record: RunRecord) -> str:
    """Why a run did not succeed, in a few words."""
    if record.reason:
        return record.reason
    if record.stopped:
        return "stopped"
    return f"exit code {record.exit_code}"


def hook_of(record: RunRecord) -> str | None:
    """The shell command that is due at the end of a run."""
    return record.guard.success if record.exit_code == 0 else record.guard.failure


def with_hook_facts(
    environment: Mapping[str, str], paths: RunPaths, record: RunRecord
) -> dict[str, str]:
    """The environment of a hook: that of the training, and the run's facts."""
    last = record.attempts[-1] if record.attempts else None
    return {
        **environment,
        "TRAINWATCH_EXP_ID": record.id,
        "TRAINWATCH_RUN_DIR": str(paths.root),
        "TRAINWATCH_RESULTS": str(paths.results / record.id),
        "TRAINWATCH_STATUS": "done" if record.exit_code == 0 else "failed",
        "TRAINWATCH_EXIT_CODE": str(record.exit_code),
        "TRAINWATCH_REASON": "" if record.exit_code == 0 else why(record),
        "TRAINWATCH_ATTEMPTS": str(len(record.attempts)),
        "TRAINWATCH_CHECKPOINT": (last.checkpoint or "") if last else "",
    }
