"""Failures that logs report, bounded, each with its place in the order of its file."""

from dataclasses import dataclass, field

from trainwatch.events import Fault, LaunchFailed, RankId, TrainingEnded, WorkerFailure

KEPT = 500
"""First failures that are kept with their text; later ones are counted."""

Report = Fault | LaunchFailed | WorkerFailure | TrainingEnded


@dataclass(frozen=True, slots=True)
class Reported:
    """A report and what else its log had said by then.

    Attributes:
        event: The report.
        base: The log, `FileRole.base`.
        attempt: Restarts seen in that log so far.
        order: Records and events of that log so far; a later record has a higher one.
    """

    event: Report
    base: str
    attempt: int
    order: int

    @property
    def who(self) -> RankId:
        """Whom it is about."""
        return self.event.who


@dataclass(slots=True)
class Reports:
    """All reports of a run, in the order of each log."""

    kept: list[Reported] = field(default_factory=list)
    count: int = 0

    def add(self, report: Reported) -> None:
        """Take one."""
        self.count += 1
        if len(self.kept) < KEPT:
            self.kept.append(report)
