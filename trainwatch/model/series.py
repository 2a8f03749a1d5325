"""A metric over a whole training in bounded memory: buckets of minimum, maximum and mean.

While there are fewer values than buckets each value has its own; then neighbours are merged and
every bucket stands for twice as many values. The bounds are exact at any length. Where a value
belongs on an axis of steps, epochs or seconds is kept once for all metrics of a writer, in its
`Track`; a series remembers only the ordinal of the record in which each bucket begins.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainwatch.model.stats import Extent
from trainwatch.model.sums import summed

Array = NDArray[np.float64]
Places = NDArray[np.int64]

Ordinals = Callable[[Places], Array]

CAPACITY = 1024
"""Buckets of a series; even, so that neighbours pair up."""

_FIRST = 16


def _empty(size: int) -> Array:
    """Rows low, high, total, count of finite values, count of others, first record."""
    columns = np.zeros((6, size))
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

    def add(self, values: Array, records: Ordinals | None = None) -> None:
        """Take successive values; NaN and infinities are counted, not drawn.

        Args:
            values: The values.
            records: Tells the ordinals of the records that print some of them; as many as there were
                values before each where that is not given.
        """
        before = self.count
        ordinals = records or (lambda places: (before + places).astype(np.float64))
        while self.count - before < len(values):
            room = (self._capacity - self._used) * self.stride + (-self.count % self.stride)
            if room == 0:
                self._halve()
                continue
            done = self.count - before
            self._fold(values[done : done + room], done, ordinals)

    def points(self) -> tuple[Array, Array, Array, Array, Array]:
        """First record, low, high, mean of every bucket and its count of NaN or infinite values.

        Low, high and mean are NaN where a bucket has no finite value, the mean also where the sum
        of its values is beyond any float.
        """
        columns: Array = self._columns[:, : self._used].copy()
        low, high, total, finite, bad, record = columns
        empty = finite == 0
        low[empty] = high[empty] = np.nan
        mean: Array = np.full(self._used, np.nan)
        np.divide(total, finite, out=mean, where=~empty & np.isfinite(total))
        return record, low, high, mean, bad

    def extent(self, buckets: NDArray[np.bool_], last: float | None) -> Extent:
        """The figures of some buckets; `last` is the newest value of all."""
        low, high, total, finite, bad, _ = self._columns[:, : self._used][:, buckets]
        with np.errstate(over="ignore"):  # beyond any float it is infinite
            whole = float(total.sum())
        return Extent(
            count=int(finite.sum() + bad.sum()),
            nonfinite=int(bad.sum()),
            total=whole,
            low=float(low.min(initial=np.inf)),
            high=float(high.max(initial=-np.inf)),
            last=last,
        )

    def _fold(self, values: Array, done: int, ordinals: Ordinals) -> None:
        begun = -self.count % self.stride
        first = self.count // self.stride
        end = (self.count + len(values) - 1) // self.stride + 1
        self._grow(end)
        begins = np.arange(begun, len(values), self.stride)
        self._columns[5, end - len(begins) : end] = ordinals(done + begins)
        buckets = self._columns[:5, first:end]
        if math.isfinite(values.min()) and math.isfinite(values.max()):
            starts = np.concatenate(([0], begins)) if begun else begins
            _merge(buckets, values, starts)
        else:
            index = (self.count - first * self.stride + np.arange(len(values))) // self.stride
            _merge_finite(buckets, values, index)
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
        low, high, total, count, bad, record = self._columns[:, : self._used]
        half = self._used // 2
        merged = _empty(self._capacity)
        merged[0, :half] = np.minimum(low[0::2], low[1::2])
        merged[1, :half] = np.maximum(high[0::2], high[1::2])
        with np.errstate(over="ignore", invalid="ignore"):
            for row, values in ((2, total), (3, count), (4, bad)):
                merged[row, :half] = values[0::2] + values[1::2]
        merged[5, :half] = record[0::2]
        self._columns = merged
        self._used = half
        self.stride *= 2


def _merge(buckets: Array, values: Array, starts: Places) -> None:
    """Add finite values to the buckets, which take them from their starts on."""
    low, high, total, count, _ = buckets
    np.minimum(low, np.minimum.reduceat(values, starts), out=low)
    np.maximum(high, np.maximum.reduceat(values, starts), out=high)
    total[:] = summed(values, starts, total)
    count += np.diff(starts, append=len(values))


def _merge_finite(buckets: Array, values: Array, index: Places) -> None:
    """Add values of which some are NaN or infinite."""
    low, high, total, count, bad = buckets
    finite = np.isfinite(values)
    good, at = values[finite], index[finite]
    np.minimum.at(low, at, good)
    np.maximum.at(high, at, good)
    with np.errstate(over="ignore", invalid="ignore"):
        np.add.at(total, at, good)
    np.add.at(count, at, 1.0)
    np.add.at(bad, index[~finite], 1.0)


class Whereabouts(NamedTuple):
    """Where some records belong; NaN where one does not state it.

    Attributes:
        steps: Over the whole run, as printed.
        epochs: With the share that is done, where the log states its length.
        seconds: By the writer's own clock.
        within: The step as printed, else the batch within the epoch.
        offsets: Of its line in its file.
    """

    steps: Array
    epochs: Array
    seconds: Array
    within: Array
    offsets: Array


class Track:
    """Where the records of one writer belong, by the record's ordinal.

    Bounded like a series: from a number of records on only every second, fourth, … is kept.

    Attributes:
        count: Records so far.
        stride: Every how many-th is kept.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self.count = 0
        self.stride = 1
        self._used = 0
        self._columns = np.full((len(Whereabouts._fields), _FIRST), np.nan)

    def add(self, count: int, places_of: Callable[[Places], Array]) -> None:
        """Take successive records.

        Args:
            count: How many.
            places_of: Tells steps, epochs and seconds of some of them, as rows; NaN where unknown.
        """
        done = 0
        while done < count:
            skipped = -self.count % self.stride
            room = (self._capacity - self._used - 1) * self.stride + skipped + 1
            if self._used == self._capacity:
                self._halve()
                continue
            end = min(count, done + room)
            kept = np.arange(done + skipped, end, self.stride)
            if len(kept):
                self._keep(places_of(kept))
            self.count += end - done
            done = end

    def columns(self) -> tuple[Array, Whereabouts]:
        """The ordinals of the records that are kept, and their places."""
        ordinals = np.arange(self._used, dtype=np.float64) * self.stride
        return ordinals, Whereabouts(*self._columns[:, : self._used].copy())

    def _keep(self, kept: Array) -> None:
        end = self._used + kept.shape[1]
        size = self._columns.shape[1]
        if end > size:
            while size < end:
                size *= 2
            fresh = np.full((len(self._columns), min(size, self._capacity)), np.nan)
            fresh[:, : self._used] = self._columns[:, : self._used]
            self._columns = fresh
        self._columns[:, self._used : end] = kept
        self._used = end

    def _halve(self) -> None:
        half = self._columns[:, : self._used : 2].copy()
        self._used = half.shape[1]
        self._columns[:, : self._used] = half
        self.stride *= 2
