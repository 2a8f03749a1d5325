"""What the reader of one log takes and gives: when lines arrived, and what stood in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trainwatch.events import Event, Items, LogLine, RankId, StepBlock


@dataclass(frozen=True, slots=True)
class Arrival:
    """When a piece of a file arrived: `Chunk.time` and `Chunk.live`."""

    time: float
    live: bool


@dataclass(frozen=True, slots=True)
class Read:
    """What some lines gave: as `Parsed`, before the count of bytes."""

    items: Items
    last: Mapping[RankId, LogLine]
    recent: Sequence[LogLine]
    unparsed: int


def joined(reads: Sequence[Read]) -> Read:
    """What the readers of one file's lines gave, in file order."""
    last: dict[RankId, LogLine] = {}
    for read in reads:
        for who, line in read.last.items():
            if who not in last or line.where.offset > last[who].where.offset:
                last[who] = line
    items = (item for read in reads for item in read.items)
    ordered = sorted(items, key=_offset)
    recent = (line for read in reads for line in read.recent)
    return Read(
        Items(tuple(ordered)),
        last,
        sorted(recent, key=lambda line: line.where.offset),
        sum(read.unparsed for read in reads),
    )


def _offset(item: StepBlock | Event) -> int:
    return int(item.offset[0]) if isinstance(item, StepBlock) else item.where.offset
