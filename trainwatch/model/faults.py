"""Failures that logs report, bounded, each with its place in the order of its file.

A log may repeat one complaint a million times; that must not crowd out the failure that ends the
training. So what is alike is kept together: its first reports and its newest.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from trainwatch.events import Fault, LaunchFailed, RankId, TrainingEnded, WorkerFailure

FIRST, NEWEST = 4, 4
"""Reports that are kept of those that are alike; the ones between them are counted."""

SORTS = 8192
"""Sorts of reports that are kept; the oldest give way."""

Report = Fault | LaunchFailed | WorkerFailure | TrainingEnded


@dataclass(frozen=True, slots=True)
class Reported:
    """A report and what else its log had said by then.

    Attributes:
        event: The report.
        base: The log, `FileRole.base`.
        attempt: Restarts seen in that log so far.
        order: Records and events of that log so far; a later record has a higher one.
        place: Its ordinal among all reports of the run.
        number: Its ordinal among those that are alike.
    """

    event: Report
    base: str
    attempt: int
    order: int
    place: int
    number: int

    @property
    def who(self) -> RankId:
        """Whom it is about."""
        return self.event.who


@dataclass(slots=True)
class _Alike:
    """Reports of one sort, about one rank, in one attempt of one log."""

    count: int = 0
    first: list[Reported] = field(default_factory=list)
    newest: deque[Reported] = field(default_factory=lambda: deque(maxlen=NEWEST))


@dataclass(slots=True)
class Reports:
    """All reports of a run."""

    count: int = 0
    _alike: dict[tuple[object, ...], _Alike] = field(default_factory=dict)

    def add(self, event: Report, base: str, attempt: int, order: int) -> None:
        """Take one; the arguments are as the attributes of `Reported`."""
        kind = event.kind if isinstance(event, Fault) else type(event).__name__
        fatal = isinstance(event, Fault) and event.fatal
        alike = self._sort((kind, fatal, event.who, base, attempt))
        report = Reported(event, base, attempt, order, self.count, alike.count)
        if len(alike.first) < FIRST:
            alike.first.append(report)
        else:
            alike.newest.append(report)
        alike.count += 1
        self.count += 1

    @property
    def kept(self) -> Sequence[Reported]:
        """Those that are kept, in the order in which they were read."""
        kept = [report for one in self._alike.values() for report in (*one.first, *one.newest)]
        return sorted(kept, key=attrgetter("place"))

    def _sort(self, key: tuple[object, ...]) -> _Alike:
        alike = self._alike.get(key)
        if alike is None:
            alike = self._alike[key] = _Alike()
            if len(self._alike) > SORTS:
                del self._alike[next(iter(self._alike))]
        return alike
