"""Which moment a line was written: from the log, from its arrival, or from the file's mtime.

A log states the wall clock of a machine whose zone and accuracy are not known. An arrival that was
watched is always right. Otherwise the stated time is compared with the file's modification time:
equal within minutes, it is the same clock; a whole number of quarter hours apart, it is another
zone; anything else means that the file was copied, and the stated time is the truth.
"""

import math
from dataclasses import dataclass

from trainwatch.events import Stamp
from trainwatch.model.snapshot import TimeBasis


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """The moment from which a run is judged.

    Attributes:
        now: Epoch seconds.
        utc_offset: Seconds east of UTC of the reader's own zone.
        stated: Whether the user gave the moment (`--now`), which makes silence a finding.
    """

    now: float
    utc_offset: float = 0.0
    stated: bool = False


SAME_CLOCK = 600.0
"""Seconds by which clocks of one site may differ."""

_QUARTER = 900.0
_ZONES = 14 * 3600.0
_ZONE_TOLERANCE = 5.0


def moment(
    stamp: Stamp | None, arrival: float, utc_offset: float, *, live: bool, stated: bool = False
) -> tuple[float, TimeBasis]:
    """Epoch seconds of a file's newest line, and what they rest on.

    Args:
        stamp: What the line states.
        arrival: As `Chunk.time`.
        utc_offset: Seconds east of UTC of the reader's own zone.
        live: As `Chunk.live`.
        stated: Whether the moment of judgement was given, so that the log's own time counts.
    """
    if live:
        return arrival, TimeBasis.ARRIVAL
    if stamp is None:
        return arrival, TimeBasis.MTIME
    written = epoch_seconds(stamp, utc_offset)
    apart = arrival - written
    if not stated and (abs(apart) <= SAME_CLOCK or _is_zone(apart)):
        return arrival, TimeBasis.LOG
    return written, TimeBasis.LOG


def epoch_seconds(stamp: Stamp, utc_offset: float) -> float:
    """Epoch seconds of a stated time; without a zone it is taken for the reader's own."""
    offset = utc_offset if stamp.zone is None else stamp.zone * 60.0
    return stamp.seconds - offset


def _is_zone(apart: float) -> bool:
    quarters = round(apart / _QUARTER) * _QUARTER
    return abs(apart) <= _ZONES and math.isclose(apart, quarters, abs_tol=_ZONE_TOLERANCE)
