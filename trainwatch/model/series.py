"""A metric over a whole training in bounded memory: buckets of minimum, maximum and mean.

While there are fewer values than buckets each value has its own; then neighbours are merged and
every bucket stands for twice as many values. The bounds are exact at any length.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CAPACITY = 1024
"""Buckets of a series; even, so that neighbours pair up."""

_FIRST = 64


def _empty(size: int) -> Array:
    """Rows low, high, total, count of finite values, count of others."""
    columns = np.zeros((5, size))
    columns[0], columns[1] = np.inf, -np.inf
    return columns


class Series:
    """Successive values of one metric; x is the ordinal of a value, from 0."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self.count = 0
        self.stride = 1
        self._used = 0
        self._columns = _empty(min(_FIRST, capacity))

    def add(self, values: Array) -> None:
        """Take successive values; NaN and infinities are counted, not drawn."""
        while len(values):
            filled = self.count % self.stride
            room = (self._capacity - self._used) * self.stride + (-filled % self.stride)
            if room == 0:
                self._halve()
                continue
            self._fold(values[:room])
            values = values[room:]

    def points(self) -> tuple[Array, Array, Array, Array, Array]:
        """x, low, high, mean of every bucket and its count of NaN or infinite values.

        Low, high and mean are NaN where a bucket has no finite value, the mean also where the sum
        of its values is beyond any float.
        """
        columns: Array = self._columns[:, : self._used].copy()
        low, high, total, finite, bad = (columns[row] for row in range(5))
        empty = finite == 0
        low[empty] = high[empty] = np.nan
        mean: Array = np.full(self._used, np.nan)
        np.divide(total, finite, out=mean, where=~empty & np.isfinite(total))
        return np.arange(self._used, dtype=np.float64) * self.stride, low, high, mean, bad

    def _fold(self, values: Array) -> None:
        index = (self.count + np.arange(len(values))) // self.stride
        end = int(index[-1]) + 1
        self._grow(end)
        finite = np.isfinite(values)
        good, at = values[finite], index[finite]
        low, high, total, count, bad = self._columns
        np.minimum.at(low, at, good)
        np.maximum.at(high, at, good)
        with np.errstate(over="ignore", invalid="ignore"):
            np.add.at(total, at, good)
        np.add.at(count, at, 1.0)
        np.add.at(bad, index[~finite], 1.0)
        self.count += len(values)
        self._used = end

    def _grow(self, end: int) -> None:
        size = self._columns.shape[1]
        if end <= size:
            return
        while size < end:
            size *= 2
        fresh = _empty(min(size, self._capacity))
        fresh[:, : self._used] = self._columns[:, : self._used]
        self._columns = fresh

    def _halve(self) -> None:
        low, high, total, count, bad = self._columns[:, : self._used]
        half = self._used // 2
        merged = _empty(self._capacity)
        merged[0, :half] = np.minimum(low[0::2], low[1::2])
        merged[1, :half] = np.maximum(high[0::2], high[1::2])
        with np.errstate(over="ignore", invalid="ignore"):
            for row, values in ((2, total), (3, count), (4, bad)):
                merged[row, :half] = values[0::2] + values[1::2]
        self._columns = merged
        self._used = half
        self.stride *= 2
