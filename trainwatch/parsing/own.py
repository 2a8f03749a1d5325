"""Matches a user's own regular expressions: google-re2 behind what the readers ask of `re`.

The prefix of a line is taken off as always; the expression must fit the whole of the message.
"""

import re
from typing import cast

from trainwatch.formats.expression import Expression
from trainwatch.formats.template import matches
from trainwatch.parsing.prefix import PREFIX_GROUPS, split_prefix

MAX_LINE = 1 << 13
"""Bytes of a line that is tried; a longer one is no record."""


class OwnFound:
    """A match: the part of `re.Match` that the readers use."""

    def __init__(
        self, text: bytes, start: int, groups: tuple[bytes | None, ...], names: tuple[str, ...]
    ) -> None:
        self._text = text
        self._start = start
        self._groups = groups
        self._by_name = dict(zip(names, groups[PREFIX_GROUPS:], strict=True))

    def groups(self) -> tuple[bytes | None, ...]:
        """The groups of the prefix, then the fields."""
        return self._groups

    def start(self) -> int:
        """Where the line begins."""
        return self._start

    def end(self) -> int:
        """Where it ends."""
        return self._start + len(self._text)

    def __getitem__(self, key: str | int) -> bytes | None:
        if key == 0:
            return self._text
        if key in self._by_name:
            return self._by_name[str(key)]
        return split_prefix(self._text)[key]


class OwnPattern:
    """An expression as a pattern over whole lines.

    Args:
        expression: The user's.
        with_end: Whether the line's end is part of a match.
    """

    def __init__(self, expression: Expression, *, with_end: bool) -> None:
        self._expression = expression
        self._names = tuple(field.name for field in expression.fields)
        self._with_end = with_end

    def match(self, data: bytes, at: int = 0) -> OwnFound | None:
        """The line that begins at a place, where it fits and every number is one."""
        end = data.find(b"\n", at)
        if self._with_end and end < 0:
            return None
        stop = len(data) if end < 0 else end + self._with_end
        if stop - at > MAX_LINE:
            return None
        text = data[at:stop]
        prefix = split_prefix(text)
        values = self._expression.match(prefix["message"].strip())
        if values is None or not self._typed(values):
            return None
        return OwnFound(text, at, prefix.groups()[:PREFIX_GROUPS] + values, self._names)

    def _typed(self, values: tuple[bytes | None, ...]) -> bool:
        fields = self._expression.fields
        return all(
            value is not None and matches(field.type, value)
            for field, value in zip(fields, values, strict=True)
        )


class Never:
    """A pattern that fits nothing: an own expression is not looked for in the middle of a line."""

    def match(self, data: bytes, at: int = 0) -> None:
        """Nothing."""
        del data, at


def own_patterns(
    expression: Expression,
) -> tuple[re.Pattern[bytes], re.Pattern[bytes], re.Pattern[bytes]]:
    """The patterns `whole`, `line` and `within` of a format.

    `re.Pattern` cannot be derived from; these have what is asked of it.
    """
    return (
        cast(re.Pattern[bytes], OwnPattern(expression, with_end=False)),
        cast(re.Pattern[bytes], OwnPattern(expression, with_end=True)),
        cast(re.Pattern[bytes], Never()),
    )
