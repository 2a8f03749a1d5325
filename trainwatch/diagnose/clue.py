"""A clue: one line of a log that a signature fits, with all that is known of its place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from trainwatch.diagnose.signature import Signature
from trainwatch.events import Evidence, RankId, Stamp


class Order(NamedTuple):
    """A place in the order of one log, through its rotated parts."""

    part: int
    offset: int


START = Order(0, 0)

THREADED = "threaded"
"""Field of an exception that ended a thread, and not by itself the process."""


class Frame(NamedTuple):
    """One frame of a traceback, as printed; untrusted."""

    file: str
    line: int
    function: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Clue:
    """A line that says something about a failure.

    Attributes:
        signature: What it looks like.
        who: Who wrote it, as the line or its file says.
        evidence: The line.
        base: The log, `FileRole.base`.
        order: Its place there.
        stamp: The time of the line itself, else of the newest line before it in the same log that
            states one; None where none does.
        exact: Whether `stamp` is the line's own.
        attempt: From the path of its log, else None.
        fields: What the line states, by the names of the signature's groups.
        frames: Of a traceback, outermost first, as far as they were kept.
        exception: Class name of an exception.
    """

    signature: Signature
    who: RankId
    evidence: Evidence
    base: str
    order: Order
    stamp: Stamp | None = None
    exact: bool = False
    attempt: int | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    frames: tuple[Frame, ...] = ()
    exception: str | None = None

    def number(self, name: str) -> int | None:
        """A field as a number."""
        text = self.fields.get(name, "")
        return int(text) if text.lstrip("-").isdecimal() else None


@dataclass(slots=True)
class Exited:
    """How one worker left, as torchrun's table or its agent says; filled while it is read.

    Attributes:
        evidence, base, order: The line that states the code, and its place.
        code: Its exit code; negative: the signal that ended it.
        rank, local, pid, host: Whose, where stated.
        root: Whether the launcher observed this failure first (which may be a victim).
        task: Whether it is srun's word on a task, which is a rank where nothing else started ranks.
        stamp: When, as the table says.
        raised: The exception that the table repeats.
    """

    evidence: Evidence
    base: str
    order: Order
    code: int
    rank: int | None = None
    local: int | None = None
    pid: int | None = None
    host: str | None = None
    root: bool = False
    task: bool = False
    stamp: Stamp | None = None
    raised: Clue | None = None
