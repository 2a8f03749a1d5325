"""Templates: how one kind of line looks, as data.

A template is literal text with typed fields, such as ``Training step {step:int}, loss={loss:float}``.
Engines are derived from it; the plain one is a regular expression over bytes. A field whose name
begins with an underscore is matched and not kept. A ``>`` before the type means that blanks may
stand before the value, as `%4d` pads it: ``iter {step:>int}``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from trainwatch.errors import UsageError


class FieldType(StrEnum):
    """What a field may hold; every pattern is bounded, because log text is hostile."""

    INT = "int"
    RANK = "rank"
    FLOAT = "float"
    WORD = "word"
    TEXT = "text"
    REST = "rest"


_PATTERNS: dict[FieldType, str] = {
    FieldType.INT: r"[+-]?\d{1,18}",
    FieldType.RANK: r"\d{1,7}",
    # Exponent forms, NaN and infinities are ordinary values of a loss.
    FieldType.FLOAT: (
        r"[+-]?(?:(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:[eE][+-]?\d{1,4})?"
        r"|[nN][aA][nN]|[iI][nN][fF](?:inity)?)"
    ),
    FieldType.WORD: r"\S{1,200}",
    FieldType.TEXT: r".{1,500}?",
    FieldType.REST: r".{0,2000}?",
}

NUMERIC = frozenset((FieldType.INT, FieldType.RANK, FieldType.FLOAT))
"""Types whose values are numbers."""

_ALIGNMENT = "[ ]{0,40}"
_FIELD = re.compile(r"\{(?P<name>\w+):(?P<aligned>>?)(?P<type>\w+)\}")


@dataclass(frozen=True, slots=True)
class Field:
    """One typed gap of a template."""

    name: str
    type: FieldType
    aligned: bool = False

    @property
    def kept(self) -> bool:
        """Whether its value is part of the record."""
        return not self.name.startswith("_")

    @property
    def pattern(self) -> str:
        """The regular expression of its value, a group where it is kept."""
        body = _PATTERNS[self.type]
        value = f"(?P<{self.name}>{body})" if self.kept else f"(?:{body})"
        return _ALIGNMENT + value if self.aligned else value


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template: literals and fields in order."""

    source: str
    parts: tuple[str | Field, ...]

    @classmethod
    def parse(cls, source: str) -> "Template":
        """Read the notation.

        Raises:
            UsageError: for an unknown type, a name given twice, a name that is no word of letters,
                or a brace that opens no field.
        """
        parts: list[str | Field] = []
        end = 0
        for found in _FIELD.finditer(source):
            if found.start() > end:
                parts.append(_literal(source, source[end : found.start()]))
            parts.append(_field(source, found))
            end = found.end()
        if end < len(source):
            parts.append(_literal(source, source[end:]))
        template = cls(source, tuple(parts))
        names = [part.name for part in template.fields]
        if len(names) != len(set(names)):
            raise UsageError(f"template {source!r} names a field twice; give each its own name")
        return template

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields that are kept, in order."""
        return tuple(part for part in self.parts if isinstance(part, Field) and part.kept)

    @property
    def opening(self) -> str:
        """The fixed text with which every record begins."""
        first = self.parts[0] if self.parts else ""
        return first if isinstance(first, str) else ""

    @property
    def literals(self) -> tuple[str, ...]:
        """The texts between the fields, in order."""
        return tuple(part for part in self.parts if isinstance(part, str))

    @property
    def pattern(self) -> bytes:
        """The regular expression of the whole line, UTF-8, without anchors; one group a field."""
        text = "".join(
            part.pattern if isinstance(part, Field) else re.escape(part) for part in self.parts
        )
        return text.encode()

    @property
    def has_free_text(self) -> bool:
        """Whether a field could swallow another record on the same line."""
        free = (FieldType.TEXT, FieldType.REST)
        return any(isinstance(part, Field) and part.type in free for part in self.parts)

    @property
    def open_ended(self) -> bool:
        """Whether the line ends in a value, so that a torn line could be taken for a whole one."""
        return bool(self.parts) and isinstance(self.parts[-1], Field)


def _literal(source: str, text: str) -> str:
    if "{" in text or "}" in text:
        raise UsageError(
            f"template {source!r} has a brace that opens no field; write fields as {{name:type}}"
        )
    return text


def renamed(source: str, names: Mapping[str, str]) -> str:
    """A template whose fields have other names."""

    def change(found: re.Match[str]) -> str:
        name = names.get(found["name"], found["name"])
        return f"{{{name}:{found['aligned']}{found['type']}}}"

    return _FIELD.sub(change, source)


def matches(kind: FieldType, value: bytes) -> bool:
    """Whether some text is a value of a type."""
    return _WHOLE[kind].fullmatch(value) is not None


_WHOLE = {kind: re.compile(pattern.encode()) for kind, pattern in _PATTERNS.items()}


def _field(source: str, found: re.Match[str]) -> Field:
    if not found["name"].isidentifier() or not found["name"].isascii():
        raise UsageError(
            f"template {source!r}: {found['name']!r} is no name; write letters, digits and _"
        )
    try:
        return Field(found["name"], FieldType(found["type"]), aligned=bool(found["aligned"]))
    except ValueError:
        known = ", ".join(FieldType)
        raise UsageError(
            f"template {source!r}: unknown type {found['type']!r}; it is one of {known}"
        ) from None
