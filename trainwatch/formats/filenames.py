"""What a log file's path says: what sort of log it is, whose, of which attempt."""

import re
from dataclasses import dataclass
from enum import IntEnum


class FileKind(IntEnum):
    """Sorts of logs; where several print the same steps, the lowest is the primary source."""

    RANK_LOG = 0
    MAIN_LOG = 1
    CONSOLE = 2
    TABLE = 3
    STATE = 4
    """Hugging Face's `trainer_state.json`: what a checkpoint knew, perhaps long ago."""


@dataclass(frozen=True, slots=True)
class FileRole:
    """What is known of a file from its path alone.

    Attributes:
        base: The path without a rotation suffix: the parts of a rotated log are one log.
        kind: Its sort.
        rank: Global rank, where the name states one.
        local_rank: torchrun's local rank, from its log tree.
        attempt: torchrun's restart count, from its log tree, from 0.
        started: `YYYYMMDDHHMMSS` of the run's start, where the name states it.
    """

    base: str
    kind: FileKind
    rank: int | None = None
    local_rank: int | None = None
    attempt: int | None = None
    started: int | None = None


_ROTATION = re.compile(r"(?<=.)(?:\.\d{1,4}|-20\d{6}(?:-?\d{2,6})?)$")
_RANK = re.compile(r"(?:^|(?<!lora)[_\-./])rank[_\-]?(\d{1,7})(?=[_\-./]|$)", re.IGNORECASE)
_TREE = re.compile(r"(?:^|/)attempt_(\d{1,6})/(\d{1,6})/(?:stdout|stderr)\.log$")
_STATE = re.compile(r"(?:^|[/._-])trainer_state\.json$")
_STARTED = re.compile(r"(?<!\d)(20\d{6})[_\-T]?(\d{6})(?!\d)")
_CONSOLE = re.compile(
    r"(?:^|/)(?:console|nohup|stdout|stderr|slurm-|output)[^/]*$|\.(?:out|err|o\d+|e\d+)$",
    re.IGNORECASE,
)


def describe(name: str) -> FileRole:
    """Read a path as shown to the user, such as ``logs/debug_rank0_20231203_143025.log.1``."""
    base = _ROTATION.sub("", name)
    started = _STARTED.search(base)
    stamp = int(started[1] + started[2]) if started else None
    tree = _TREE.search(base)
    if tree:
        return FileRole(base, FileKind.RANK_LOG, None, int(tree[2]), int(tree[1]), stamp)
    if base.lower().endswith((".csv", ".tsv")):
        return FileRole(base, FileKind.TABLE, _rank(base), started=stamp)
    if _STATE.search(base):
        return FileRole(base, FileKind.STATE, started=stamp)
    rank = _rank(base)
    if rank is not None:
        return FileRole(base, FileKind.RANK_LOG, rank, started=stamp)
    kind = FileKind.CONSOLE if _CONSOLE.search(base) else FileKind.MAIN_LOG
    return FileRole(base, kind, started=stamp)


def _rank(base: str) -> int | None:
    # The last one counts: a directory named after one rank may hold the files of another.
    found = _RANK.findall(base)
    return int(found[-1]) if found else None
