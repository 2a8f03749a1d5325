"""How much later than the first one each rank comes to the same record, by the times that logs state."""

import math
from collections.abc import Sequence
from dataclasses import replace

from trainwatch.model.ranks import Crew
from trainwatch.model.snapshot import RankView
from trainwatch.model.stream import Stream


def with_tardiness(ranks: Sequence[RankView], crew: Crew) -> tuple[RankView, ...]:
    """The ranks with `late_seconds`, where all of one attempt state times.

    Clocks of nodes differ: a difference of hours is no lateness, and none is told then.
    """
    streams = [
        member.primary.stream for member in crew.ranks if member.primary.attempt == crew.attempt
    ]
    counts = [stream.track.count for stream in streams]
    if len(streams) < 2 or len(streams) < len(ranks) or not min(counts):  # noqa: PLR2004 - nobody to compare with
        return tuple(ranks)
    # Every track keeps the multiples of its stride, a power of two.
    stride = max(stream.track.stride for stream in streams)
    ordinal = (min(counts) - 1) // stride * stride
    places = {stream.who: _at(stream, ordinal) for stream in streams}
    if len({within for within, _ in places.values()}) > 1:
        return tuple(ranks)  # one log began later: its records are counted otherwise
    times = [seconds for _, seconds in places.values()]
    first = min(times)
    if not max(times) - first < _APART:
        return tuple(ranks)
    return tuple(replace(rank, late_seconds=places[rank.who][1] - first) for rank in ranks)


_APART = 600.0
"""Seconds by which ranks of one job may come to the same step; more is another clock."""


def _at(stream: Stream, ordinal: int) -> tuple[float, float]:
    """The number that a record prints, and its seconds."""
    if not stream.own_clock:
        return 0.0, math.nan
    _, places = stream.track.columns()
    kept = ordinal // stream.track.stride
    return float(places.within[kept]), float(places.seconds[kept])
