"""What the ranks of one log said about their work: data shares, batches, phases, overflows."""

from dataclasses import dataclass, field

from trainwatch.diagnose.clue import Clue
from trainwatch.events import (
    BatchesProcessed,
    CheckpointNote,
    EpochMarker,
    Event,
    Evidence,
    Fault,
    FaultKind,
    FileShare,
    RankId,
    RankStarted,
    Split,
    WorkerCompleted,
)

REMEMBERED = 512
"""Epochs, shares and completions that are remembered of one log."""


@dataclass(frozen=True, slots=True)
class Share:
    """The files of one loader worker."""

    who: RankId
    worker: int
    workers: int
    dataset: str
    files: int
    total: int
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Done:
    """How much a rank, or one of its loader workers, did in one phase of one epoch."""

    who: RankId
    worker: int | None
    epoch: float | None
    split: Split
    amount: int
    evidence: Evidence


@dataclass(slots=True)
class Work:
    """Notes on the work.

    Attributes:
        world: World size as stated.
        pids: Process of each rank, as stated.
        shares: Newest share of each loader worker and data set.
        done: Samples of workers and batches of ranks, oldest first.
        spans: Seconds that each rank took for a phase: (epoch, split) → seconds.
        marks: When each rank wrote which marker, in its own clock.
        shard_errors: First lines that report an unreadable file, and how many there were.
        scales: Loss scales after each overflow, with the lines of the first and the last.
        checkpoint: The newest word on a checkpoint.
        habits: Which markers each rank writes at all, (split, start), and in how many epochs.
    """

    world: int | None = None
    pids: dict[RankId, int] = field(default_factory=dict)
    shares: dict[tuple[RankId, int, str], Share] = field(default_factory=dict)
    done: list[Done] = field(default_factory=list)
    spans: dict[RankId, dict[tuple[int, Split], float]] = field(default_factory=dict)
    marks: dict[tuple[RankId, int, Split, bool], float] = field(default_factory=dict)
    shard_errors: dict[RankId, list[Evidence]] = field(default_factory=dict)
    scales: dict[RankId, list[float]] = field(default_factory=dict)
    overflows: dict[RankId, list[Evidence]] = field(default_factory=dict)
    checkpoint: CheckpointNote | None = None
    habits: dict[RankId, dict[tuple[Split, bool], int]] = field(default_factory=dict)
    _at: dict[RankId, tuple[int, Split]] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Take a rare event of the log."""
        match event:
            case RankStarted():
                self.world = event.world_size or self.world
                if event.pid is not None:
                    self.pids[event.who] = event.pid
            case FileShare():
                self._share(event)
            case WorkerCompleted():
                self._done(event, event.worker, event.samples, None)
            case BatchesProcessed():
                self._done(event, None, event.count, event.split)
            case EpochMarker():
                self._marker(event)
            case Fault(kind=FaultKind.SHARD_ERROR):
                lines = self.shard_errors.setdefault(event.who, [])
                if len(lines) < REMEMBERED:
                    lines.append(event.evidence)

    def overflow(self, clue: Clue) -> None:
        """A step was skipped because its gradients overflowed."""
        text = clue.fields.get("scale") or clue.fields.get("scale_b")
        try:
            scale = float(text or "")
        except ValueError:
            return
        scales = self.scales.setdefault(clue.who, [])
        lines = self.overflows.setdefault(clue.who, [])
        scales.append(scale)
        lines.append(clue.evidence)
        del scales[:-REMEMBERED], lines[1:-1]

    def _share(self, event: FileShare) -> None:
        self.world = event.world_size or self.world
        key = (event.who, event.worker, event.dataset)
        if key in self.shares or len(self.shares) < REMEMBERED:
            self.shares[key] = Share(
                event.who,
                event.worker,
                event.workers,
                event.dataset,
                event.files,
                event.total_files,
                event.evidence,
            )

    def _done(self, event: Event, worker: int | None, amount: int, split: Split | None) -> None:
        epoch, current = self._at.get(event.who, (None, Split.TRAIN))
        self.done.append(Done(event.who, worker, epoch, split or current, amount, event.evidence))
        del self.done[:-REMEMBERED]

    def _marker(self, event: EpochMarker) -> None:
        habit = self.habits.setdefault(event.who, {})
        habit[event.split, event.start] = habit.get((event.split, event.start), 0) + 1
        if event.start:
            self._at[event.who] = (event.epoch, event.split)
        if event.stamp is None:
            return
        began = self.marks.get((event.who, event.epoch, event.split, True))
        self.marks[event.who, event.epoch, event.split, event.start] = event.stamp.seconds
        if len(self.marks) > REMEMBERED:
            del self.marks[next(iter(self.marks))]
        if not event.start and began is not None:
            spans = self.spans.setdefault(event.who, {})
            spans[event.epoch, event.split] = event.stamp.seconds - began
            if len(spans) > REMEMBERED:
                del spans[next(iter(spans))]
