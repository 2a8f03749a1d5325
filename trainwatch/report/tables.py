"""Writes tables as JSON lines, CSV or Parquet, piece by piece: there may be more rows than memory."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol

from trainwatch.report.cells import cell_text, is_harmless, nested
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
        """Write rows."""
        fields = [f"{_json(name).replace('%', '%%')}: %s" for name in piece.names]
        self._out.write(_lines(piece, piece.names, f"{{{', '.join(fields)}}}", _json, _written))

    def finish(self) -> None:
        """Nothing is left to do."""


def _lines(
    piece: Columns,
    names: Iterable[str],
    form: str,
    one: Callable[[object], str],
    many: Callable[[Values], Values],
) -> bytes:
    """Rows as lines: what they share is made once, and the rest put in.

    Args:
        piece: The rows.
        names: Its columns, in order; others are made of None.
        form: A line, with a %s for each of them.
        one: Makes the text of a value.
        many: Makes those of a column, or leaves numbers as they are.
    """
    columns = [name for name in names if name in piece.varying]
    shared = {name: one(piece.same.get(name)) for name in names if name not in piece.varying}
    line = form % tuple(shared[n].replace("%", "%%") if n in shared else "%s" for n in names) + "\n"
    if not columns:
        return (line % ()).encode() * piece.length
    rows = zip(*(many(piece.varying[name]) for name in columns), strict=True)
    return "".join(map(line.__mod__, rows)).encode("utf-8", "replace")


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
    """Whether text stands in JSON and in a cell as it is, as times do."""
    return text.isascii() and text.isprintable() and not set(text) & {'"', ",", "\\"}


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
        form = ",".join(["%s"] * len(self._names))
        # An empty line is no row for readers of CSV, so a sole empty cell is quoted.
        one, many = (_quoted, _cells) if len(self._names) > 1 else (_sole, _soles)
        size = self._spool.write(_lines(piece, tuple(self._names), form, one, many))
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


def _cells(values: Values) -> Values:
    kinds = set(map(type, values))
    if kinds <= {int, float}:
        return values
    if (
        kinds <= {str, type(None)}
        and is_harmless(values)
        and _is_plain("".join(filter(None, values)))
    ):
        return ["" if value is None else value for value in values]
    return list(map(_quoted, values))


def _soles(values: Values) -> Values:
    return list(map(_sole, values))


def _sole(value: object) -> str:
    return _quoted(value) or '""'


def _quoted(value: object) -> str:
    """A value as a cell of a CSV file, which no spreadsheet runs."""
    if value is None:
        return ""
    text = nested(value)
    text = str(text) if not isinstance(value, str) or value == "-inf" else cell_text(value)
    if not _AWKWARD.search(text):
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


_AWKWARD = re.compile(r'[",\r\n]')
