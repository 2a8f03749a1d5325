"""The lines of several writers in one file, told apart by their labels: a reader for each of them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Generic, Protocol, TypeVar

from trainwatch.formats.filenames import FileRole
from trainwatch.parsing.labels import Labels
from trainwatch.parsing.lines import Lines
from trainwatch.parsing.reads import Arrival, Read

_HEAD = 160
"""Bytes of a line in which its label stands."""


class Reader(Protocol):
    """Reads the lines of one writer."""

    def read(self, lines: Lines, arrival: Arrival, *, torn: bool = False) -> None:
        """Take the next lines."""

    def finish(self, arrival: Arrival) -> Read:
        """What they gave."""

    def disown(self) -> None:
        """Its lines turn out to be those of several."""


_R = TypeVar("_R", bound=Reader)


class Behind(Generic[_R]):
    """Reads what stands behind labels, each writer's lines as those of a log of his own.

    Args:
        role: What the file's path says.
        make: Makes a reader of one writer's lines.
    """

    def __init__(self, role: FileRole, make: Callable[[FileRole], _R]) -> None:
        self._role = role
        self._make = make
        self._labels = Labels()
        self._readers: dict[bytes, _R] = {}
        self._current: _R | None = None

    @property
    def readers(self) -> Sequence[_R]:
        """Of every writer that has a label, in the order in which they began to write."""
        return tuple(self._readers.values())

    def read(
        self,
        lines: Lines,
        start: int,
        end: int,
        number: int | None,
        arrival: Arrival,
        *,
        torn: bool,
    ) -> bool:
        """Read the line from `start` to before `end` if it has a label; whether it has one."""
        self._current = None
        label = self._labels.find(lines.data[start : min(end, start + _HEAD)])
        if label is None:
            return False
        reader = self._readers.get(label.text)
        if reader is None:
            reader = self._make(replace(self._role, rank=label.rank))
            self._readers[label.text] = reader
        if label.rank is None:  # a host; or a task that turned out to be one
            reader.disown()
        start += len(label.text)
        line = lines.data[start:end] + (b"" if torn or lines.is_part else b"\n")
        reader.read(Lines(line, lines.offset + start, number), arrival, torn=torn)
        self._current = reader if lines.is_part else None
        return True

    def go_on(self, lines: Lines, arrival: Arrival, *, torn: bool) -> bool:
        """Read further refreshes of the last line, if that had a label; whether it had one."""
        if self._current is None:
            return False
        self._current.read(lines, arrival, torn=torn)
        return True

    def finish(self, arrival: Arrival) -> list[Read]:
        """What each of them gave since the last call."""
        return [reader.finish(arrival) for reader in self._readers.values()]
