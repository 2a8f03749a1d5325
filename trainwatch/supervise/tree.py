"""All processes of one training, also those that left their parent, group or session.

A process belongs to it when one of these holds:

* it was seen to belong before: the same id and the same start time;
* its parent belongs, or is the supervisor, to which orphans fall (`become_reaper`);
* trainwatch's own variable stands in its environment, or the run id that torchrun made up for it;
* it is in a session whose leader belongs or is dead, together with a process that belongs. A
  session can only be entered by being born in it, so this takes in nobody else.

While the supervisor lives, parents alone find everything. The other signs are for later: for
`trainwatch stop` after the supervisor was killed.
"""

from __future__ import annotations

import ctypes
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping

from trainwatch.supervise.process import Identity, Process, environment, processes

RUN_VARIABLE = "TRAINWATCH_RUN_ID"
"""Set for the training, to a token that no other run has."""

_ELASTIC = b"TORCHELASTIC_RUN_ID="
_MADE_UP = re.compile(rb"[0-9a-f-]{36}|[0-9]{30,}")
"""Run ids that torchrun invented; `none`, `100` or `job1` is shared with other jobs."""

_PR_SET_CHILD_SUBREAPER = 36


def become_reaper() -> bool:
    """From now on orphans below this process become its children; False where unsupported."""
    try:
        return bool(ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False


class Tree:
    """The living processes of one training, found anew at every scan.

    Attributes:
        strangers: Gives the sessions of the supervisor's own children, which do not belong.
        groups: Process groups of the last scan in which there is nobody else.
        cost: Seconds of processor time that the last scan took.
    """

    def __init__(
        self, token: str, known: Iterable[Identity] = (), reaper: int | None = None
    ) -> None:
        """Starts to know a tree.

        Args:
            token: The value of `RUN_VARIABLE` in the training's environment.
            known: Processes that belong to it.
            reaper: Id of the supervisor, when called in it.
        """
        self._marks = {f"{RUN_VARIABLE}={token}".encode()}
        self._known = frozenset(known)
        self._reaper = reaper
        self.strangers: Callable[[], frozenset[int]] = frozenset
        self.groups: frozenset[int] = frozenset()
        self.cost = 0.0

    @property
    def known(self) -> frozenset[Identity]:
        """Who belonged at the last scan, or was named at the beginning; the dead are forgotten."""
        return self._known

    def remember(self, identity: Identity) -> None:
        """Adds a process that certainly belongs, such as the launcher just started."""
        self._known |= {identity}

    def scan(self, *, thorough: bool = True) -> tuple[Process, ...]:
        """The living processes of the training, this process never among them.

        Args:
            thorough: Reads every environment too, which costs about 20 µs a process.
        """
        begin = time.thread_time()
        table = processes()
        # Whoever asks must not be killed by its own search, say from a shell inside the training.
        table.pop(os.getpid(), None)
        members = self._seeds(table)
        if thorough:
            members |= self._marked(table)
        members = _grown(members, table)
        found = tuple(table[pid] for pid in sorted(members))
        self._known = frozenset(process.identity for process in found)
        others = {process.group for pid, process in table.items() if pid not in members}
        self.groups = frozenset({process.group for process in found} - others - {0, os.getpgrp()})
        self.cost = time.thread_time() - begin
        return found

    def _seeds(self, table: Mapping[int, Process]) -> set[int]:
        reaper = self._reaper
        strangers = self.strangers()
        return {
            pid
            for pid, process in table.items()
            if process.identity in self._known
            or (
                reaper is not None and process.parent == reaper and process.session not in strangers
            )
        }

    def _marked(self, table: Mapping[int, Process]) -> set[int]:
        environments = {pid: environment(pid) for pid in table}
        marked = {pid for pid, entries in environments.items() if entries & self._marks}
        elastic = {
            entry
            for pid in marked
            for entry in environments[pid]
            if entry.startswith(_ELASTIC) and _MADE_UP.fullmatch(entry, len(_ELASTIC))
        }
        if elastic - self._marks:
            self._marks |= elastic
            marked = {pid for pid, entries in environments.items() if entries & self._marks}
        return marked


def _grown(members: set[int], table: Mapping[int, Process]) -> set[int]:
    """Adds children and companions of sessions until nothing is added any more."""
    mine = {0, os.getsid(0)}
    while True:
        sessions = {
            session
            for session in {table[pid].session for pid in members} - mine
            if session in members or session not in table
        }
        more = {
            pid
            for pid, process in table.items()
            if process.parent in members or process.session in sessions
        }
        if more <= members:
            return members
        members = members | more


def roots(members: Iterable[Process]) -> tuple[Process, ...]:
    """Those whose parent is not among them."""
    members = tuple(members)
    pids = {process.pid for process in members}
    return tuple(process for process in members if process.parent not in pids)
