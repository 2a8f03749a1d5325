"""How late each rank comes to the calls of its group, and whether one is late again and again.

Assumed is that the hosts' clocks agree, unless they cannot: ranks that wait for each other are
never further apart than the time from one call to the next. Where they are, the constant part of
the distance is taken for the clock's and subtracted, and whoever is late then is only possibly so.
A smaller constant offset cannot be told from a rank that is always late by as much, so a rank that
never once is in time is only possibly late as well.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

from trainwatch.diagnose.recorder.evidence import Lateness
from trainwatch.diagnose.recorder.groups import Call, Group
from trainwatch.diagnose.recorder.mismatch import needs_all

WINDOW = 512
"""Newest calls of a group that are looked at."""
ENOUGH = 8
"""Calls from one line from which a habit can be seen."""
SECONDS = 0.005
"""Less is not worth a word."""
SHARE = 0.1
"""Of the time from one such call to the next: less costs nobody much."""
TIMES = 5.0
"""As late as the second latest, at least."""
CANDIDATES = 16
"""Ranks that are tried as the one whose clock the others are measured by."""
IN_TIME = 0.25
"""Of the usual lateness: a rank that is sometimes this early has a clock that agrees."""

_NS = 1e-9
Row = dict[int, Call]


@dataclass(frozen=True)
class Habit:
    """One rank that is late at one line of the training.

    Attributes:
        usual: Median seconds behind the first rank; `others` is that of the second latest.
        period: Median seconds from one of these calls to the next.
        clock_agrees: Whether it was in time at some other call, by the clocks as they are.
    """

    rank: int
    call: Call
    calls: int
    usual: float
    others: float
    period: float
    clock_agrees: bool


@dataclass(frozen=True)
class Timing:
    """The lateness in one group."""

    group: Group
    rows: tuple[Row, ...]
    offsets: Mapping[int, float]

    def table(self) -> tuple[Lateness, ...]:
        """One line for each rank."""
        late = self._late(self.rows)
        return tuple(
            Lateness(
                rank=rank,
                group=self.group.label,
                calls=len(values),
                mean=fmean(values),
                median=median(values),
                worst=max(values),
                offset=self.offsets[rank],
            )
            for rank, values in sorted(late.items())
        )

    def habit(self) -> Habit | None:
        """The rank that is late by most, where one stands out at some line."""
        habits = [habit for rows in self._by_line() if (habit := self._habit(rows)) is not None]
        return max(habits, key=lambda habit: habit.usual, default=None)

    def _by_line(self) -> list[list[Row]]:
        lines: dict[object, list[Row]] = defaultdict(list)
        for row in self.rows:
            call = next(iter(row.values()))
            source = call.source
            lines[call.op, source.place if source else call.first.input_sizes].append(row)
        return [rows for rows in lines.values() if len(rows) >= ENOUGH]

    def _habit(self, rows: list[Row]) -> Habit | None:
        late = {rank: median(values) for rank, values in self._late(rows).items()}
        second, latest = sorted(late, key=lambda rank: late[rank])[-2:]
        usual, others, period = late[latest], late[second], _period(rows)
        if usual < max(SECONDS, SHARE * period, TIMES * others):
            return None
        in_time = min(self._late(self.rows)[latest]) < IN_TIME * usual
        agrees = in_time and not any(self.offsets.values())
        return Habit(latest, rows[-1][latest], len(rows), usual, others, period, agrees)

    def _late(self, rows: tuple[Row, ...] | list[Row]) -> dict[int, list[float]]:
        """Seconds behind the first rank, by rank, after the clocks were set right."""
        late: dict[int, list[float]] = defaultdict(list)
        for row in rows:
            times = {rank: _time(call) - self.offsets[rank] for rank, call in row.items()}
            first = min(times.values())
            for rank, time in times.items():
                late[rank].append(time - first)
        return late


def timing_of(group: Group) -> Timing | None:
    """The times of the collectives that all ranks of a group recorded; None when too few."""
    lanes = [lane.calls for lane in group.lanes.values() if lane.calls]
    common = set.intersection(*(set(calls) for calls in lanes)) if len(lanes) > 1 else set[int]()
    rows = [{call.rank: call for call in (calls[seq] for calls in lanes)} for seq in sorted(common)]
    good = tuple(row for row in rows if _sound(row))[-WINDOW:]
    return Timing(group, good, _offsets(good)) if len(good) >= ENOUGH else None


def _sound(row: Row) -> bool:
    """Whether all ranks did the same and had to wait for each other."""
    calls = list(row.values())
    timed = all(call.created_ns is not None for call in calls)
    return timed and len({call.op for call in calls}) == 1 and needs_all(calls[0])


def _time(call: Call) -> float:
    return (call.created_ns or 0) * _NS


def _period(rows: list[Row] | tuple[Row, ...]) -> float:
    """Usual seconds from one row to the next, of whichever rank has the shortest."""
    between = [min(_time(b[rank]) - _time(a[rank]) for rank in a) for a, b in pairwise(rows)]
    return median(between) if between else 0.0


def _offsets(rows: tuple[Row, ...]) -> dict[int, float]:
    """Seconds by which each clock is ahead, where they cannot agree; else 0 for all."""
    times = {rank: [_time(row[rank]) for row in rows] for rank in rows[0]} if rows else {}
    middle = [median(_time(call) for call in row.values()) for row in rows]
    apart = max((min(map(abs, _minus(own, middle))) for own in times.values()), default=0.0)
    longest = max((b - a for own in times.values() for a, b in pairwise(own)), default=0.0)
    if apart <= max(longest, SECONDS):
        return dict.fromkeys(times, 0.0)
    base = times[_steadiest(times)]
    return {rank: _low(_minus(own, base)) for rank, own in times.items()}


def _steadiest(times: Mapping[int, list[float]]) -> int:
    """The rank to whose clock the others keep the most constant distance: it is not the late one."""
    return min(list(times)[:CANDIDATES], key=lambda rank: _unrest(times, rank))


def _unrest(times: Mapping[int, list[float]], rank: int) -> float:
    distances = [_minus(own, times[rank]) for own in times.values()]
    return sum(median(map(abs, _minus(each, [median(each)] * len(each)))) for each in distances)


def _low(distances: list[float]) -> float:
    """Nearly the least: the distance when the rank was in time, but for a stray one."""
    return sorted(distances)[len(distances) // 10]


def _minus(own: list[float], other: list[float]) -> list[float]:
    return [a - b for a, b in zip(own, other, strict=True)]
