"""Gathers step records into numpy columns, one block for each stretch of one shape."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from trainwatch.events import StepBlock, StepShape

Span = tuple[bytes, int, int]
"""A line as (data, start, end): cutting it out waits until somebody wants to read it."""

Piece = tuple[int, bytes, int]
"""The first row whose line stands in some data, the data, and where they begin in the file."""

# Rows of the arrays; `native/_scan.c` has the same.
LINE, OFFSET, END, STEP, BATCH = range(5)
RANK, LOCAL = range(2)
SECONDS, EPOCH, METRICS = range(3)

_FIRST = 16


class Spans(Sequence[bytes]):
    """Lines that are cut out of their data only when they are read.

    Args:
        pieces: The data, by the first row that stands in each.
        integers: As `Table.integers`.
        first, end: Which rows.
    """

    def __init__(
        self, pieces: Sequence[Piece], integers: NDArray[np.int64], first: int, end: int
    ) -> None:
        self._pieces = pieces
        self._integers = integers
        self._first = first
        self._end = end

    def __len__(self) -> int:
        return self._end - self._first

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        at = index if index >= 0 else len(self) + index
        if not 0 <= at < len(self):
            raise IndexError(index)
        row = self._first + at
        _, data, base = self._pieces[bisect_right(self._pieces, row, key=_first_row) - 1]
        start, end = int(self._integers[OFFSET, row]), int(self._integers[END, row])
        # Of a line feed with a carriage return before it, neither belongs to the line.
        return data[start - base : end - base].rstrip(b"\r")


def _first_row(piece: Piece) -> int:
    return piece[0]


class Table:
    """Rows in arrays that grow, each a line of some data.

    Attributes:
        metrics: How many metrics there is room for.
        count: How many there are.
        capacity: How many the arrays have room for.
        integers: LINE, OFFSET, END (in the file), STEP, BATCH.
        who: RANK, LOCAL.
        floats: SECONDS, EPOCH, and from METRICS on one row a metric.
    """

    def __init__(self, metrics: int, capacity: int = _FIRST) -> None:
        self.count = 0
        self.metrics = metrics
        self._pieces: list[Piece] = []
        self._allocate(capacity)

    def reserve(self, capacity: int) -> None:
        """Make room for as many rows as `capacity`."""
        if capacity <= self.capacity:
            return
        integers, who, floats = self.integers, self.who, self.floats
        self._allocate(capacity)
        rows = slice(0, self.count)
        self.integers[:, rows] = integers[:, rows]
        self.who[:, rows] = who[:, rows]
        self.floats[:, rows] = floats[:, rows]

    def _allocate(self, capacity: int) -> None:
        self.capacity = capacity
        self.integers: NDArray[np.int64] = np.empty((BATCH + 1, capacity), dtype=np.int64)
        self.who: NDArray[np.int32] = np.empty((LOCAL + 1, capacity), dtype=np.int32)
        self.floats: NDArray[np.float64] = np.empty((METRICS + self.metrics, capacity))

    def stands_in(self, data: bytes, base: int) -> None:
        """The next rows stand in these data, which begin at an offset of the file."""
        if not self._pieces or self._pieces[-1][1] is not data or self._pieces[-1][2] != base:
            self._pieces.append((self.count, data, base))

    def line(self, row: int) -> bytes:
        """The line of one row, with the carriage return that may stand at its end."""
        _, data, base = self._pieces[bisect_right(self._pieces, row, key=_first_row) - 1]
        start, end = int(self.integers[OFFSET, row]), int(self.integers[END, row])
        return data[start - base : end - base]

    def text(self, first: int, end: int) -> Spans:
        """The lines of some rows."""
        return Spans(self._pieces, self.integers, first, end)


class Columns(Table):
    """Rows of one shape while they are gathered.

    Attributes:
        shape: What the rows share.
    """

    def __init__(self, shape: StepShape) -> None:
        super().__init__(len(shape.metrics))
        self.shape = shape

    def add(self, count: int) -> slice:
        """Make room for further rows, and count them; their place."""
        first, self.count = self.count, self.count + count
        if self.count > self.capacity:
            self.count = first  # what is not filled yet need not be copied
            self.reserve(max(2 * self.capacity, first + count))
            self.count = first + count
        return slice(first, self.count)

    def block(self, arrival: float, *, live: bool) -> StepBlock:
        """The rows as arrays."""
        rows = slice(0, self.count)
        return StepBlock(
            shape=self.shape,
            line=self.integers[LINE, rows],
            offset=self.integers[OFFSET, rows],
            seconds=self.floats[SECONDS, rows],
            rank=self.who[RANK, rows],
            local=self.who[LOCAL, rows],
            epoch=self.floats[EPOCH, rows],
            step=self.integers[STEP, rows],
            batch=self.integers[BATCH, rows],
            metrics={
                name: self.floats[METRICS + at, rows] for at, name in enumerate(self.shape.metrics)
            },
            text=self.text(0, self.count),
            arrival=arrival,
            live=live,
        )
