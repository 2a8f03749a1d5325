"""When a line was written that states no time: after the newest line before it that does."""

from bisect import bisect_right
from dataclasses import replace

import numpy as np

from trainwatch.diagnose.clue import Clue
from trainwatch.diagnose.times import stamp_in
from trainwatch.events import Event, Parsed, Stamp, StepBlock

_LOOKED_BACK = 64


class Times:
    """The times that the records of one feed state.

    Args:
        parsed: The feed.
        before: The newest time that its log stated earlier.
    """

    def __init__(self, parsed: Parsed, before: Stamp | None) -> None:
        self._items = parsed.items
        self._starts = [_start(item) for item in parsed.items]
        self._before = before
        self._arrival = parsed.recent[-1].arrival if parsed.recent else None

    def settle(self, clue: Clue) -> Clue:
        """The clue with its time: what the line says, else what stands before it."""
        if clue.exact:
            return clue
        last = self._last(clue.order.offset)
        near = last.seconds if last else self._arrival
        own = stamp_in(clue.evidence.text.encode(errors="replace"), near)
        return replace(clue, stamp=own or last, exact=own is not None)

    @property
    def newest(self) -> Stamp | None:
        """The last time that is stated."""
        return self._last(1 << 62)

    def _last(self, offset: int) -> Stamp | None:
        at = bisect_right(self._starts, offset)
        for item in reversed(self._items[max(0, at - _LOOKED_BACK) : at]):
            stamp = _stamp_before(item, offset)
            if stamp is not None:
                return stamp
        return self._before


def _start(item: StepBlock | Event) -> int:
    return int(item.offset[0]) if isinstance(item, StepBlock) else item.where.offset


def _stamp_before(item: StepBlock | Event, offset: int) -> Stamp | None:
    if isinstance(item, Event):
        return item.stamp
    row = int(np.searchsorted(item.offset, offset)) - 1
    seconds = float(item.seconds[max(row, 0)])
    return None if np.isnan(seconds) else Stamp(seconds, item.shape.zone)
