"""How a run ended, if it did: completed, failed, or not yet; and which ranks are dead."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from trainwatch.events import (
    NOBODY,
    Fault,
    LaunchFailed,
    Phase,
    RankId,
    RunInfo,
    Stamp,
    TrainingEnded,
    WorkerFailure,
)
from trainwatch.model.faults import Reported
from trainwatch.model.ranks import Crew
from trainwatch.model.run import RunState
from trainwatch.model.stream import Stream


@dataclass(frozen=True, slots=True)
class Ends:
    """What is known of the end of the current attempt.

    Attributes:
        completed: The log or the exit code says that the training is complete.
        failed_run: It is over without being complete, for all ranks.
        dead: Ranks that a failure ended.
        reports: The failures of the current attempt that nothing later outdates.
    """

    completed: bool = False
    failed_run: bool = False
    dead: frozenset[RankId] = frozenset()
    reports: tuple[Reported, ...] = field(default=())

    @property
    def failed(self) -> bool:
        """Whether the attempt failed, as a whole or in a rank."""
        return self.failed_run or bool(self.dead)


def ends_of(run: RunState, crew: Crew, info: RunInfo) -> Ends:
    """How the current attempt of a run ended."""
    first = run.attempts()
    current = [
        report
        for report in run.reports.kept
        if first.get(report.base, 0) + report.attempt == crew.attempt and not _outdated(report, run)
    ]
    launch_failed = any(isinstance(report.event, LaunchFailed) for report in current)
    fatal = [r for r in current if isinstance(r.event, Fault) and r.event.fatal]
    workers = [r for r in current if isinstance(r.event, WorkerFailure)]
    completed = not launch_failed and _completed(current, crew)
    if info.exit_code is not None:
        completed = info.exit_code == 0
    if completed:
        return Ends(completed=True, reports=tuple(current))
    over = launch_failed or info.exit_code is not None or info.alive is False
    return Ends(
        failed_run=over or any(report.who == NOBODY for report in fatal),
        dead=frozenset(report.who for report in (*fatal, *workers) if report.who != NOBODY),
        reports=tuple(current),
    )


def _completed(current: Iterable[Reported], crew: Crew) -> bool:
    """The log says so, or the summary of the last of its epochs stands there."""
    if any(isinstance(report.event, TrainingEnded) for report in current):
        return True
    newest = [
        voice.stream
        for member in crew.all
        for voice in member.voices
        if voice.attempt == crew.attempt
    ]
    return any(stream.position.phase is Phase.FINISHED or _last_epoch(stream) for stream in newest)


def _last_epoch(stream: Stream) -> bool:
    total, base = stream.total_epochs, stream.epoch_base
    if total is None or base is None:
        return False
    stats = stream.epochs.items().get((stream.position.attempt, float(base + total - 1)))
    return stats is not None and bool(stats.stated)


def _outdated(report: Reported, run: RunState) -> bool:
    """Whether the one it is about went on afterwards: the failure was survived.

    Within its own log by order; in other logs by the times that both state. A failure without a
    rank is outdated by progress of anyone in its log.
    """
    own = run.files[report.base].streams.values()
    if any(_concerns(report, stream) and stream.order > report.order for stream in own):
        return True
    stamp = report.event.stamp
    if stamp is None or isinstance(report.event, TrainingEnded):
        return False
    others = (stream for stream in run.streams() if stream.role.base != report.base)
    return any(_concerns(report, stream) and _later(stream, stamp) for stream in others)


def _concerns(report: Reported, stream: Stream) -> bool:
    return report.who in (NOBODY, stream.who)


def _later(stream: Stream, stamp: Stamp) -> bool:
    return stream.latest > stamp.seconds + 1.0
