"""Which files speak for which rank, and which ranks there should be."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trainwatch.diagnose.recorder.dump import Dump, DumpError
from trainwatch.diagnose.recorder.evidence import DumpFile
from trainwatch.diagnose.recorder.groups import DEFAULT
from trainwatch.diagnose.recorder.load import load_dump

MAX_GAP = 4096
"""Ranks that are taken for absent because a higher one exists; more is a wrong number."""


@dataclass(frozen=True)
class Selection:
    """The dumps of a job.

    Attributes:
        dumps: The best of each rank, by rank.
        absent: Ranks that exist and have no readable dump.
        worlds: All ranks of the job as the dumps list them; several when they are of several jobs.
    """

    dumps: Mapping[int, Dump]
    absent: tuple[int, ...]
    worlds: frozenset[tuple[int, ...]]
    files: tuple[DumpFile, ...]
    unreadable: tuple[str, ...]

    @property
    def world(self) -> tuple[int, ...]:
        """All ranks that are known to exist."""
        return tuple(sorted((*self.dumps, *self.absent)))


def select(files: Mapping[str, bytes]) -> Selection:
    """Read all files and keep the best of each rank."""
    read, unreadable = _read(files)
    by_rank: dict[int, list[Dump]] = defaultdict(list)
    for dump in read:
        if dump.rank is not None:
            by_rank[dump.rank].append(dump)
    best = {rank: max(by_rank[rank], key=_quality) for rank in sorted(by_rank)}
    return Selection(
        dumps=best,
        absent=_absent(best),
        worlds=_worlds(best.values()),
        files=tuple(_file(dump, used=best.get(_rank(dump)) is dump) for dump in read),
        unreadable=tuple(unreadable),
    )


def _read(files: Mapping[str, bytes]) -> tuple[list[Dump], list[str]]:
    read, unreadable = [], []
    for name in sorted(files):
        try:
            dump = load_dump(name, files[name])
        except DumpError as error:
            unreadable.append(str(error))
            continue
        read.append(dump)
        if dump.rank is None:
            unreadable.append(f"{name}: neither its name nor its contents tell the rank.")
    return read, unreadable


def _rank(dump: Dump) -> int:
    return -1 if dump.rank is None else dump.rank


def _quality(dump: Dump) -> tuple[int, bool, int, str]:
    """The newest, then the one with stacks, which a pickle has and JSON has not."""
    stacks = any(entry.frames for entry in dump.entries)
    return dump.newest_ns, stacks, len(dump.entries), dump.file


def _absent(dumps: Mapping[int, Dump]) -> tuple[int, ...]:
    """Ranks that a group lists, and numbers below the highest: ranks are counted from 0."""
    listed = {rank for dump in dumps.values() for config in dump.configs for rank in config.ranks}
    highest = max((*dumps, *listed), default=-1)
    counted = range(highest + 1) if highest < MAX_GAP else ()
    return tuple(sorted((listed | set(counted)) - dumps.keys()))


def _worlds(dumps: Iterable[Dump]) -> frozenset[tuple[int, ...]]:
    return frozenset(
        config.ranks
        for dump in dumps
        for config in dump.configs
        if config.ranks and config.desc == DEFAULT
    )


def _file(dump: Dump, *, used: bool) -> DumpFile:
    return DumpFile(dump.file, dump.rank, dump.form, dump.version, len(dump.entries), used)
