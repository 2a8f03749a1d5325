"""The newest lines of a feed and who wrote them: kept as places, quoted only when they are read."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, overload

import numpy as np
from numpy.typing import NDArray

from trainwatch.events import MISSING, LogLine, RankId
from trainwatch.parsing.columns import LINE, LOCAL, OFFSET, RANK, Table

RECENT = 1000
"""Newest lines that are kept for people to read, of one feed as of a whole run: so the size of the
feeds does not show."""

MAX_TEXT = 500
"""Characters of a line that evidence quotes."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stands, and the line."""

    number: int | None
    offset: int
    line: bytes


@dataclass(frozen=True, slots=True)
class Rows:
    """Successive records in a table, from `first` to before `end`; of `owner`, or of several."""

    columns: Table
    first: int
    end: int
    owner: RankId | None = None

    def __len__(self) -> int:
        return self.end - self.first

    def writers(self) -> Iterator[tuple[RankId, slice | NDArray[np.int64]]]:
        """Each writer and its rows, counted from the first of these; they are not to be empty."""
        if self.owner is not None:
            yield self.owner, slice(None)
            return
        who = self.columns.who[:, self.first : self.end]
        if (who == who[:, -1:]).all():
            yield _writer(self.columns, self.end - 1), slice(None)
            return
        keys = who[RANK].astype(np.int64) << 32 | (who[LOCAL].astype(np.int64) & 0xFFFFFFFF)
        order = np.argsort(keys, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(keys[order])) + 1):
            yield _writer(self.columns, self.first + int(rows[0])), rows


Quote = Callable[[RankId, Place], LogLine]
_Line = tuple[RankId, Place]


class Mark(Protocol):
    """A line that is cut out when it is wanted."""

    @property
    def who(self) -> RankId:
        """Who wrote it."""

    def place(self) -> Place:
        """Where it stands, and the line."""


_Entry = _Line | Rows | Mark


def quote(line: bytes) -> str:
    """A line as evidence: decoded, bounded, without its end; still untrusted."""
    return line[: MAX_TEXT * 4].decode(errors="replace")[:MAX_TEXT].rstrip("\r\n")


class Seen:
    """Notes the lines of one feed."""

    def __init__(self) -> None:
        self._last: dict[RankId, Place | Mark | tuple[Table, int]] = {}
        self._recent: deque[_Entry] = deque(maxlen=RECENT)

    def add(self, who: RankId, place: Place) -> None:
        """Note one line."""
        self._last[who] = place
        self._recent.append((who, place))

    def add_mark(self, mark: Mark) -> None:
        """Note a line that need not be cut out yet."""
        self._last[mark.who] = mark
        self._recent.append(mark)

    def add_rows(self, rows: Rows) -> None:
        """Note successive step records."""
        for who, at in rows.writers():
            newest = rows.end - 1 if isinstance(at, slice) else rows.first + int(at[-1])
            self._last[who] = (rows.columns, newest)
        self._recent.append(rows)

    def take(self, quoted: Quote) -> tuple[dict[RankId, LogLine], Sequence[LogLine]]:
        """The newest line of each writer, and the newest lines; begins anew."""
        last = {who: quoted(who, _placed(noted)) for who, noted in self._last.items()}
        recent = QuotedLines(tuple(self._recent), quoted)
        self._last = {}
        self._recent.clear()
        return last, recent


class QuotedLines(Sequence[LogLine]):
    """The newest lines of a feed, quoted when the first of them is read.

    Until then they hold the data of the feed, but where they are few: then only the lines.
    """

    def __init__(self, entries: Sequence[_Entry], quoted: Quote) -> None:
        count = sum(len(entry) if isinstance(entry, Rows) else 1 for entry in entries)
        self._count = min(RECENT, count)
        self._quoted = quoted
        self._entries = list(_places(entries)) if count < RECENT else _newest(entries)
        self._lines: list[LogLine] | None = None

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> LogLine: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[LogLine]: ...
    def __getitem__(self, index: int | slice) -> LogLine | Sequence[LogLine]:
        return self._all()[index]

    def __iter__(self) -> Iterator[LogLine]:
        return iter(self._all())

    def _all(self) -> list[LogLine]:
        if self._lines is None:
            newest = list(_places(self._entries))[-RECENT:]
            self._lines = [self._quoted(who, place) for who, place in newest]
            self._entries = ()
        return self._lines


def _newest(entries: Sequence[_Entry]) -> Sequence[_Entry]:
    """The last ones, of which there are enough; the others are let go."""
    kept: deque[_Entry] = deque()
    room = RECENT
    for entry in reversed(entries):
        if isinstance(entry, Rows) and len(entry) > room:
            entry = replace(entry, first=entry.end - room)  # noqa: PLW2901 - the end of it
        kept.appendleft(entry)
        room -= len(entry) if isinstance(entry, Rows) else 1
        if room == 0:
            break
    return kept


def _places(entries: Sequence[_Entry]) -> Iterator[_Line]:
    for entry in entries:
        if isinstance(entry, Rows):
            for row in range(entry.first, entry.end):
                yield entry.owner or _writer(entry.columns, row), _place(entry.columns, row)
        elif isinstance(entry, tuple):
            yield entry
        else:
            yield entry.who, entry.place()


def _placed(noted: Place | Mark | tuple[Table, int]) -> Place:
    if isinstance(noted, Place):
        return noted
    return _place(*noted) if isinstance(noted, tuple) else noted.place()


def _writer(columns: Table, row: int) -> RankId:
    rank, local = int(columns.who[RANK, row]), int(columns.who[LOCAL, row])
    return RankId(None if rank < 0 else rank, None if local < 0 else local)


def _place(columns: Table, row: int) -> Place:
    number, offset = int(columns.integers[LINE, row]), int(columns.integers[OFFSET, row])
    return Place(None if number == MISSING else number, offset, columns.line(row))
