"""What one log said besides its records: clues, how far its writers came, how data were shared."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from trainwatch.diagnose.clue import Clue, Order
from trainwatch.diagnose.settle import Times
from trainwatch.diagnose.tables import MakeClue, TableReader
from trainwatch.diagnose.tails import Tail
from trainwatch.diagnose.tracebacks import TracebackReader
from trainwatch.diagnose.work import Work
from trainwatch.events import (
    AttemptStarted,
    CheckpointNote,
    EpochMarker,
    Event,
    Evidence,
    Fault,
    LaunchFailed,
    Parsed,
    RankId,
    RankStarted,
    Stamp,
    TrainingEnded,
    Where,
)
from trainwatch.formats.filenames import FileRole

KEPT = 6
"""Clues of one kind and writer that are kept, the first and as many of the last."""

KINDS = 2000
"""Kinds and writers of clues in one log."""

_COMPLAINTS = 8
_REPORTS = (Fault, LaunchFailed)
_Kind = tuple[RankId, str, str | None]


@dataclass(slots=True)
class _Kept:
    first: list[Clue] = field(default_factory=list)
    last: deque[Clue] = field(default_factory=lambda: deque(maxlen=KEPT))
    count: int = 0


class LogNotes:
    """Notes on one log.

    Args:
        role: What its path says.
        make: Makes a clue of an exception that torchrun's table repeats.

    Attributes:
        feeds: Feeds so far; with an offset a place in its order.
        reached: The last offset of the feeds before.
        last: The newest time that a line stated.
        tables, tracebacks: Readers of its lines.
        work: What its ranks said about their work.
        tails: The newest losses of each writer.
        progress: The last two places at which each writer got on.
        latest: The time of the newest progress of each writer.
        first: The time of the first progress of any.
        ended: Where it says that the training is complete.
        restarted: Where it says that a training begins.
        torn: Whether its last line lacks its end.
        complaints: The newest lines that say that something went wrong, in words that nobody knows.
        fresh: Clues of the feed that is being read; their times are not settled yet.
    """

    def __init__(self, role: FileRole, make: MakeClue) -> None:
        self.role = role
        self.feeds = 0
        self.reached = 0
        self._file = ""
        self._highest = 0
        self.last: Stamp | None = None
        self.tables = TableReader(role.base, make)
        self.tracebacks = TracebackReader()
        self.work = Work()
        self.tails: dict[RankId, Tail] = {}
        self.progress: dict[RankId, deque[Order]] = {}
        self.latest: dict[RankId, Stamp] = {}
        self.first: Stamp | None = None
        self.ended: tuple[Order, Stamp | None] | None = None
        self.restarted: Order | None = None
        self.torn = False
        self.complaints: deque[tuple[Order, Evidence]] = deque(maxlen=_COMPLAINTS)
        self.fresh: list[Clue] = []
        self._kinds: dict[_Kind, _Kept] = {}

    @property
    def clues(self) -> Iterator[Clue]:
        """The clues that are kept, in order."""
        kept = (clue for kind in self._kinds.values() for clue in (*kind.first, *kind.last))
        yield from sorted(kept, key=lambda clue: clue.order)

    def count(self, clue: Clue) -> int:
        """How many clues there were of the kind and writer of one."""
        kind = self._kinds.get(_kind(clue))
        return kind.count if kind else 0

    def keep(self, clue: Clue) -> None:
        """Take a clue."""
        key = _kind(clue)
        if key not in self._kinds and len(self._kinds) >= KINDS:
            return
        kind = self._kinds.setdefault(key, _Kept())
        kind.count += 1
        (kind.first if len(kind.first) < KEPT else kind.last).append(clue)
        if "scale" in clue.signature.name or clue.signature.name == "overflow":
            self.work.overflow(clue)

    def settle(self, parsed: Parsed) -> None:
        """A feed is read: keep its clues, each with the time that its surroundings state."""
        if not self.fresh and not parsed.items:
            return
        times = Times(parsed, self.last)
        for clue in self.fresh:
            self.keep(times.settle(clue))
        self.fresh.clear()
        self.last = times.newest

    def place(self, offset: int) -> Order:
        """The place of a record in the order of this log.

        General rules hold lines back until later ones decide what they are: such a record stands in
        the feed before, whatever else that one said.
        """
        return Order(self.feeds - (offset < self.reached), offset)

    def seen(self, where: Where) -> None:
        """A line was read here; before what was read already: the file was truncated, or is another."""
        if where.file != self._file or where.offset < self.reached:
            self._file, self.reached = where.file, 0
        self._highest = max(self._highest, where.offset)

    def fed(self, offsets: Iterable[int]) -> None:
        """A feed is over."""
        self.reached = max(self._highest, *offsets, 0)
        self._highest = 0
        self.feeds += 1

    def tail(self, who: RankId) -> Tail:
        """The newest losses of a writer."""
        return self.tails.setdefault(who, Tail())

    def moved(self, who: RankId, order: Order, stamp: Stamp | None) -> None:
        """A writer got on: a step, a marker, a start."""
        self.progress.setdefault(who, deque(maxlen=2)).append(order)
        if stamp is not None:
            self.latest[who] = stamp
            self.first = self.first or stamp

    def event(self, event: Event) -> None:
        """Take a rare event."""
        if isinstance(event, _REPORTS):
            self.work.take(event)
            return
        order = self.place(event.where.offset)
        if isinstance(event, TrainingEnded):
            self.ended = (order, event.stamp or self.last)
        elif isinstance(event, AttemptStarted):
            self.restarted = order
        elif isinstance(event, EpochMarker | RankStarted):
            self.moved(event.who, order, event.stamp)
        elif isinstance(event, CheckpointNote):
            self.work.checkpoint = event
        self.work.take(event)


def _kind(clue: Clue) -> _Kind:
    return clue.who, clue.signature.name, clue.exception
