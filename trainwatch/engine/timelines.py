"""When each rank was in which phase, for views that draw it."""

from collections.abc import Sequence
from dataclasses import replace

from trainwatch.model.ranks import Crew
from trainwatch.model.snapshot import RankView
from trainwatch.model.timelines import timeline


def with_timelines(
    ranks: Sequence[RankView], crew: Crew, utc_offset: float
) -> tuple[RankView, ...]:
    """The ranks with `timeline`; times that a log states are taken for the reader's own zone."""
    streams = {member.who: member.primary.stream for member in crew.ranks}
    return tuple(replace(rank, timeline=timeline(streams[rank.who], utc_offset)) for rank in ranks)
