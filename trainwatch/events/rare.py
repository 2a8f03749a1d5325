"""The rare lines: typed events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from trainwatch.events.places import Evidence, Granularity, RankId, Split, Stamp, Where


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
