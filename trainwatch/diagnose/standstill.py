"""A run that was ended from outside, but had not moved for long before: it may have hung."""

from collections.abc import Iterator

from trainwatch.diagnose.case import Case
from trainwatch.diagnose.diagnosis import Verdict
from trainwatch.diagnose.lead import Lead
from trainwatch.diagnose.lines import last_lines
from trainwatch.diagnose.signature import Standing
from trainwatch.health.words import duration
from trainwatch.model.moments import epoch_seconds

_LONG = 600.0
_DAYS = 7 * 86400.0
_HALF_HOUR = 1800.0
_SECONDS = 30.0


def standstill(case: Case) -> Iterator[Lead]:
    """A run that was ended from outside, but had not moved for long before that."""
    ended = [
        case.seconds(clue)
        for clue in case.clues
        if clue.signature.standing is Standing.OUTER and clue.exact
    ]
    known = [seconds for seconds in ended if seconds is not None]
    moved = [
        epoch_seconds(stamp, case.view.utc_offset) - case.offsets.get(base, 0.0)
        for base, log in case.gathering.logs.items()
        for stamp in log.latest.values()
    ]
    limit = max((view.silence_limit or 0.0 for view in case.ranks.values()), default=0.0)
    if not known or not moved:
        return
    still = min(known) - max(moved)
    zone = abs(still - round(still / _HALF_HOUR) * _HALF_HOUR) < _SECONDS  # not another clock's
    if _LONG <= still <= _DAYS and still > 2 * limit and not zone:
        yield Lead(
            name="still_before_end",
            category=None,
            verdict=Verdict.HANG,
            standing=Standing.CONTEXT,
            summary=f"it had not moved for {duration(still)} before it was ended: it may have hung",
            proofs=tuple(last_lines(case, list(case.ranks)[:2])),
        )
