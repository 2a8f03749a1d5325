"""Answers what a view asks of the logs, in a thread; a newer request ends an older search."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from trainwatch.cli.logfiles import LogFiles, Superseded
from trainwatch.model.logs import Act, LogRequest, LogScreen
from trainwatch.paging.session import Session

PostLog = Callable[[LogScreen], None]
TOLD_SECONDS = 0.25
"""Seconds after which a search says how far it is."""

_STEADY = frozenset({Act.REFRESH})


class LogDesk:
    """One reader of the logs for one view.

    Args:
        paths: As given by the user.
        post: Takes each screen, in the desk's own thread.
    """

    def __init__(self, paths: Sequence[str], post: PostLog) -> None:
        self._post = post
        self._files = LogFiles(paths, self._watch)
        self._session = Session(self._files)
        self._queue: deque[LogRequest] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._read = 0
        self._began = 0.0
        self._shown = LogScreen()
        self._thread = threading.Thread(target=self._run, name="trainwatch-logs", daemon=True)
        self._thread.start()

    def ask(self, request: LogRequest) -> None:
        """Puts a request behind those that wait; a mere refresh waits for nothing."""
        with self._changed:
            if request.act in _STEADY and self._queue:
                return
            self._queue.append(request)
            self._changed.notify()

    def close(self) -> None:
        """Ends the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def where(self) -> tuple[str, int | None] | None:
        """Path and line of the cursor, for an editor."""
        screen = self._shown
        if not screen.lines:
            return None
        place = screen.lines[screen.cursor].where
        path, before = self._files.path_of(place.file, place.offset)
        return path, screen.number if not before else None

    def _run(self) -> None:
        more = False
        while True:
            with self._changed:
                while not self._queue and not self._closed and not more:
                    self._changed.wait()
                if self._closed:
                    return
                request = self._queue.popleft() if self._queue else None
            if request is not None:
                self._answer(request)
                more = True
            else:
                more = self._count()

    def _answer(self, request: LogRequest) -> None:
        self._began, self._read = time.monotonic(), 0
        try:
            self._files.refresh()
            self._show(self._session.answer(request))
        except Superseded:
            return
        except Exception as error:  # noqa: BLE001 - a view that waits must hear of it
            note = f"the logs cannot be read: {type(error).__name__}: {error}"
            self._show(replace(self._shown, note=note, busy=None))

    def _count(self) -> bool:
        """Counts lines while nobody asks; whether there is more to count."""
        self._began = time.monotonic()
        try:
            more = self._session.count()
            if not more and self._shown.number is None and self._shown.lines:
                self._show(replace(self._session.screen(), note=self._shown.note))
        except Superseded:
            return True
        return more

    def _show(self, screen: LogScreen) -> None:
        self._shown = screen
        self._post(screen)

    def _watch(self, size: int) -> None:
        """Every read: gives up for a newer request, and says how far a long one is."""
        self._read += size
        now = time.monotonic()
        if now - self._began < TOLD_SECONDS:
            return
        if self._closed or any(request.act not in _STEADY for request in self._queue):
            raise Superseded
        if now - self._began > TOLD_SECONDS:
            total = sum(self._files.sizes().values())
            share = min(self._read / total, 1.0) if total else 1.0
            self._began = now
            self._post(replace(self._shown, busy=share))
