"""The files of one log in the order in which they are read: the rotated ones first."""

from __future__ import annotations

from trainwatch.sources.names import Age
from trainwatch.sources.tail import State, Tail


class Lane:
    """The files of one log that are not read to their end yet; only the first is read from.

    So a reader sees the lines of a log in the order in which they were written, whatever its
    files were called meanwhile.
    """

    __slots__ = ("base", "tails")

    def __init__(self, base: str | None) -> None:
        """A lane for the log at path `base`, or for a single file that goes on after its end."""
        self.base = base
        self.tails: list[Tail] = []

    @property
    def unread(self) -> int:
        """Bytes that were seen and not delivered yet."""
        return sum(tail.unread for tail in self.tails)

    def add(self, tail: Tail) -> None:
        """Take a file in, at its place."""
        tail.lane = self
        self.tails.append(tail)
        self.sort()

    def remove(self, tail: Tail) -> None:
        """Let a file go to another lane."""
        self.tails.remove(tail)
        tail.lane = None

    def sort(self) -> None:
        """Restore the order after files have moved."""
        self.tails.sort(key=_order)

    def is_over(self, tail: Tail) -> bool:
        """Whether the first file has nothing to come, as far as names tell.

        A rotated file may still be written to, until the writer has begun the next one: a new
        but empty log is no sign that it has.
        """
        if tail.gone or tail.deleted:
            return True
        if tail.slot is not None and tail.slot.is_base:
            return False
        return any(later.size > 0 for later in self.tails if later is not tail)

    def end(self, tail: Tail) -> str:
        """Let a file go.

        Returns:
            Why it ended, in words.
        """
        self.remove(tail)
        tail.state = State.ENDED
        reason, tail.gone = tail.gone, None
        if reason is not None:
            return reason
        if tail.deleted:
            return "deleted"
        if tail.slot is None:
            return "the link leads elsewhere now" if tail.linked else "moved away"
        return f"rotated to {tail.slot.candidate.name}" if tail.moved else "rotated"


def _order(tail: Tail) -> tuple[Age, int]:
    return tail.age, tail.number
