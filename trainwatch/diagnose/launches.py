"""The launches that left logs, and which of them are of one job.

Two logs of one rank are of one launch where they state the same process, or the same markers at the
same times. Behind each other they are attempts of one job; at the same time they are two jobs.
"""

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from trainwatch.diagnose.gather import Gathering
from trainwatch.diagnose.log import LogNotes
from trainwatch.formats.filenames import FileKind
from trainwatch.model.run import FileState, RunState

_SAME = 2.0
"""Seconds by which the markers of one rank may differ between its own logs."""

_START = 5.0
"""The same for the first lines of one launch."""

_OVERLAP = 5.0
"""Seconds that two attempts may overlap, by clocks that differ a little."""

_SLURM = re.compile(r"(?:^|/)slurm-(\d{1,12}(?:_\d{1,9})?)\b")

Key = tuple[str, int]


@dataclass(slots=True)
class Launch:
    """The rank logs of one start.

    Attributes:
        key: Directory, and the attempt as the model numbers it.
        bases: The logs.
        ranks: That have records in them.
        first, last: Seconds of its first and newest time, as stated.
        facts: What its ranks state and no other launch can: their processes, else when they wrote
            their markers.
    """

    key: Key
    bases: list[str] = field(default_factory=list)
    ranks: set[int] = field(default_factory=set)
    first: float | None = None
    last: float | None = None
    pids: dict[Hashable, float] = field(default_factory=dict)
    marks: dict[Hashable, float] = field(default_factory=dict)


def launches_of(run: RunState, gathering: Gathering) -> Sequence[Launch]:
    """The launches that left logs of single ranks; else those of a scheduler's jobs."""
    launches: dict[Key, Launch] = {}
    attempts = run.attempts()
    for base, file in sorted(run.files.items()):
        ranks = {who.rank for who, stream in file.streams.items() if stream.records} - {None}
        if file.role.kind is FileKind.RANK_LOG and ranks:
            key = (_directory(base), attempts.get(base, 0))
            _widen(launches.setdefault(key, Launch(key)), file, gathering.logs.get(base))
    return list(launches.values()) or _scheduled(run, gathering)


def _scheduled(run: RunState, gathering: Gathering) -> Sequence[Launch]:
    """A launch for each job of the scheduler whose output holds records."""
    launches: dict[Key, Launch] = {}
    for base, file in sorted(run.files.items()):
        found = _SLURM.search(base)
        if found and any(stream.records for stream in file.streams.values()):
            key = (f"slurm-{found[1]}", 0)
            _widen(launches.setdefault(key, Launch(key)), file, gathering.logs.get(base))
    return list(launches.values())


def _directory(base: str) -> str:
    """Without what names a rank or an attempt in torchrun's tree."""
    parts = PurePosixPath(base).parts[:-1]
    kept = [part for part in parts if not part.isdecimal() and not part.startswith("attempt_")]
    return "/".join(kept)


def _widen(launch: Launch, file: FileState, log: LogNotes | None) -> None:
    launch.bases.append(file.role.base)
    launch.ranks |= {who.rank or 0 for who, stream in file.streams.items() if stream.records}
    firsts = [s.first_stamp.seconds for s in file.streams.values() if s.first_stamp is not None]
    launch.first = min([*firsts, *([] if launch.first is None else [launch.first])], default=None)
    if log is not None:
        lasts = [stamp.seconds for stamp in log.latest.values()]
        launch.last = max([*lasts, *([] if launch.last is None else [launch.last])], default=None)
        launch.pids |= {who: float(pid) for who, pid in log.work.pids.items()}
        launch.marks.update(log.work.marks.items())


def group_launches(launches: Sequence[Launch]) -> list[list[Launch]]:
    """Launches by job; each is compared with the last of every group."""
    groups: list[list[Launch]] = []
    for launch in sorted(launches, key=lambda one: (one.first or 0.0, one.key)):
        group = next((some for some in groups if not _foreign(some[-1], launch)), None)
        if group is None:
            groups.append([launch])
        else:
            group.append(launch)
    return groups


def _foreign(one: Launch, other: Launch) -> bool:
    """Whether two launches cannot be of one job; other ranks may have a directory of their own."""
    if not one.ranks & other.ranks or _sequel(one, other):
        return False
    for facts, others, apart in (
        (one.pids, other.pids, 0.0),
        (one.marks, other.marks, _SAME),
    ):
        same = _agree(facts, others, apart)
        if same is not None:
            return not same
    if one.first is None or other.first is None:
        return False
    return abs(other.first - one.first) > _START


def _agree(
    facts: Mapping[Hashable, float], others: Mapping[Hashable, float], apart: float
) -> bool | None:
    """Whether two launches state the same; None where they state nothing of one thing."""
    common = facts.keys() & others.keys()
    if not common:
        return None
    return all(abs(facts[key] - others[key]) <= apart for key in common)


def _sequel(one: Launch, other: Launch) -> bool:
    """Whether one began when the other was over: an attempt behind an attempt."""
    if one.last is None or other.first is None:
        return one.key[1] != other.key[1]
    slack = _OVERLAP if one.key[1] != other.key[1] else 0.0
    return other.first >= one.last - slack
