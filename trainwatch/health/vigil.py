"""When stacks are worth taking: at the moment of a stall, then ever more rarely while it lasts.

A function of successive verdicts and the time; nothing is looked at here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from trainwatch.events import Finding
from trainwatch.health.verdict import Verdict
from trainwatch.model.snapshot import RankStatus

SILENCE = frozenset(("stall", "hang"))
"""Rules whose finding is that somebody is silent."""

_AGAIN = (60.0, 300.0, 1200.0, 3600.0, 4 * 3600.0, 12 * 3600.0, 24 * 3600.0)
"""Seconds from the beginning of a stall to its later looks; after the last one once a day."""

_DAY = 86400.0
_QUIET = 240.0
"""Seconds of silence, a stall or not, after which a look is taken to be on the safe side: torch's
own watchdog may end a hung job after 600, and then it is too late. Each further one takes twice as
much."""

_FLAP = 30.0
_LONGEST_FLAP = 240.0
"""Seconds that each stall that passed by itself delays the next look."""


class Why(StrEnum):
    """Why stacks are taken."""

    STALL = "stall"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Call:
    """What is to be done now.

    Attributes:
        look: Why stacks are to be taken; None: no look, the stall is over.
        findings: What says that it is a stall.
    """

    look: Why | None
    findings: tuple[Finding, ...] = ()


@dataclass(slots=True)
class Vigil:
    """Watches one attempt."""

    _began: float | None = field(default=None, init=False)
    _due: float = field(default=0.0, init=False)
    _looks: int = field(default=0, init=False)
    _passed: int = field(default=0, init=False)
    _last: float = field(default=float("-inf"), init=False)
    _written: int = field(default=-1, init=False)
    _heard: float = field(default=0.0, init=False)
    _patience: float = field(default=_QUIET, init=False)

    def look(self, verdict: Verdict, written: int, now: float) -> Call | None:
        """What is to be done.

        Args:
            verdict: How the run stands.
            written: Bytes of its logs so far.
            now: Epoch seconds; must not run backwards.
        """
        if written != self._written:
            self._written, self._heard = written, now
        findings = tuple(one for one in verdict.findings if one.active and one.rule in SILENCE)
        if findings:
            return self._stalled(findings, now)
        if self._began is not None:
            return self._over()
        if self._quiet(verdict, now) < self._patience:
            return None
        self._patience *= 2
        self._last = now
        return Call(Why.SILENCE)

    def _stalled(self, findings: tuple[Finding, ...], now: float) -> Call | None:
        if self._began is None:
            self._began, self._looks = now, 0
            self._due = max(now, self._last + min(_FLAP * self._passed, _LONGEST_FLAP))
        if now < self._due:
            return None
        self._due = max(self._began + _nth(_AGAIN, self._looks), now + _AGAIN[0])
        self._looks += 1
        self._last = now
        return Call(Why.STALL, findings)

    def _over(self) -> Call | None:
        self._began = None
        if not self._looks:
            return None
        self._passed += 1
        return Call(None)

    def _quiet(self, verdict: Verdict, now: float) -> float:
        """Seconds without a byte, or without progress of any rank that is still at work."""
        silent = [
            rank.silent_seconds
            for rank in verdict.ranks
            if rank.silent_seconds is not None
            and rank.state not in (RankStatus.DEAD, RankStatus.FINISHED)
        ]
        return max(now - self._heard, min(silent, default=0.0))


def _nth(times: Sequence[float], index: int) -> float:
    beyond = max(0, index - len(times) + 1)
    return times[min(index, len(times) - 1)] + beyond * _DAY
