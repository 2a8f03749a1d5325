"""When to paint: trouble at once, everything else about once a second."""

from trainwatch.model.snapshot import RunView
from trainwatch.tui.draw.verdict import worst

STEADY = 1.0
"""Seconds between repaints of a steady flow."""

QUICK = 0.1
"""The same for what must not wait: trouble, and the first line after quiet."""


class Quiet:
    """Knows when log lines last came; a clock that ticks is not news."""

    def __init__(self) -> None:
        self._lines = -1
        self._since = float("-inf")

    def broken(self, view: RunView, now: float, least: float = STEADY) -> bool:
        """Whether this snapshot brings the first lines for a while."""
        if view.tally.lines == self._lines:
            return False
        first = now - self._since > least
        self._lines, self._since = view.tally.lines, now
        return first


def urgent(before: RunView | None, after: RunView) -> bool:
    """Whether a person should see this now."""
    return before is None or _gist(before) != _gist(after)


def _gist(view: RunView) -> tuple[object, ...]:
    found = worst(view.alerts)
    trouble = (found.rule, found.who) if found else None
    return view.status, view.health, view.attempt, trouble, len(view.alerts), view.loaded >= 1


def wait(since_painted: float, *, is_urgent: bool, steady: float = STEADY) -> float:
    """Seconds to wait until the next repaint; 0 for now."""
    return max((min(QUICK, steady) if is_urgent else steady) - since_painted, 0.0)
