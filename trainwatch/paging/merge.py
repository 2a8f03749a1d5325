"""Several logs as one, in the order of the times that their lines state.

A position in the merged log is a cut: for each file the offset before which its lines lie. A line
without a time belongs to the one before it in its file.
"""

import heapq
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, Protocol

from trainwatch.events import LogLine
from trainwatch.formats.filenames import FileRole, describe
from trainwatch.model.logs import Level, LogFilter
from trainwatch.paging.lines import Read, backward, forward, line_start
from trainwatch.paging.parse import ERROR, WARNING, LineMaker, severity

Cut = dict[str, int]
_LOOK_BACK = 200
"""Lines before a place in which its time is looked for."""

_NEAR = 1 << 14
"""Bytes left of a file when its lines are gone through one by one."""


class Files(Protocol):
    """The logs of a run."""

    def sizes(self) -> Mapping[str, int]:
        """Every log by its name, with its bytes; the parts of a rotated one are one."""

    def read(self, name: str, offset: int, size: int) -> bytes:
        """Bytes of one of them."""


class Placed(NamedTuple):
    """A line with its place in the merged order."""

    time: float
    order: int
    offset: int
    end: int
    name: str
    line: LogLine


def _key(one: Placed) -> tuple[float, int, int]:
    return one.time, one.order, one.offset


class MergedLog:
    """Lines of all files, or of one, before and behind a cut."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._maker = LineMaker()
        self._roles: dict[str, FileRole] = {}
        self._timed: dict[str, bool] = {}

    def names(self, of: LogFilter) -> list[str]:
        """The files that a filter leaves."""
        sizes = self._files.sizes()
        if of.file is not None:
            return [of.file] if of.file in sizes else []
        return [name for name in sizes if self.is_timed(name)]

    def is_timed(self, name: str) -> bool:
        """Whether a log states times; a new one is asked again when it has grown."""
        if not self._timed.get(name):
            size = self._files.sizes()[name]
            stamped = (raw for raw in islice(forward(self._reader(name), 0), _LOOK_BACK))
            self._timed[name] = size > 0 and any(
                self._make(name, *raw).stamp is not None for raw in stamped
            )
        return self._timed[name]

    def down(
        self, cut: Cut, many: int, of: LogFilter, also: Level | None = None, needle: str = ""
    ) -> tuple[list[LogLine], Cut]:
        """The next lines behind a cut, and the cut behind them."""
        return self._walk(cut, many, _Sieve(of, also, needle), ahead=True)

    def up(
        self, cut: Cut, many: int, of: LogFilter, also: Level | None = None, needle: str = ""
    ) -> tuple[list[LogLine], Cut]:
        """The lines before a cut, the oldest first, and the cut before them."""
        lines, before = self._walk(cut, many, _Sieve(of, also, needle), ahead=False)
        return lines[::-1], before

    def start(self) -> Cut:
        """Before everything."""
        return dict.fromkeys(self._files.sizes(), 0)

    def end(self) -> Cut:
        """Behind everything."""
        return dict(self._files.sizes())

    def at_share(self, share: float, of: LogFilter) -> Cut:
        """At a share of the bytes of the largest file that a filter leaves."""
        names = self.names(of)
        sizes = self._files.sizes()
        if not names:
            return self.start()
        largest = max(names, key=lambda name: sizes[name])
        return self.at(largest, int(sizes[largest] * share), of)

    def at(self, name: str, offset: int, of: LogFilter) -> Cut:
        """Before the line of a file in which an offset lies."""
        offset = line_start(self._reader(name), offset)
        names = self.names(of)
        cut = {**self.start(), name: offset}
        if len(names) > 1:
            order = names.index(name) if name in names else -1
            target = (self._time_before(name, offset + 1), order, offset)
            for place, other in enumerate(names):
                if other != name:
                    cut[other] = self._search(other, place, target)
        return cut

    def at_time(self, seconds: float, of: LogFilter) -> Cut:
        """Before the first line that is not earlier."""
        cut = self.start()
        for place, name in enumerate(self.names(of)):
            cut[name] = self._search(name, place, (seconds, -1, -1))
        return cut

    def share(self, cut: Cut, of: LogFilter) -> float:
        """How much of the bytes lies before a cut."""
        sizes = self._files.sizes()
        names = self.names(of)
        total = sum(sizes[name] for name in names)
        return sum(cut.get(name, 0) for name in names) / total if total else 1.0

    # --- one file -------------------------------------------------------------------------------

    def _reader(self, name: str) -> Read:
        return lambda offset, size: self._files.read(name, offset, size)

    def _make(self, name: str, offset: int, raw: bytes) -> LogLine:
        role = self._roles.get(name)
        if role is None:
            role = self._roles[name] = describe(name)
        return self._maker.make(name, role, offset, raw)

    def _time_before(self, name: str, offset: int) -> float:
        """The newest time stated in the line in which an offset lies, or before it."""
        read = self._reader(name)
        end = line_start(read, offset)
        if end < offset:
            first = next(forward(read, end), None)
            end += len(first[1]) if first is not None else 0
        for raw in islice(backward(read, end), _LOOK_BACK):
            stamp = self._make(name, *raw).stamp
            if stamp is not None:
                return stamp.seconds
        return float("-inf")

    def _search(self, name: str, order: int, target: tuple[float, int, int]) -> int:
        """Offset of the first line that is not before a place in the merged order."""
        read = self._reader(name)
        low, high = 0, self._files.sizes()[name]
        while high - low > _NEAR:
            middle = line_start(read, (low + high) // 2)
            if middle <= low:
                break
            if (self._time_before(name, middle + 1), order, middle) < target:
                low = middle
            else:
                high = middle
        time = self._time_before(name, low)
        for offset, raw in forward(read, low):
            stamp = self._make(name, offset, raw).stamp
            time = stamp.seconds if stamp is not None else time
            if (time, order, offset) >= target:
                return offset
        return self._files.sizes()[name]

    # --- all files ------------------------------------------------------------------------------

    def _walk(
        self, cut: Cut, many: int, sieve: "_Sieve", *, ahead: bool
    ) -> tuple[list[LogLine], Cut]:
        names = self.names(sieve.filter)
        merged = len(names) > 1
        streams: list[Iterator[Placed]] = [
            self._ahead(name, order, cut.get(name, 0), sieve, merged=merged)
            if ahead
            else self._back(name, order, cut.get(name, 0), sieve, merged=merged)
            for order, name in enumerate(names)
        ]
        found = list(islice(heapq.merge(*streams, key=_key, reverse=not ahead), many))
        moved = dict(cut)
        for one in found:
            moved[one.name] = one.end if ahead else one.offset
        if len(found) < many:
            moved.update({name: self._files.sizes()[name] if ahead else 0 for name in names})
        return [one.line for one in found], moved

    def _ahead(
        self, name: str, order: int, offset: int, sieve: "_Sieve", *, merged: bool
    ) -> Iterator[Placed]:
        time = self._time_before(name, offset) if merged else 0.0
        for at, raw in forward(self._reader(name), offset, sieve.needle):
            line = self._make(name, at, raw)
            if merged:
                time = self._time_of(line, time, sieve)
            if sieve.passes(line, raw):
                yield Placed(time, order, at, at + len(raw), name, line)

    def _back(
        self, name: str, order: int, offset: int, sieve: "_Sieve", *, merged: bool
    ) -> Iterator[Placed]:
        waiting: list[Placed] = []
        for at, raw in backward(self._reader(name), offset, sieve.needle):
            line = self._make(name, at, raw)
            stamp = line.stamp
            time = stamp.seconds if stamp is not None else 0.0
            if merged and stamp is None and sieve.needle is not None:
                time = self._time_before(name, at + 1)
            one = Placed(time, order, at, at + len(raw), name, line)
            if merged and stamp is None and sieve.needle is None and len(waiting) < _LOOK_BACK:
                waiting.append(one)  # until the line comes to which it belongs
                continue
            yield from (w._replace(time=time) for w in waiting if sieve.passes(w.line, None))
            waiting.clear()
            if sieve.passes(line, raw):
                yield one
        yield from (w._replace(time=float("-inf")) for w in waiting if sieve.passes(w.line, None))

    def _time_of(self, line: LogLine, before: float, sieve: "_Sieve") -> float:
        if line.stamp is not None:
            return line.stamp.seconds
        if sieve.needle is not None:  # the line before it was skipped
            return max(before, self._time_before(line.where.file, line.where.offset + 1))
        return before


class _Sieve:
    """Which lines are wanted; `needle` is in all of them, so that whole windows can be skipped."""

    def __init__(self, of: LogFilter, also: Level | None, needle: str) -> None:
        self.filter = of
        levels = [level for level in (of.level, also) if level not in (None, Level.ALL)]
        self._levels = levels
        self._also = also
        self._patterns = [compiled(text) for text in (needle, of.include) if text]
        self._exclude = compiled(of.exclude) if of.exclude else None
        self.needle = self._patterns[0] if self._patterns else self._by_level()

    def _by_level(self) -> re.Pattern[bytes] | None:
        if Level.ERROR in self._levels:
            return ERROR
        if Level.WARNING in self._levels:
            return re.compile(ERROR.pattern + b"|" + WARNING.pattern, re.IGNORECASE)
        return None

    def passes(self, line: LogLine, raw: bytes | None) -> bool:
        """Whether a line is wanted."""
        if self.filter.ranks is not None and line.who.rank not in self.filter.ranks:
            return False
        raw = line.text.encode(errors="replace") if raw is None else raw
        if not all(pattern.search(raw) for pattern in self._patterns):
            return False
        if self._exclude is not None and self._exclude.search(raw):
            return False
        return not self._levels or self._grave(severity(line))

    def _grave(self, found: Level) -> bool:
        if self._also is Level.WARNING and found is not Level.WARNING:
            return False
        order = (Level.ALL, Level.WARNING, Level.ERROR)
        return all(order.index(found) >= order.index(level) for level in self._levels)


def compiled(text: str) -> re.Pattern[bytes]:
    """A pattern as people type it: small letters stand for both.

    Raises:
        re.error: for what is no regular expression.
    """
    flags = 0 if any(character.isupper() for character in text) else re.IGNORECASE
    return re.compile(text.encode(), flags)


def unmerged(log: MergedLog, names: Sequence[str]) -> tuple[str, ...]:
    """The files whose lines cannot be placed among others."""
    return tuple(name for name in names if not log.is_timed(name))
