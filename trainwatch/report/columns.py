"""Rows of a table, held by columns: a value that all rows share is stored, and written, once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, compress, groupby, repeat
from typing import Any

from trainwatch.report.jsonable import Json

Values = list[Any]


@dataclass(frozen=True, slots=True)
class Columns:
    """Successive rows with the same columns.

    Attributes:
        length: How many rows.
        names: The columns, in order.
        same: Columns in which all rows have one value.
        varying: All others: one value a row.
    """

    length: int
    names: tuple[str, ...]
    same: Json
    varying: Mapping[str, Values]

    @classmethod
    def of(cls, rows: Iterable[Json]) -> Iterator[Columns]:
        """Rows, those that have the same columns together."""
        for names, some in groupby(rows, key=tuple):
            held = list(some)
            columns = {name: [row[name] for row in held] for name in names}
            yield cls(len(held), names, {}, columns)

    def column(self, name: str) -> Iterable[Any]:
        """The values of one column; None where there is no such column."""
        varying = self.varying.get(name)
        return repeat(self.same.get(name), self.length) if varying is None else varying

    def rows(self) -> Iterator[Json]:
        """The rows themselves."""
        for values in zip(*map(self.column, self.names), strict=True):
            yield dict(zip(self.names, values, strict=True))

    def where(self, wants: Callable[[Any], bool], name: str = "rank") -> Columns:
        """Only the rows of which one column is wanted."""
        if name not in self.varying:
            return self if wants(self.same.get(name)) else Columns(0, self.names, self.same, {})
        kept = [wants(value) for value in self.varying[name]]
        varying = {name: list(compress(some, kept)) for name, some in self.varying.items()}
        return Columns(sum(kept), self.names, self.same, varying)


class FileOrder:
    """Puts rows as their lines stand: a record that had to wait for the next lines comes late.

    It waits for lines of the same piece of a file or of the next, so the rows of one piece are held
    until the next has come.
    """

    def __init__(self) -> None:
        self._held: list[Columns] = []
        self._file: str | None = None

    def take(self, file: str, tables: Iterable[Columns]) -> Iterator[Columns]:
        """Rows of the next piece of a file; those that are due."""
        if file != self._file:
            yield from self.rest()
            self._file = file
        new = [table for table in tables if table.length]
        last = max(map(_last, self._held), default=-1)
        held, self._held = self._held, new
        if not _in_order([*held, *new]):
            rows = sorted(chain.from_iterable(t.rows() for t in (*held, *new)), key=_line)
            due = [row for row in rows if _line(row) <= last]
            held, self._held = list(Columns.of(due)), list(Columns.of(rows[len(due) :]))
        yield from held

    def rest(self) -> Iterator[Columns]:
        """What is held, once there is no more."""
        held, self._held = self._held, []
        if not _in_order(held):
            rows = sorted(chain.from_iterable(table.rows() for table in held), key=_line)
            held = list(Columns.of(rows))
        yield from held


def _line(row: Json) -> int:
    return row["line"] or 0


def _last(table: Columns) -> int:
    return max(line or 0 for line in table.column("line"))


def _in_order(tables: Iterable[Columns]) -> bool:
    lines = [line or 0 for table in tables for line in table.column("line")]
    return all(map(int.__le__, lines, lines[1:]))
