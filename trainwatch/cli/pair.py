"""Two runs side by side: one is watched, the other is only drawn beside it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from trainwatch.cli.live import LiveReader
from trainwatch.cli.pace import Post
from trainwatch.formats.filenames import describe
from trainwatch.model.logs import LogScreen
from trainwatch.model.snapshot import RunView, Wish
from trainwatch.sources import discover

if TYPE_CHECKING:
    from trainwatch.diagnose.diagnosis import Diagnosis
    from trainwatch.tui.reader import LogPort

_BOTH = 2


def are_two_runs(paths: Sequence[str]) -> bool:
    """Whether two directories were given that both hold logs of the same rank, or of none.

    The nodes of one job write logs of different ranks: these belong together.
    """
    if len(paths) != _BOTH or not all(Path(path).is_dir() for path in paths):
        return False
    one, other = (_ranks(path) for path in paths)
    return bool(one & other)


def _ranks(path: str) -> set[int | None]:
    ranks = {describe(log.name).rank for log in discover([path], allow_empty=True).files}
    return ranks - {None} or ranks


class PairReader:
    """A reader of the first run, whose snapshots hold the newest one of the second.

    Args:
        main: Reads the run that is watched.
        beside: Reads the one to compare with.
    """

    def __init__(self, main: LiveReader, beside: LiveReader) -> None:
        self._main, self._beside = main, beside
        self._other: RunView | None = None

    @property
    def can_stop(self) -> bool:
        """As of the run that is watched."""
        return self._main.can_stop

    @property
    def can_restart(self) -> bool:
        """Likewise."""
        return self._main.can_restart

    def start(self, post: Post) -> None:
        """Begin to read both."""
        self._beside.start(self._take)
        self._main.start(lambda view: post(replace(view, beside=self._other)))

    def _take(self, view: RunView) -> None:
        self._other = view

    def stop(self) -> None:
        """End reading."""
        self._main.stop()
        self._beside.stop()

    def want(self, wish: Wish) -> None:
        """Of both."""
        self._beside.want(wish)
        self._main.want(wish)

    def request_stop_training(self) -> str:
        """Of the run that is watched."""
        return self._main.request_stop_training()

    def request_restart_training(self) -> str:
        """Likewise."""
        return self._main.request_restart_training()

    def open_logs(self, post: Callable[[LogScreen], None]) -> "LogPort":
        """The logs of the run that is watched."""
        return self._main.open_logs(post)

    def edit(self, path: str, line: int | None) -> str:
        """Open a file in the user's editor."""
        return self._main.edit(path, line)

    def diagnose(self) -> "Diagnosis":
        """What is wrong with the run that is watched."""
        return self._main.diagnose()
