"""Tables within a log: CSV, aligned columns, boxed tables with a header or with a name a row."""

import csv
import re
from dataclasses import dataclass

from trainwatch.parsing.general.reading import Reading, Value
from trainwatch.parsing.general.words import Role, meaning

_RULE = re.compile(r"^[\s|+\-=:─━┼┤├╋╇┿│┃┏┓┗┛┌┐└┘┬┴┳┻┡┩╞╡]+$")
_BOX = str.maketrans("│┃║", "|||")
_NUMBER = re.compile(r"^[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+|nan|inf)%?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Header:
    delimiter: str
    names: tuple[str, ...]


class Tables:
    """Follows the tables of one log; a header is remembered until another one comes."""

    def __init__(self) -> None:
        self._header: _Header | None = None
        self._rows: Reading | None = None
        self._section = ""

    def feed(self, message: str) -> Reading | bool | None:
        """Take a line: a row's reading, True for a part of a table, None for none of its business."""
        boxed = message.translate(_BOX)
        if _RULE.match(message):
            done, self._rows, self._section = self._rows, None, ""
            return done or True
        if boxed.startswith("|") and boxed.rstrip().endswith("|"):
            cells = [cell.strip() for cell in boxed.strip().strip("|").split("|")]
            named = self._named_row(cells, boxed)
            if named:
                return True
        self._rows = None
        header = self._header
        if header:
            row = self._row(header, boxed)
            if row:
                return row
        found = _header(boxed)
        if found:
            self._header = found
            return True
        return None

    def _named_row(self, cells: list[str], line: str) -> bool:
        """A row of a table that has a name and a value a row, under sections."""
        if len(cells) != 2 or (self._header and self._header.delimiter == "|"):  # noqa: PLR2004
            return False
        name, value = cells
        if not value and name.endswith("/"):
            self._section = name
            self._rows = self._rows or Reading("table")
            return True
        if not name or not re.search(r"[^\W\d]", name):
            return False
        if not _NUMBER.match(value):
            return bool(self._rows) and bool(name)
        self._rows = self._rows or Reading("table")
        indented = line[1:].startswith("   ") or not self._section
        printed = f"{self._section}{name}" if indented else name
        _put(self._rows, printed, name, value)
        return True

    def _row(self, header: _Header, line: str) -> Reading | None:
        cells = _cells(line, header.delimiter)
        if len(cells) > len(header.names) or len(cells) < 2:  # noqa: PLR2004
            return None
        if header.delimiter != "," and len(cells) < len(header.names) - 1:
            return None
        numbers = [bool(_NUMBER.match(cell)) for cell in cells]
        if sum(numbers) < max(1, len(cells) // 3):
            return None
        if header.delimiter == "," and len(cells) != len(header.names):
            return None
        reading = Reading("table")
        for name, cell, good in zip(header.names, cells, numbers, strict=False):
            if good and name:
                _put(reading, name, name, cell)
        return reading if reading.places and reading.outcome else None


def _put(reading: Reading, printed: str, name: str, cell: str) -> None:
    named = meaning(printed)
    if named is None or (named.role is not Role.POSITION and meaning(name) is None):
        return
    bare = meaning(name)
    number = float(cell.rstrip("%"))
    if bare and bare.role is Role.POSITION:
        reading.keys[printed] = bare.name
        reading.places.setdefault(bare.name, number)
    elif bare and bare.role is Role.OUTCOME and named.role is not Role.OUTCOME:
        reading.values[printed] = Value(bare, number)
    else:
        reading.values[printed] = Value(named, number)


def _cells(line: str, delimiter: str) -> list[str]:
    if delimiter == "  ":
        return re.split(r"\s{2,}|\t", line.strip())
    if delimiter == "|":
        return [cell.strip() for cell in line.strip().strip("|").split("|")]
    try:
        row = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []
    return [cell.strip() for cell in row]


def _header(line: str) -> _Header | None:
    if any(c.isdigit() for c in line[:2]) or len(line) > 1 << 14:
        return None
    for delimiter in (",", "\t", "|", "  "):
        if delimiter not in line.strip():
            continue
        names = _cells(line, delimiter)
        if len(names) < 2 or any(_NUMBER.match(name) for name in names):  # noqa: PLR2004
            continue
        if any(not name or len(name.split()) > 4 or "=" in name or ": " in name for name in names):  # noqa: PLR2004
            continue
        if len(set(names)) != len(names):
            continue
        meanings = [meaning(name) for name in names]
        places = [m.name for m in meanings if m and m.role is Role.POSITION]
        outcomes = [m for m in meanings if m and m.role is Role.OUTCOME]
        if places and outcomes and any(p in ("epoch", "step", "batch") for p in places):
            return _Header(delimiter, tuple(names))
    return None
