"""What a dialect is: the line formats that one kind of training prints."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from trainwatch.events import Granularity, Split
from trainwatch.formats.template import Template

Value = int | float | str


class Kind(StrEnum):
    """What a line means; parsing turns each kind into one sort of record."""

    STEP = "step"
    EVALUATION = "evaluation"
    EPOCH_MARKER = "epoch_marker"
    SUMMARY_HEAD = "summary_head"
    SUMMARY_LINE = "summary_line"
    FILE_SHARE = "file_share"
    BATCHES_PROCESSED = "batches_processed"
    WORKER_COMPLETED = "worker_completed"
    RANK_STARTED = "rank_started"
    CHECKPOINT = "checkpoint"
    ATTEMPT_STARTED = "attempt_started"
    TRAINING_ENDED = "training_ended"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Sample:
    """A real line without its prefix, and the fields that must be read from it."""

    text: str
    fields: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class LineFormat:
    """One kind of line.

    Attributes:
        name: Unique in the registry, `dialect.line`.
        kind: What the line means.
        template: How it looks after its prefix (time, level, rank prefix).
        samples: At least one; tests hold the template to them.
        split: Which data it is about.
        fixed: Values that the line implies and does not print.
        granularity: What one record stands for, where that is not the dialect's.
    """

    name: str
    kind: Kind
    template: str
    samples: tuple[Sample, ...]
    split: Split = Split.TRAIN
    fixed: Mapping[str, Value] = field(default_factory=dict)
    granularity: Granularity | None = None

    @cached_property
    def parsed(self) -> Template:
        """The template, parsed once."""
        return Template.parse(self.template)


@dataclass(frozen=True)
class Dialect:
    """A family of lines that one training prints.

    Attributes:
        name: Short name for `--dialect`.
        title: One line for people.
        formats: Tried in this order.
        epoch_base: The number of the first epoch where the dialect's loop is known, else None.
        batch_unit: What `batch` counts, where the dialect prints it.
        granularity: What one record of the dialect stands for.
    """

    name: str
    title: str
    formats: tuple[LineFormat, ...]
    epoch_base: int | None = None
    batch_unit: str | None = None
    granularity: Granularity = Granularity.STEP
