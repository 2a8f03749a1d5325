"""Compiles the template of a step format to what the native scanner walks.

A program is the count of metrics (one byte) and operations: two bytes for a field (what it is, and
where its value goes), for a literal its length and its bytes. `_scan.c` has the same tables.
"""

from trainwatch.formats import Field, FieldType, LineFormat
from trainwatch.formats.template import Template

_END, _LITERAL = 0, 1
_FIELDS = {
    FieldType.INT: 2,
    FieldType.RANK: 3,
    FieldType.FLOAT: 4,
    FieldType.WORD: 5,
    FieldType.TEXT: 6,
    FieldType.REST: 7,
}
_NOWHERE = 0
_PLACES = {
    "rank": 1,
    "epoch": 2,
    "step": 3,
    "batch": 4,
    "total_epochs": 5,
    "total_steps": 6,
    "total_batches": 7,
}
_METRICS = 8
_MOST_METRICS = 200

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


def compile_program(line: LineFormat) -> bytes | None:
    """The program of a step format; None where the scanner cannot take its template."""
    template = line.parsed
    if not isinstance(template, Template):  # a user's regular expression
        return None
    metrics = [part.name for part in template.fields if part.name not in _PLACES]
    if len(metrics) > _MOST_METRICS or not _is_simple(template):
        return None
    places = _PLACES | {name: _METRICS + at for at, name in enumerate(metrics)}
    code = bytearray([len(metrics)])
    for part in template.parts:
        if isinstance(part, Field):
            code += bytes([_FIELDS[part.type], places[part.name] if part.kept else _NOWHERE])
        else:
            literal = part.encode()
            code += bytes([_LITERAL]) + len(literal).to_bytes(2, "little") + literal
    return bytes([*code, _END])


def _is_simple(template: Template) -> bool:
    """Whether the scanner knows every field, and free text ends at a literal."""
    for part, following in zip(template.parts, [*template.parts[1:], None], strict=True):
        if isinstance(part, str):
            continue
        if part.type not in _FIELDS or part.aligned:
            return False
        if part.kept and part.type not in _TYPES.get(part.name, _NUMBERS):
            return False
        if part.type in _FREE and not isinstance(following, str):
            return False
    return True
