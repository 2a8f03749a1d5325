"""Which clues are of the present: not those that the training survived, or ended well after."""

import math
from collections.abc import Iterator, Mapping, Sequence

from trainwatch.diagnose.clue import Clue, Exited, Order
from trainwatch.diagnose.gather import Gathering
from trainwatch.diagnose.identity import Identity
from trainwatch.diagnose.log import LogNotes
from trainwatch.events import NOBODY, RankId, RunInfo, Stamp, Where
from trainwatch.formats.filenames import FileKind
from trainwatch.model.moments import Viewpoint, epoch_seconds

_SLACK = 2.0
"""Seconds by which lines of one moment may be stamped apart."""

_ZONES = 15 * 3600.0
"""Schedulers and kernels may write another zone's time than the training does."""


class Currency:
    """Tells what outdates what.

    Args:
        gathering: What the logs said.
        info: What earlier attempts wrote, as far as a supervisor says it.
        identity: Who is who.
        first: The attempt with which each log begins.
        attempt: The newest attempt.
        clocks: The zone of the reader, and how far the clocks of the logs are apart.
    """

    def __init__(
        self,
        gathering: Gathering,
        info: RunInfo,
        identity: Identity,
        first: Mapping[str, int],
        attempt: int,
        clocks: tuple[Viewpoint, Mapping[str, float]],
    ) -> None:
        self._logs = gathering.logs
        self._info = info
        self._identity = identity
        self._first = first
        self._attempt = attempt
        self._view, self._offsets = clocks
        self._moments = self._latest()
        self._superseded = frozenset(self._followed())

    def outdated(self, clue: Clue) -> bool:
        """Whether the training went on, ended well or was started again behind a clue."""
        log = self._logs.get(clue.base)
        if self._earlier_attempt(clue) or self.superseded(clue.base):
            return True
        if log is not None and _behind(log, clue.who, clue.order):
            return True
        return clue.stamp is not None and clue.exact and self._later(clue, clue.stamp)

    def buffered(self, clue: Clue) -> bool:
        """Whether only later lines of its own log outdate it: they may have been held back."""
        log = self._logs.get(clue.base)
        survived = log is not None and (log.ended is not None or log.restarted is not None)
        before = self._earlier_attempt(clue) or self.superseded(clue.base)
        return not survived and not before

    def superseded(self, base: str) -> bool:
        """Whether a log is the console of a launch before."""
        return base in self._superseded

    def left_before(self, left: Exited) -> bool:
        """Whether a worker's exit is of an attempt that was followed by another."""
        if self._info.is_past(Where(*left.evidence[:3]), math.inf):
            return True
        log = self._logs.get(left.base)
        return log is not None and _behind(log, NOBODY, left.order)

    def _earlier_attempt(self, clue: Clue) -> bool:
        where = Where(*clue.evidence[:3])
        if self._info.is_past(where, math.inf):
            return True
        stated = clue.attempt is not None or clue.base in self._first
        attempt = clue.attempt or self._first.get(clue.base, 0)
        log = self._logs.get(clue.base)
        dated = clue.attempt is not None or (log is not None and log.role.started is not None)
        return stated and dated and attempt < self._attempt

    def _later(self, clue: Clue, stamp: Stamp) -> bool:
        """Whether another log shows, by its clock, that the rank got on or the run ended well."""
        who = self._identity.of(clue.who)
        limit = self._seconds(clue.base, stamp) + (_ZONES if who == NOBODY else _SLACK)
        moments = (*self._moments.get(who, ()), *self._moments.get(None, ()))
        return any(base != clue.base and seconds > limit for seconds, base in moments)

    def _latest(self) -> Mapping[RankId | None, Sequence[tuple[float, str]]]:
        """When each rank was last seen to get on, and in which log; None: when a run ended well.

        Of the run as a whole (`NOBODY`) the two newest are enough: one is in another log.
        """
        moments: dict[RankId | None, list[tuple[float, str]]] = {}
        for base, log in self._logs.items():
            if log.ended is not None and log.ended[1] is not None:
                moments.setdefault(None, []).append((self._seconds(base, log.ended[1]), base))
            for writer, stamp in log.latest.items():
                seen = (self._seconds(base, stamp), base)
                moments.setdefault(self._identity.of(writer), []).append(seen)
        newest: dict[str, float] = {}
        for seconds, base in (one for some in moments.values() for one in some):
            newest[base] = max(seconds, newest.get(base, seconds))
        moments[NOBODY] = sorted(((s, base) for base, s in newest.items()), reverse=True)[:2]
        return moments

    def _followed(self) -> Iterator[str]:
        """Consoles that were over when another one of the run began: of a launch before it."""
        spans = {base: self._span(log) for base, log in self._logs.items() if _is_console(log)}
        for base, (_, last) in spans.items():
            began = (first for other, (first, _) in spans.items() if other != base)
            if last is not None and any(first is not None and first > last for first in began):
                yield base

    def _span(self, log: LogNotes) -> tuple[float | None, float | None]:
        """When a log got on first and last, as it states."""
        if log.first is None or not log.latest:
            return None, None
        last = max(self._seconds(log.role.base, stamp) for stamp in log.latest.values())
        return self._seconds(log.role.base, log.first), last

    def _seconds(self, base: str, stamp: Stamp) -> float:
        return epoch_seconds(stamp, self._view.utc_offset) - self._offsets.get(base, 0.0)


def _is_console(log: LogNotes) -> bool:
    return log.role.kind in (FileKind.CONSOLE, FileKind.MAIN_LOG)


def _behind(log: LogNotes, who: RankId, order: Order) -> bool:
    if log.ended is not None and log.ended[0] > order:
        return True
    if log.restarted is not None and log.restarted > order:
        return True
    own = log.progress.get(who)
    if who != NOBODY and own and own[-1] > order:
        return True
    # One line of another may come late; two of the same writer are progress of the run.
    writers = log.progress.items() if who == NOBODY else [(NOBODY, log.progress.get(NOBODY))]
    return any(places and len(places) > 1 and places[0] > order for _, places in writers)
