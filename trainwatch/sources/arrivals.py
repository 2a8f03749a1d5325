"""When which bytes of a file were there: what was found at first, and what was seen to come."""

from __future__ import annotations

from typing import NamedTuple

_MOST = 64


class Arrival(NamedTuple):
    """Bytes up to `end` (an offset): at which epoch second, and whether somebody watched."""

    end: int
    time: float
    live: bool


class Arrivals:
    """The sizes a file was seen to have and has not been read up to yet.

    A view that still reads the beginning of a file knows all the same when the lines at its end
    arrived, because every look notes the size.
    """

    __slots__ = ("_items",)

    def __init__(self, size: int, time: float, *, live: bool) -> None:
        """Begin with a file of `size` bytes."""
        self._items = [Arrival(size, time, live)]

    def note(self, size: int, now: float) -> None:
        """See the file with `size` bytes at epoch second `now`."""
        last = self._items[-1]
        if size <= last.end:
            return
        if last.live and last.time == now:
            self._items[-1] = Arrival(size, now, live=True)
        else:
            self._items.append(Arrival(size, now, live=True))
        if len(self._items) > _MOST:
            # The oldest watched growth passes for a part of the next: later than it was, but seen.
            del self._items[1]

    def at(self, offset: int) -> Arrival:
        """The arrival of the byte at `offset`; what came before it is forgotten."""
        while len(self._items) > 1 and self._items[0].end <= offset:
            del self._items[0]
        return self._items[0]
