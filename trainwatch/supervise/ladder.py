"""The stop ladder: SIGTERM, a wait, SIGKILL, proof.

1. SIGTERM to the launcher and to nobody else: torchrun ends its workers in order, and a script
   that saves a checkpoint on SIGTERM still has its loader processes while it does so.
2. When the launcher has gone, what it left gets half a second to end by itself (the helpers of
   Python's multiprocessing do, and clean up), then SIGTERM, the topmost processes first.
3. When the time is over, SIGKILL to everything: whole process groups, so that nothing can fork its
   way out, then one by one, until a scan that reads every environment finds nobody.
4. Whoever outlives that is named with its state.

Processes held by SIGSTOP are continued so that they can act on the SIGTERM; SIGKILL needs no such
help. Everything is a step that returns at once: the supervisor has other things to do meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterable

from trainwatch.supervise.process import Delivery, Identity, Process, send
from trainwatch.supervise.tree import Tree, roots

STEP = 0.05
"""Seconds between two steps; more where a scan of the process table is slow."""

KILL_WAIT = 10.0
"""Seconds that SIGKILL is given: freeing hundreds of GB of memory takes some."""

_OWN_END = 0.5
"""Seconds in which what the launcher left may end by itself."""

_LEFT_BEHIND = 5.0
"""Seconds that orphans have at least, when the launcher took nearly all of the time."""


LOOK_WAIT = 8.0
"""Seconds that a look at them may take before they are killed."""

Look = Callable[[tuple[Process, ...]], bool]
"""Begins at its first call to write down where processes stand that are about to be killed; True
when that has ended."""

Note = Callable[[signal.Signals, list[int]], None]
"""Told of a signal that was sent, and to which processes."""


def longest(timeout: float) -> float:
    """Seconds after which a ladder is over at the latest."""
    return timeout + min(timeout, _LEFT_BEHIND) + LOOK_WAIT + KILL_WAIT


class Ladder:
    """Ends one process tree, step by step.

    Attributes:
        survivors: Who could not be ended; known when `step` has returned True.
    """

    def __init__(
        self,
        tree: Tree,
        launcher: Identity | None,
        *,
        timeout: float,
        now: float,
        note: Note,
        look: Look = lambda _: True,
    ) -> None:
        """Prepares; the first step sends the first signal.

        Args:
            tree: Who is to end.
            launcher: The process that gets SIGTERM first and alone, if it lives.
            timeout: Seconds from now to the first SIGKILL.
            now: Of a monotonic clock, as in `step`.
            note: Told of every signal that ends someone, once a process.
            look: Asked before the first SIGKILL; see `Look`.
        """
        self._tree = tree
        self._launcher = launcher
        self._timeout = timeout
        self._deadline = now + timeout
        self._note = note
        self._look = look
        self._looking: float | None = None
        self._left_since: float | None = None
        self._asked: set[Identity] = set()
        self._killed: set[Identity] = set()
        self.survivors: tuple[Process, ...] = ()

    def step(self, now: float) -> bool:
        """Does what is due; True when it is over."""
        killing = now >= self._deadline
        living = self._tree.scan(thorough=killing) or self._tree.scan()
        if living and now >= self._deadline + KILL_WAIT:
            self.survivors = living
            return True
        if killing and self._seen(living, now):
            self._kill(living)
        elif not killing:
            self._ask(living, now)
        return not living

    def _seen(self, living: tuple[Process, ...], now: float) -> bool:
        """Whether the survivors of SIGTERM were looked at, or that takes too long."""
        if not living or self._killed:
            return True
        self._looking = now if self._looking is None else self._looking
        if self._look(living):
            return True
        if now < self._looking + LOOK_WAIT:
            self._deadline = now
            return False
        return True

    @property
    def pause(self) -> float:
        """Seconds until the next step: short, but mostly idle even where scans are slow."""
        return max(STEP, 5 * self._tree.cost)

    def _ask(self, living: tuple[Process, ...], now: float) -> None:
        due = self._due(living, now)
        fresh = [process for process in due if process.identity not in self._asked]
        _each(fresh, signal.SIGTERM)
        self._tell(signal.SIGTERM, fresh, self._asked)
        if self._asked:
            _each((process for process in living if process.stopped), signal.SIGCONT)

    def _due(self, living: tuple[Process, ...], now: float) -> tuple[Process, ...]:
        """Who is to have SIGTERM by now."""
        launcher = tuple(process for process in living if process.identity == self._launcher)
        if launcher:
            return launcher
        if self._left_since is None:
            self._left_since = now
            self._deadline = max(self._deadline, now + min(self._timeout, _LEFT_BEHIND))
        return roots(living) if now >= self._left_since + _OWN_END else ()

    def _kill(self, living: tuple[Process, ...]) -> None:
        for group in self._tree.groups:
            _kill_group(group)
        _each(living, signal.SIGKILL)
        fresh = [process for process in living if process.identity not in self._killed]
        self._tell(signal.SIGKILL, fresh, self._killed)

    def _tell(self, number: signal.Signals, processes: list[Process], told: set[Identity]) -> None:
        told.update(process.identity for process in processes)
        if processes:
            self._note(number, [process.pid for process in processes])


def climb(ladder: Ladder, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
    """Takes all steps; for callers that have nothing else to do."""
    while not ladder.step(clock()):
        sleep(ladder.pause)


def _each(processes: Iterable[Process], number: signal.Signals) -> list[Delivery]:
    return [send(process.identity, number) for process in processes]


def _kill_group(group: int) -> None:
    # Gone, or none of its processes may be signalled: the scan that follows shows which.
    with contextlib.suppress(OSError):
        os.killpg(group, signal.SIGKILL)
