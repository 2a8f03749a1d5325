"""The lines of one file around an offset, read in windows, forwards and backwards."""

import re
from collections.abc import Callable, Iterator

Read = Callable[[int, int], bytes]
"""Bytes of a file: from an offset, at most so many."""

Raw = tuple[int, bytes]
"""Offset of a line, and the line with its end."""

WINDOW = 1 << 16
LONGEST = 1 << 20
"""Bytes of a line; a longer one is cut into several."""


def forward(read: Read, offset: int, needle: re.Pattern[bytes] | None = None) -> Iterator[Raw]:
    """The lines from an offset on, which must be the beginning of one.

    Args:
        read: Gives the bytes; none at the end.
        offset: Where to begin.
        needle: Only lines in which this is found.
    """
    carry = b""
    while data := read(offset + len(carry), WINDOW):
        data = carry + data
        end = data.rfind(b"\n") + 1
        if not end and len(data) < LONGEST:
            carry = data
            continue
        end = end or len(data)
        yield from _lines(data[:end], offset, needle)
        offset, carry = offset + end, data[end:]
    if carry:  # the last line may still be written
        yield from _lines(carry, offset, needle)


def backward(read: Read, offset: int, needle: re.Pattern[bytes] | None = None) -> Iterator[Raw]:
    """The lines before an offset, the last one first; arguments as for `forward`."""
    carry = b""
    while offset > 0:
        start = max(offset - WINDOW, 0)
        data = read(start, offset - start) + carry
        offset = start
        first = data.find(b"\n") + 1 if start else 0
        if start and (not first or first == len(data)) and len(data) < LONGEST:
            carry = data
            continue
        yield from reversed(list(_lines(data[first:], start + first, needle)))
        carry = data[:first]


def line_start(read: Read, offset: int) -> int:
    """Where the line begins in which an offset lies."""
    while offset > 0:
        start = max(offset - WINDOW, 0)
        at = read(start, offset - start).rfind(b"\n")
        if at >= 0:
            return start + at + 1
        offset = start
    return 0


def _lines(data: bytes, offset: int, needle: re.Pattern[bytes] | None) -> Iterator[Raw]:
    if needle is not None and needle.search(data) is None:
        return  # a whole window at once: searching is a hundred times faster than splitting
    for line in data.splitlines(keepends=True) if b"\r" not in data else _split(data):
        if needle is None or needle.search(line) is not None:
            yield offset, line
        offset += len(line)


def _split(data: bytes) -> list[bytes]:
    """At line feeds only: a progress bar's carriage returns are inside of a line."""
    parts = data.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
