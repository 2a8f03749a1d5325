"""The state of a run: every log's writers, folded from what parsing finds; `apply` is all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trainwatch.events import (
    NOBODY,
    AttemptStarted,
    CheckpointNote,
    CheckpointStage,
    Draft,
    Event,
    Fault,
    Items,
    LaunchFailed,
    LineTally,
    LogLine,
    Parsed,
    RankId,
    StepBlock,
    TrainingEnded,
    WorkerFailure,
)
from trainwatch.formats.filenames import FileRole, describe
from trainwatch.model.attempts import number_attempts
from trainwatch.model.faults import Reports
from trainwatch.model.parts import Rows, is_constant
from trainwatch.model.recent import RecentLines
from trainwatch.model.stream import Stream
from trainwatch.model.watch import Limits


@dataclass(slots=True)
class FileState:
    """One log: its role, what was read of it, and its writers.

    Attributes:
        order: Records and events so far: the place of the next one.
        newest: Its newest line, whoever wrote it.
    """

    role: FileRole
    limits: Limits
    tally: LineTally = field(default_factory=LineTally)
    streams: dict[RankId, Stream] = field(default_factory=dict)
    order: int = 0
    newest: LogLine | None = None

    def stream(self, who: RankId) -> Stream:
        """A writer's stream, begun where it is new."""
        stream = self.streams.get(who)
        if stream is None:
            stream = self.streams[who] = Stream(who, self.role, self.limits)
        return stream


class RunState:
    """Everything the logs of a run have said.

    The fold keeps the logs apart and joins them only when it is looked at; so the state does not
    depend on the order in which the logs are read.

    Args:
        limits: What makes a value remarkable.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self.files: dict[str, FileState] = {}
        self.reports = Reports()
        self._recent = RecentLines()

    def apply(self, parsed: Parsed) -> None:
        """Fold what one feed of one file gave."""
        file = self._file(parsed.file.name)
        file.tally = _sum(file.tally, parsed.tally)
        touched: dict[RankId, Stream] = {}
        stream: Stream | None
        items = parsed.items
        who, stream = NOBODY, None
        for item in items.drafts if isinstance(items, Items) else items:
            if isinstance(item, StepBlock):
                for who, rows in _writers(item):
                    stream = file.stream(who)
                    stream.apply_steps(item, rows)
                    stream.order = file.order + int(rows[-1])
                    touched[who] = stream
                file.order += len(item)
            elif isinstance(item, Draft):
                if item.who is not who or stream is None:
                    who, stream = item.who, file.stream(item.who)
                    touched[who] = stream
                stream.apply_draft(item)
                stream.order = file.order
                file.order += 1
            else:
                self._event(file, item)
                touched[item.who] = file.stream(item.who)
                file.order += 1
        for stream in touched.values():
            stream.settle()
        for who, line in parsed.last.items():
            file.stream(who).last = line
        if parsed.last:
            file.newest = max(parsed.last.values(), key=lambda line: line.where.offset)
        self._recent.add(parsed.recent)

    def attempts(self) -> Mapping[str, int]:
        """The attempt with which each log begins, by `FileRole.base`."""
        return number_attempts(file.role for file in self.files.values())

    def streams(self) -> Iterator[Stream]:
        """Every writer of every log."""
        for file in self.files.values():
            yield from file.streams.values()

    @property
    def recent(self) -> Sequence[LogLine]:
        """The newest lines of all logs, oldest first; not to be changed."""
        return self._recent.newest()

    @property
    def tally(self) -> LineTally:
        """Of all logs."""
        return _sum(*(file.tally for file in self.files.values()))

    @property
    def recognised(self) -> bool:
        """Whether anything in the logs was a record of a training."""
        return any(file.order for file in self.files.values())

    def _file(self, name: str) -> FileState:
        role = describe(name)
        file = self.files.get(role.base)
        if file is None:
            file = self.files[role.base] = FileState(role, self._limits)
        return file

    def _event(self, file: FileState, event: Event) -> None:
        match event:
            case AttemptStarted() | CheckpointNote(stage=CheckpointStage.RESUMED):
                for stream in file.streams.values():
                    stream.restart()
            case Fault() | LaunchFailed() | WorkerFailure() | TrainingEnded():
                attempt = max(
                    (stream.position.attempt for stream in file.streams.values()), default=0
                )
                self.reports.add(event, file.role.base, attempt, file.order)
        stream = file.stream(event.who)
        if isinstance(event, WorkerFailure):  # its rank is whom it is about, not who wrote it
            stream.failed = True
            return
        stream.apply_event(event)
        if not isinstance(event, Fault | LaunchFailed):
            stream.order = file.order


def by_writer(block: StepBlock) -> Iterator[tuple[RankId, NDArray[np.int64]]]:
    """The rows of each writer in a block, in order."""
    for who, rows in _writers(block):
        yield who, np.arange(len(rows)) if isinstance(rows, range) else rows


def _writers(block: StepBlock) -> Iterator[tuple[RankId, Rows]]:
    if block.owner is not None:
        yield block.owner, range(len(block))
        return
    rank, local = block.rank, block.local
    if (is_constant(rank) or (rank == rank[0]).all()) and (
        is_constant(local) or (local == local[0]).all()
    ):
        yield _writer(block, 0), range(len(block))
        return
    keys = rank.astype(np.int64) << 32 | (local.astype(np.int64) & 0xFFFFFFFF)
    order = np.argsort(keys, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(keys[order])) + 1):
        yield _writer(block, int(rows[0])), rows


def _writer(block: StepBlock, row: int) -> RankId:
    rank, local = int(block.rank[row]), int(block.local[row])
    if rank < 0 and local < 0:
        return NOBODY
    return RankId(rank if rank >= 0 else None, local if local >= 0 else None)


def _sum(*tallies: LineTally) -> LineTally:
    return LineTally(
        sum(tally.lines for tally in tallies),
        sum(tally.bytes for tally in tallies),
        sum(tally.unparsed for tally in tallies),
    )
