"""Python tracebacks of several writers, taken apart by the rank prefix of their lines."""

import re
from dataclasses import dataclass

from trainwatch.events import RankId

_OPENING = re.compile(rb"^(?:\+ )?Traceback \(most recent call last\):")
_EXCEPTION = re.compile(
    rb"^(?P<name>(?:[A-Za-z_]\w{0,80}\.){0,10}[A-Za-z_]\w{0,80})(?:: |:?$)", re.ASCII
)
# What a destructor or a thread raised did not, by itself, end the process.
_ASIDE = (b"Exception ignored in", b"Exception in thread ")
_CHAIN = re.compile(rb"^(?:The above exception was|During handling of the above)")
Writer = tuple[RankId, str | None]
"""Who wrote a line, and the level that stands before it."""

MAX_BODY = 2000
"""Lines of one traceback before it is given up: it was not one, or its end was lost."""


@dataclass(slots=True)
class _Open:
    aside: bool = False
    lines: int = 0


class Tracebacks:
    """Follows the open traceback of each writer of one file."""

    def __init__(self) -> None:
        self._open: dict[Writer, _Open] = {}
        self._aside: set[Writer] = set()

    def feed(self, writer: Writer, message: bytes) -> bytes | bool:
        """Take a line without its prefix.

        Args:
            writer: What tells its lines from those between them: a message that is logged in the
                middle of a traceback has a level, and the traceback goes on behind it.
            message: The line.

        Returns:
            The exception's class name when the line ends a traceback; True when the line belongs
            to one; False when it does not.
        """
        if _OPENING.match(message):
            self._open[writer] = _Open(aside=writer in self._aside)
            self._aside.discard(writer)
            return True
        if message.startswith(_ASIDE):
            self._aside.add(writer)
            return True
        current = self._open.get(writer)
        if current is None:
            return bool(_CHAIN.match(message))
        current.lines += 1
        inside = message[:1] in (b" ", b"\t", b"") or message.startswith(b"> File ")  # loguru's
        if inside and current.lines < MAX_BODY:
            return True
        del self._open[writer]
        found = _EXCEPTION.match(message)
        if found is None:
            return False
        return current.aside or found["name"]
