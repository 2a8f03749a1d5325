"""What one feed of a file gave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

from trainwatch.events.delivered import LogFile
from trainwatch.events.places import Evidence, RankId, Split, Stamp, Where
from trainwatch.events.rare import Event
from trainwatch.events.steps import StepBlock


@dataclass(frozen=True, slots=True)
class LineTally:
    r"""How much of one feed was read and understood; the rest of its lines are kept elsewhere.

    Attributes:
        lines: Complete lines (``\n``).
        bytes: Bytes of complete lines.
        unparsed: Non-blank lines in which nothing was recognised.
    """

    lines: int = 0
    bytes: int = 0
    unparsed: int = 0


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line as it stands in a log, for people; `text` is untrusted and bounded.

    Attributes:
        message: The text without the time, level and rank prefix before it.
    """

    where: Where
    who: RankId
    text: str
    level: str | None = None
    stamp: Stamp | None = None
    arrival: float = 0.0
    live: bool = False
    message: str = ""

    @property
    def evidence(self) -> Evidence:
        """The line as proof."""
        return Evidence(*self.where, self.text)


class Draft:
    """An event of which only that was made out which the state of a run needs; most need no more.

    Attributes:
        who: As `Event.who`.
        epoch, split, start, epoch_base: Of an `EpochMarker`; `epoch` is None for an event that says only
            that its writer is alive.
        seconds, zone, digits: As `Stamp`; NaN where no time is stated.
        arrival, live: As `Event`.
    """

    __slots__ = (
        *("arrival", "digits", "epoch", "epoch_base", "live", "seconds", "split", "start", "who"),
        "zone",
    )
    who: RankId
    epoch: int | None
    split: Split
    start: bool
    epoch_base: int | None
    seconds: float
    zone: int | None
    digits: int
    arrival: float
    live: bool

    @property
    def stamp(self) -> Stamp | None:
        """As `Event.stamp`."""
        known = self.seconds == self.seconds
        return Stamp(self.seconds, self.zone, self.digits) if known else None

    def event(self) -> Event:
        """The whole event."""
        raise NotImplementedError


class Items(Sequence["StepBlock | Event"]):
    """Blocks and events in order; a draft becomes an event when somebody reads them.

    Attributes:
        drafts: The same as far as they were made out.
    """

    def __init__(self, drafts: Sequence[StepBlock | Event | Draft]) -> None:
        self.drafts = drafts
        self._made: Sequence[StepBlock | Event] | None = None

    @property
    def made(self) -> Sequence[StepBlock | Event]:
        """All of them whole."""
        if self._made is None:
            self._made = tuple(
                item.event() if isinstance(item, Draft) else item for item in self.drafts
            )
        return self._made

    def __len__(self) -> int:
        return len(self.drafts)

    @overload
    def __getitem__(self, index: int) -> StepBlock | Event: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[StepBlock | Event]: ...
    def __getitem__(self, index: int | slice) -> StepBlock | Event | Sequence[StepBlock | Event]:
        return self.made[index]

    def __iter__(self) -> Iterator[StepBlock | Event]:
        return iter(self.made)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Parsed:
    """What one feed of one file gave, in file order.

    Attributes:
        file: The file.
        items: Blocks and events in the order in which they stand in the file.
        tally: The count of lines.
        last: The newest line of each rank that wrote one.
        recent: The newest lines of the feed, at most a thousand; made when they are first read.
    """

    file: LogFile
    items: Sequence[StepBlock | Event] = ()
    tally: LineTally = LineTally()
    last: Mapping[RankId, LogLine] = field(default_factory=dict)
    recent: Sequence[LogLine] = ()
