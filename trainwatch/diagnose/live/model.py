"""Where each process of a run stands, from two looks at it, seconds apart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from trainwatch.diagnose.clue import Frame
from trainwatch.events import RankId

BUSY = 0.2
"""Share of one core from which a process computes, and does not merely wait and look up."""

MOVED_BYTES = 4096
"""Bytes read or written between two looks from which a process moves data."""


@dataclass(frozen=True, slots=True)
class Stand:
    """One process between two looks.

    Attributes:
        who: The rank; of a loader process that of its worker.
        pid, host: Which process.
        state: The letter of `ps`; `wchan` is where it slept in the kernel at both looks.
        frames: Of its main thread, outermost first; empty where they could not be had.
        source: How they were had: `probe`, `signal`, `py-spy`.
        problem: Why not, in a sentence.
        moved: Whether it got on between the looks; None where there was one look only.
        stepped: Whether it called a further collective; None where no flight recorder tells.
        cpu: Share of one core that it used in between; `bytes` it read and wrote.
        locked: Whether it holds the interpreter's lock in a call that does not return.
        children: Its loader processes.
    """

    who: RankId
    pid: int
    host: str = ""
    state: str = "?"
    wchan: str = ""
    frames: tuple[Frame, ...] = ()
    source: str = ""
    problem: str = ""
    moved: bool | None = None
    stepped: bool | None = None
    cpu: float = 0.0
    bytes: int = 0
    locked: bool = False
    children: tuple["Stand", ...] = ()

    @property
    def idle(self) -> bool:
        """Whether neither it nor its loader processes did any work between the looks."""
        own = self.cpu < BUSY and self.bytes < MOVED_BYTES and not self.moved
        return own and all(child.idle for child in self.children)


class Place(NamedTuple):
    """Where the log of a rank stood when its process was looked at."""

    epoch: float | None
    phase: str
    step: int | None


@dataclass(frozen=True, slots=True)
class Live:
    """All processes of a run, as far as they could be seen.

    Attributes:
        stands: The workers, by rank.
        host: The node on which they were looked at.
        source: The file that this was read from; "" when they were looked at just now.
        time: Epoch seconds of the newest look; `seconds` between the two looks.
        since: Epoch seconds of the first look at which all of them stood just so.
        attempt: Whose processes these were, from 0; None where that was not written down.
        places: What the logs had come to; empty where that was not written down.
        silent: Seconds for which the logs had been silent then; None where that was not written down.
        dumps: Flight recorders, by a name that ends in the rank.
        problems: What could not be seen, one sentence each.
    """

    stands: tuple[Stand, ...] = ()
    host: str = ""
    source: str = ""
    time: float = 0.0
    seconds: float = 0.0
    since: float = 0.0
    attempt: int | None = None
    places: Mapping[RankId, Place] = field(default_factory=dict)
    silent: float | None = None
    dumps: Mapping[str, bytes] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def moving(self) -> bool:
        """Whether any rank got on between the looks."""
        return any(stand.moved for stand in self.stands)
