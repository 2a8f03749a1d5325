r"""The vocabulary of trainwatch: what sources deliver and what parsing finds.

Units: offsets in bytes from the start of a file, line numbers from 1 counting ``\n``, times in
seconds, losses as printed. A value that a log does not state is None (in columns: NaN or -1); no
value is ever made up. This module imports nothing but the standard library, because the sources
and the supervisor speak it too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, NamedTuple, overload

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MISSING = -1
"""What an integer column holds where the log states nothing."""


# --- what sources deliver ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LogFile:
    """One physical log file that is being read.

    Attributes:
        name: Path as shown to the user: relative to the directory given, or absolute outside it.
        generation: 0 for the first file seen under this name, one more after each rotation or
            truncation; line numbers and offsets restart with it.
        start: Offset at which reading began. Above 0 (a view that starts from the tail) line
            numbers are not known.
    """

    name: str
    generation: int = 0
    start: int = 0


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes of one file; the chunks of a file follow each other without gap or overlap.

    Attributes:
        file: The file they come from.
        offset: Where `data` begins in it.
        data: The bytes, cut anywhere.
        time: Epoch seconds: when they were seen to arrive, or, for what was there before, the
            file's modification time.
        live: True when `time` is an arrival that was watched.
    """

    file: LogFile
    offset: int
    data: bytes
    time: float
    live: bool = False


@dataclass(frozen=True, slots=True)
class FileEnded:
    """A file will not grow any more: it was rotated away, truncated or deleted, and is read."""

    file: LogFile
    reason: str


SourceItem = Chunk | FileEnded


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What is known about a run besides its logs; from `run.json` and the process table.

    Attributes:
        path: The path as the user gave it.
        id: The experiment's id.
        command: The command of the training, as a list of arguments.
        attempt: The current attempt, from 0.
        host: Where the supervisor runs.
        started, ended: Epoch seconds.
        exit_code: Of the training once it ended; 128+N when signal N ended it.
        stopped: Whether a person or a signal asked for the end.
        alive: True or False when the process table says so, None when it cannot be known.
        consoles: Bytes that `console.log` held when each attempt began, the first included.
        since: Epoch seconds at which the current attempt began, where there were earlier ones;
            infinite while the next one has yet to begin.
        before: Bytes of each log that earlier attempts wrote, by the name under which it is shown.
    """

    path: str
    id: str | None = None
    command: tuple[str, ...] | None = None
    attempt: int = 0
    host: str | None = None
    started: float | None = None
    ended: float | None = None
    exit_code: int | None = None
    stopped: bool = False
    alive: bool | None = None
    consoles: tuple[int, ...] = ()
    since: float | None = None
    before: Mapping[str, int] = field(default_factory=dict)

    def is_past(self, where: Where, arrival: float) -> bool:
        """Whether an earlier attempt wrote what stands there; `arrival` as in `Chunk.time`."""
        if self.since is None:
            return False
        return arrival < self.since or where.offset < self.before.get(where.file, 0)

    @property
    def between(self) -> bool:
        """Whether one attempt is over and the next has yet to begin."""
        return self.since == math.inf


# --- where and who ----------------------------------------------------------------------------


class RankId(NamedTuple):
    """Who wrote a line.

    `rank` is the global rank. `local` is torchrun's number on its node, kept only where the global
    rank is not stated: the two must not be mixed up. Both None: the log does not say.
    """

    rank: int | None = None
    local: int | None = None

    @property
    def label(self) -> str:
        """Short name for people: `3`, `local 1` or `-`."""
        if self.rank is not None:
            return str(self.rank)
        return "-" if self.local is None else f"local {self.local}"

    @property
    def sort_key(self) -> tuple[int, int]:
        """Global ranks first, in order; unknown last."""
        if self.rank is not None:
            return (0, self.rank)
        return (2, 0) if self.local is None else (1, self.local)


NOBODY = RankId()


class Where(NamedTuple):
    """A place in a log: `line` is None where reading began in the middle of the file."""

    file: str
    line: int | None
    offset: int


class Evidence(NamedTuple):
    """The proof of a finding: a place and the text that stands there."""

    file: str
    line: int | None
    offset: int
    text: str


class Stamp(NamedTuple):
    """A time as a log states it.

    Attributes:
        seconds: Seconds since 1970-01-01 of the wall clock as written; no zone is applied.
        zone: Minutes east of UTC where the log says so.
        digits: Digits of the fraction as written.
    """

    seconds: float
    zone: int | None = None
    digits: int = 0


class Split(StrEnum):
    """Which data a record belongs to; the column `phase` of an export."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class Granularity(StrEnum):
    """What one `steps` record stands for."""

    STEP = "step"
    EPOCH = "epoch"


class Phase(StrEnum):
    """Where in its life a rank is, from the markers it wrote."""

    UNKNOWN = "unknown"
    STARTING = "starting"
    TRAINING = "training"
    TRAIN_TO_VALIDATION = "train_to_validation"
    VALIDATION = "validation"
    AFTER_VALIDATION = "after_validation"
    CHECKPOINT = "checkpoint"
    FINISHED = "finished"


class Severity(IntEnum):
    """How much a finding matters."""

    INFO = 0
    WARNING = 1
    CRITICAL = 2


# --- the hot lines: columns -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StepShape:
    """What all records of one block share."""

    file: str
    format: str
    dialect: str
    split: Split = Split.TRAIN
    granularity: Granularity = Granularity.STEP
    batch_unit: str | None = None
    attempt: int | None = None
    zone: int | None = None
    digits: int = 0
    epoch_base: int | None = None
    total_epochs: int | None = None
    total_steps: int | None = None
    total_batches: int | None = None
    metrics: tuple[str, ...] = ()
    throughput_unit: str | None = None


@dataclass(frozen=True, slots=True)
class StepBlock:
    """Successive step records of one shape, in file order; arrays of one length.

    Attributes:
        shape: What they share.
        line: int64, -1 where unknown (as `Where.line`).
        offset: int64, of the line's first byte.
        seconds: float64, as `Stamp.seconds`; NaN where the line has no time.
        rank, local: int32, -1 where not stated (as `RankId`).
        epoch: float64, as printed or as the last header of the same rank printed it; NaN unknown.
        step: int64, run-wide step as printed; -1 not stated.
        batch: int64, index within the epoch as printed; -1 not stated.
        metrics: One float64 column per name of `shape.metrics`; NaN and infinities are values.
        text: The lines, undecoded, for evidence; untrusted.
        arrival: Epoch seconds at which the block's bytes arrived (as `Chunk.time`).
        live: Whether that arrival was watched.
    """

    shape: StepShape
    line: NDArray[np.int64]
    offset: NDArray[np.int64]
    seconds: NDArray[np.float64]
    rank: NDArray[np.int32]
    local: NDArray[np.int32]
    epoch: NDArray[np.float64]
    step: NDArray[np.int64]
    batch: NDArray[np.int64]
    metrics: Mapping[str, NDArray[np.float64]]
    text: Sequence[bytes]
    arrival: float
    live: bool

    def __len__(self) -> int:
        return len(self.line)

    @property
    def owner(self) -> RankId | None:
        """Who wrote all of them, where that is known without a look at each."""
        return None

    @property
    def one_epoch(self) -> float | None:
        """The epoch of all of them, where that is known without a look at each."""
        return None

    def position(self, row: int) -> tuple[float, int, int]:
        """Epoch, step and batch of one record, as the columns have them."""
        return float(self.epoch[row]), int(self.step[row]), int(self.batch[row])


# --- the rare lines: typed events -------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every rare event has.

    Attributes:
        where: File, line and offset.
        who: The rank that wrote it, as the line or the file's name states it.
        text: The line, decoded, at most a few hundred characters; untrusted.
        stamp: The time the line states.
        arrival: Epoch seconds, as `Chunk.time`.
        live: As `Chunk.live`.
        attempt: From the file's path (torchrun's `attempt_N`), else None.
    """

    where: Where
    who: RankId
    text: str
    stamp: Stamp | None = None
    arrival: float = 0.0
    live: bool = False
    attempt: int | None = None

    @property
    def evidence(self) -> Evidence:
        """The event as proof."""
        return Evidence(*self.where, self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochMarker(Event):
    """`EPOCH n TRAINING|VALIDATION START|END`."""

    epoch: int
    split: Split
    start: bool
    epoch_base: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochSummary(Event):
    """One line of an epoch's summary; lines of one epoch complete each other.

    Attributes:
        epoch: As printed.
        values: Canonical names → values: loss_mean, loss_min, loss_max, lr, seconds, eta_hours, …
    """

    epoch: int
    values: Mapping[str, float]
    total_epochs: int | None = None
    epoch_base: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalResult(Event):
    """The result of one evaluation: of a whole validation or test set, not of a batch of it.

    Attributes:
        split: Which data it was measured on.
        values: Canonical names → values, without a prefix that says what `split` says.
        epoch: As printed, or as the last header of the same rank printed it.
        step: Run-wide step, as printed.
        batch: Index within the epoch, as printed.
        granularity: Whether it belongs to a step or ends an epoch.
        dialect: Name of the dialect in which it is printed.
        total_epochs, total_steps, total_batches: Where the line states them.
    """

    split: Split
    values: Mapping[str, float]
    epoch: float | None = None
    step: int | None = None
    batch: int | None = None
    batch_unit: str | None = None
    granularity: Granularity = Granularity.EPOCH
    dialect: str = ""
    epoch_base: int | None = None
    total_epochs: int | None = None
    total_steps: int | None = None
    total_batches: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileShare(Event):
    """`Processing A/B files`: the share of a dataset that one loader worker reads."""

    world_size: int
    worker: int
    workers: int
    files: int
    total_files: int
    dataset: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchesProcessed(Event):
    """`Processed N training batches`."""

    split: Split
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerCompleted(Event):
    """`COMPLETED iteration, total samples: N` of one loader worker."""

    worker: int
    samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RankStarted(Event):
    """A rank says that its process group is up; `pid` where it says so."""

    world_size: int | None = None
    pid: int | None = None


class CheckpointStage(StrEnum):
    """What a line says of a checkpoint."""

    SAVING = "saving"
    SAVED = "saved"
    FOUND = "found"
    RESUMED = "resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointNote(Event):
    """A checkpoint is being written, was written, was found or was resumed from."""

    stage: CheckpointStage
    step: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptStarted(Event):
    """The log says that a training begins, or which attempt this is (counted from 0)."""

    number: int | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingEnded(Event):
    """The log says that the training is complete."""


class FaultKind(StrEnum):
    """The failure that a line reports."""

    OUT_OF_MEMORY = "out_of_memory"
    CUDA_ERROR = "cuda_error"
    EXCEPTION = "exception"
    SHARD_ERROR = "shard_error"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault(Event):
    """A line that reports a failure.

    Attributes:
        kind: What sort.
        fatal: True for an exception that ended a process, as far as the text tells.
        exception: Class name of the exception, where one is named.
    """

    kind: FaultKind
    fatal: bool = False
    exception: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerFailure(Event):
    """One worker in torchrun's failure table.

    Attributes:
        root_cause: Whether torchrun lists it as first observed failure (which may be a victim).
        exitcode: Negative: the signal that ended it.
    """

    root_cause: bool
    local_rank: int | None = None
    exitcode: int | None = None
    pid: int | None = None
    host: str | None = None
    error_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchFailed(Event):
    """torchrun prints that the job FAILED: the attempt is over."""


@dataclass(frozen=True, slots=True)
class LineTally:
    r"""How much of one feed was read and understood; the rest of its lines are kept elsewhere.

    Attributes:
        lines: Complete lines (``\n``).
        bytes: Bytes of complete lines.
        unparsed: Non-blank lines in which nothing was recognised.
    """

    lines: int = 0
    bytes: int = 0
    unparsed: int = 0


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line as it stands in a log, for people; `text` is untrusted and bounded.

    Attributes:
        message: The text without the time, level and rank prefix before it.
    """

    where: Where
    who: RankId
    text: str
    level: str | None = None
    stamp: Stamp | None = None
    arrival: float = 0.0
    live: bool = False
    message: str = ""

    @property
    def evidence(self) -> Evidence:
        """The line as proof."""
        return Evidence(*self.where, self.text)


class Draft:
    """An event of which only that was made out which the state of a run needs; most need no more.

    Attributes:
        who: As `Event.who`.
        epoch, split, start, epoch_base: Of an `EpochMarker`; `epoch` is None for an event that says only
            that its writer is alive.
        seconds, zone, digits: As `Stamp`; NaN where no time is stated.
        arrival, live: As `Event`.
    """

    __slots__ = (
        *("arrival", "digits", "epoch", "epoch_base", "live", "seconds", "split", "start", "who"),
        "zone",
    )
    who: RankId
    epoch: int | None
    split: Split
    start: bool
    epoch_base: int | None
    seconds: float
    zone: int | None
    digits: int
    arrival: float
    live: bool

    @property
    def stamp(self) -> Stamp | None:
        """As `Event.stamp`."""
        known = self.seconds == self.seconds
        return Stamp(self.seconds, self.zone, self.digits) if known else None

    def event(self) -> Event:
        """The whole event."""
        raise NotImplementedError


class Items(Sequence["StepBlock | Event"]):
    """Blocks and events in order; a draft becomes an event when somebody reads them.

    Attributes:
        drafts: The same as far as they were made out.
    """

    def __init__(self, drafts: Sequence[StepBlock | Event | Draft]) -> None:
        self.drafts = drafts
        self._made: Sequence[StepBlock | Event] | None = None

    @property
    def made(self) -> Sequence[StepBlock | Event]:
        """All of them whole."""
        if self._made is None:
            self._made = tuple(
                item.event() if isinstance(item, Draft) else item for item in self.drafts
            )
        return self._made

    def __len__(self) -> int:
        return len(self.drafts)

    @overload
    def __getitem__(self, index: int) -> StepBlock | Event: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[StepBlock | Event]: ...
    def __getitem__(self, index: int | slice) -> StepBlock | Event | Sequence[StepBlock | Event]:
        return self.made[index]

    def __iter__(self) -> Iterator[StepBlock | Event]:
        return iter(self.made)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Parsed:
    """What one feed of one file gave, in file order.

    Attributes:
        file: The file.
        items: Blocks and events in the order in which they stand in the file.
        tally: The count of lines.
        last: The newest line of each rank that wrote one.
        recent: The newest lines of the feed, at most a thousand; made when they are first read.
    """

    file: LogFile
    items: Sequence[StepBlock | Event] = ()
    tally: LineTally = LineTally()
    last: Mapping[RankId, LogLine] = field(default_factory=dict)
    recent: Sequence[LogLine] = ()


# --- findings ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, with its proof.

    Attributes:
        rule: Stable name, such as `loss_nan`.
        who: The rank it is about; `NOBODY` for the whole run.
        step: Position at which it began, where one is known.
        message: One sentence for a tired person; holds no log text.
        evidence: Where it can be seen; never empty for what was read from a log.
        refute: What would show the finding wrong.
        active: False when the condition is over, such as a spike that recovered.
    """

    rule: str
    severity: Severity
    who: RankId
    message: str
    evidence: tuple[Evidence, ...]
    step: int | None = None
    epoch: float | None = None
    refute: str = ""
    active: bool = True
