"""What one rank's flight-recorder dump says, in types.

Times are nanoseconds of the clock of the rank's host. What a dump does not state is None or empty,
and nothing is made up. Sequence numbers count the collectives of one process group from 1.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from trainwatch.errors import TrainwatchError


class DumpError(TrainwatchError):
    """A file that is not a readable flight-recorder dump; the text is one sentence."""


class Form(StrEnum):
    """How a dump was written down."""

    PICKLE = "pickle"
    JSON = "json"


class State(StrEnum):
    """What the recorder knew of a call; gloo never goes beyond `SCHEDULED`."""

    SCHEDULED = "scheduled"
    STARTED = "started"
    COMPLETED = "completed"
    UNKNOWN = "unknown"


_LIBRARY = ("/site-packages/", "/dist-packages/", "/lib/python", "<frozen ", "<string>")


@dataclass(frozen=True, slots=True)
class Frame:
    """One line of a stack."""

    function: str
    file: str
    line: int | None

    @property
    def place(self) -> str:
        """File name and line as one writes them in a sentence."""
        name = self.file.replace("\\", "/").rpartition("/")[2]
        return f"{name}:{self.line}" if self.line is not None else name

    @property
    def from_library(self) -> bool:
        """Whether it belongs to torch, another package or Python itself, not to the training."""
        return any(mark in self.file for mark in _LIBRARY) or not self.file.strip("?")


Shape = tuple[int, ...]


@dataclass(frozen=True)
class Entry:
    """One recorded call of a collective or of a message between two ranks.

    Attributes:
        record: Its place in the ring buffer, rising over all groups; -1 when not stated.
        group: Name of the process group as the entry states it; `group_desc` says what it is for.
        group_id: The number under which the dump keeps the status of the group.
        seq: Sequence number of the collective within the group; it stands still over messages.
        op: Name without the library before it and without the peers behind it.
        peers: Sender and receiver of a message, counted within the group.
        retired: Whether the library is done with it. For gloo this alone marks completion.
        frames: The stack of the call, innermost first.
    """

    record: int
    group: str
    group_desc: str
    group_id: int | None
    seq: int | None
    p2p_seq: int | None
    op_id: int | None
    library: str
    op: str
    peers: tuple[int, int] | None
    is_p2p: bool
    input_sizes: tuple[Shape, ...]
    input_dtypes: tuple[str, ...]
    output_sizes: tuple[Shape, ...]
    output_dtypes: tuple[str, ...]
    state: State
    retired: bool
    created_ns: int | None
    started_ns: int | None
    completed_ns: int | None
    timeout_ms: int | None
    frames: tuple[Frame, ...] = field(default=(), repr=False)

    @property
    def finished(self) -> bool:
        """Whether the recorder knows that it is over."""
        return self.retired or self.state is State.COMPLETED or self.completed_ns is not None

    @cached_property
    def source(self) -> Frame | None:
        """The innermost line of the training's own code, else the innermost line there is."""
        own = (frame for frame in self.frames if not frame.from_library)
        return next(own, self.frames[0] if self.frames else None)


@dataclass(frozen=True, slots=True)
class GroupConfig:
    """A process group as a dump lists it; `ranks` are global, empty when not stated."""

    name: str
    desc: str
    ranks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GroupStatus:
    """The counters of a group; -1 means never. Messages and collectives share them."""

    enqueued: int | None
    started: int | None
    completed: int | None


@dataclass(frozen=True, slots=True)
class Dump:
    """One rank's dump.

    Attributes:
        file: Name under which it was handed in.
        rank: Global rank; None when neither the name nor the contents tell.
        entries: In the order in which they were recorded.
        skipped: Entries that made no sense and were left out.
        status: By the number that `Entry.group_id` states.
    """

    file: str
    form: Form
    version: str | None
    rank: int | None
    configs: tuple[GroupConfig, ...]
    status: dict[int, GroupStatus]
    entries: tuple[Entry, ...]
    skipped: int = 0

    @property
    def newest_ns(self) -> int:
        """The latest creation time in it; 0 when it has no entries."""
        return max((entry.created_ns or 0 for entry in self.entries), default=0)
