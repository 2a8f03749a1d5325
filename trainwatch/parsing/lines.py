"""Sans-IO line assembly: bytes cut anywhere become whole lines with offsets and numbers.

A line ends with a line feed. A carriage return inside a line separates the refreshes of a progress
bar; they share one line number. A torn last line waits for its end; of a bar, which may go on for
days in one line, only the refresh that is not complete does. What waits is bounded: of a line or
refresh longer than `MAX_LINE` only the beginning is kept, the rest is counted and dropped. NULs
before one are the hole that a truncation leaves under a writer that does not append; they are
counted and dropped.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

MAX_LINE = 1 << 18
"""Bytes of one line, or refresh, that are kept. A longer one is damage, not a record."""

_HOLE = b"\0"
_NEWLINE = 10
_LARGE = 1 << 12
"""Bytes from which numpy counts faster."""


@dataclass(frozen=True)
class Lines:
    """Complete lines in one piece of bytes, or complete refreshes of one line.

    Attributes:
        data: Whole lines, each with its end, from `start` to before `end`; carriage returns are still
            inside. What stands around them is not theirs.
        offset: Of the first byte of `data` in the file.
        number: Of the first line; None when reading began in the middle of the file.
        dropped: Bytes of them that are not kept.
        continues: Whether earlier refreshes of its one line were given out before.
    """

    data: bytes
    offset: int
    number: int | None
    dropped: int = 0
    start: int = 0
    end: int = -1
    continues: bool = False

    def __post_init__(self) -> None:
        """The end is that of the data, where it is not given."""
        if self.end < 0:
            object.__setattr__(self, "end", len(self.data))

    @property
    def is_part(self) -> bool:
        """Whether it is a part of one line: its end is yet to come, or its beginning was before."""
        return self.continues or self.data[self.end - 1 : self.end] == b"\r"

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
        line: Without its line feed; only the first `MAX_LINE` bytes of each part are looked at.
        start: Its offset.
        torn: Whether its end is missing.
    """
    end = start + len(line)
    for part in line.split(b"\r"):
        bare = part.lstrip(_HOLE) if part.startswith(_HOLE) else part
        if bare.strip():
            is_last = start + len(part) == end
            is_torn = (torn and is_last) or len(bare) > MAX_LINE
            yield Part(start + len(part) - len(bare), bare[:MAX_LINE], is_torn)
        start += len(part) + 1


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
        eager: Whether the complete refreshes of a line are given out before its end has come.
    """

    def __init__(self, start: int = 0, *, eager: bool = False) -> None:
        self._eager = eager
        self._continues = False
        self._half = b""  # a carriage return that may be half of the line's end
        self._offset = start
        self._number: int | None = 1 if start == 0 else None
        self._newest: Lines | None = None
        self._hole = 0
        self._tail = bytearray()
        self._dropped = 0

    @property
    def pending(self) -> int:
        """Bytes of the torn last line, which waits for its end."""
        return self._hole + len(self._tail) + self._dropped + len(self._half)

    def feed(self, data: bytes) -> list[Lines]:
        """Take the next bytes; return what is complete now, in order."""
        done: list[Lines] = []
        if self._half and data:
            half, self._half = self._half, b""
            if data[:1] == b"\n":
                data = half + data
            else:
                done.append(self._finish(half))
        end = data.rfind(b"\n") + 1
        first = 0
        if end and (self.pending or self._continues):
            first = data.index(b"\n") + 1
            self._keep(self._refreshed(data[: first - 1], done))
            self._keep(self._half)
            self._half = b""
            done.append(self._finish(b"\n"))
        if first < end:
            done.append(self._take(data, first, end))
        self._keep(self._refreshed(data[end:], done))
        return done

    def _refreshed(self, data: bytes, done: list[Lines]) -> bytes:
        """Give out the complete refreshes of the last line; what is left of it."""
        if not self._eager:
            return data
        if data[-1:] == b"\r":
            data, self._half = data[:-1], b"\r"
        cut, first = data.rfind(b"\r") + 1, 0
        if not cut:
            return data
        if self.pending:
            first = data.index(b"\r") + 1
            self._keep(data[: first - 1])
            done.append(self._finish(b"\r"))
        if first < cut:
            done.append(self._take(data, first, cut))
        return data[cut:]

    def settle(self) -> None:
        """What was given out has been read, and so counted."""
        if self._newest and self._number is not None:
            self._number += self._newest.count
        self._newest = None

    def flush(self) -> Lines | None:
        """The torn last line of a file that will not grow, or None. Feed nothing after it."""
        return self._finish(self._half) if self.pending else None

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
        lines = self._newest = Lines(
            data, offset, self._number, before + after, start, end, continues=self._continues
        )
        self._continues = data[end - 1 : end] == b"\r"
        self._offset += lines.size
        return lines
