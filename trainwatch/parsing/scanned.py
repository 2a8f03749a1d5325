"""What the native scanner gives: blocks of step records in one table, and markers between them."""

from collections.abc import Callable, Mapping
from struct import pack, unpack
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainwatch.events import MISSING, Draft, Event, RankId, StepBlock, StepShape, Where
from trainwatch.formats import FieldType, Kind
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
    Spans,
    Table,
)
from trainwatch.parsing.compiled import CompiledFormat, Fields
from trainwatch.parsing.lines import Lines
from trainwatch.parsing.prefix import zone_minutes
from trainwatch.parsing.rare import BUILDERS
from trainwatch.parsing.seen import Place, Rows, quote

PROGRAM, FIRST, COUNT, NUMBER, START, END, WRITER, NODE, MIXED, TIMED, DIGITS, FRACTION = range(12)
ZONE, ZONE_LENGTH, TOTALS = 12, 13, 14
STATED, TORCH, CLOCK, VALUES, WIDTH = 17, 18, 19, 20, 28
"""Cells in which `_scan.c` tells of a stretch or a marker; -1 for what is not stated."""

_ENOUGH = (Kind.EPOCH_MARKER, Kind.BATCHES_PROCESSED, Kind.WORKER_COMPLETED)
"""Kinds of which the state of a run needs no more than a draft has."""

READ = (*_ENOUGH, Kind.CHECKPOINT, Kind.EVALUATION)
"""Kinds of markers that the scanner may read: they say nothing of how the next lines are to be read."""

_put = object.__setattr__


class Source(NamedTuple):
    """What the lines of one piece share: their file, its attempt, and when they arrived."""

    file: str
    attempt: int | None
    arrival: float
    live: bool


class ScannedBlock(StepBlock):
    """Successive step records of one shape, among the rows of a table; columns are cut when read."""

    __slots__ = ("_constant", "_owner", "_table", "columns", "end", "first", "rows")
    columns: frozenset[str]
    first: int
    end: int
    rows: Rows
    _constant: float | None
    _owner: RankId | None
    _table: Table

    def __init__(
        self, shape: StepShape, rows: Rows, columns: frozenset[str], source: Source
    ) -> None:
        _put(self, "shape", shape)
        _put(self, "_table", rows.columns)
        _put(self, "first", rows.first)
        _put(self, "end", rows.end)
        _put(self, "columns", columns)
        _put(self, "_owner", rows.owner)
        _put(self, "_constant", None)
        _put(self, "arrival", source.arrival)
        _put(self, "live", source.live)
        _put(self, "rows", rows)

    def __len__(self) -> int:
        return self.end - self.first

    @property
    def owner(self) -> RankId | None:
        """Who wrote them all; None for several."""
        return self._owner

    @property
    def one_epoch(self) -> float | None:
        """The epoch of them all, where no line states its own."""
        return self._constant

    @property
    def states_epochs(self) -> bool:
        """Whether each line states its epoch."""
        return "epoch" in self.columns

    def state_epochs(self, epoch_of: Callable[[RankId], float]) -> None:
        """Give the records the epoch that the last header of their writer stated."""
        if self._owner is not None:
            _put(self, "_constant", float(epoch_of(self._owner)))
            return
        epochs = self._table.floats[EPOCH, self.first : self.end]
        for who, mask in self.rows.writers():
            epochs[mask] = epoch_of(who)

    def position(self, row: int) -> tuple[float, int, int]:
        """Epoch, step and batch of one record."""
        at = row + (self.end if row < 0 else self.first)
        integers, columns = self._table.integers, self.columns
        return (
            self._table.floats.item(EPOCH, at) if self._constant is None else self._constant,
            integers.item(STEP, at) if "step" in columns else MISSING,
            integers.item(BATCH, at) if "batch" in columns else MISSING,
        )

    def _integers(self, row: int) -> NDArray[np.int64]:
        return self._table.integers[row, self.first : self.end]

    def _floats(self, row: int) -> NDArray[np.float64]:
        return self._table.floats[row, self.first : self.end]

    def _who(self, row: int, value: int | None) -> NDArray[np.int32]:
        if self._owner is None:
            return self._table.who[row, self.first : self.end]
        return _constant(np.int32, "=i", MISSING if value is None else value, len(self))

    @property
    def line(self) -> NDArray[np.int64]:
        """As `StepBlock`."""
        return self._integers(LINE)

    @property
    def offset(self) -> NDArray[np.int64]:
        """As `StepBlock`."""
        return self._integers(OFFSET)

    @property
    def seconds(self) -> NDArray[np.float64]:
        """As `StepBlock`."""
        return self._floats(SECONDS)

    @property
    def rank(self) -> NDArray[np.int32]:
        """As `StepBlock`."""
        return self._who(RANK, self._owner and self._owner.rank)

    @property
    def local(self) -> NDArray[np.int32]:
        """As `StepBlock`."""
        return self._who(LOCAL, self._owner and self._owner.local)

    @property
    def epoch(self) -> NDArray[np.float64]:
        """As `StepBlock`."""
        if self._constant is None:
            return self._floats(EPOCH)
        return _constant(np.float64, "=d", self._constant, len(self))

    @property
    def step(self) -> NDArray[np.int64]:
        """As `StepBlock`."""
        if "step" in self.columns:
            return self._integers(STEP)
        return _constant(np.int64, "=q", MISSING, len(self))

    @property
    def batch(self) -> NDArray[np.int64]:
        """As `StepBlock`."""
        if "batch" in self.columns:
            return self._integers(BATCH)
        return _constant(np.int64, "=q", MISSING, len(self))

    @property
    def metrics(self) -> Mapping[str, NDArray[np.float64]]:
        """As `StepBlock`."""
        names = self.shape.metrics
        return {name: self._floats(METRICS + at) for at, name in enumerate(names)}

    @property
    def text(self) -> Spans:
        """As `StepBlock`."""
        return self._table.text(self.first, self.end)


def _real(cell: int) -> float:
    """The number of which a cell holds the bits."""
    value: float = unpack("=d", pack("=q", cell))[0]
    return value


def _constant(kind: Any, form: str, value: float, count: int) -> NDArray[Any]:  # noqa: ANN401 - a dtype
    """A column that holds one value: one value long in memory."""
    return np.ndarray((count,), kind, pack(form, value), 0, (0,))


class ScannedMark(Draft):
    """The record of a rare event; its line is cut out and its text decoded when it is wanted."""

    __slots__ = ("_compiled", "_lines", "_source", "_told", "enough")
    enough: bool

    def __init__(
        self,
        compiled: CompiledFormat,
        told: list[int],
        clock: float,
        lines: Lines,
        who: RankId,
        source: Source,
    ) -> None:
        outline = compiled.outline
        self._compiled, self._told, self._lines, self._source = compiled, told, lines, source
        self.who, self.digits, self.zone = who, told[DIGITS], None
        self.arrival, self.live = source.arrival, source.live
        self.split, self.epoch_base, self.start = outline.split, outline.epoch_base, outline.start
        self.enough = outline.kind in _ENOUGH
        self.epoch = None
        if outline.kind is Kind.EPOCH_MARKER:
            self.epoch = told[VALUES + outline.epoch]
            if outline.started is not None:
                self.start = bool(told[VALUES + outline.started])
        # As the plain engine has it: one division, where a row has one multiplication.
        self.seconds = clock + told[FRACTION] / 10 ** told[DIGITS] if told[DIGITS] else clock
        if told[ZONE_LENGTH]:
            self.zone = zone_minutes(lines.data[told[ZONE] : told[ZONE] + told[ZONE_LENGTH]])

    def place(self) -> Place:
        """Where its line stands, and the line."""
        told = self._told
        number = None if told[NUMBER] == MISSING else told[NUMBER]
        base = self._lines.offset
        line = self._lines.data[told[START] - base : told[END] - base]
        return Place(number, told[START], line)

    def event(self) -> Event:
        """The whole event."""
        place, compiled, source = self.place(), self._compiled, self._source
        return BUILDERS[compiled.format.kind](
            compiled,
            self._fields(),
            {
                "where": Where(source.file, place.number, place.offset),
                "who": self.who,
                "text": quote(place.line),
                "stamp": self.stamp,
                "arrival": source.arrival,
                "live": source.live,
                "attempt": source.attempt,
            },
        )

    def _fields(self) -> Fields:
        compiled = self._compiled
        fields: Fields = {
            name: _real(self._told[VALUES + at])
            if kind is FieldType.FLOAT
            else self._told[VALUES + at]
            for at, (name, kind) in enumerate(zip(compiled.names, compiled.types, strict=True))
        }
        if compiled.has_rank:
            fields["rank"] = self._told[STATED]
        fields.update(compiled.format.fixed)
        return fields
