"""The logs of the running attempt, folded as they grow: for the companions that judge a training."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

from trainwatch.cli.options import Selection
from trainwatch.cli.readbefore import ReadBefore, read_before
from trainwatch.cli.reading import new_engine, run_info
from trainwatch.errors import TrainwatchError
from trainwatch.events import Chunk, SourceItem
from trainwatch.sources import Follower
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.record import read_record


class Attempt:
    """Follows the newest attempt of a run, which is judged by what it writes itself.

    Attributes:
        engine: Its fold.
    """

    def __init__(self, root: Path) -> None:
        """Read nothing yet; raises RunError where `root` is no run directory."""
        record = read_record(root)
        config = Path(record.guard.config) if record.guard.config else None
        self._paths = [str(root)]
        self.engine = new_engine(
            Selection((str(root),), config=config), replace(run_info(self._paths), since=None)
        )
        self._before = read_before(RunPaths(root))
        self._follower = Follower(self._paths)

    def advance(self, now: float) -> None:
        """Feed what is new, and set the moment."""
        for item in self._follower.poll(now):
            if not _is_old(item, self._follower, self._before):
                self.engine.feed(item)
        with contextlib.suppress(TrainwatchError):
            self.engine.info = replace(run_info(self._paths), attempt=0, since=None)
        self.engine.tick(now)

    def close(self) -> None:
        """Let go of the files."""
        self._follower.close()


def _is_old(item: SourceItem, follower: Follower, before: ReadBefore) -> bool:
    """Whether an earlier attempt wrote it."""
    if not isinstance(item, Chunk) or not before.known:
        return False
    path = follower.path_of(item.file)
    return item.offset + len(item.data) <= before.size(path or "")
