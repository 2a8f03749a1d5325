"""Lines that complain, and that no signature knows: quoted where nothing else says why it ended."""

from collections.abc import Sequence

from trainwatch.diagnose.case import Case
from trainwatch.diagnose.clue import Order
from trainwatch.diagnose.diagnosis import Proof
from trainwatch.diagnose.log import LogNotes
from trainwatch.formats.filenames import FileKind

_QUOTED = 2


def last_complaints(case: Case) -> Sequence[Proof]:
    """The last such lines of each log, behind the newest step in it."""
    found = []
    for _, log in sorted(case.gathering.logs.items()):
        if log.role.kind not in (FileKind.TABLE, FileKind.STATE):
            behind = [line for order, line in log.complaints if not _overtaken(log, order)]
            found += [Proof(line, "it may say why") for line in behind[-_QUOTED:]]
    return found[:_QUOTED]


def _overtaken(log: LogNotes, order: Order) -> bool:
    return any(places and places[-1] > order for places in log.progress.values())
