"""Compiles the templates of formats to what the native scanner walks.

A program is a head, the texts without which a format that goes before cannot match, and operations: two
bytes for a field (what it is, and where its value goes), for a literal its length and its bytes. `_scan.c`
has the same tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trainwatch.formats import Field, FieldType, Kind, LineFormat
from trainwatch.formats.template import NUMERIC, Template

MOST = 32
"""Programs that the scanner takes at once."""

_END, _LITERAL, _SPACES = 0, 1, 8
_FIELDS = {
    FieldType.INT: 2,
    FieldType.RANK: 3,
    FieldType.FLOAT: 4,
    FieldType.WORD: 5,
    FieldType.TEXT: 6,
    FieldType.REST: 7,
}
_NOWHERE = 0
_RANK = 1
_PLACES = {
    "rank": _RANK,
    "epoch": 2,
    "step": 3,
    "batch": 4,
    "total_epochs": 5,
    "total_steps": 6,
    "total_batches": 7,
}
_METRICS, _VALUES = 8, 128
_MOST_METRICS, MOST_VALUES = 100, 8
_STEPS, _ANYWHERE = 1, 2

_NUMBERS = (FieldType.INT, FieldType.FLOAT)
_TYPES: dict[str, tuple[FieldType, ...]] = {
    "rank": (FieldType.RANK,),
    "epoch": _NUMBERS,
    "step": (FieldType.INT,),
    "batch": (FieldType.INT,),
    "total_epochs": (FieldType.INT,),
    "total_steps": (FieldType.INT,),
    "total_batches": (FieldType.INT,),
}
_FREE = (FieldType.TEXT, FieldType.REST)


@dataclass(frozen=True, slots=True)
class Program:
    """What the scanner walks for one format.

    Attributes:
        code: Its operations.
        metrics: How many columns of metrics it fills.
        steps: Whether its records are steps, and no rare events.
        sure: Whether every field is a number, so that nothing else can hide in a line of it.
    """

    code: bytes
    metrics: int
    steps: bool
    sure: bool

    def written(self, anchor: bytes, rivals: Sequence[bytes] | None) -> bytes:
        """The program for the scanner.

        Args:
            anchor: The text without which the format cannot match.
            rivals: Those of the formats that are tried before it; None where that is not known, so that
                the scanner follows it only where its records are the newest ones.
        """
        anywhere = self.sure and rivals is not None
        texts = (anchor, *(rivals or ()))
        flags = self.steps * _STEPS + anywhere * _ANYWHERE
        head = len(self.code).to_bytes(2, "little") + bytes([flags, self.metrics, len(texts)])
        return b"".join((head, *map(_sized, texts), self.code))


def compile_program(line: LineFormat) -> Program | None:
    """The program of a format; None where the scanner cannot take its template."""
    template = line.parsed
    if not isinstance(template, Template):  # a user's regular expression
        return None
    steps = line.kind is Kind.STEP
    places = _step_places(template) if steps else _event_places(template)
    if places is None or not _is_simple(template):
        return None
    code = bytearray()
    for part in template.parts:
        if isinstance(part, str):
            code += bytes([_LITERAL]) + _sized(part.encode())
            continue
        if part.aligned:
            code += bytes([_SPACES, _NOWHERE])
        code += bytes([_FIELDS[part.type], places[part.name] if part.kept else _NOWHERE])
    gaps = [part for part in template.parts if isinstance(part, Field)]
    return Program(
        code=bytes([*code, _END]),
        metrics=sum(place >= _METRICS for place in places.values()) if steps else 0,
        steps=steps,
        sure=all(part.type in NUMERIC for part in gaps),
    )


def _step_places(template: Template) -> dict[str, int] | None:
    """Columns; None where a field has no number for its column, or there are too many."""
    for part in template.fields:
        if part.type not in _TYPES.get(part.name, _NUMBERS):
            return None
    names = [part.name for part in template.fields if part.name not in _PLACES]
    if len(names) > _MOST_METRICS:
        return None
    return _PLACES | {name: _METRICS + at for at, name in enumerate(names)}


def _event_places(template: Template) -> dict[str, int] | None:
    """Values in order; None where one is no number, or there are too many."""
    fields = template.fields
    if len(fields) > MOST_VALUES or any(part.type not in NUMERIC for part in fields):
        return None
    if any(part.name == "rank" and part.type is not FieldType.RANK for part in fields):
        return None
    places = {part.name: _VALUES + at for at, part in enumerate(fields)}
    return places | ({"rank": _RANK} if "rank" in places else {})


def _is_simple(template: Template) -> bool:
    """Whether free text ends at a literal, and a literal within its line."""
    for part, following in zip(template.parts, [*template.parts[1:], None], strict=True):
        if isinstance(part, str):
            if "\n" in part:
                return False
        elif part.type in _FREE and not isinstance(following, str):
            return False
    return True


def _sized(text: bytes) -> bytes:
    return len(text).to_bytes(2, "little") + text
