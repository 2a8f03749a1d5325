"""The logs of a training that nobody named: files that its processes hold open for writing."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

_NAMED_LIKE_A_LOG = re.compile(
    r"(?:^|/)[^/.][^/]*(?:\.(?:log|out|err|txt|csv|tsv|jsonl|ndjson|stdout|stderr)|[._-]log\.json)$",
    re.IGNORECASE,
)
_NOT_A_TRAININGS = re.compile(r"/(?:wandb|site-packages|proc|sys|dev)/|tfevents")
"""Weights & Biases keeps a copy of the console; each line would be read twice."""

_MOST = 4096


class OpenLogs:
    """Finds new ones at every look.

    Attributes:
        cost: Seconds of processor time that the last look took.
    """

    def __init__(self, root: Path, known: Iterable[str] = ()) -> None:
        """Knows those below the run directory `root`, which need no finding, and `known`."""
        self._own = f"{root}/"
        self._judged: set[str] = set(known)
        self._found = 0
        self._families: set[tuple[str, str]] = set()
        self.cost = 0.0

    def look(self, pids: Iterable[int]) -> list[str]:
        """Absolute paths that were not known before, in order."""
        begin = time.thread_time()
        new = [path for pid in pids for path in self._of(pid)]
        self.cost = time.thread_time() - begin
        self._take(new)
        return sorted(new)

    def told(self, paths: Iterable[str]) -> list[str]:
        """Those of the logs that the training itself told of which were not known before."""
        new = {path for path in paths if path not in self._judged and self._may_be_one(path)}
        new = {path for path in new if os.path.isfile(path)}  # noqa: PTH113
        self._take(new)
        return sorted(new)

    def in_arguments(self, command: Sequence[str], cwd: str, since: float) -> list[str]:
        """Logs in the directories that a command names, such as `--output_dir out`, and their `logs`.

        For logs that are open only while a line is written, where no other was found: what a
        training was told to write into is its own, its working directory may be anybody's.

        Args:
            command: The training's.
            cwd: Where it was started.
            since: Epoch seconds; what was last written before belongs to an earlier training.
        """
        if self._found:
            return []
        words = [word.rpartition("=")[2] for word in command[1:]]
        named = [os.path.join(cwd, word) for word in words if word]  # noqa: PTH118
        places = [place for root in named for place in (root, f"{root}/logs", f"{root}/log")]
        here = {os.path.realpath(place) for place in (cwd, "/")}
        new: list[str] = []
        for place in dict.fromkeys(map(os.path.realpath, places)):
            if place not in here and os.path.isdir(place):  # noqa: PTH112
                new += self._written_in(place, since)
        self._take(new)
        return sorted(new)

    def _written_in(self, directory: str, since: float) -> list[str]:
        try:
            with os.scandir(directory) as entries:
                return [
                    entry.path
                    for entry in entries
                    if entry.path not in self._judged
                    and self._may_be_one(entry.path)
                    and entry.is_file()
                    and entry.stat().st_mtime >= since
                ]
        except OSError:
            return []

    def siblings(self, since: float) -> list[str]:
        """Files beside those that were found, of the same name but for its numbers.

        What a process holds open only for moments is seen by chance, and of a training's logs all
        must be known or none: one rank's, or one attempt's, would be taken for the whole.

        Args:
            since: Epoch seconds; what was last written before belongs to an earlier training.
        """
        new = [path for family in sorted(self._families) for path in self._like(*family, since)]
        self._take(new)
        return sorted(new)

    def _take(self, new: Iterable[str]) -> None:
        for path in new:
            self._found += 1
            self._judged.add(path)
            self._families.add((os.path.dirname(path), _pattern(path)))  # noqa: PTH120

    def _like(self, directory: str, pattern: str, since: float) -> Iterable[str]:
        try:
            with os.scandir(directory) as entries:
                return [
                    entry.path
                    for entry in entries
                    if entry.path not in self._judged
                    and _pattern(entry.path) == pattern
                    and self._may_be_one(entry.path)
                    and entry.is_file()
                    and entry.stat().st_mtime >= since
                ]
        except OSError:
            return []

    def _of(self, pid: int) -> Iterable[str]:
        place = f"/proc/{pid}/fd"
        try:
            handles = os.listdir(place)  # noqa: PTH208
        except OSError:
            return
        for handle in handles:
            try:
                path = os.readlink(f"{place}/{handle}")  # noqa: PTH115
                if path in self._judged or not self._may_be_one(path):
                    continue
                if _is_written(pid, handle) and stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
                    self._judged.add(path)
                    yield path
            except OSError:
                continue

    def _may_be_one(self, path: str) -> bool:
        return (
            self._found < _MOST
            and path.startswith("/")
            and not path.startswith(self._own)
            and path.isprintable()
            and _NAMED_LIKE_A_LOG.search(path) is not None
            and _NOT_A_TRAININGS.search(path) is None
        )


def _pattern(path: str) -> str:
    return re.sub(r"[0-9]+", "#", os.path.basename(path))  # noqa: PTH119


def _is_written(pid: int, handle: str) -> bool:
    with open(f"/proc/{pid}/fdinfo/{handle}", encoding="ascii") as file:  # noqa: PTH123
        for line in file:
            name, _, value = line.partition(":")
            if name == "flags":
                return int(value, 8) & os.O_ACCMODE != os.O_RDONLY
    return False
