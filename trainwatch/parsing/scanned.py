"""What the native scanner reads: stretches of step records in one table, and markers between them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from struct import pack
from typing import NamedTuple, TypeGuard

import numpy as np
from numpy.typing import NDArray

from trainwatch.events import MISSING, RankId, Stamp, StepBlock, StepShape
from trainwatch.formats import FieldType
from trainwatch.parsing import native
from trainwatch.parsing.columns import (
    BATCH,
    EPOCH,
    LINE,
    LOCAL,
    METRICS,
    OFFSET,
    RANK,
    SECONDS,
    STEP,
    Table,
)
from trainwatch.parsing.compiled import CompiledFormat, Fields
from trainwatch.parsing.lines import Lines
from trainwatch.parsing.native.program import MOST
from trainwatch.parsing.prefix import zone_minutes
from trainwatch.parsing.rare import BUILDERS
from trainwatch.parsing.recogniser import Recogniser
from trainwatch.parsing.seen import Rows

ShapeOf = Callable[[CompiledFormat, tuple[int | None, ...], bytes, int], StepShape]

_ROOM = 1024
"""Stretches that one call of the scanner may tell."""

_SHORT = 24
"""Bytes that a line of steps has at least, usually."""

_SHAPES = 256
"""Shapes that are remembered."""

_WIDTH, _STATED, _SECONDS, _VALUES = 28, 17, 19, 20
"""Cells in which `_scan.c` tells of a stretch, and the first of some of them."""


@dataclass(slots=True)
class ScannedSteps:
    """Successive step records of one shape, among the rows of a table.

    Attributes:
        shape: What they share.
        table: Where they are.
        first, end: Which rows.
        columns: Which columns of the table the format fills.
        owner: Who wrote them all; None for several.
        epoch: The epoch of them all, where the lines do not state it; None: it is in the table.
    """

    shape: StepShape
    table: Table
    first: int
    end: int
    columns: frozenset[str]
    owner: RankId | None
    epoch: float | None

    @property
    def rows(self) -> Rows:
        """The same as rows that were seen."""
        return Rows(self.table, self.first, self.end, self.owner)

    def block(self, arrival: float, *, live: bool) -> StepBlock:
        """The records as arrays; a column that holds one value is one value long in memory."""
        rows, table, owner = slice(self.first, self.end), self.table, self.owner
        integers, floats, count = table.integers, table.floats, self.end - self.first
        missing = _integer(MISSING, count)
        return StepBlock(
            shape=self.shape,
            line=integers[LINE, rows],
            offset=integers[OFFSET, rows],
            seconds=floats[SECONDS, rows],
            rank=_who(owner.rank, count) if owner else table.who[RANK, rows],
            local=_who(owner.local, count) if owner else table.who[LOCAL, rows],
            epoch=floats[EPOCH, rows] if self.epoch is None else _real(self.epoch, count),
            step=integers[STEP, rows] if "step" in self.columns else missing,
            batch=integers[BATCH, rows] if "batch" in self.columns else missing,
            metrics={
                name: floats[METRICS + at, rows] for at, name in enumerate(self.shape.metrics)
            },
            text=table.text(self.first, self.end),
            arrival=arrival,
            live=live,
        )


@dataclass(frozen=True, slots=True)
class Marker:
    """The record of a rare event.

    Attributes:
        compiled: Its format.
        fields: What it states.
        number, start, end: Its line, and where that stands in the file; no number where unknown.
        who: As `Writers.resolve` takes it: the rank of the message, torch's, torchrun's.
        stamp: The time that it states.
    """

    compiled: CompiledFormat
    fields: Fields
    number: int | None
    start: int
    end: int
    who: RankId
    stamp: Stamp | None


class Scan(NamedTuple):
    """What one call of the scanner gave.

    Attributes:
        items: Stretches and markers, in order.
        lines: How many lines it read.
        end: Where they end in the data.
        hot: The format of the newest steps.
    """

    items: Sequence[ScannedSteps | Marker]
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
        self._told = np.empty((1, _WIDTH), dtype=np.int64)
        self._metrics = 0
        self._table: Table | None = None

    def forget_shapes(self) -> None:
        """Shapes name the file, which has another name now."""
        self._shapes.clear()

    def learn(self, compiled: CompiledFormat) -> None:
        """A record of this format was recognised."""
        if compiled in self._known or len(self._known) == MOST or native.scan is None:
            return
        program = compiled.program
        if program is None or not (program.steps or compiled.format.kind in BUILDERS):
            return
        self._known.append(compiled)
        self._metrics = max(self._metrics, program.metrics)
        self._programs += program.written(compiled.anchor, self._recogniser.rivals(compiled))

    def takes(self, compiled: CompiledFormat | None) -> TypeGuard[CompiledFormat]:
        """Whether the scanner can go on from a record of this format."""
        return native.scan is not None and compiled in self._known

    def begin(self) -> None:
        """Other lines come: the rows of the ones before are not added to any more."""
        self._table = None

    def _room(self, size: int) -> Table:
        """A table with room for the rows that so many bytes have, usually."""
        table = self._table
        if table is None or table.metrics < self._metrics:
            table = self._table = Table(self._metrics, size // _SHORT + 1)
        return table

    def scan(
        self,
        lines: Lines,
        start: int,
        number: int | None,
        owner: RankId,
        hot: CompiledFormat,
    ) -> Scan:
        """Read lines from a place on, as far as they are of the known formats."""
        items: list[ScannedSteps | Marker] = []
        count, newest = 0, self._known.index(hot)
        room = min(_ROOM, (len(lines.data) - start) // _SHORT + 1)
        if len(self._told) < room:
            self._told = np.empty((room, _WIDTH), dtype=np.int64)
        table = self._room(len(lines.data) - start)
        table.stands_in(lines.data, lines.offset)
        while native.scan is not None:
            rows, told, taken, start, newest = native.scan(
                self._programs,
                newest,
                lines.data,
                start,
                len(lines.data),
                MISSING if number is None else number + count,
                lines.offset,
                MISSING if owner.rank is None else owner.rank,
                MISSING if owner.local is None else owner.local,
                table.integers,
                table.who,
                table.floats,
                table.capacity,
                table.count,
                self._told,
            )
            table.count = rows
            count += taken
            items += self._items(lines, table, told)
            if rows == table.capacity:
                table.reserve(2 * table.capacity)
            elif told < len(self._told):
                break
        return Scan(items, count, start, self._known[newest])

    def _items(self, lines: Lines, table: Table, count: int) -> Iterator[ScannedSteps | Marker]:
        for at, told in enumerate(self._told[:count].tolist()):
            compiled = self._known[told[0]]
            if told[2]:
                yield self._steps(compiled, lines, table, told)
            else:
                yield self._marker(compiled, lines, at, told)

    def _steps(
        self, compiled: CompiledFormat, lines: Lines, table: Table, told: list[int]
    ) -> ScannedSteps:
        _, first, count, _, _, _, rank, local, mixed, _, digits, _, at, length, *rest = told
        zone = lines.data[at : at + length]
        key = (compiled.format.name, digits, zone, *rest[:3])
        shape = self._shapes.get(key)
        if shape is None:
            totals = tuple(None if total == MISSING else total for total in rest[:3])
            shape = self._shapes[key] = self._shape_of(compiled, totals, zone, digits)
            if len(self._shapes) > _SHAPES:
                del self._shapes[next(iter(self._shapes))]
        owner = None if mixed else who_of(rank, local)
        return ScannedSteps(shape, table, first, first + count, compiled.name_set, owner, None)

    def _marker(self, compiled: CompiledFormat, lines: Lines, at: int, told: list[int]) -> Marker:
        _, _, _, line, start, end, rank, local, _, timed, digits, fraction, zone, length = told[:14]
        values: list[int | float] = [*told[_VALUES : _VALUES + len(compiled.names)]]
        for place, kind in enumerate(compiled.types):
            if kind is FieldType.FLOAT:
                values[place] = float(self._told[at].view(np.float64)[_VALUES + place])
        fields: Fields = dict(zip(compiled.names, values, strict=True))
        if compiled.has_rank:
            fields["rank"] = told[_STATED]
        fields.update(compiled.format.fixed)
        stamp = None
        if timed:
            seconds = float(self._told[at].view(np.float64)[_SECONDS])
            # As the plain engine: one division, where a row has one multiplication.
            seconds = seconds + fraction / 10**digits if digits else seconds
            stamp = Stamp(seconds, zone_minutes(lines.data[zone : zone + length]), digits)
        number = None if line == MISSING else line
        return Marker(compiled, fields, number, start, end, who_of(rank, local), stamp)


@lru_cache(maxsize=4096)
def who_of(rank: int, local: int) -> RankId:
    """A writer from two columns."""
    return RankId(None if rank < 0 else rank, None if local < 0 else local)


def _integer(value: int, count: int) -> NDArray[np.int64]:
    return np.ndarray((count,), np.int64, pack("=q", value), 0, (0,))


def _who(value: int | None, count: int) -> NDArray[np.int32]:
    return np.ndarray((count,), np.int32, pack("=i", MISSING if value is None else value), 0, (0,))


def _real(value: float, count: int) -> NDArray[np.float64]:
    return np.ndarray((count,), np.float64, pack("=d", value), 0, (0,))
