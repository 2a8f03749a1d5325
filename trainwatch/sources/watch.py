"""Wake up when something is written: watchdog as an alarm clock, never as a source of facts.

What has changed is found out by looking; so nothing depends on a notification that is lost, late
or never sent (network file systems, exhausted limits). The caller polls at its own interval and
this only shortens the wait.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Self

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingObserver

from trainwatch.sources import fs
from trainwatch.sources.roots import Root, StrPath
from trainwatch.sources.watchable import Watchable, count_directories, count_watches, watchable

DEBOUNCE_SECONDS = 0.05
BUSY_SECONDS = 0.2
"""How often a caller is woken while so much is written that notifications are switched off."""

_BUSY_EVENTS = 500  # within one second; each costs watchdog 30 µs of this process
_REST_SECONDS = 5.0
_RECHECK_SECONDS = 2.0
_RETRY_SECONDS = 30.0
_CLOSE_SECONDS = 1.0
_MAX_DIRECTORIES = 4096  # the limit on watches is the user's for all programs together

# Without opening and closing: reading the logs would wake the reader.
_EVENTS: list[type[FileSystemEvent]] = [
    FileModifiedEvent,
    FileCreatedEvent,
    FileMovedEvent,
    FileDeletedEvent,
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
]

# It warns of overflows, which matter to nobody here, and would do so on a screen being painted.
logging.getLogger("watchdog").addHandler(logging.NullHandler())


class Waker:
    """Wakes a waiting caller soon after something under some PATHs was written.

    Attributes:
        debounce: Seconds to wait after a first notification, so that a burst wakes once.
    """

    def __init__(self, paths: Sequence[StrPath], *, debounce: float = DEBOUNCE_SECONDS) -> None:
        """Begin to watch, in a thread: large trees take their time, and this returns at once.

        Args:
            paths: Directories, files and globs, as `Discovery.roots` or `Follower.roots` has
                them; what does not exist yet is watched when it does.
            debounce: Seconds.
        """
        self.debounce = debounce
        self._roots = tuple(dict.fromkeys(Root.of(path) for path in paths))
        self._alarm = threading.Event()
        self._closed = threading.Event()
        self._nudge = threading.Event()
        self._resting = threading.Event()
        self._reason: str | None = "The directories are not watched yet."
        self._thread = threading.Thread(target=self._keep, name="trainwatch-waker", daemon=True)
        self._thread.start()

    @property
    def reason(self) -> str | None:
        """Why a change may be noticed only by polling, in one sentence; None when it is not so."""
        return self._reason

    def watch(self, paths: Sequence[StrPath]) -> None:
        """Watch these PATHs from now on: a run may name further logs after it has begun."""
        roots = tuple(dict.fromkeys(Root.of(path) for path in paths))
        if roots != self._roots:
            self._roots = roots
            self._nudge.set()

    def wait(self, timeout: float) -> bool:
        """Wait for a change, at most `timeout` seconds (and the debounce).

        Returns:
            Whether something was written; never after `close`.
        """
        if self._resting.is_set():
            return not self._closed.wait(min(timeout, max(BUSY_SECONDS, self.debounce)))
        if not self._alarm.wait(timeout) or self._closed.wait(self.debounce):
            return False
        self._alarm.clear()
        return True

    def wake(self) -> None:
        """Let a caller that waits return at once; somebody wants something of it."""
        self._alarm.set()

    def close(self) -> None:
        """Stop watching; a caller that waits returns. A second call does nothing."""
        self._closed.set()
        self._alarm.set()
        self._nudge.set()
        if self._thread is not threading.current_thread():
            self._thread.join(_CLOSE_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # --- the thread that keeps watch ----------------------------------------------------------

    def _keep(self) -> None:
        watch: _Watch | None = None
        while not self._closed.is_set():
            watch = self._renewed(watch)
            self._nudge.wait(_RECHECK_SECONDS)
            self._nudge.clear()
            if watch is not None and watch.is_overrun and not self._closed.is_set():
                self._rest(watch)
                watch = None
        if watch is not None:
            watch.stop()

    def _renewed(self, watch: _Watch | None) -> _Watch | None:
        """Watch anew where directories have come, gone or been replaced."""
        wanted = watchable(self._roots)
        if watch is not None and watch.serves(wanted):
            return watch
        if watch is not None:
            watch.stop()
        watch = _Watch(wanted, self._alarm.set, self._nudge.set)
        watch.start()
        self._reason = watch.reason
        self._alarm.set()  # what was written before the watch began made no sound
        return watch

    def _rest(self, watch: _Watch) -> None:
        """Stop listening for a while: whoever is woken all the time can as well look all the time."""
        self._resting.set()
        watch.stop()
        self._closed.wait(_REST_SECONDS)
        self._resting.clear()


class _Watch(FileSystemEventHandler):
    """One set of directories being watched, or the reason why they are not."""

    def __init__(
        self,
        wanted: Mapping[str, Watchable],
        alarm: Callable[[], None],
        nudge: Callable[[], None],
    ) -> None:
        self.wanted = wanted
        self.reason: str | None = None
        self.retry_at = 0.0
        self.is_overrun = False
        self._is_broken = False
        self._alarm, self._nudge = alarm, nudge
        self._observer: BaseObserver | None = None
        self._count = 0
        self._count_from = time.monotonic()

    def serves(self, wanted: Mapping[str, Watchable]) -> bool:
        """Whether these directories are watched, or need not be tried again yet."""
        if time.monotonic() < self.retry_at:
            return True
        return self.retry_at == 0.0 and self.wanted == wanted and not self._is_broken

    def start(self) -> None:
        """Begin; whatever goes wrong becomes the reason."""
        try:
            self._start()
        except (OSError, RuntimeError) as error:
            self.stop()
            self.retry_at = time.monotonic() + _RETRY_SECONDS
            words = fs.words(error) if isinstance(error, OSError) else str(error)
            self.reason = f"Directories cannot be watched ({words}), so they are polled."

    def _start(self) -> None:
        self._observer = observer = Observer()
        if isinstance(observer, PollingObserver):  # polls every file once more: no help
            self._observer = None
            self.reason = "This system does not tell of changes, so directories are polled."
            return
        expected = sum(self._schedule(observer, path) for path in self.wanted)
        observer.start()
        if count_watches() < expected:  # watchdog passes over subdirectories that it cannot watch
            self.reason = "Not all directories can be watched, so some are only polled."
        elif not self.wanted:
            self.reason = "There is no directory to watch yet."

    def _schedule(self, observer: BaseObserver, path: str) -> int:
        """Watch one directory; how many watches that takes."""
        recursive = self.wanted[path].recursive
        number = count_directories(path, _MAX_DIRECTORIES) if recursive else 1
        if number > _MAX_DIRECTORIES:
            recursive, number = False, 1
            self.reason = (
                f"{path} holds more than {_MAX_DIRECTORIES:,} directories: they are polled."
            )
        observer.schedule(self, path, recursive=recursive, event_filter=_EVENTS)
        return number

    def stop(self) -> None:
        """Stop, however far starting came."""
        observer, self._observer = self._observer, None
        if observer is None:
            return
        observer.stop()
        if observer.is_alive():
            observer.join(_CLOSE_SECONDS)

    def dispatch(self, event: FileSystemEvent) -> None:
        """Called by watchdog, in its thread, for every notification."""
        self._alarm()
        self._count += 1
        if self._count >= _BUSY_EVENTS:
            now = time.monotonic()
            self.is_overrun = now - self._count_from < 1.0
            self._count, self._count_from = 0, now
            if self.is_overrun:
                self._nudge()
        if isinstance(event, DirDeletedEvent) and event.src_path in self.wanted:
            # Watchdog has stopped, and a new directory may already have the same inode number.
            self._is_broken = True
            self._nudge()
