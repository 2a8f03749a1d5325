"""The newest lines of all logs, for people to read; most pass by without being looked at."""

from collections import deque
from collections.abc import Sequence

from trainwatch.events import LogLine

RECENT = 1000
"""Newest lines that are kept; parsing keeps as many of each feed, so that the size of the feeds does
not show."""


class RecentLines:
    """Takes the newest lines of every feed, and quotes only those that are asked for."""

    def __init__(self) -> None:
        self._lines: deque[LogLine] = deque(maxlen=RECENT)
        self._waiting: deque[Sequence[LogLine]] = deque()
        self._count = 0

    def add(self, lines: Sequence[LogLine]) -> None:
        """Take the newest lines of one feed."""
        if not lines:
            return
        self._waiting.append(lines)
        self._count += len(lines)
        while self._count - len(self._waiting[0]) >= RECENT:
            self._count -= len(self._waiting.popleft())

    def newest(self) -> Sequence[LogLine]:
        """The newest lines, oldest first; not to be changed."""
        for lines in self._waiting:
            self._lines.extend(lines)
        self._waiting.clear()
        self._count = 0
        return self._lines
