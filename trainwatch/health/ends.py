"""How a run ended, if it did: completed, failed, or not yet; and which ranks are dead."""

from collections.abc import Iterable
from dataclasses import dataclass

from trainwatch.events import (
    NOBODY,
    Fault,
    FaultKind,
    LaunchFailed,
    Phase,
    RankId,
    RunInfo,
    Stamp,
    TrainingEnded,
    WorkerFailure,
)
from trainwatch.formats.filenames import FileKind
from trainwatch.model.faults import Reported
from trainwatch.model.ranks import Crew
from trainwatch.model.run import FileState, RunState
from trainwatch.model.stream import Stream


@dataclass(frozen=True, slots=True)
class Ends:
    """What is known of the end of the current attempt.

    Attributes:
        completed: The log or the exit code says that the training is complete.
        failed_run: It is over without being complete, for all ranks.
        dead: Ranks that a failure ended.
        reports: The failures of the current attempt that nothing later outdates.
        survived: Those that something later does outdate.
    """

    completed: bool = False
    failed_run: bool = False
    dead: frozenset[RankId] = frozenset()
    reports: tuple[Reported, ...] = ()
    survived: tuple[Reported, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the attempt failed, as a whole or in a rank."""
        return self.failed_run or bool(self.dead)


def ends_of(run: RunState, crew: Crew, info: RunInfo) -> Ends:
    """How the current attempt of a run ended."""
    first = run.attempts()
    told = [
        report
        for report in run.reports.kept
        if first.get(report.base, 0) + report.attempt == crew.attempt
        and not info.is_past(report.event.where, report.event.arrival)
        and _belongs(run.files[report.base], report, run)
    ]
    current = [report for report in told if not _outdated(report, run)]
    survived = [report for report in told if report not in current]
    launch_failed = any(isinstance(report.event, LaunchFailed) for report in current)
    fatal = [r for r in current if isinstance(r.event, Fault) and r.event.fatal]
    workers = [r for r in current if isinstance(r.event, WorkerFailure)]
    completed = not launch_failed and _completed(current, crew, failed=bool(fatal))
    if info.exit_code is not None:
        # A shell that waits for its children, or pipes into tee, ends well whatever became of them.
        died = launch_failed or any(report.who != NOBODY for report in fatal)
        completed = info.exit_code == 0 and (completed or not died)
    if completed:
        return Ends(completed=True, reports=tuple(current), survived=tuple(survived))
    over = launch_failed or info.exit_code is not None or info.alive is False
    # A traceback of nobody in particular is no death while the training is known to live.
    nameless = info.alive is not True and any(report.who == NOBODY for report in fatal)
    return Ends(
        failed_run=over or nameless,
        dead=frozenset(report.who for report in (*fatal, *workers) if report.who != NOBODY),
        reports=tuple(current),
        survived=tuple(survived),
    )


def _belongs(file: FileState, report: Reported, run: RunState) -> bool:
    """Whether a report speaks of this training: a stranger's log beside it does not.

    What names no rank, in a log that is no console and holds no record, is a stranger's, where
    other logs do hold records.
    """
    if report.who != NOBODY or file.role.kind is FileKind.CONSOLE or _recorded(file):
        return True
    return not any(_recorded(other) for other in run.files.values())


def _recorded(file: FileState) -> bool:
    return any(stream.order >= 0 for stream in file.streams.values())


def _completed(current: Iterable[Reported], crew: Crew, *, failed: bool) -> bool:
    """The log says so, or the summary of its last epoch stands there and no failure follows."""
    ended = {report.who for report in current if isinstance(report.event, TrainingEnded)}
    newest = [
        voice.stream
        for member in crew.all
        for voice in member.voices
        if voice.attempt == crew.attempt and not voice.past
    ]
    ended |= {stream.who for stream in newest if stream.position.phase is Phase.FINISHED}
    ranks = [member.who for member in crew.ranks]
    # One that is through before the others may have left them: the first speaks for all.
    if ended and (NOBODY in ended or not ranks or ranks[0] in ended or not ended & set(ranks)):
        return True
    return not failed and any(_last_epoch(stream) for stream in newest)


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
    if isinstance(report.event, Fault) and report.event.kind is FaultKind.SHARD_ERROR:
        return False  # the data that could not be read stays unread
    file = run.files[report.base]
    own = [stream for stream in file.streams.values() if _concerns(report, stream)]
    if any(stream.order > report.order or _talks_on(report, stream) for stream in own):
        return True
    if report.who == NOBODY and _overtaken(file, run):
        return True
    stamp = report.event.stamp
    if stamp is None or isinstance(report.event, TrainingEnded):
        return False
    others = (stream for stream in run.streams() if stream.role.base != report.base)
    return any(_concerns(report, stream) and _later(stream, stamp) for stream in others)


def _talks_on(report: Reported, stream: Stream) -> bool:
    """Whether an ordinary line of the same writer follows: the failure was handled."""
    last, event = stream.last, report.event
    return (
        isinstance(event, Fault)
        and stream.who == report.who != NOBODY
        and last is not None
        and last.level in ("DEBUG", "INFO")
        and last.where.file == event.where.file
        and last.where.offset > event.where.offset
    )


def _overtaken(file: FileState, run: RunState) -> bool:
    """Whether logs of the training went on long after this one had ended."""
    if file.newest is None:
        return False
    others = (
        other.newest for other in run.files.values() if other is not file and _recorded(other)
    )
    return any(other and other.arrival > file.newest.arrival + _LONG_AFTER for other in others)


_LONG_AFTER = 60.0
"""Seconds; the logs of a training that dies end within them."""


def _concerns(report: Reported, stream: Stream) -> bool:
    return report.who in (NOBODY, stream.who)


def _later(stream: Stream, stamp: Stamp) -> bool:
    return stream.latest > stamp.seconds + 1.0
