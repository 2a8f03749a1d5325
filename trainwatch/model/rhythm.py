"""How long a rank is usually silent in each phase: its own rhythm, from which a stall is told."""

import math
from collections.abc import Sequence
from statistics import median

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
            self._waiting.setdefault(inside, []).append(times)
        self._last = float(times[-1])

    def add_one(self, lull: Lull, time: float) -> None:
        """Take the time of one record, NaN where it is not known."""
        gap = time - self._last
        self._last = time
        if 0 <= gap < math.inf:
            self._waiting.setdefault(lull, []).append(gap)

    def settle(self) -> None:
        """Remember the gaps that were taken since the last call; they are cheaper together."""
        for lull, waiting in self._waiting.items():
            runs = [one for one in waiting if not isinstance(one, float)]
            single = [one for one in waiting if isinstance(one, float)]
            if runs:
                self._count_runs(lull, runs)
            self._count(lull, len(single), single)
            newest = _newest(waiting)
            if newest:
                self._gaps[lull] = [*self._gaps.get(lull, ()), *newest][-WINDOW:]
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

    def then_and_now(self, lull: Lull, count: int) -> tuple[float, float] | None:
        """The medians of the oldest and of the newest remembered gaps of a phase, `count` of each."""
        self.settle()
        gaps = self._gaps.get(lull, ())
        if len(gaps) < 2 * count:
            return None
        return median(gaps[:count]), median(gaps[-count:])

    def longest(self, lull: Lull | None = None) -> float | None:
        """The longest gap ever seen, of one phase or of all; None where there was none."""
        self.settle()
        phases = self._longest.values() if lull is None else [self._longest.get(lull, [])]
        return max((gaps[0] for gaps in phases if gaps), default=None)

    def recurring(self, lull: Lull) -> float | None:
        """The second longest gap ever seen: what came twice is no accident."""
        self.settle()
        longest = self._longest.get(lull, ())
        return longest[1] if len(longest) > 1 else None

    def _count_runs(self, lull: Lull, runs: list[Times]) -> None:
        times = np.concatenate(runs) if len(runs) > 1 else runs[0]
        gaps = times[1:] - times[:-1]
        between = np.cumsum([len(run) for run in runs[:-1]], dtype=np.int64) - 1
        gaps[between] = 0.0  # what lies between two runs is counted with the records there
        count, known = len(gaps) - len(between), self._longest.get(lull, [])
        # A clock that was set back, or a restart, gives no gap.
        if not (gaps.min() >= 0 and gaps.max() < math.inf):
            gaps[between] = math.nan
            gaps = gaps[(gaps >= 0) & (gaps < math.inf)]
            self._count(lull, len(gaps), np.sort(gaps)[-_LONGEST:].tolist())
        elif len(known) == _LONGEST and gaps.max() <= known[-1]:
            self._count(lull, count, [])
        else:
            gaps[between] = -1.0
            longest = np.partition(gaps, len(gaps) - _LONGEST) if len(gaps) > _LONGEST else gaps
            self._count(lull, count, [gap for gap in longest[-_LONGEST:].tolist() if gap >= 0])

    def _count(self, lull: Lull, count: int, longest: list[float]) -> None:
        """Count gaps, and remember the longest of them."""
        if count:
            self._seen[lull] = self._seen.get(lull, 0) + count
        if longest:
            known = sorted([*self._longest.get(lull, ()), *longest], reverse=True)
            self._longest[lull] = known[:_LONGEST]


def _newest(waiting: Sequence[float | Times]) -> list[float]:
    """The newest gaps of single ones and of runs of times, oldest first."""
    newest: list[float] = []
    for one in reversed(waiting):
        if isinstance(one, float):
            newest.append(one)
        else:
            good = _good(one[1:] - one[:-1]) if len(one) <= 2 * WINDOW else _good_end(one)
            newest += reversed(good)
        if len(newest) >= WINDOW:
            break
    return newest[::-1][-WINDOW:]


def _good(gaps: Times) -> list[float]:
    values: list[float] = gaps[(gaps >= 0) & (gaps < math.inf)].tolist()
    return values


def _good_end(times: Times) -> list[float]:
    """The newest gaps of a long run; nearly always the last ones are good."""
    gaps = _good(times[-WINDOW:] - times[-WINDOW - 1 : -1])
    return gaps if len(gaps) == WINDOW else _good(times[1:] - times[:-1])
