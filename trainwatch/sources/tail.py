"""One file that is followed: where it is, what is known of it, how far it was read."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from trainwatch.events import Chunk, LogFile
from trainwatch.sources import fs
from trainwatch.sources.arrivals import Arrivals
from trainwatch.sources.candidate import Candidate
from trainwatch.sources.descriptors import Descriptors
from trainwatch.sources.memory import FileId, Memory
from trainwatch.sources.names import Age, NaturalKey

if TYPE_CHECKING:
    from trainwatch.sources.lanes import Lane

_SEARCH = 1 << 16


class State(Enum):
    """What is done with a file."""

    NEW = auto()  # no byte of it was seen yet
    LIVE = auto()  # read as it grows
    ENDED = auto()  # said to be over; should it grow all the same, that begins a generation
    IGNORED = auto()  # binary
    COPY = auto()  # holds what was read from the log itself


class Slot:
    """A path at which a log stands, now one file and after a rotation another.

    Attributes:
        candidate: The path, as found by name.
        identity: The regular file there at the last look; None when there was none.
        last: What stat said at the last look.
        seen: The same if it may be relied upon; () to look again; None for nothing there.
        is_second_look: Whether the last look found the same as the one before.
        size: Bytes at the last look.
        mtime: Epoch seconds of the last modification, at the last look.
        tail: The file as it is followed; None also when it is followed at another path.
        previous: The file that was here before.
    """

    __slots__ = (
        "candidate", "identity", "is_second_look", "last", "mtime", "previous", "seen", "size",
        "sort_key", "tail",
    )  # fmt: skip

    def __init__(self, candidate: Candidate) -> None:
        """A path that was not looked at yet."""
        self.candidate = candidate
        self.sort_key: tuple[NaturalKey, Age, str] = candidate.sort_key
        self.identity: FileId | None = None
        self.seen: tuple[int, ...] | None = None
        self.last: tuple[int, ...] = ()
        self.is_second_look = False
        self.size = 0
        self.mtime = 0.0
        self.tail: Tail | None = None
        self.previous: Tail | None = None

    def rename(self, candidate: Candidate) -> None:
        """Be found to belong to another log than it seemed."""
        self.candidate, self.sort_key = candidate, candidate.sort_key
        if self.tail is not None:
            self.tail.age = candidate.age

    @property
    def is_base(self) -> bool:
        """Whether the log itself stands here, and not a rotated part of it."""
        return self.candidate.base == self.candidate.path


class Tail:
    """One physical file.

    Attributes:
        identity: Device and inode.
        slot: Where it is; None when it is nowhere any more, or nowhere known.
        name: Under which it is shown.
        age: Its place among the files of its log.
        number: Counts up with each file that was found.
        initial: Whether it was there at the very first look.
        size: Bytes at the last look.
        file: What its chunks carry; None before the first byte.
        memory: What is known of its content, and the offset.
        gone: Why nothing more can be read from it; None while that is possible.
        kept: Offset up to which the content was read as an earlier generation.
        since: Epoch second of its last growth after it lost its path.
    """

    __slots__ = (
        "age", "arrivals", "deleted", "file", "gone", "identity", "initial", "kept", "lane",
        "linked", "memory", "moved", "name", "number", "since", "size", "slot", "state",
    )  # fmt: skip

    def __init__(
        self, identity: FileId, number: int, name: str, size: int, arrivals: Arrivals
    ) -> None:
        """A file of which only the stat result is known."""
        self.identity = identity
        self.number = number
        self.name = name
        self.size = size
        self.arrivals = arrivals
        self.state = State.NEW
        self.slot: Slot | None = None
        self.lane: Lane | None = None
        self.age: Age = (0, 0, "")
        self.file: LogFile | None = None
        self.memory = Memory(b"", 0, 1)
        self.initial = False
        self.kept = 0
        self.gone: str | None = None
        self.moved = False
        self.deleted = False
        self.linked = False
        self.since = 0.0

    @property
    def path(self) -> str | None:
        """Where it is now."""
        return None if self.slot is None else self.slot.candidate.path

    @property
    def unread(self) -> int:
        """Bytes that were seen and can still be read."""
        return 0 if self.gone else max(0, self.size - self.memory.offset)

    def attach(self, slot: Slot) -> None:
        """Be found at a path."""
        self.moved = self.moved or (self.slot is None and self.state is not State.NEW)
        self.slot, slot.tail = slot, self
        self.age = slot.candidate.age
        self.deleted = self.linked = False

    def grow(self, size: int, now: float) -> None:
        """Be seen with another size at epoch second `now`."""
        self.size = size
        self.arrivals.note(size, now)

    def descriptor(self, descriptors: Descriptors) -> int:
        """Its file descriptor.

        Raises:
            OSError: It cannot be opened.
        """
        return descriptors.get(self, self.path, self.identity)

    def read(self, descriptors: Descriptors, limit: int) -> Chunk | None:
        """Read on, at most `limit` bytes; None when there was nothing in spite of its size.

        Raises:
            OSError: It cannot be opened or read.
        """
        if self.file is None:
            return None
        offset = self.memory.offset
        arrival = self.arrivals.at(offset)
        end = min(self.size, arrival.end, offset + limit)
        data = fs.read_at(self.descriptor(descriptors), end - offset, offset)
        if not data:
            return None
        self.memory.add(data)
        return Chunk(self.file, offset, data, arrival.time, arrival.live)


def line_start(fd: int, wanted: int, size: int, head: bytes) -> int:
    """The first start of a line at or after `wanted`; `wanted` itself where no line starts.

    Raises:
        OSError: It cannot be read.
    """
    if wanted <= 0:
        return 0
    newline, width = _newline(head)
    wanted -= wanted % width
    position = wanted - width
    while position < size:
        block = fs.read_at(fd, min(_SEARCH, size - position), position)
        found = _find(block, newline, width)
        if found >= 0:
            start = position + found + width
            return start if start < size else wanted
        if len(block) < _SEARCH:
            break
        position += len(block)
    return wanted


def _newline(head: bytes) -> tuple[bytes, int]:
    if head.startswith(b"\xff\xfe"):
        return b"\n\0", 2
    return (b"\0\n", 2) if head.startswith(b"\xfe\xff") else (b"\n", 1)


def _find(block: bytes, newline: bytes, width: int) -> int:
    found = block.find(newline)
    while found >= 0 and found % width:  # half of one character and half of the next
        found = block.find(newline, found + 1)
    return found
