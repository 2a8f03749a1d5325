"""How far the clocks of the ranks' logs are apart: ranks that work in step write the same markers."""

from collections.abc import Mapping
from statistics import median

from trainwatch.diagnose.gather import Gathering
from trainwatch.diagnose.log import LogNotes
from trainwatch.events import Split
from trainwatch.formats.filenames import FileKind

SAME = 60.0
"""Seconds by which markers of one moment may differ on one clock."""

_Mark = tuple[int, Split, bool]


def clock_offsets(gathering: Gathering) -> Mapping[str, float]:
    """Seconds that the clock of each rank's log is ahead of the first one's; 0 where it is not."""
    logs = [
        log
        for _, log in sorted(gathering.logs.items())
        if log.role.kind is FileKind.RANK_LOG and log.work.marks
    ]
    if not logs:
        return {}
    reference = _marks(logs[0])
    return {log.role.base: _offset(_marks(log), reference) for log in logs}


def _marks(log: LogNotes) -> Mapping[_Mark, float]:
    return {key[1:]: seconds for key, seconds in log.work.marks.items()}


def _offset(marks: Mapping[_Mark, float], reference: Mapping[_Mark, float]) -> float:
    apart = [seconds - reference[key] for key, seconds in marks.items() if key in reference]
    offset = median(apart) if apart else 0.0
    return offset if abs(offset) > SAME else 0.0
