"""The plain engine: line formats compiled to regular expressions over bytes."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from trainwatch.events import Split
from trainwatch.formats import Dialect, FieldType, Kind, LineFormat
from trainwatch.formats.expression import Expression
from trainwatch.parsing.native.program import Program, compile_program
from trainwatch.parsing.own import own_patterns
from trainwatch.parsing.prefix import PREFIX, PREFIX_GROUPS

# Where one record can begin in the middle of a line: `print` writes text and line end apart, so
# that lines of several ranks fuse, and a progress bar glues itself to whatever follows it.
_NEXT_RECORD = (
    rb"(?:\[default\d{1,6}\]:|\[rank\d{1,6}\]:"
    rb"|\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d"
    rb"|\[(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)\] "
    rb"|\[Rank \d{1,7}[\] /]"
    rb"|Epoch \[\d{1,9}/\d{1,9}\])"
)
next_record = re.compile(_NEXT_RECORD)
_INDENT = rb"[ \t]{0,40}"
_PADDING = rb"[ \t]{0,400}"  # what a progress bar leaves when it wipes its line
_CONVERT: dict[FieldType, Callable[[bytes], int | float | str]] = {
    FieldType.INT: int,
    FieldType.RANK: int,
    FieldType.FLOAT: float,
    FieldType.WORD: lambda text: text.decode(errors="replace"),
    FieldType.TEXT: lambda text: text.decode(errors="replace"),
    FieldType.REST: lambda text: text.decode(errors="replace"),
}

Fields = dict[str, int | float | str]


class Outline(NamedTuple):
    """What the drafts of one format have in common.

    Attributes:
        kind, split, epoch_base, start: As in the format, or its dialect.
        epoch, started: Which of its values are the epoch and, where it states one, the start.
    """

    kind: Kind
    split: Split
    epoch_base: int | None
    start: bool
    epoch: int
    started: int | None


@dataclass(frozen=True, eq=False)
class CompiledFormat:
    """One line format, ready to match; its expressions are compiled when they are first needed.

    A run has lines of a few formats, and to compile those of all takes longer than to draw a screen.

    Attributes:
        format, dialect: Where it comes from.
        anchor: The longest text that every record of it holds; empty where none is known.
        names: The fields, in the order of the groups behind the prefix's.
        loose: Whether a free-text field could swallow a record that is fused to it.
        is_step: Whether its records travel in columns.
        has_rank: Whether it has a named group `rank`.
    """

    format: LineFormat
    dialect: Dialect
    anchor: bytes
    names: tuple[str, ...]
    converters: tuple[Callable[[bytes], int | float | str], ...]
    loose: bool
    is_step: bool
    has_rank: bool

    @cached_property
    def whole(self) -> re.Pattern[bytes]:
        """Matches a whole line without its end: prefix, message."""
        return self._compiled(0, rb"$")

    @cached_property
    def line(self) -> re.Pattern[bytes]:
        """The same with the line's end, for stretches of lines."""
        return self._compiled(1, rb"\r?\n")

    @cached_property
    def within(self) -> re.Pattern[bytes]:
        """Matches a record that another one may follow on the same line."""
        return self._compiled(2, rb"(?=" + _NEXT_RECORD + rb"|$)")

    @cached_property
    def program(self) -> Program | None:
        """What the native scanner walks; None where it cannot."""
        return compile_program(self.format)

    @cached_property
    def outline(self) -> Outline:
        """What its drafts have in common."""
        at = {name: place for place, name in enumerate(self.names)}
        line = self.format
        fixed = bool(line.fixed.get("start"))
        return Outline(
            line.kind,
            line.split,
            self.dialect.epoch_base,
            fixed,
            at.get("epoch", 0),
            at.get("start"),
        )

    @cached_property
    def name_set(self) -> frozenset[str]:
        """The names of the fields."""
        return frozenset(self.names)

    @cached_property
    def types(self) -> tuple[FieldType, ...]:
        """The types of the fields."""
        return tuple(part.type for part in self.format.parsed.fields)

    def _compiled(self, which: int, end: bytes) -> re.Pattern[bytes]:
        template = self.format.parsed
        if isinstance(template, Expression):
            return own_patterns(template)[which]
        return re.compile(_INDENT + PREFIX + _INDENT + template.pattern + _PADDING + end)

    def fields(self, found: re.Match[bytes]) -> Fields:
        """The values of a match, converted, with what the format implies."""
        groups = found.groups()[PREFIX_GROUPS:]
        values: Fields = {
            name: convert(group)
            for name, convert, group in zip(self.names, self.converters, groups, strict=True)
        }
        values.update(self.format.fixed)
        return values


def compile_format(dialect: Dialect, line: LineFormat) -> CompiledFormat:
    """Derive the regular expressions of one line format."""
    template = line.parsed
    return CompiledFormat(
        format=line,
        dialect=dialect,
        anchor=max((text.encode() for text in template.literals), key=len, default=b""),
        names=tuple(part.name for part in template.fields),
        converters=tuple(_CONVERT[part.type] for part in template.fields),
        loose=template.has_free_text,
        is_step=line.kind is Kind.STEP,
        has_rank=any(part.name == "rank" for part in template.fields),
    )


def compile_dialects(dialects: tuple[Dialect, ...]) -> tuple[CompiledFormat, ...]:
    """Every line format of the dialects, in order."""
    return tuple(compile_format(dialect, line) for dialect in dialects for line in dialect.formats)


def fits(line: LineFormat, text: str) -> bool:
    """Whether a line of a log fits a format, whatever prefix stands before its message."""
    compiled = compile_format(Dialect(name="", title=""), line)
    return compiled.whole.match(text.encode()) is not None
