"""Exact figures of the epochs that one writer printed."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trainwatch.events import StepBlock
from trainwatch.model.stats import Extent

KEPT = 2000
"""Newest epochs of one writer that are kept; older ones are in its curves."""

Rows = range | NDArray[np.int64]

Key = tuple[int, float]
"""Attempt within the file, and epoch as printed."""


@dataclass(slots=True)
class EpochStats:
    """One epoch of one attempt.

    Attributes:
        loss, val_loss: Of its records.
        lr: Newest learning rate.
        stated: What the log's own summary says, by canonical name.
        first_batch: Index within the epoch of the first record that states one.
        first, last: Seconds of its first and newest record, in the stream's own clock; NaN unknown.
        complete: Whether its end was seen.
    """

    loss: Extent = field(default_factory=Extent)
    val_loss: Extent = field(default_factory=Extent)
    lr: float | None = None
    stated: dict[str, float] = field(default_factory=dict)
    first_batch: int | None = None
    first: float = math.nan
    last: float = math.nan
    complete: bool = False

    def note(self, times: NDArray[np.float64], block: StepBlock, rows: Rows) -> None:
        """Widen its span by the times of successive records, NaN where unknown."""
        first, last = 0, -1
        if not (math.isfinite(times[0]) and math.isfinite(times[-1])):
            known = np.flatnonzero(np.isfinite(times))
            if not len(known):
                return
            first, last = int(known[0]), int(known[-1])
        if math.isnan(self.first):  # time and batch of one record: from them the speed is told
            self.first = float(times[first])
            _, _, batch = block.position(int(rows[first]))
            self.first_batch = batch if batch >= 0 else None
        self.last = float(times[last])


class EpochTable:
    """The epochs of one writer, oldest first."""

    def __init__(self) -> None:
        self._epochs: dict[Key, EpochStats] = {}

    def at(self, attempt: int, epoch: float) -> EpochStats:
        """The figures of an epoch, begun where it is new."""
        stats = self._epochs.get((attempt, epoch))
        if stats is None:
            stats = self._epochs[attempt, epoch] = EpochStats()
            if len(self._epochs) > KEPT:
                del self._epochs[next(iter(self._epochs))]
        return stats

    def complete_before(self, attempt: int, epoch: float) -> None:
        """A later epoch has begun: the ones before it are over."""
        for key in reversed(self._epochs):
            if key[0] == attempt and key[1] < epoch:
                if self._epochs[key].complete:
                    return
                self._epochs[key].complete = True

    def items(self) -> Mapping[Key, EpochStats]:
        """All of them; not to be changed."""
        return self._epochs
