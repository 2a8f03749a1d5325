"""Ending a run from any later process of the same machine.

A request is SIGTERM to the supervisor, sent only to the very process that `run.json` names. When
the supervisor is dead or does not answer, whoever asks climbs the ladder in its place.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from trainwatch.errors import RunError
from trainwatch.supervise.companions import home, module
from trainwatch.supervise.journal import Happened, Journal
from trainwatch.supervise.ladder import LOOK_WAIT, STEP, Ladder, climb, longest
from trainwatch.supervise.machine import is_here
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.process import Delivery, Process, describe, find, send
from trainwatch.supervise.record import RunRecord, alive, guarded, read_record, write_record
from trainwatch.supervise.standing import remains, require_here, tree_of

_PATIENCE = 10.0
"""Seconds that a supervisor may be late before its work is done in its place."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The end of a `stop`: nothing of the run is left.

    Attributes:
        record: As it is now.
        was_over: Whether there was nothing to do.
    """

    record: RunRecord
    was_over: bool


def request_stop(root: Path) -> None:
    """Asks the supervisor of the run in `root` to end it, and returns at once.

    Raises:
        RunError: It cannot be asked: the run is over, belongs to another machine or user, or its
            supervisor is dead (then `stop_run` ends what is left).
    """
    require_ours(root)
    record = read_record(root)
    require_here(record)
    if not _ask(record):
        state = "is over" if record.ended is not None else "has lost its supervisor"
        raise RunError(f"the run {record.id} {state}; `trainwatch stop` ends what may be left.")


def _ask(record: RunRecord) -> bool:
    """Whether a supervisor was there to be asked; raises RunError where that is not allowed."""
    delivery = send(record.supervisor, signal.SIGTERM)
    # A supervisor held by SIGSTOP would keep the request and not act on it.
    send(record.supervisor, signal.SIGCONT)
    if delivery is Delivery.REFUSED:
        raise RunError(f"the run {record.id} belongs to another user and cannot be stopped.")
    return delivery is Delivery.SENT


def stop_run(root: Path, note: Callable[[str], None] | None = None) -> Stopped:
    """Ends the run in `root` and returns when nothing of it is left.

    Takes at most the run's own stop timeout, and about 25 s where processes do not die.

    Args:
        root: The run directory.
        note: Told, as sentences, what is waited for.

    Raises:
        RunError: Somebody survived (named with the state), or the run cannot be stopped here.
    """
    require_ours(root)
    record = read_record(root)
    if not is_here(record.machine) and (record.ended is not None or guarded(record) is False):
        return Stopped(record, was_over=True)
    require_here(record)
    if _ask(record):
        _tell(note, f"asked the supervisor (process {record.supervisor.pid}) to end {record.id}.")
        return _after_supervisor(root, record)
    if not remains(record, root):
        return Stopped(record, was_over=True)
    _tell(note, f"the supervisor of {record.id} is gone; ending what is left.")
    return end_leftovers(root)


def require_ours(root: Path) -> None:
    """Another user's record is read, but ends nothing and starts nothing.

    It may name any of our processes, and any command.

    Raises:
        RunError: The run is another user's.
    """
    for path in (root, RunPaths(root).run):
        try:
            owner = path.stat().st_uid
        except OSError:  # reading it says what is wrong
            return
        if owner != os.geteuid():
            raise RunError(
                f"{path} belongs to another user; only that user can stop or restart the run."
            )


def _tell(note: Callable[[str], None] | None, text: str) -> None:
    if note:
        note(text)


def _after_supervisor(root: Path, record: RunRecord) -> Stopped:
    deadline = time.monotonic() + longest(record.stop_timeout) + _PATIENCE
    while find(record.supervisor) and time.monotonic() < deadline:
        time.sleep(STEP)
    if find(record.supervisor):
        # It hangs, so it is one more process that has to go.
        return end_leftovers(root, timeout=0.0)
    record = read_record(root)
    if remains(record, root):
        # Either it was killed meanwhile, or these outlived it: both deserve another try.
        return end_leftovers(root, timeout=0.0 if record.survivors else record.stop_timeout)
    return Stopped(_settled(root, record), was_over=False)


def end_leftovers(root: Path, timeout: float | None = None) -> Stopped:
    """Climbs the ladder for a run whose supervisor is dead, or hangs and has to go as well.

    Raises RunError for survivors.

    Args:
        root: The run directory.
        timeout: Seconds from SIGTERM to SIGKILL; None for the run's own.
    """
    record = read_record(root)
    # Where the training had ended by itself, nobody knows how, only its orphans are ended now.
    asked = record.stopped or alive(record) is True
    journal = Journal(RunPaths(root).events)
    tree = tree_of(record, root)
    tree.remember(record.supervisor)
    ladder = Ladder(
        tree,
        record.launcher,
        timeout=record.stop_timeout if timeout is None else timeout,
        now=time.monotonic(),
        note=journal.told,
        look=lambda processes: _look(root, record, processes),
    )
    climb(ladder, time.monotonic, time.sleep)
    left = tuple(map(describe, ladder.survivors))
    record = replace(read_record(root), stopped=asked, survivors=left)
    if left:
        journal.write(Happened.SURVIVORS, processes=left)
        _write(root, record)
        raise RunError(f"{record.id} could not be ended; what survives: {'; '.join(left)}.")
    return Stopped(_settled(root, record), was_over=False)


def _look(root: Path, record: RunRecord, processes: tuple[Process, ...]) -> bool:
    """Has the probes asked where they stand; a failure of that changes nothing."""
    if record.guard.probe:
        pids = [f"--pid={process.pid}" for process in processes]
        command = module("trainwatch.probes", root, "--reason", "kill", *pids)
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            nothing = subprocess.DEVNULL
            subprocess.run(
                command, cwd=home(), stdout=nothing, stderr=nothing, timeout=LOOK_WAIT, check=False
            )
    return True


def _settled(root: Path, record: RunRecord) -> RunRecord:
    """Closes a record that the supervisor could not close; its exit code stays unknown."""
    if record.ended is None:
        record = record.finished(None, time.time())
        _write(root, record)
        Journal(RunPaths(root).events).write(Happened.END, exit_code=None)
    return record


def _write(root: Path, record: RunRecord) -> None:
    with contextlib.suppress(OSError):
        write_record(RunPaths(root), record)
