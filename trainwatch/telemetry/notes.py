"""What could not be sampled: each sentence is said once."""

from __future__ import annotations

import threading

_MOST = 100


class Notes:
    """Collects sentences until they are taken, from any thread; what was said once is not said again."""

    def __init__(self) -> None:
        self._said: set[str] = set()
        self._new: list[str] = []
        self._lock = threading.Lock()

    def add(self, sentence: str) -> None:
        """Say it, if it was not said yet."""
        with self._lock:
            if sentence not in self._said and len(self._said) < _MOST:
                self._said.add(sentence)
                self._new.append(sentence)

    def take(self) -> tuple[str, ...]:
        """What is new."""
        with self._lock:
            new, self._new = tuple(self._new), []
        return new
