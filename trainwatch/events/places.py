"""Where something stands, who wrote it, and the words for both."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple

MISSING = -1
"""What an integer column holds where the log states nothing."""


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
