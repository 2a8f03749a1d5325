"""How long a rank is usually silent in each phase: its own rhythm, from which a stall is told."""

import math

import numpy as np
from numpy.typing import NDArray

from trainwatch.events import Phase

Times = NDArray[np.float64]

Lull = Phase | tuple[Phase, bool]
"""A silence: the phase, and whether no step of it was printed yet, which takes longer."""

WINDOW = 256
"""Newest gaps of a phase that are remembered."""

_LONGEST = 2
"""Longest gaps that are kept."""

ENOUGH = 5
"""Gaps from which a phase has a history."""


class Rhythm:
    """The gaps between successive records of one writer, by the phase it was silent in.

    Times are seconds of one clock: the log's own, or that of the arrivals.
    """

    def __init__(self) -> None:
        self._gaps: dict[Lull, list[float]] = {}
        self._longest: dict[Lull, list[float]] = {}
        self._seen: dict[Lull, int] = {}
        # A thousand ranks are asked several times a second, and most have nothing new.
        self._usual: dict[tuple[Lull, float], tuple[int, float]] = {}
        self._waiting: dict[Lull, list[float | Times]] = {}
        self._last = math.nan

    def add(self, lull: Lull, times: Times, inside: Lull) -> None:
        """Take the times of successive records.

        Args:
            lull: In which the writer was silent before the first of them.
            times: Seconds; NaN where no time is known, which breaks the rhythm.
            inside: The lull of the silences between them.
        """
        if not len(times):
            return
        self.add_one(lull, float(times[0]))
        if len(times) > 1:
            self._waiting.setdefault(inside, []).append(times[1:] - times[:-1])
        self._last = float(times[-1])

    def add_one(self, lull: Lull, time: float) -> None:
        """Take the time of one record, NaN where it is not known."""
        gap = time - self._last
        self._last = time
        if 0 <= gap < math.inf:
            self._waiting.setdefault(lull, []).append(gap)

    def settle(self) -> None:
        """Remember the gaps that were taken since the last call; they are cheaper together."""
        for lull, gaps in self._waiting.items():
            first = gaps[0]
            if len(gaps) == 1 and isinstance(first, float):
                self._remember(lull, [first])
            else:
                self._remember_many(lull, np.hstack(gaps))
        self._waiting.clear()

    def add_arrival(self, lull: Lull, time: float) -> None:
        """Take the moment at which records arrived; what arrives together has no gaps."""
        if time != self._last:
            self.add_one(lull, time)

    def pause(self) -> None:
        """What comes next follows a restart: the silence before it is no gap."""
        self._last = math.nan

    def history(self, lull: Lull) -> int:
        """How many gaps of a phase were seen."""
        self.settle()
        return self._seen.get(lull, 0)

    def usual(self, lull: Lull, quantile: float) -> float | None:
        """A quantile of the phase's newest gaps in seconds; None without a history."""
        seen = self.history(lull)
        if seen < ENOUGH:
            return None
        known = self._usual.get((lull, quantile))
        if known is None or known[0] != seen:
            gaps = sorted(self._gaps[lull])
            known = self._usual[lull, quantile] = (seen, gaps[int(quantile * (len(gaps) - 1))])
        return known[1]

    def longest(self, lull: Lull | None = None) -> float | None:
        """The longest gap ever seen, of one phase or of all; None where there was none."""
        phases = self._longest.values() if lull is None else [self._longest.get(lull, [])]
        return max((gaps[0] for gaps in phases if gaps), default=None)

    def recurring(self, lull: Lull) -> float | None:
        """The second longest gap ever seen: what came twice is no accident."""
        self.settle()
        longest = self._longest.get(lull, ())
        return longest[1] if len(longest) > 1 else None

    def _remember_many(self, lull: Lull, gaps: Times) -> None:
        # A clock that was set back, or a restart, gives no gap.
        good = gaps
        if not (gaps.min() >= 0 and gaps.max() < math.inf):
            good = gaps[(gaps >= 0) & (gaps < math.inf)]
        if len(good):
            count = len(good)
            longest = np.partition(good, count - 2)[-2:] if count > _LONGEST else good
            self._remember(lull, good[-WINDOW:].tolist(), longest.tolist(), count)

    def _remember(
        self,
        lull: Lull,
        newest: list[float],
        longest: list[float] | None = None,
        count: int = 1,
    ) -> None:
        """Remember gaps by the newest and the longest of them."""
        self._seen[lull] = self._seen.get(lull, 0) + count
        known = [*self._longest.get(lull, ()), *(newest if longest is None else longest)]
        self._longest[lull] = sorted(known, reverse=True)[:_LONGEST]
        self._gaps[lull] = [*self._gaps.get(lull, ()), *newest][-WINDOW:]
