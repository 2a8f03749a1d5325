"""When each rank was in which phase, for views that draw it."""

import math
from collections.abc import Sequence
from dataclasses import replace

from trainwatch.events import Phase
from trainwatch.model.ranks import Crew
from trainwatch.model.snapshot import RankView
from trainwatch.model.stream import Stream


def with_timelines(
    ranks: Sequence[RankView], crew: Crew, utc_offset: float
) -> tuple[RankView, ...]:
    """The ranks with `timeline`; times that a log states are taken for the reader's own zone."""
    streams = {member.who: member.primary.stream for member in crew.ranks}
    return tuple(replace(rank, timeline=_of(streams[rank.who], utc_offset)) for rank in ranks)


def _of(stream: Stream, utc_offset: float) -> tuple[tuple[float, Phase], ...]:
    zone = stream.first_stamp.zone if stream.first_stamp is not None else None
    offset = 0.0
    if stream.own_clock:
        offset = utc_offset if zone is None else zone * 60.0
    return tuple(
        (seconds - offset if math.isfinite(seconds) else math.nan, phase)
        for seconds, phase in (*stream.phases, (stream.latest, stream.position.phase))
    )
