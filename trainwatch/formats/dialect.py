"""What a dialect is: the line formats that one kind of training prints."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from trainwatch.events import Granularity, Split
from trainwatch.formats.expression import Expression
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


@dataclass(frozen=True, eq=False)
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
        pattern: A regular expression instead of the template, with a named group a field; only a
            user's own format has one.
    """

    name: str
    kind: Kind
    template: str
    samples: tuple[Sample, ...]
    split: Split = Split.TRAIN
    fixed: Mapping[str, Value] = field(default_factory=dict)
    granularity: Granularity | None = None
    pattern: str | None = None

    @cached_property
    def parsed(self) -> Template | Expression:
        """The template or the expression, parsed once."""
        if self.pattern is not None:
            return Expression.parse(self.pattern)
        return Template.parse(self.template)


class Shape(StrEnum):
    """How the values of a structured record stand; parsing tells these apart without a format."""

    PAIRS = "pairs"
    JSON = "json"
    DICT = "dict"
    TABLE = "table"
    BAR = "bar"
    HEADER = "header"


@dataclass(frozen=True, eq=False)
class RecordFormat:
    """A structured record with an open set of keys: how to know it, and what its keys mean.

    Its values are found by the general extractor; a format of this kind gives them their names.

    Attributes:
        name: Unique in the registry, `dialect.record`.
        shape: How its values stand.
        samples: At least one, of one line or several; tests hold the format to them.
        keys: Printed keys that all must be there.
        opening: Regular expression that the message must begin with.
        names: Printed key → metric or position (`step`, `total_epochs`, …); empty drops the value.
            A key that is named `val_…` or `test_…` is a value of an evaluation.
        split: Whose the values are whose names do not say it; None: training's.
        granularity: What a record stands for; None: the dialect's.
        columns: Names of the cells without keys in front of a bar, or in a line, in order.
        last_only: Whether only the bar at its end is a record.
        ignore: Whether it is no record: a summary of the whole run, settings.
    """

    name: str
    shape: Shape
    samples: tuple[Sample, ...]
    keys: frozenset[str] = frozenset()
    opening: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    split: Split | None = None
    granularity: Granularity | None = None
    columns: tuple[str, ...] = ()
    last_only: bool = False
    ignore: bool = False


@dataclass(frozen=True, eq=False)
class Dialect:
    """A family of lines that one training prints.

    Attributes:
        name: Short name for `--dialect`.
        title: One line for people.
        formats: Tried in this order.
        epoch_base: The number of the first epoch where the dialect's loop is known, else None.
        batch_unit: What `batch` counts, where the dialect prints it.
        granularity: What one record of the dialect stands for.
        records: Its structured records, tried in this order.
    """

    name: str
    title: str
    formats: tuple[LineFormat, ...] = ()
    epoch_base: int | None = None
    batch_unit: str | None = None
    granularity: Granularity = Granularity.STEP
    records: tuple[RecordFormat, ...] = ()
