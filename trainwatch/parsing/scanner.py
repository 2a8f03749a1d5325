"""Asks the native scanner for the lines of the formats that a file has had so far."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeGuard

import numpy as np
from numpy.typing import NDArray

from trainwatch.events import MISSING, RankId, StepShape
from trainwatch.parsing import native
from trainwatch.parsing.columns import Table
from trainwatch.parsing.compiled import CompiledFormat
from trainwatch.parsing.lines import Lines
from trainwatch.parsing.native.program import MOST
from trainwatch.parsing.recogniser import Recogniser
from trainwatch.parsing.scanned import (
    CLOCK,
    COUNT,
    DIGITS,
    FIRST,
    MIXED,
    NODE,
    PROGRAM,
    READ,
    TOTALS,
    VALUES,
    WIDTH,
    WRITER,
    ZONE,
    ZONE_LENGTH,
    ScannedBlock,
    ScannedMark,
    Source,
)
from trainwatch.parsing.seen import Rows

ShapeOf = Callable[[CompiledFormat, tuple[int | None, ...], bytes, int], StepShape]

_ROOM = 1024
"""Stretches that one call of the scanner may tell."""

_SHORT = 24
"""Bytes that a line of steps has at least, usually."""

_SHAPES = 256
"""Shapes that are remembered."""


class Scan(NamedTuple):
    """What one call of the scanner gave.

    Attributes:
        items: Blocks and markers, in order.
        lines: How many lines it read.
        end: Where they end in the data.
        hot: The format of the newest steps.
    """

    items: Sequence[ScannedBlock | ScannedMark]
    lines: int
    end: int
    hot: CompiledFormat


class Scanner:
    """Reads the lines of the formats that a file has had so far.

    Args:
        recogniser: Knows which formats may claim the same lines.
        shape: Makes the shape of a stretch from its format, its totals, its zone, and the width of
            its fractions.
    """

    def __init__(self, recogniser: Recogniser, shape: ShapeOf) -> None:
        self._recogniser = recogniser
        self._shape_of = shape
        self._known: list[CompiledFormat] = []
        self._programs = b""
        self._shapes: dict[tuple[object, ...], StepShape] = {}
        self._metrics = 0
        self._width = VALUES
        self._table: Table | None = None
        self._size = 0
        self._density = _SHORT

    def forget_shapes(self) -> None:
        """Shapes name the file, which has another name now."""
        self._shapes.clear()

    def learn(self, compiled: CompiledFormat) -> None:
        """A record of this format was recognised."""
        if compiled in self._known or len(self._known) == MOST or native.scan is None:
            return
        program = compiled.program
        if program is None or not (program.steps or compiled.format.kind in READ):
            return
        self._known.append(compiled)
        self._metrics = max(self._metrics, program.metrics)
        if not program.steps:
            self._width = max(self._width, VALUES + len(compiled.names))
        self._programs += program.written(compiled.anchor, self._recogniser.rivals(compiled))

    def takes(self, compiled: CompiledFormat | None) -> TypeGuard[CompiledFormat]:
        """Whether the scanner can go on from a record of this format."""
        return native.scan is not None and compiled in self._known

    def rest(self) -> None:
        """The lines are read: whoever wants their rows has them."""
        if self._table is not None and self._table.count:
            self._density = max(_SHORT, int(0.9 * self._size / self._table.count))
        self._table = None

    def _room(self, size: int) -> Table:
        """A table with room for the rows that so many bytes have, usually."""
        table = self._table
        if table is None or table.metrics < self._metrics:
            table = self._table = Table(self._metrics, size // self._density + 16)
            self._size = size
        return table

    def scan(
        self,
        lines: Lines,
        start: int,
        number: int | None,
        owner: RankId,
        hot: CompiledFormat,
        source: Source,
    ) -> Scan:
        """Read lines from a place on, as far as they are of the known formats."""
        items: list[ScannedBlock | ScannedMark] = []
        count, newest = 0, self._known.index(hot)
        room = min(_ROOM, (lines.end - start) // _SHORT + 1)
        cells = np.empty((room, WIDTH), dtype=np.int64)  # not kept: very many files have a scanner
        table = self._room(lines.end - start)
        table.stands_in(lines.data, lines.offset)
        while native.scan is not None:
            rows, told, taken, start, newest = native.scan(
                self._programs,
                newest,
                lines.data,
                start,
                lines.end,
                MISSING if number is None else number + count,
                lines.offset,
                MISSING if owner.rank is None else owner.rank,
                MISSING if owner.local is None else owner.local,
                table.integers,
                table.who,
                table.floats,
                table.capacity,
                table.count,
                cells,
            )
            table.count = rows
            count += taken
            items += self._items(lines, table, cells[:told], source)
            if rows == table.capacity:
                table.reserve(2 * table.capacity)
            elif told < room:
                break
        return Scan(items, count, start, self._known[newest])

    def _items(
        self, lines: Lines, table: Table, cells: NDArray[np.int64], source: Source
    ) -> Iterator[ScannedBlock | ScannedMark]:
        clocks = cells.view(np.float64)[:, CLOCK].tolist()
        for told, clock in zip(cells[:, : self._width].tolist(), clocks, strict=True):
            compiled = self._known[told[PROGRAM]]
            who = None if told[MIXED] else who_of(told[WRITER], told[NODE])
            if who is None or told[COUNT]:
                rows = Rows(table, told[FIRST], told[FIRST] + told[COUNT], who)
                yield ScannedBlock(
                    self._shape(compiled, told, lines), rows, compiled.name_set, source
                )
            else:
                yield ScannedMark(compiled, told, clock, lines, who, source)

    def _shape(self, compiled: CompiledFormat, told: list[int], lines: Lines) -> StepShape:
        zone = lines.data[told[ZONE] : told[ZONE] + told[ZONE_LENGTH]]
        totals = told[TOTALS : TOTALS + 3]
        key = (told[PROGRAM], told[DIGITS], zone, *totals)
        shape = self._shapes.get(key)
        if shape is None:
            known = tuple(None if total == MISSING else total for total in totals)
            shape = self._shapes[key] = self._shape_of(compiled, known, zone, told[DIGITS])
            if len(self._shapes) > _SHAPES:
                del self._shapes[next(iter(self._shapes))]
        return shape


@lru_cache(maxsize=4096)
def who_of(rank: int, local: int) -> RankId:
    """A writer from two columns."""
    return RankId(None if rank < 0 else rank, None if local < 0 else local)
