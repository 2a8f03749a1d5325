"""Line assembly of files in UTF-16, which a byte order mark begins: PowerShell writes logs so.

Each line is given out in UTF-8 with the place that it has in the file, so that nothing behind this
needs to know. Places within a line are those of its UTF-8 text.
"""

import codecs

import numpy as np

from trainwatch.parsing.lines import MAX_LINE, LineAssembler, Lines

_CODECS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_UNITS = {"utf-16-le": np.dtype("<u2"), "utf-16-be": np.dtype(">u2")}
_NEWLINE = 10
_UNIT = 2
_MARK = 2
_WIDE_LINE = _UNIT * (MAX_LINE + 1)


def in_utf8(data: bytes) -> bytes:
    """A whole file in UTF-8 where it begins with a mark of UTF-16; else as it is."""
    codec = _CODECS.get(data[:_MARK])
    return data if codec is None else data[_MARK:].decode(codec, "replace").encode()


class Assembler:
    """Completes the lines of one file, in whichever encoding its first bytes announce.

    Args:
        start: As for a `LineAssembler`; above 0 the file is taken for one in bytes.
        eager: Likewise.
    """

    def __init__(self, start: int = 0, *, eager: bool = False) -> None:
        self._head = b""
        self._lines = LineAssembler(start, eager=eager)
        self._wide: WideAssembler | None = None
        self._open = start == 0

    @property
    def pending(self) -> int:
        """Bytes of the torn last line, which waits for its end."""
        return len(self._head) + (self._wide or self._lines).pending

    def feed(self, data: bytes) -> list[Lines]:
        """Take the next bytes; return what is complete now, in order."""
        if self._open:
            data = self._begin(data)
        return (self._wide or self._lines).feed(data)

    def settle(self) -> None:
        """What was given out has been read."""
        self._lines.settle()

    def flush(self) -> Lines | None:
        """The torn last line of a file that will not grow, or None. Feed nothing after it."""
        if self._head:
            self._lines.feed(self._head)
            self._head = b""
        return (self._wide or self._lines).flush()

    def _begin(self, data: bytes) -> bytes:
        """Decide by the mark; bytes that may be half of one wait for the next."""
        data = self._head + data
        self._head = b""
        if len(data) < _MARK and any(mark.startswith(data) for mark in _CODECS):
            self._head = data
            return b""
        self._open = False
        codec = _CODECS.get(data[:_MARK])
        self._wide = WideAssembler(codec) if codec else None
        return data


class WideAssembler:
    """Completes the lines of one file in UTF-16 from successive chunks, from its mark on."""

    def __init__(self, codec: str) -> None:
        self._codec = codec
        self._offset = 0
        self._number = 1
        self._odd = b""
        self._tail = bytearray()
        self._dropped = 0

    @property
    def pending(self) -> int:
        """Bytes of the torn last line, which waits for its end."""
        return len(self._odd) + len(self._tail) + self._dropped

    def feed(self, data: bytes) -> list[Lines]:
        """Take the next bytes; return what is complete now, in order."""
        data = self._odd + data
        whole = len(data) - len(data) % _UNIT
        self._odd = data[whole:]
        units = np.frombuffer(data, dtype=_UNITS[self._codec], count=whole // _UNIT)
        done, first = [], 0
        for end in (_UNIT * (np.flatnonzero(units == _NEWLINE) + 1)).tolist():
            self._keep(data[first : end - _UNIT])
            done.append(self._finish(b"\n", _UNIT))
            first = end
        self._keep(data[first:whole])
        return done

    def flush(self) -> Lines | None:
        """The torn last line of a file that will not grow, or None. Feed nothing after it."""
        if not self.pending:
            return None
        odd, self._odd = len(self._odd), b""
        return self._finish(b"", odd)

    def _keep(self, data: bytes) -> None:
        kept = data[: _WIDE_LINE - len(self._tail)]
        self._tail += kept
        self._dropped += len(data) - len(kept)

    def _finish(self, end: bytes, width: int) -> Lines:
        """The line that is kept, and an end that takes so many bytes in the file."""
        size = len(self._tail) + self._dropped + width
        text = self._tail.decode(self._codec, "replace")
        if not self._offset:
            text = text.removeprefix("\ufeff")
        self._tail.clear()
        self._dropped = 0
        data = text.encode() + end
        # What a character takes more in UTF-8 counts as dropped, below 0: the size is the file's.
        lines = Lines(data, self._offset, self._number, size - len(data))
        self._offset += size
        self._number += len(end)
        return lines
