"""How a run stands: what its record says, held against the process table."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from trainwatch.errors import RunError
from trainwatch.supervise import files
from trainwatch.supervise.machine import is_here
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.process import Identity, Process
from trainwatch.supervise.record import RunRecord, alive, guarded
from trainwatch.supervise.tree import Tree


class Standing(StrEnum):
    """The states of `trainwatch ps`.

    RUNNING: the training lives. WAITING: an attempt has ended, the next one comes. STOPPING: it was asked to end, or has ended and what it left is
    being ended. UNGUARDED: the training lives, its supervisor was killed. ENDED: its exit code is
    known. CUT_OFF: nobody lives and nobody wrote how it ended. UNKNOWN: it was started on another
    machine and had not ended when its record was written.
    """

    RUNNING = "running"
    WAITING = "waiting"
    STOPPING = "stopping"
    UNGUARDED = "unguarded"
    ENDED = "ended"
    CUT_OFF = "cut_off"
    UNKNOWN = "unknown"


def standing(record: RunRecord) -> Standing:
    """How a run stands now."""
    guard, lives = guarded(record), alive(record)
    if guard:
        busy = record.stopped or record.ended is not None
        if busy:
            return Standing.STOPPING
        return Standing.WAITING if record.waiting else Standing.RUNNING
    if record.ended is not None:
        return Standing.ENDED
    if lives is None:
        return Standing.UNKNOWN
    return Standing.UNGUARDED if lives else Standing.CUT_OFF


def require_here(record: RunRecord) -> None:
    """Raises RunError when the run's process ids mean nothing here."""
    if not is_here(record.machine):
        raise RunError(
            f"the run {record.id} was started on {record.machine.host}: its processes can only "
            f"be seen and ended there."
        )


def tree_of(record: RunRecord, root: Path) -> Tree:
    """The run's process tree, for a process that is not its supervisor.

    Raises:
        RunError: The run belongs to another machine.
    """
    require_here(record)
    launcher = {record.launcher} if record.launcher else set()
    return Tree(record.token, launcher | _written_down(RunPaths(root)))


def remains(record: RunRecord, root: Path) -> tuple[Process, ...]:
    """What lives of a run's training on this machine; the supervisor does not count."""
    if not is_here(record.machine):
        return ()
    found = tree_of(record, root).scan()
    return tuple(process for process in found if process.identity != record.supervisor)


def _written_down(paths: RunPaths) -> set[Identity]:
    """The tree as the supervisor last saw it; empty where it wrote none, or nothing sensible."""
    try:
        pairs = files.read_json(paths.processes).data.get("processes")
        return {Identity(int(pid), int(start)) for pid, start in pairs or ()}
    except (RunError, TypeError, ValueError):
        return set()
