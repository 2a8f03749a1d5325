"""Reads metric tables: CSV with a header that names a position and a metric."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass

from trainwatch.events import MISSING, NOBODY, Granularity, RankId, StepShape
from trainwatch.formats.filenames import FileRole
from trainwatch.formats.names import canonical_columns
from trainwatch.parsing.columns import Columns
from trainwatch.parsing.lines import Lines
from trainwatch.parsing.logs import Arrival, Read
from trainwatch.parsing.prefix import Clock, split_prefix

NAN = float("nan")
_POSITIONS = ("epoch", "step", "batch")
_NOT_METRICS = frozenset(
    (*_POSITIONS, "rank", "time", "total_epochs", "total_steps", "total_batches")
)
_MAX_INT = 1 << 62
_MAX_ROW = 1 << 14

Place = tuple[int | None, int, bytes]


@dataclass(frozen=True, slots=True)
class _Table:
    """A recognised header: which column holds what."""

    names: tuple[str, ...]
    metrics: tuple[int, ...]

    def at(self, name: str) -> int | None:
        return self.names.index(name) if name in self.names else None


class TableReader:
    """The reader of one CSV; the header is its context."""

    def __init__(self, file: str, role: FileRole) -> None:
        self._file = file
        self._role = role
        self._owner = RankId(role.rank) if role.rank is not None else NOBODY
        self._table: _Table | None = None
        self._clock = Clock()

    def rename(self, file: str) -> None:
        """The next rows stand in another part of a rotated table, with a header of its own."""
        self._file = file
        self._table = None

    def read(self, lines: Lines, arrival: Arrival, *, torn: bool = False) -> Read:
        """Take the next complete lines of the file; a torn row is no row."""
        gathered: list[Columns] = []
        unparsed = 0
        if torn:
            return Read((), {}, (), unparsed=1)
        number, offset = lines.number, lines.offset
        for line in lines.data.split(b"\n"):
            if line.strip():
                unparsed += not self._line((number, offset, line), gathered)
            offset += len(line) + 1
            number = None if number is None else number + 1
        blocks = tuple(columns.block(arrival.time, live=arrival.live) for columns in gathered)
        return Read(blocks, {}, (), unparsed)

    def _line(self, place: Place, gathered: list[Columns]) -> bool:
        """Take one line; whether it was understood."""
        cells = _cells(place[2])
        if self._table is None:
            self._table = _header(cells) if place[1] == 0 else None
            return self._table is not None
        return self._row(self._table, cells, place, gathered)

    def _row(
        self,
        table: _Table,
        cells: Sequence[str],
        place: Place,
        gathered: list[Columns],
    ) -> bool:
        values = {name: _number(cell) for name, cell in zip(table.names, cells, strict=False)}
        present = tuple(i for i in table.metrics if i < len(cells) and cells[i].strip())
        if not present or any(values[table.names[i]] is None for i in present):
            return False
        shape = self._shape(table, present, cells)
        if not gathered or gathered[-1].shape != shape:
            gathered.append(Columns(shape))
        columns = gathered[-1]
        number, offset, line = place
        columns.line.append(MISSING if number is None else number)
        columns.offset.append(offset)
        columns.spans.append((line, 0, len(line)))
        columns.seconds.append(self._seconds(table, cells))
        rank = _integer(values.get("rank"))
        columns.rank.append(rank if rank != MISSING else _integer(self._owner.rank))
        columns.local.append(MISSING)
        epoch = values.get("epoch")
        columns.epoch.append(NAN if epoch is None else epoch)
        columns.step.append(_integer(values.get("step")))
        columns.batch.append(_integer(values.get("batch")))
        for column, index in zip(columns.metrics, present, strict=True):
            column.append(values[table.names[index]] or 0.0)
        return True

    def _shape(self, table: _Table, present: tuple[int, ...], cells: Sequence[str]) -> StepShape:
        by_step = table.at("step") is not None or table.at("batch") is not None
        values = {name: _number(cell) for name, cell in zip(table.names, cells, strict=False)}
        found = split_prefix(self._time(table, cells).encode())
        return StepShape(
            file=self._file,
            format="table.csv",
            dialect="csv",
            granularity=Granularity.STEP if by_step else Granularity.EPOCH,
            batch_unit="batches" if table.at("batch") is not None else None,
            digits=len(found["fraction"] or b""),
            total_epochs=_whole(values.get("total_epochs")),
            total_steps=_whole(values.get("total_steps")),
            total_batches=_whole(values.get("total_batches")),
            metrics=tuple(table.names[index] for index in present),
        )

    def _time(self, table: _Table, cells: Sequence[str]) -> str:
        at = table.at("time")
        return cells[at] if at is not None and at < len(cells) else ""

    def _seconds(self, table: _Table, cells: Sequence[str]) -> float:
        found = split_prefix(self._time(table, cells).encode())
        stamp = self._clock.stamp(found["clock"], found["fraction"], found["zone"])
        return NAN if stamp is None else stamp.seconds


def _header(cells: Sequence[str]) -> _Table | None:
    """The table whose header this is; None where it names no position or no metric."""
    if any(_number(cell) is not None for cell in cells):
        return None
    names = canonical_columns(cells)
    metrics = tuple(i for i, name in enumerate(names) if name and name not in _NOT_METRICS)
    if not metrics or not any(name in names for name in _POSITIONS):
        return None
    if len(set(names)) != len(names):  # two columns of one meaning: keep the printed names apart
        names = [n if names.count(n) == 1 else p.strip() for n, p in zip(names, cells, strict=True)]
    return _Table(tuple(names), metrics)


def _cells(line: bytes) -> list[str]:
    try:
        return next(csv.reader([line[:_MAX_ROW].decode(errors="replace")]), [])
    except csv.Error:
        return []


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _whole(value: float | None) -> int | None:
    return None if value is None or not abs(value) < _MAX_INT else int(value)


def _integer(value: float | None) -> int:
    whole = _whole(value)
    return MISSING if whole is None else whole
