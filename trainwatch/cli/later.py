"""A reader that is made in its own thread: the screen is there before what reading needs is loaded."""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from trainwatch.errors import TrainwatchError
from trainwatch.events import RunInfo
from trainwatch.model.logs import LogScreen
from trainwatch.model.snapshot import NO_WISH, RunView, Wish

if TYPE_CHECKING:
    from trainwatch.cli.live import LiveReader
    from trainwatch.cli.pace import Post
    from trainwatch.cli.pair import PairReader
    from trainwatch.diagnose.diagnosis import Diagnosis
    from trainwatch.tui.reader import LogPort


class LaterReader:
    """Stands for the reader that it makes.

    Args:
        make: Makes it; what it says of a wrong configuration is shown as a problem.
    """

    def __init__(self, make: "Callable[[], LiveReader | PairReader]") -> None:
        self._make = make
        self._made = threading.Event()
        self._stopped = False
        self._lock = threading.Lock()
        self._reader: LiveReader | PairReader | None = None
        self._wish = NO_WISH

    @property
    def can_stop(self) -> bool:
        """Once it is known."""
        return self._reader is not None and self._reader.can_stop

    @property
    def can_restart(self) -> bool:
        """Likewise."""
        return self._reader is not None and self._reader.can_restart

    def start(self, post: "Post") -> None:
        """Begin to make the reader, and then to read."""
        threading.Thread(
            target=self._run, args=(post,), name="trainwatch-maker", daemon=True
        ).start()

    def _run(self, post: "Post") -> None:
        try:
            reader = self._make()
        except TrainwatchError as error:
            post(RunView(time.time(), RunInfo(path=""), problems=(str(error),)))
            return
        with self._lock:
            if self._stopped:
                return
            self._reader = reader
            reader.want(self._wish)
            reader.start(post)
        self._made.set()

    def stop(self) -> None:
        """End reading, or see to it that it does not begin."""
        with self._lock:
            self._stopped = True
            if self._reader is not None:
                self._reader.stop()

    def want(self, wish: Wish) -> None:
        """What the next snapshots should hold."""
        self._wish = wish
        if self._reader is not None:
            self._reader.want(wish)

    @property
    def _ready(self) -> "LiveReader | PairReader":
        self._made.wait(60)
        if self._reader is None:
            raise TrainwatchError("nothing is being read")
        return self._reader

    def request_stop_training(self) -> str:
        """As the reader does it."""
        return self._ready.request_stop_training()

    def request_restart_training(self) -> str:
        """Likewise."""
        return self._ready.request_restart_training()

    def open_logs(self, post: Callable[[LogScreen], None]) -> "LogPort":
        """Likewise."""
        return self._ready.open_logs(post)

    def edit(self, path: str, line: int | None) -> str:
        """Likewise."""
        return self._ready.edit(path, line)

    def diagnose(self) -> "Diagnosis":
        """Likewise."""
        return self._ready.diagnose()
