"""Writes tables as JSON lines, CSV or Parquet, piece by piece: there may be more rows than memory."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import repeat
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from trainwatch.report.cells import cell_text, nested
from trainwatch.report.columns import Columns, Values
from trainwatch.report.jsonable import Json, one_line


class TableFormat(StrEnum):
    """How a table is written."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


class TableWriter(Protocol):
    """Takes a table piece by piece."""

    def add(self, piece: Columns) -> None:
        """Take the next rows."""

    def finish(self) -> None:
        """There are no more."""


def table_writer(form: TableFormat, out: BinaryIO, spool: Path | None = None) -> TableWriter:
    """A writer to a binary stream.

    Args:
        form: The format.
        out: Where to write.
        spool: Directory for what must wait until the last column is known; the system's
            temporary one where it is None.

    Raises:
        UsageError: for Parquet without the extra that it needs.
    """
    if form is TableFormat.PARQUET:
        from trainwatch.report.parquet import ParquetRows  # noqa: PLC0415 - pyarrow takes 0.2 s

        return ParquetRows(out, spool)
    return JsonLines(out) if form is TableFormat.JSONL else CsvRows(out, spool)


def write_table(rows: Iterable[Json], form: TableFormat, out: BinaryIO) -> None:
    """Write rows that are all there."""
    writer = table_writer(form, out)
    for piece in Columns.of(rows):
        writer.add(piece)
    writer.finish()


class JsonLines:
    """One object a row."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out

    def add(self, piece: Columns) -> None:
        """Write rows: what they share is made once."""
        fields = (
            f"{_key(name)}: {'%s' if name in piece.varying else _fixed(piece.same[name])}"
            for name in piece.names
        )
        line = f"{{{', '.join(fields)}}}\n"
        columns = [_written(piece.varying[name]) for name in piece.names if name in piece.varying]
        rows = zip(*columns, strict=True) if columns else repeat((), piece.length)
        self._out.write("".join(map(line.__mod__, rows)).encode())

    def finish(self) -> None:
        """Nothing is left to do."""


def _key(name: str) -> str:
    return _json(name).replace("%", "%%")


def _fixed(value: object) -> str:
    return _json(value).replace("%", "%%")


def _json(value: object) -> str:
    return one_line({"": value})[5:-1]


def _written(values: Values) -> Values:
    """Values as JSON; numbers as they are, since they print as JSON has them."""
    kinds = set(map(type, values))
    if kinds <= {int, float}:
        return values
    if kinds <= {int, float, type(None)}:
        return ["null" if value is None else value for value in values]
    if kinds <= {str, type(None)} and _is_plain("".join(filter(None, values))):
        return ["null" if value is None else f'"{value}"' for value in values]
    return list(map(_json, values))


def _is_plain(text: str) -> bool:
    """Whether text stands in JSON as it is, as times do."""
    return text.isascii() and text.isprintable() and '"' not in text and "\\" not in text


class CsvRows:
    """A line a row.

    The head names every column, in the order in which they first occur, and the last may occur in
    the last row: rows wait in a temporary file, those that came before a new column are made up to
    its number at the end.
    """

    def __init__(self, out: BinaryIO, spool: Path | None = None) -> None:
        self._out = out
        self._spool = tempfile.TemporaryFile(dir=spool)  # noqa: SIM115 - closed by `finish`
        self._names: dict[str, None] = {}
        self._stretches: list[list[int]] = []  # columns, bytes

    def add(self, piece: Columns) -> None:
        """Take rows; what they share is made once."""
        self._names |= dict.fromkeys(piece.names)
        text = io.StringIO()
        columns = [_cells(piece, name) for name in self._names]
        csv.writer(text, lineterminator="\n").writerows(zip(*columns, strict=True))
        size = self._spool.write(text.getvalue().encode("utf-8", "replace"))
        if self._stretches and self._stretches[-1][0] == len(self._names):
            self._stretches[-1][1] += size
        else:
            self._stretches.append([len(self._names), size])

    def finish(self) -> None:
        """Write the head, and the rows behind it."""
        with self._spool as spool:
            head = io.StringIO()
            csv.writer(head, lineterminator="\n").writerow(map(cell_text, self._names))
            self._out.write(head.getvalue().encode("utf-8", "replace"))
            spool.seek(0)
            for count, size in self._stretches:
                missing = len(self._names) - count
                for part in _parts(spool, size):
                    self._out.write(_made_up(part, missing) if missing else part)


_PART = 1 << 20


def _parts(spool: BinaryIO, size: int) -> Iterator[bytes]:
    """So many bytes of a file, in parts of whole rows."""
    while size > 0:
        part = spool.read(min(_PART, size))
        size -= len(part)
        while size > 0 and not _is_whole(part):
            line = spool.readline()
            part, size = part + line, size - len(line)
        yield part


def _is_whole(part: bytes) -> bool:
    """Whether a part ends with a row: a line's end within a cell stands between two quotes."""
    return part.endswith(b"\n") and part.count(b'"') % 2 == 0


def _made_up(part: bytes, missing: int) -> bytes:
    """Rows with so many empty cells more."""
    text, padding = io.StringIO(), [""] * missing
    rows = csv.reader(io.StringIO(part.decode(), newline=""))
    csv.writer(text, lineterminator="\n").writerows([*row, *padding] for row in rows)
    return text.getvalue().encode()


def _cells(piece: Columns, name: str) -> Iterable[Any]:
    varying = piece.varying.get(name)
    if varying is None:
        return repeat(_cell(piece.same.get(name)), piece.length)
    return varying if set(map(type, varying)) <= {int, float} else map(_cell, varying)


def _cell(value: object) -> object:
    if isinstance(value, str):
        return value if value == "-inf" else cell_text(value)
    return nested(value)
