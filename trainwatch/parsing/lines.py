"""Sans-IO line assembly: bytes cut anywhere become whole lines with offsets and numbers.

A line ends with a line feed. A carriage return inside a line separates the refreshes of a progress
bar; they share one line number. A torn last line waits for its end, bounded: of a line longer than
`MAX_LINE` only the beginning is kept, the rest is counted and dropped.
"""

from collections.abc import Iterator
from dataclasses import dataclass

MAX_LINE = 1 << 18
"""Bytes of one line that are kept. A longer line is damage, not a record."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Complete lines in one piece of bytes.

    Attributes:
        data: Whole lines, each with its end; carriage returns are still inside.
        offset: Of the first byte in the file.
        number: Of the first line; None when reading began in the middle of the file.
    """

    data: bytes
    offset: int
    number: int | None

    @property
    def count(self) -> int:
        """How many line feeds it holds."""
        return self.data.count(b"\n")


def refreshes(line: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """The non-blank parts of a line between carriage returns, each with its offset.

    Args:
        line: Without its line feed; only its first `MAX_LINE` bytes are looked at.
        start: Its offset.
    """
    for part in line[:MAX_LINE].split(b"\r"):
        if part and not part.isspace():
            yield start, part
        start += len(part) + 1


class LineAssembler:
    """Completes the lines of one file from successive chunks.

    Args:
        start: Offset of the first byte that will be fed; above 0 line numbers are unknown.
    """

    def __init__(self, start: int = 0) -> None:
        self._offset = start
        self._number: int | None = 1 if start == 0 else None
        self._tail = bytearray()
        self._dropped = 0

    @property
    def pending(self) -> int:
        """Bytes of the torn last line, which waits for its end."""
        return len(self._tail) + self._dropped

    def feed(self, data: bytes) -> list[Lines]:
        """Take the next bytes; return what is complete now, in order."""
        end = data.rfind(b"\n") + 1
        done = []
        complete = data[:end]
        if complete and self._tail:
            first = complete.index(b"\n") + 1
            self._keep(complete[: first - 1])
            done.append(self._finish(b"\n"))
            complete = complete[first:]
        if complete:
            done.append(self._take(complete, len(complete)))
        self._keep(data[end:])
        return done

    def flush(self) -> Lines | None:
        """The torn last line of a file that will not grow, or None. Feed nothing after it."""
        return self._finish(b"") if self._tail else None

    def _keep(self, data: bytes) -> None:
        kept = data[: max(0, MAX_LINE - len(self._tail))]
        self._tail += kept
        self._dropped += len(data) - len(kept)

    def _finish(self, end: bytes) -> Lines:
        line, dropped = bytes(self._tail) + end, self._dropped
        self._tail.clear()
        self._dropped = 0
        return self._take(line, len(line) + dropped)

    def _take(self, data: bytes, size: int) -> Lines:
        lines = Lines(data, self._offset, self._number)
        self._offset += size
        if self._number is not None:
            self._number += lines.count
        return lines
