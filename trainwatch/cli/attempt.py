"""The logs of the running attempt, folded as they grow: for the companions that judge a training."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from trainwatch.cli.options import Selection
from trainwatch.cli.readbefore import read_before
from trainwatch.cli.reading import new_engine, run_info
from trainwatch.errors import TrainwatchError
from trainwatch.events import Chunk
from trainwatch.sources import Follower, discover
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.record import read_record

_LONG_BEFORE = 3600.0
"""Seconds before the start of a run in which a log may have been written by it: the clock of a file
server may be behind."""


class Attempt:
    """Follows the newest attempt of a run, which is judged by what it writes itself.

    Attributes:
        engine: Its fold.
        written: Bytes of its logs so far.
    """

    def __init__(self, root: Path) -> None:
        """Read nothing yet; raises RunError where `root` is no run directory."""
        record = read_record(root)
        config = Path(record.guard.config) if record.guard.config else None
        self._paths = [str(root)]
        self.engine = new_engine(
            Selection((str(root),), config=config), replace(run_info(self._paths), since=None)
        )
        self.written = 0
        self._before = read_before(RunPaths(root), max(0, len(record.attempts) - 1))
        self._old = _untouched(self._paths, record.started - _LONG_BEFORE)
        self._follower = Follower(self._paths)

    def advance(self, now: float) -> None:
        """Feed what is new, and set the moment."""
        for item in self._follower.poll(now):
            if isinstance(item, Chunk):
                if self._is_foreign(item):
                    continue
                item = self._own(item)  # noqa: PLW2901 - the same place, without what is old
            self.engine.feed(item)
        with contextlib.suppress(TrainwatchError):
            self.engine.info = replace(run_info(self._paths), attempt=0, since=None)
        self.engine.tick(now)

    def close(self) -> None:
        """Let go of the files."""
        self._follower.close()

    def _is_foreign(self, chunk: Chunk) -> bool:
        """Whether a run long before wrote it."""
        size = self._old.get(self._follower.path_of(chunk.file) or "", 0)
        return chunk.offset + len(chunk.data) <= size

    def _own(self, chunk: Chunk) -> Chunk:
        """A chunk in which what earlier attempts wrote is blank; lines and offsets stay."""
        old = 0
        if self._before.known:
            written = self._before.size(self._follower.path_of(chunk.file) or "")
            old = min(max(written - chunk.offset, 0), len(chunk.data))
        self.written += len(chunk.data) - old
        if not old:
            return chunk
        return replace(chunk, data=chunk.data[:old].translate(_BLANK) + chunk.data[old:])


_BLANK = bytes.maketrans(bytes(set(range(256)) - set(b"\n")), b" " * 255)
"""For `bytes.translate`: a blank for everything but the ends of lines."""


def _untouched(paths: Sequence[str], moment: float) -> Mapping[str, int]:
    """The sizes of the logs that nobody wrote to since a moment: of runs before this one."""
    found = {}
    for log in discover(paths, allow_empty=True).files:
        with contextlib.suppress(OSError):
            if Path(log.path).stat().st_mtime < moment:
                found[log.path] = log.size
    return found
