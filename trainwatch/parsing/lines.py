"""Sans-IO line assembly: bytes cut anywhere become whole lines with offsets and numbers.

A line ends with a line feed. A carriage return inside a line separates the refreshes of a progress
bar; they share one line number. A torn last line waits for its end, bounded: of a line longer than
`MAX_LINE` only the beginning is kept, the rest is counted and dropped. NULs before a line are the
hole that a truncation leaves under a writer that does not append; they are counted and dropped.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

MAX_LINE = 1 << 18
"""Bytes of one line that are kept. A longer line is damage, not a record."""

_HOLE = b"\0"
_NEWLINE = 10
_LARGE = 1 << 12
"""Bytes from which numpy counts faster."""


@dataclass(frozen=True)
class Lines:
    """Complete lines in one piece of bytes.

    Attributes:
        data: Whole lines, each with its end, from `start` to before `end`; carriage returns are still
            inside. What stands around them is not theirs.
        offset: Of the first byte of `data` in the file.
        number: Of the first line; None when reading began in the middle of the file.
        dropped: Bytes of them that are not kept.
    """

    data: bytes
    offset: int
    number: int | None
    dropped: int = 0
    start: int = 0
    end: int = -1

    def __post_init__(self) -> None:
        """The end is that of the data, where it is not given."""
        if self.end < 0:
            object.__setattr__(self, "end", len(self.data))

    @property
    def text(self) -> bytes:
        """The lines alone."""
        return self.data[self.start : self.end]

    @property
    def place(self) -> int:
        """Offset of the first line."""
        return self.offset + self.start

    @cached_property
    def count(self) -> int:
        """How many line feeds it holds."""
        size = self.end - self.start
        if size < _LARGE:
            return self.data.count(b"\n", self.start, self.end)
        data = np.frombuffer(self.data, np.uint8, size, self.start)
        return int(np.count_nonzero(data == _NEWLINE))

    def were(self, count: int) -> None:
        """Note how many lines a reader found, so that nobody needs to count them."""
        self.__dict__["count"] = count

    @property
    def size(self) -> int:
        """Bytes that they take in the file."""
        return self.end - self.start + self.dropped


class Part(NamedTuple):
    """What stands in a line up to a carriage return, or to the line's end.

    Attributes:
        offset: Of its first byte in the file.
        text: Its bytes, not blank.
        torn: Whether its end is missing, so that a value there may be half a value.
    """

    offset: int
    text: bytes
    torn: bool


def refreshes(line: bytes, start: int, *, torn: bool = False) -> Iterator[Part]:
    """The non-blank parts of a line between carriage returns.

    Args:
        line: Without its line feed; only its first `MAX_LINE` bytes are looked at.
        start: Its offset.
        torn: Whether its end is missing.
    """
    bare = line.lstrip(_HOLE)
    start += len(line) - len(bare)
    *complete, last = bare[:MAX_LINE].split(b"\r")
    for part in complete:
        if part.strip():
            yield Part(start, part, torn=False)
        start += len(part) + 1
    if last.strip():
        yield Part(start, last, torn or len(bare) > MAX_LINE)


_CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef\u2500-\u25ff\u2000-\u206f]")


def as_utf8(line: bytes) -> bytes:
    """A line in UTF-8: one in GB18030 is turned into it, any other is left as it is."""
    if line.isascii():
        return line
    try:
        line.decode()
    except UnicodeDecodeError:
        pass
    else:
        return line
    try:
        text = line.decode("gb18030")
    except UnicodeDecodeError:
        return line
    foreign = [character for character in text if not character.isascii()]
    chinese = sum(bool(_CHINESE.match(character)) for character in foreign)
    # A torn or damaged line of UTF-8 gives rare characters here.
    return text.encode() if len(foreign) > 1 and chinese == len(foreign) else line


class LineAssembler:
    """Completes the lines of one file from successive chunks.

    Args:
        start: Offset of the first byte that will be fed; above 0 line numbers are unknown.
    """

    def __init__(self, start: int = 0) -> None:
        self._offset = start
        self._number: int | None = 1 if start == 0 else None
        self._newest: Lines | None = None
        self._hole = 0
        self._tail = bytearray()
        self._dropped = 0

    @property
    def pending(self) -> int:
        """Bytes of the torn last line, which waits for its end."""
        return self._hole + len(self._tail) + self._dropped

    def feed(self, data: bytes) -> list[Lines]:
        """Take the next bytes; return what is complete now, in order."""
        end = data.rfind(b"\n") + 1
        done = []
        first = 0
        if end and self.pending:
            first = data.index(b"\n") + 1
            self._keep(data[: first - 1])
            done.append(self._finish(b"\n"))
        if first < end:
            done.append(self._take(data, first, end))
        self._keep(data[end:])
        return done

    def settle(self) -> None:
        """What was given out has been read, and so counted."""
        if self._newest and self._number is not None:
            self._number += self._newest.count
        self._newest = None

    def flush(self) -> Lines | None:
        """The torn last line of a file that will not grow, or None. Feed nothing after it."""
        return self._finish(b"") if self.pending else None

    def _keep(self, data: bytes) -> None:
        if not self._tail:
            bare = data.lstrip(_HOLE)
            self._hole += len(data) - len(bare)
            data = bare
        # One byte more than is looked at tells that the line is longer.
        kept = data[: MAX_LINE + 1 - len(self._tail)]
        self._tail += kept
        self._dropped += len(data) - len(kept)

    def _finish(self, end: bytes) -> Lines:
        line, hole, dropped = bytes(self._tail) + end, self._hole, self._dropped
        self._tail.clear()
        self._hole = self._dropped = 0
        return self._take(line, 0, len(line), before=hole, after=dropped)

    def _take(self, data: bytes, start: int, end: int, before: int = 0, after: int = 0) -> Lines:
        self.settle()
        offset = self._offset + before - start
        lines = self._newest = Lines(data, offset, self._number, before + after, start, end)
        self._offset += lines.size
        return lines
