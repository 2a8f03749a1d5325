"""The hot lines: step records as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainwatch.events.places import Granularity, RankId, Split

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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
