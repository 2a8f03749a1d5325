"""When a view is to be drawn anew: at once for what is new, once a second in a steady flow."""

import math
import time
from collections.abc import Callable

from trainwatch.events import (
    Event,
    Fault,
    Items,
    LaunchFailed,
    Parsed,
    StepBlock,
    WorkerFailure,
)
from trainwatch.model.snapshot import RunView

NEWS_SECONDS = 1.0
"""Least time between two snapshots because of new lines; the first after quiet does not wait."""

TICK_SECONDS = 1.0
"""A snapshot at least so often: silence is only noticed by ticking."""

ALERT_SECONDS = 0.1
"""Least time before a snapshot that may hold a new alert."""

_SAME_SECONDS = 5.0
_GROWTH = 10.0

Post = Callable[[RunView], None]


class Pace:
    """Posts snapshots no faster than a screen can use them, and no slower than truth demands."""

    def __init__(self, post: Post, clock: Callable[[], float] = time.monotonic) -> None:
        self._post = post
        self._clock = clock
        self._posted = self._news = -math.inf
        self._due, self._urgent = True, False

    @property
    def patience(self) -> float:
        """Seconds until the next snapshot may be due."""
        return max(0.02, self._wait())

    def hurry(self) -> None:
        """The next snapshot is wanted now."""
        self._posted = self._news = -math.inf
        self._due = True

    def offer(
        self, changed: bool, snapshot: Callable[[], RunView], *, urgent: bool = False
    ) -> None:
        """Post a snapshot if it is time for one.

        Args:
            changed: Whether something new was read since the last call.
            snapshot: Makes it.
            urgent: Whether an alert may be in it that was not there before.
        """
        self._due, self._urgent = self._due or changed, self._urgent or urgent
        if self._wait() > 0:
            return
        self._posted = self._clock()
        if self._due:
            self._news = self._posted
        self._due = self._urgent = False
        self._post(snapshot())

    def _wait(self) -> float:
        now = self._clock()
        waits = [self._posted + TICK_SECONDS]
        if self._due:
            waits.append(self._news + NEWS_SECONDS)
        if self._urgent:
            waits.append(self._posted + ALERT_SECONDS)
        return min(waits) - now


class Urgency:
    """Tells from what was read whether an alert may come of it, before anything is judged.

    Too often costs a drawing, too seldom a second.
    """

    def __init__(self) -> None:
        self._told: dict[object, float] = {}
        self._usual: dict[tuple[str, str], float] = {}
        self._urgent = False

    def take(self, parsed: Parsed) -> None:
        """Look at what a feed gave; a listener of the engine."""
        items = parsed.items
        for item in items.drafts if isinstance(items, Items) else items:  # no marker is urgent
            if isinstance(item, StepBlock):
                self._values(item)
            elif isinstance(item, Fault | LaunchFailed | WorkerFailure):
                self._event(item)

    def pop(self) -> bool:
        """Whether there was such a thing since the last call."""
        urgent, self._urgent = self._urgent, False
        return urgent

    def _event(self, event: Event) -> None:
        key = type(event), event.who, getattr(event, "kind", None)
        if event.arrival - self._told.get(key, -math.inf) >= _SAME_SECONDS:
            self._urgent = True
            self._told[key] = event.arrival

    def _values(self, block: StepBlock) -> None:
        """Whether a metric has become NaN, infinite or 0, or has grown beyond what it was."""
        for name, column in block.metrics.items():
            values = abs(column)
            least, most = float(values.min()), float(values.max())  # NaN where one is
            key = block.shape.file, name
            usual, self._usual[key] = self._usual.get(key, math.nan), most
            if not math.isfinite(most):
                self._urgent = self._urgent or math.isfinite(usual) or key not in self._told
                self._told[key] = block.arrival
            elif usual > 0 and (most > _GROWTH * usual or not least):
                self._urgent = True
