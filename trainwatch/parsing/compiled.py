"""The plain engine: line formats compiled to regular expressions over bytes."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trainwatch.formats import Dialect, FieldType, Kind, LineFormat
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
_LEAD = 2048
"""More bytes than a record has before its anchor: a prefix, and a field of free text."""

_INDENT = rb"[ \t]{0,8}"
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


@dataclass(frozen=True, slots=True, eq=False)
class CompiledFormat:
    """One line format, ready to match.

    Attributes:
        format, dialect: Where it comes from.
        whole: Matches a whole line without its end: prefix, message.
        line: The same with the line's end, for stretches of lines.
        within: Matches a record that another one may follow on the same line.
        anchor: The longest text that every record of it holds.
        names: The fields, in the order of the groups behind the prefix's.
        loose: Whether a free-text field could swallow a record that is fused to it.
        is_step: Whether its records travel in columns.
        has_rank: Whether it has a named group `rank`.
    """

    format: LineFormat
    dialect: Dialect
    whole: re.Pattern[bytes]
    line: re.Pattern[bytes]
    within: re.Pattern[bytes]
    anchor: bytes
    names: tuple[str, ...]
    converters: tuple[Callable[[bytes], int | float | str], ...]
    loose: bool
    is_step: bool
    has_rank: bool

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
    message = _INDENT + PREFIX + _INDENT + template.pattern
    return CompiledFormat(
        format=line,
        dialect=dialect,
        whole=re.compile(message + _PADDING + rb"$"),
        line=re.compile(message + _PADDING + rb"\r?\n"),
        within=re.compile(message + _PADDING + rb"(?=" + _NEXT_RECORD + rb"|$)"),
        anchor=max((text.encode() for text in template.literals), key=len),
        names=tuple(part.name for part in template.fields),
        converters=tuple(_CONVERT[part.type] for part in template.fields),
        loose=template.has_free_text,
        is_step=line.kind is Kind.STEP,
        has_rank=any(part.name == "rank" for part in template.fields),
    )


def compile_dialects(dialects: tuple[Dialect, ...]) -> tuple[CompiledFormat, ...]:
    """Every line format of the dialects, in order."""
    return tuple(compile_format(dialect, line) for dialect in dialects for line in dialect.formats)


Hit = tuple[CompiledFormat, re.Match[bytes]]


class Recogniser:
    """Finds the records of a line; tries the last step format first, since steps come in runs.

    Attributes:
        hot: The last step format seen, or None.
    """

    def __init__(self, formats: tuple[CompiledFormat, ...]) -> None:
        self._formats = list(formats)
        self._anchors = re.compile(b"|".join(re.escape(known.anchor) for known in formats))
        self.hot: CompiledFormat | None = None

    def records(self, line: bytes) -> Sequence[Hit]:
        """The records of a line: usually one, more where several writers share it, or none."""
        whole = self._whole(line)
        if whole and not whole[0].loose:
            return (whole,)
        fused = self._fused(line)
        if whole and len(fused) < 2:  # noqa: PLR2004 - one record: nothing was fused
            return (whole,)
        return fused

    def _whole(self, line: bytes) -> Hit | None:
        for index, compiled in enumerate(self._formats):
            found = compiled.whole.match(line)
            if found:
                if compiled.is_step and compiled is not self.hot:
                    self._formats.insert(0, self._formats.pop(index))
                    self.hot = compiled
                return compiled, found
        return None

    def _fused(self, line: bytes) -> list[Hit]:
        records: list[Hit] = []
        position = 0
        anchor = self._anchors.search(line) if next_record.search(line, 1) else None
        while anchor is not None:
            hit = self._within(line, position)
            if hit:
                records.append(hit)
                position = max(hit[1].end(), position + 1)
            else:  # a line of nothing but prefixes must not be tried at each of them
                following = next_record.search(line, max(position + 1, anchor.start() - _LEAD))
                if following is None:
                    break
                position = following.start()
            if anchor.start() < position:
                anchor = self._anchors.search(line, position)
        return records

    def _within(self, line: bytes, at: int) -> Hit | None:
        for compiled in self._formats:
            found = compiled.within.match(line, at)
            if found:
                return compiled, found
        return None
