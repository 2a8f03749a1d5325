"""Exact statistics that need no history: count, mean, extremes, newest value."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainwatch.model.sums import summed

_WHOLE = np.zeros(1, dtype=np.int64)


@dataclass(slots=True)
class Extent:
    """Statistics of a metric's printed values; NaN and infinities are counted apart.

    Sums are kept by value in order, so that any chunking of the same values gives the same mean.
    """

    count: int = 0
    nonfinite: int = 0
    total: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    last: float | None = None

    def add(self, values: NDArray[np.float64]) -> None:
        """Take successive values."""
        if not len(values):
            return
        self.count += len(values)
        self.last = float(values[-1])
        low, high = float(values.min()), float(values.max())
        if not (math.isfinite(low) and math.isfinite(high)):
            finite = values[np.isfinite(values)]
            self.nonfinite += len(values) - len(finite)
            if not len(finite):
                return
            values, low, high = finite, float(finite.min()), float(finite.max())
        self.total = float(summed(values, _WHOLE, [self.total])[0])
        self.low = min(self.low, low)
        self.high = max(self.high, high)

    def begin(self, count: int, total: float, low: float, high: float, last: float) -> None:
        """Take the first values, all finite, by their figures; `total` summed one after another."""
        self.count, self.total, self.low, self.high, self.last = count, total, low, high, last

    def merge(self, other: "Extent") -> None:
        """Add what another writer printed."""
        self.count += other.count
        self.nonfinite += other.nonfinite
        self.total += other.total
        self.low = min(self.low, other.low)
        self.high = max(self.high, other.high)
        self.last = other.last if self.last is None else self.last

    @property
    def mean(self) -> float | None:
        """Mean of the finite values; None for none, and where their sum is beyond any float."""
        finite = self.count - self.nonfinite
        return self.total / finite if finite and math.isfinite(self.total) else None

    @property
    def minimum(self) -> float | None:
        """Smallest finite value."""
        return self.low if self.low <= self.high else None

    @property
    def maximum(self) -> float | None:
        """Largest finite value."""
        return self.high if self.low <= self.high else None
