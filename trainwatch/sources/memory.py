"""What is remembered of a file's content, so that another content is not taken for it.

An inode number alone does not tell: numbers are used again, and a file that was truncated and
written anew may already be longer than before. So the first bytes and the last ones that were
read are kept and compared.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from trainwatch.sources import fs

HEAD = 256
PROBE = 128
_SAMPLE = 1 << 16


class FileId(NamedTuple):
    """Which file it is, as long as it exists."""

    dev: int
    ino: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileId:
        """The identity in a stat result."""
        return cls(status.st_dev, status.st_ino)


class Memory:
    """The first bytes of a file, and the last ones before the offset up to which it was read.

    Attributes:
        head: Up to `HEAD` bytes from the start.
        offset: Bytes read so far, from the start of the file.
        keep: How many of the last bytes are kept.
    """

    __slots__ = ("_recent", "head", "keep", "offset")

    def __init__(self, head: bytes, offset: int, keep: int) -> None:
        """Begin at `offset`, with nothing known but the head."""
        self.head = head[:HEAD]
        self.offset = offset
        self.keep = keep
        self._recent = bytearray()

    @property
    def recent(self) -> bytes:
        """The last bytes that were read; they end at `offset`."""
        return bytes(self._recent[-self.keep :])

    def add(self, data: bytes) -> None:
        """Advance over bytes that were read at `offset`."""
        if self.offset <= len(self.head) < self.offset + len(data):
            self.head = (self.head[: self.offset] + data[:HEAD])[:HEAD]
        self._recent += data[-self.keep :]
        if len(self._recent) > 2 * self.keep:
            del self._recent[: -self.keep]
        self.offset += len(data)

    def restart(self, offset: int) -> None:
        """Go on at another offset of the same content."""
        self.offset = offset
        self._recent.clear()

    def load(self, fd: int) -> None:
        """Recall the last bytes from the file itself, which is known to be the one.

        Raises:
            OSError: It cannot be read.
        """
        start = max(0, self.offset - self.keep)
        self._recent = bytearray(fs.read_at(fd, self.offset - start, start))

    def matches(self, fd: int, size: int, *, thoroughly: bool = False) -> bool:
        """Whether a file of `size` bytes continues what is remembered.

        Args:
            fd: The file.
            size: Its size in bytes.
            thoroughly: Compare all that is remembered, and not only samples.

        Raises:
            OSError: It cannot be read.
        """
        if size < self.offset or fs.read_at(fd, len(self.head), 0) != self.head:
            return False
        probe = self.recent if thoroughly else bytes(self._recent[-PROBE:])
        return not probe or fs.read_at(fd, len(probe), self.offset - len(probe)) == probe

    def is_start_of(self, fd: int, size: int) -> bool:
        """Whether a file of `size` bytes agrees with what is remembered, longer or shorter.

        Raises:
            OSError: It cannot be read.
        """
        if not self.head or size >= self.offset:
            return bool(self.head) and self.matches(fd, size)
        known = self.head[:size]
        if not known or fs.read_at(fd, len(known), 0) != known:
            return False
        first = self.offset - len(self._recent)
        overlap = bytes(self._recent[: max(0, size - first)])[-PROBE:]
        return not overlap or fs.read_at(fd, len(overlap), size - len(overlap)) == overlap

    def kept_until(self, fd: int, size: int) -> int:
        """How much of what was read the file still holds, after it was cut in the middle.

        A file that was cut, and perhaps written on, ends or differs at some byte; all before
        that byte's line is the old content. Where less than half is left, or nothing of what is
        remembered, the file counts as written anew: a training that starts again prints the same
        first lines, and those are new.

        Returns:
            Offset up to which nothing needs to be read again; 0 for a new content.

        Raises:
            OSError: It cannot be read.
        """
        recent = self.recent
        first = self.offset - len(recent)
        head = self.head[:first]
        if size <= first or fs.read_at(fd, len(head), 0) != head:
            return 0
        found = fs.read_at(fd, min(size, self.offset) - first, first)
        same = found.rfind(b"\n", 0, _common(found, recent)) + 1
        return first + same if same and 2 * (first + same) >= self.offset else 0


def _common(one: bytes, other: bytes) -> int:
    """Length of the longest common beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def is_copy(fd: int, size: int, original: int, original_size: int) -> bool:
    """Whether a file is a copy of the beginning of another, by three samples.

    Raises:
        OSError: One of them cannot be read.
    """
    if not 0 < size <= original_size:
        return False
    starts = {0, max(0, size // 2 - _SAMPLE // 2), max(0, size - _SAMPLE)}
    for start in starts:
        length = min(_SAMPLE, size - start)
        if fs.read_at(fd, length, start) != fs.read_at(original, length, start):
            return False
    return True


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A memory in a form that can be stored: lengths in bytes and digests.

    Attributes:
        offset: Bytes read.
        head: Length and digest of the first bytes.
        probe: Length and digest of the last bytes before `offset`.
    """

    offset: int
    head: tuple[int, str]
    probe: tuple[int, str]

    @classmethod
    def of(cls, memory: Memory) -> Fingerprint:
        """What to store of a memory."""
        return cls(memory.offset, _digest(memory.head), _digest(memory.recent[-PROBE:]))

    def matches(self, fd: int, size: int) -> bool:
        """Whether a file of `size` bytes continues what was stored.

        Raises:
            OSError: It cannot be read.
        """
        length = self.probe[0]
        return (
            size >= self.offset
            and _digest(fs.read_at(fd, self.head[0], 0)) == self.head
            and _digest(fs.read_at(fd, length, self.offset - length)) == self.probe
        )

    def to_json(self) -> dict[str, object]:
        """As JSON values."""
        return {"offset": self.offset, "head": list(self.head), "probe": list(self.probe)}

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> Fingerprint:
        """From what `to_json` gave.

        Raises:
            TypeError, ValueError, KeyError: It is something else.
        """
        offset = values["offset"]
        if not isinstance(offset, int) or offset < 0:
            raise ValueError("offset is not a number of bytes")
        return cls(offset, _sized(values["head"]), _sized(values["probe"]))


def _sized(value: object) -> tuple[int, str]:
    if not isinstance(value, list | tuple):
        raise TypeError("a digest is a length and a text")
    length, digest = value
    if not isinstance(length, int) or not isinstance(digest, str) or not 0 <= length <= HEAD:
        raise ValueError("a digest is a length and a text")
    return length, digest


def _digest(data: bytes) -> tuple[int, str]:
    return len(data), blake2b(data, digest_size=12).hexdigest()
