"""When a rank was in which phase."""

import math

from trainwatch.events import Phase
from trainwatch.model.stream import Stream


def timeline(stream: Stream, utc_offset: float) -> tuple[tuple[float, Phase], ...]:
    """When a writer entered its newest phases, and wrote its newest record, in epoch seconds.

    Args:
        stream: The writer.
        utc_offset: Seconds east of UTC for which times without a zone are taken.
    """
    zone = stream.first_stamp.zone if stream.first_stamp is not None else None
    offset = 0.0
    if stream.own_clock:
        offset = utc_offset if zone is None else zone * 60.0
    return tuple(
        (seconds - offset if math.isfinite(seconds) else math.nan, phase)
        for seconds, phase in (*stream.phases, (stream.latest, stream.position.phase))
    )
