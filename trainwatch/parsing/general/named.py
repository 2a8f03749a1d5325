"""Gives a reading the names of the format that knows it: what its keys mean, what it stands for."""

import re
from dataclasses import dataclass, replace

from trainwatch.events import Granularity
from trainwatch.formats import Dialect, RecordFormat, Shape
from trainwatch.formats.records import which
from trainwatch.parsing.general.reading import Reading, Value
from trainwatch.parsing.general.whose import Records
from trainwatch.parsing.general.words import Meaning, Role, meaning

_REMEMBERED = 1024
_OPENING = 40
_DIGITS = re.compile(r"\d+")
_CELL = re.compile(r"^([-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|nan|inf))(?:/\d+)?[GMk]?:?$")
_TOTALS = {"epoch": "total_epochs", "step": "total_steps", "batch": "total_batches"}
_SHAPES = {"json": (Shape.JSON, Shape.DICT), "pairs": (Shape.PAIRS, Shape.HEADER)}


@dataclass(frozen=True, slots=True)
class Name:
    """The format that knows a record."""

    dialect: Dialect
    record: RecordFormat

    @property
    def granularity(self) -> Granularity | None:
        """What the format says that a record stands for."""
        return self.record.granularity


class Names:
    """Finds the format of each reading of one log; readings of one shape share the answer."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._known: dict[object, Name | None] = {}

    def find(self, reading: Reading, message: str) -> Name | None:
        """The named format that fits a reading, or None."""
        keys = frozenset((*reading.values, *reading.keys))
        opening = _DIGITS.sub("0", message[:_OPENING])
        key = (reading.shape, keys, opening)
        if key not in self._known:
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            self._known[key] = self._which(reading.shape, message, keys)
        return self._known[key]

    def refuses(self, name: Name | None) -> bool:
        """Whether a reading is to be passed over, since one dialect is asked for and not this."""
        return name is None and self._records.only

    def _which(self, shape: str, message: str, keys: frozenset[str]) -> Name | None:
        for one in _SHAPES.get(shape, (Shape(shape),)):
            found = which(one, message, keys, self._records.dialects)
            if found:
                return Name(*found)
        return None


def renamed(reading: Reading, name: Name) -> bool:
    """Put a format's names into a reading; False where it is no record of its own."""
    record = name.record
    if record.ignore:
        return False
    if record.columns and not _columns(reading, record.columns):
        return False
    if record.last_only and reading.places.get("batch") != reading.places.get("total_batches"):
        return False
    for printed, target in record.names.items():
        _rename(reading, printed, target)
    reading.split = record.split or reading.split
    return True


def _columns(reading: Reading, columns: tuple[str, ...]) -> bool:
    """Name the cells in front of a bar."""
    cells = reading.before.split()
    if len(cells) != len(columns):
        return False
    reading.values.clear()
    for column, cell in zip(columns, cells, strict=True):
        found = _CELL.match(cell)
        if column and found:
            _put(reading, column, column, Value(_meaning(column), float(found[1])))
    return True


def _rename(reading: Reading, printed: str, target: str) -> None:
    if printed in reading.values:
        value = reading.values.pop(printed)
        if target:
            _put(reading, printed, target, replace(value, meaning=_meaning(target)))
        return
    place = reading.keys.get(printed)
    if place is None or place == target or place not in reading.places:
        return
    if list(reading.keys.values()).count(place) > 1:  # another key says it too
        return
    position = reading.places.pop(place)
    total = reading.places.pop(_TOTALS.get(place, ""), None)
    if target:
        reading.places[target] = position
        if total is not None and target in _TOTALS:
            reading.places[_TOTALS[target]] = total


def _put(reading: Reading, printed: str, target: str, value: Value) -> None:
    if target in _TOTALS or target in _TOTALS.values():
        reading.places[target] = value.value
    else:
        reading.values[printed] = value


def _meaning(target: str) -> Meaning:
    return meaning(target) or Meaning(Role.ASIDE, target, None, target)
