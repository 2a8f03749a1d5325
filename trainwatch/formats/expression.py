"""Regular expressions: how one kind of line looks, where a user's template cannot say it.

They come from a configuration file and meet hostile lines, so they are held to google-re2: its time
grows with the length of a line only, whatever the expression. What re2 does not know (looking
around, back references, possessive quantifiers) is refused with a sentence.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from trainwatch.errors import UsageError
from trainwatch.formats.names import INTEGERS
from trainwatch.formats.template import Field, FieldType

_GROUP = re.compile(r"\(\?P<(?P<name>\w+)>")
_MEMORY = 8 << 20
"""Bytes that one compiled expression may take."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A regular expression with a named group a field; has what a `Template` has.

    Attributes:
        source: As written.
        fields: The named groups that are kept, in order.
        groups: Their numbers.
    """

    source: str
    fields: tuple[Field, ...]
    groups: tuple[int, ...]
    has_free_text: bool = False
    open_ended: bool = True

    @classmethod
    def parse(cls, source: str) -> "Expression":
        """Read and check an expression.

        Raises:
            UsageError: where re2 cannot compile it, or it names nothing.
        """
        groups = _compiled(source).groupindex
        index = [(name.decode(), groups[name]) for name in sorted(groups, key=groups.__getitem__)]
        kept = [(name, number) for name, number in index if not name.startswith("_")]
        fields = tuple(Field(name, _type(name)) for name, _ in kept)
        return cls(source, fields, tuple(number for _, number in kept))

    @property
    def opening(self) -> str:
        """None that every line is known to begin with."""
        return ""

    @property
    def literals(self) -> tuple[str, ...]:
        """None that every line is known to hold."""
        return ()

    def match(self, message: bytes) -> tuple[bytes | None, ...] | None:
        """The texts of the fields where the whole of a message fits, else None."""
        found = _compiled(self.source).fullmatch(message)
        return None if found is None else tuple(found[number] for number in self.groups)


def renamed(source: str, names: dict[str, str]) -> str:
    """An expression whose groups have other names."""
    return _GROUP.sub(lambda found: f"(?P<{names.get(found['name'], found['name'])}>", source)


def _type(name: str) -> FieldType:
    return FieldType.INT if name in INTEGERS else FieldType.FLOAT


@cache
def _compiled(source: str) -> Any:  # noqa: ANN401 - re2 has no types
    import re2  # noqa: PLC0415 - only where somebody has an expression of their own

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return re2.compile(source.encode(), options)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise UsageError(
            f"pattern {source!r} cannot be used: {reason} (the syntax is RE2's: no looking around, "
            "no back references)"
        ) from None
