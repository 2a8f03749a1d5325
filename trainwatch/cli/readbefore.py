"""How far the logs of a run had been written when its last attempt was inspected.

A log is known by its inode as much as by its path: one that was rotated since is read on where it is
now, and the new file in its place from its beginning.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from trainwatch.errors import TrainwatchError
from trainwatch.formats.filenames import describe
from trainwatch.sources.roots import Naming, Root
from trainwatch.supervise.files import read_json, write_json
from trainwatch.supervise.paths import RunPaths


@dataclass(frozen=True, slots=True)
class ReadBefore:
    """What earlier attempts wrote.

    Attributes:
        known: Of each path the inode and the size in bytes.
    """

    known: Mapping[str, tuple[int, int]]

    def size(self, path: str) -> int:
        """Bytes of this log that an earlier attempt wrote; 0 where it is new or was emptied."""
        try:
            status = os.stat(path)  # noqa: PTH116 - paths of logs are strings
        except OSError:
            return 0
        for earlier, (inode, size) in self.known.items():
            same_log = earlier == path or describe(earlier).base == describe(path).base
            if inode == status.st_ino and same_log:
                return size if size <= status.st_size else 0
        return 0

    def now(self) -> Mapping[str, int]:
        """The same by the paths at which these logs are now."""
        sizes: dict[str, int] = {}
        for earlier in self.known:
            places = [earlier] if self.size(earlier) else _renamed(earlier)
            sizes.update((path, size) for path in places if (size := self.size(path)))
        return sizes

    def with_sizes(self, sizes: Mapping[str, int]) -> ReadBefore:
        """With what was read since."""
        new: dict[str, tuple[int, int]] = {}
        for path, size in sizes.items():
            with contextlib.suppress(OSError):
                new[path] = (os.stat(path).st_ino, size)  # noqa: PTH116
        return ReadBefore({**self.known, **new})


def _renamed(path: str) -> list[str]:
    """Where the rotated parts of a log lie."""
    log = Path(path)
    base = describe(log.name).base
    with contextlib.suppress(OSError):
        return [entry.path for entry in os.scandir(log.parent) if describe(entry.name).base == base]
    return []


def shown_before(root: str, attempt: int) -> Mapping[str, int]:
    """What was written before an attempt of the run in `root`, by the names under which logs are shown."""
    try:
        written = _place(RunPaths(Path(root))).stat().st_mtime_ns
    except OSError:
        return {}
    return _shown_before(root, written, attempt)


@lru_cache(maxsize=8)
def _shown_before(root: str, written: int, attempt: int) -> Mapping[str, int]:
    del written  # a view asks twice a second, and the answer changes once an attempt
    naming = Naming([Root.of(root)])
    sizes = read_before(RunPaths(Path(root)), attempt).now()
    return {naming.display(path): size for path, size in sizes.items()}


def read_before(paths: RunPaths, attempt: int) -> ReadBefore:
    """What was written down; nothing where there is no such file, or no sense in it.

    The last attempt of a run may have been inspected too: what it wrote itself is not before it.
    """
    try:
        document = read_json(_place(paths)).data
        last = document.get("attempt")
        found = document["logs" if last is None or int(last) < attempt else "earlier"]
        return ReadBefore({str(path): (int(ino), int(size)) for path, ino, size in found})
    except (TrainwatchError, KeyError, TypeError, ValueError):
        return ReadBefore({})


def write_before(paths: RunPaths, attempt: int, earlier: ReadBefore, now: ReadBefore) -> None:
    """Writes down what there was before an attempt and is after it, where the disk allows."""
    document = {"attempt": attempt, "earlier": _rows(earlier), "logs": _rows(now)}
    with contextlib.suppress(OSError):
        write_json(_place(paths), {"schema": 1, **document})


def _rows(before: ReadBefore) -> list[list[str | int]]:
    return [[path, inode, size] for path, (inode, size) in before.known.items()]


def _place(paths: RunPaths) -> Path:
    return paths.private / "read.json"
