"""Looks for the checkpoints of a run, for the commands and views that show them."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from trainwatch.checkpoints import Saves, look
from trainwatch.errors import TrainwatchError
from trainwatch.events import RunInfo

EVERY = 20.0
"""Seconds between two looks of a view."""


def saves_of(paths: Sequence[str], info: RunInfo) -> Saves:
    """What there is to go on from.

    A run's checkpoints are looked for where `run` was told, else in its working directory; those of
    logs that no run wrote, in the directories given.
    """
    over = info.alive is False or info.ended is not None
    alive = info.alive is True
    return look(_roots(paths, info), time.time(), settled=over, alive=alive)


def _roots(paths: Sequence[str], info: RunInfo) -> Sequence[str]:
    if info.id is None:
        return [path for path in paths if os.path.isdir(path)]  # noqa: PTH112 - never raises
    from trainwatch.supervise.record import read_record  # noqa: PLC0415 - only for our own runs

    try:
        record = read_record(Path(paths[0]))
    except TrainwatchError:
        return []
    return record.restarts.checkpoints or (record.cwd,)


class SavesWatch:
    """Looks every now and then, in a thread of its own: a file system may hang, a view must not.

    Args:
        paths: As the view was given them.
        info: Asks for what is known of the run now.
    """

    def __init__(self, paths: Sequence[str], info: Callable[[], RunInfo]) -> None:
        self._paths = paths
        self._info = info
        self._over = threading.Event()
        self.newest: Saves | None = None

    def start(self) -> None:
        """Begin."""
        threading.Thread(target=self._run, name="trainwatch-saves", daemon=True).start()

    def stop(self) -> None:
        """End with the look that is under way."""
        self._over.set()

    def _run(self) -> None:
        while not self._over.is_set():
            self.newest = saves_of(self._paths, self._info())
            self._over.wait(EVERY)
