"""What is remarkable in a stream of values, remembered with its proof while it is folded.

Facts only; whether they make a finding is for the detectors of `health`. Values are looked at in
windows of a fixed count of records, so that any chunking of a log gives the same facts.
"""

import math
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from trainwatch.events import Evidence

WINDOW = 64
"""Records of one window; its median is what later values are compared with."""

FIRST = 3
"""Records after which the first comparison is possible."""

COMPARED = 8
"""Newest window medians that growth is measured against: the smallest of them."""

REMEMBERED = 256
"""Window medians that are kept, from which stagnation is told."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What makes a value remarkable.

    Attributes:
        growth: Factor over the usual value.
        ceiling: Value that is too large whatever came before.
    """

    growth: float = 100.0
    ceiling: float = 1e10


class Spot(NamedTuple):
    """One remarkable value and where it stands."""

    value: float
    usual: float | None
    epoch: float | None
    step: int | None
    evidence: Evidence


class Values(Protocol):
    """Successive values, each of which can be proved."""

    @property
    def values(self) -> NDArray[np.float64]:
        """The values."""

    def spot(self, place: int, usual: float | None) -> Spot:
        """One of them as proof."""


@dataclass(slots=True)
class ValueWatch:
    """Facts about one metric of one writer in one attempt.

    Attributes:
        limits: What makes a value remarkable.
        first_nonfinite: The first NaN or infinity.
        nonfinite_run: How many of the newest values are NaN or infinite without a break.
        first_huge: The first value above the ceiling.
        first_growth: The first value that grew by the factor.
        newest: The newest value that closed a window.
        recovered: Values since the last remarkable one.
        zero_run: How many of the newest values are exactly 0; `first_zero` where that began.
        medians: Of the newest complete windows, oldest first.
    """

    limits: Limits = field(default_factory=Limits)
    first_nonfinite: Spot | None = None
    first_huge: Spot | None = None
    first_growth: Spot | None = None
    first_zero: Spot | None = None
    newest: Spot | None = None
    nonfinite_run: int = 0
    zero_run: int = 0
    recovered: int = 0
    medians: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    seen: int = 0
    _window: list[float] = field(default_factory=list)
    _usual: float | None = None

    def add(self, column: Values) -> None:
        """Take successive values."""
        start, values = 0, column.values
        most = len(values)  # values that are looked at together; fewer around remarkable ones
        while start < len(values):
            if self._usual is not None and not self._window:
                passed = self._ordinary_windows(column, start, min(len(values), start + most))
                start += passed
                most = max(WINDOW, 4 * most if passed else most // 4)
            room = (FIRST if self._usual is None else WINDOW) - len(self._window)
            end = start + max(1, room)
            if start < len(values):
                self._judge(column, start, end)
                if self._close_window(values[start:end]):
                    self.newest = column.spot(min(end, len(values)) - 1, self._usual)
            start = end

    def _ordinary_windows(self, column: Values, start: int, end: int) -> int:
        """Take complete windows at once if nothing in them is remarkable; how many values."""
        values = column.values[start:end]
        count = len(values) // WINDOW
        whole = values[: count * WINDOW]
        if not count or not self._plain(whole):
            return 0
        middle = np.sort(whole.reshape(count, WINDOW), axis=1)[:, WINDOW // 2 - 1 : WINDOW // 2 + 1]
        medians = (middle[:, 0] + middle[:, 1]) / 2
        least = min(self._usual or 0.0, float(np.abs(medians).min()))
        if float(whole.max()) > self.limits.growth * least:
            return 0  # perhaps one grew: they are looked at one after another
        self._pass(len(whole))
        self.medians.extend(medians[-REMEMBERED:].tolist())
        self._usual = self._least_median()
        self.newest = column.spot(start + len(whole) - 1, self._usual)
        return len(whole)

    def _plain(self, values: NDArray[np.float64]) -> bool:
        """Whether all values are finite, not huge and not 0."""
        low, high = float(values.min()), float(values.max())
        if not max(abs(low), abs(high)) <= self.limits.ceiling:  # also for NaN
            return False
        return np.isfinite(low + high) and (low > 0 or high < 0 or not (values == 0).any())

    def _pass(self, count: int) -> None:
        """Note values of which none is remarkable."""
        self.nonfinite_run = self.zero_run = 0
        self.first_zero = None
        self.recovered += count
        self.seen += count

    def _least_median(self) -> float:
        return min(abs(median) for median in list(self.medians)[-COMPARED:])

    def _judge(self, column: Values, start: int, end: int) -> None:
        values = column.values[start:end]

        def first(mask: NDArray[np.bool_]) -> Spot | None:
            return column.spot(start + int(mask.argmax()), self._usual) if mask.any() else None

        usual = self._usual or 0.0
        if self._plain(values) and not 0 < self.limits.growth * usual < float(values.max()):
            self._pass(len(values))
            return
        finite = np.isfinite(values)
        grown = np.zeros(len(values), dtype=bool)
        if self._usual is not None and self._usual > 0:
            grown = finite & (values > self.limits.growth * self._usual)
        huge = finite & (np.abs(values) > self.limits.ceiling)
        self.first_nonfinite = self.first_nonfinite or first(~finite)
        self.first_huge = self.first_huge or first(huge)
        self.first_growth = self.first_growth or first(grown)
        self.nonfinite_run = _run(self.nonfinite_run, ~finite)
        self.recovered = _run(self.recovered, ~(~finite | huge | grown))
        zero = values == 0
        zero_run = _run(self.zero_run, zero)
        if zero_run and (self.zero_run == 0 or zero_run < len(values)):
            begin = np.zeros(len(values), dtype=bool)
            begin[len(values) - min(zero_run, len(values))] = True
            self.first_zero = first(begin)
        elif not zero_run:
            self.first_zero = None
        self.zero_run = zero_run
        self.seen += len(values)

    def _close_window(self, values: NDArray[np.float64]) -> bool:
        self._window += values.tolist()
        if len(self._window) < (FIRST if self._usual is None else WINDOW):
            return False
        finite = sorted(value for value in self._window if math.isfinite(value))
        self._window.clear()
        if finite:
            half = len(finite) // 2
            self.medians.append((finite[half] + finite[~half]) / 2)
            self._usual = self._least_median()
        return True


def _run(before: int, mask: NDArray[np.bool_]) -> int:
    """Length of the unbroken run of True at the end, carried over from before."""
    breaks = np.flatnonzero(~mask)
    return before + len(mask) if not len(breaks) else len(mask) - 1 - int(breaks[-1])
