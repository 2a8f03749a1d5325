"""How long a rank is usually silent in each phase: its own rhythm, from which a stall is told."""

import math

import numpy as np
from numpy.typing import NDArray

from trainwatch.events import Phase

WINDOW = 256
"""Newest gaps of a phase that are remembered."""

ENOUGH = 5
"""Gaps from which a phase has a history."""


class Rhythm:
    """The gaps between successive records of one writer, by the phase it was silent in.

    Times are seconds of one clock: the log's own, or that of the arrivals.
    """

    def __init__(self) -> None:
        self._gaps: dict[Phase, list[float]] = {}
        self._seen: dict[Phase, int] = {}
        # A thousand ranks are asked several times a second, and most have nothing new.
        self._usual: dict[tuple[Phase, float], tuple[int, float]] = {}
        self._last = math.nan

    def add(self, phase: Phase, times: NDArray[np.float64], inside: Phase) -> None:
        """Take the times of successive records.

        Args:
            phase: In which the writer was silent before the first of them.
            times: Seconds; NaN where no time is known, which breaks the rhythm.
            inside: The phase of the silences between them.
        """
        if not len(times):
            return
        self._remember(phase, np.array([times[0] - self._last]))
        self._remember(inside, np.diff(times))
        self._last = float(times[-1])

    def add_arrival(self, phase: Phase, time: float) -> None:
        """Take the moment at which records arrived; what arrives together has no gaps."""
        if time != self._last:
            self._remember(phase, np.array([time - self._last]))
            self._last = time

    def pause(self) -> None:
        """What comes next follows a restart: the silence before it is no gap."""
        self._last = math.nan

    def history(self, phase: Phase) -> int:
        """How many gaps of a phase were seen."""
        return self._seen.get(phase, 0)

    def usual(self, phase: Phase, quantile: float) -> float | None:
        """A quantile of the phase's newest gaps in seconds; None without a history."""
        seen = self.history(phase)
        if seen < ENOUGH:
            return None
        known = self._usual.get((phase, quantile))
        if known is None or known[0] != seen:
            gaps = sorted(self._gaps[phase])
            known = self._usual[phase, quantile] = (seen, gaps[int(quantile * (len(gaps) - 1))])
        return known[1]

    def _remember(self, phase: Phase, gaps: NDArray[np.float64]) -> None:
        # A clock that was set back, or a restart, gives no gap.
        good = gaps[np.isfinite(gaps) & (gaps >= 0)]
        if not len(good):
            return
        self._seen[phase] = self._seen.get(phase, 0) + len(good)
        self._gaps[phase] = [*self._gaps.get(phase, ()), *good[-WINDOW:].tolist()][-WINDOW:]
