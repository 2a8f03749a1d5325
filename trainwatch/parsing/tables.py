"""Reads metric tables: CSV with a header that names a position and a metric."""

import csv
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trainwatch.events import (
    MISSING,
    NOBODY,
    Granularity,
    Items,
    LogLine,
    RankId,
    Stamp,
    StepShape,
    Where,
)
from trainwatch.formats import DIALECTS, Dialect, RecordFormat, Shape
from trainwatch.formats.filenames import FileRole
from trainwatch.formats.names import canonical_columns
from trainwatch.formats.records import which
from trainwatch.parsing.columns import Columns
from trainwatch.parsing.lines import Lines
from trainwatch.parsing.prefix import Clock, split_prefix
from trainwatch.parsing.reads import Arrival, Read
from trainwatch.parsing.seen import Place, quote

NAN = float("nan")
_POSITIONS = ("epoch", "step", "batch")
_NOT_METRICS = frozenset(
    (*_POSITIONS, "rank", "time", "total_epochs", "total_steps", "total_batches")
)
_MAX_INT = 1 << 62
_MAX_RANK = 10**7
_MAX_ROW = 1 << 14
"""Bytes of a row; a longer one is damage, and the last value of its beginning would be half a value."""

_BOM = b"\xef\xbb\xbf"
_OF_EPOCHS = re.compile(r"(?:^|[/_\-.])epochs?[_\-.][^/]*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Row:
    """The numbers of one row, by column; cells that are empty or no number are left out.

    Attributes:
        values: All of them.
        metrics: The names of those that are metrics, in the order of the columns.
        time: The cell that holds the time, or an empty one.
    """

    values: Mapping[str, float]
    metrics: tuple[str, ...]
    time: str


@dataclass(frozen=True, slots=True)
class _Table:
    """A recognised header: the canonical name of each column, empty for one that is not read."""

    names: tuple[str, ...]
    named: tuple[Dialect, RecordFormat] | None = None

    def row(self, cells: Sequence[str]) -> _Row | None:
        """What a row holds; None where it has no number for any metric."""
        texts = dict(zip(self.names, cells, strict=False))
        numbers = {name: _number(text) for name, text in texts.items() if name}
        values = {name: value for name, value in numbers.items() if value is not None}
        metrics = tuple(name for name in values if name not in _NOT_METRICS)
        return _Row(values, metrics, texts.get("time", "")) if metrics else None


class TableReader:
    """The reader of one CSV; the header is its context."""

    def __init__(self, file: str, role: FileRole) -> None:
        self._file = file
        self._of_epochs = bool(_OF_EPOCHS.search(role.base))
        self._delimiter = "\t" if role.base.lower().endswith(".tsv") else ","
        self._owner = RankId(role.rank) if role.rank is not None else NOBODY
        self._table: _Table | None = None
        self._clock = Clock()
        self._gathered: list[Columns] = []
        self._last: dict[RankId, LogLine] = {}
        self._unparsed = 0

    def end(self) -> None:
        """No more lines; a table holds nothing back."""

    def rename(self, file: str) -> None:
        """The next rows stand in another part of a rotated table, with a header of its own."""
        self._file = file
        self._table = None

    def read(self, lines: Lines, arrival: Arrival, *, torn: bool = False) -> None:
        """Take the next complete lines of the file; a torn row is no row."""
        number, offset = lines.number, lines.place
        for line in lines.text.split(b"\n"):
            if line.strip():
                self._unparsed += torn or not self._line(Place(number, offset, line), arrival)
            offset += len(line) + 1
            number = None if number is None else number + 1

    def finish(self, arrival: Arrival) -> Read:
        """What the lines gave since the last call."""
        blocks = tuple(columns.block(arrival.time, live=arrival.live) for columns in self._gathered)
        read = Read(Items(blocks), self._last, (), self._unparsed)
        self._gathered, self._last, self._unparsed = [], {}, 0
        return read

    def _line(self, place: Place, arrival: Arrival) -> bool:
        """Take one line; whether it was understood."""
        cells = self._cells(place.line.removeprefix(_BOM) if place.offset == 0 else place.line)
        if self._table is None:
            self._table = _header(cells) if place.offset == 0 else None
            return self._table is not None
        row = self._table.row(cells)
        if row is None:
            return False
        self._take(row, place, arrival)
        return True

    def _cells(self, line: bytes) -> list[str]:
        if len(line) > _MAX_ROW:
            return []
        try:
            return next(csv.reader([line.decode(errors="replace")], delimiter=self._delimiter), [])
        except csv.Error:
            return []

    def _take(self, row: _Row, place: Place, arrival: Arrival) -> None:
        found = split_prefix(row.time.encode())
        stamp = self._clock.stamp(found["clock"], found["fraction"], found["zone"])
        who = self._writer(row)
        columns = self._columns(self._shape(row, stamp))
        number, offset, line = place.number, place.offset, place.line
        epoch = row.values.get("epoch", NAN)
        columns.stands_in(line, offset)
        at = columns.add(1)
        columns.integers[:, at] = [
            [MISSING if number is None else number],
            [offset],
            [offset + len(line)],
            [_position(row.values.get("step"))],
            [_position(row.values.get("batch"))],
        ]
        columns.who[:, at] = [[MISSING if who.rank is None else who.rank], [MISSING]]
        columns.floats[:, at] = [
            [NAN if stamp is None else stamp.seconds],
            [epoch if math.isfinite(epoch) else NAN],
            *([row.values[name]] for name in row.metrics),
        ]
        where = Where(self._file, number, offset)
        self._last[who] = LogLine(where, who, quote(line), None, stamp, arrival.time, arrival.live)

    def _writer(self, row: _Row) -> RankId:
        rank = row.values.get("rank", NAN)
        return RankId(int(rank)) if 0 <= rank < _MAX_RANK else self._owner

    def _columns(self, shape: StepShape) -> Columns:
        if not self._gathered or self._gathered[-1].shape != shape:
            self._gathered.append(Columns(shape))
        return self._gathered[-1]

    def _shape(self, row: _Row, stamp: Stamp | None) -> StepShape:
        names = self._table.names if self._table else ()
        dialect, named = (self._table.named if self._table else None) or (None, None)
        # `epoch_metrics_….csv` has one row an epoch, and says at which step each ended.
        by_step = "batch" in names or ("step" in names and not self._of_epochs)
        return StepShape(
            file=self._file,
            format=named.name if named else "table.csv",
            dialect=dialect.name if dialect else "csv",
            epoch_base=dialect.epoch_base if dialect else None,
            granularity=Granularity.STEP if by_step else Granularity.EPOCH,
            batch_unit="batches" if "batch" in names else None,
            zone=stamp.zone if stamp else None,
            digits=stamp.digits if stamp else 0,
            total_epochs=_whole(row.values.get("total_epochs")),
            total_steps=_whole(row.values.get("total_steps")),
            total_batches=_whole(row.values.get("total_batches")),
            metrics=row.metrics,
        )


def _header(cells: Sequence[str]) -> _Table | None:
    """The table whose header this is; None where it names no position or no metric."""
    if any(_number(cell) is not None for cell in cells):
        return None
    named = which(Shape.TABLE, "", cells, DIALECTS)
    theirs = named[1].names if named else {}
    names = canonical_columns([theirs.get(cell.strip(), cell) for cell in cells])
    if len(set(names)) != len(names):  # two columns of one meaning: keep the printed names apart
        names = [n if names.count(n) == 1 else p.strip() for n, p in zip(names, cells, strict=True)]
    names = ["" if name in names[:index] else name for index, name in enumerate(names)]
    metrics = [name for name in names if name and name not in _NOT_METRICS]
    if not metrics or not any(name in names for name in _POSITIONS):
        return None
    return _Table(tuple(names), named)


def _number(cell: str) -> float | None:
    if "_" in cell or not cell.isascii():  # Python reads them, and no log means a number
        return None
    try:
        return float(cell)
    except ValueError:
        return None


def _whole(value: float | None) -> int | None:
    return None if value is None or not abs(value) < _MAX_INT else int(value)


def _position(value: float | None) -> int:
    """A position as a column holds it; a table that has none may print -1."""
    whole = _whole(value)
    return MISSING if whole is None or whole < 0 else whole
