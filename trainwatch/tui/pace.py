"""When to paint: trouble at once, everything else about once a second."""

from trainwatch.model.snapshot import RunView
from trainwatch.tui.verdict import worst

STEADY = 1.0
"""Seconds between repaints of a steady flow."""

QUICK = 0.25
"""The same for what must not wait; the first change after quiet does not wait at all."""


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
