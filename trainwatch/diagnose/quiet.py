"""How long each rank has been silent, against how long it is silent as a rule.

Long before a silence is a finding it may be longer than any before it. Then a hang has perhaps begun,
and nobody can tell yet: such a run is not called healthy.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from trainwatch.diagnose.case import Case
from trainwatch.events import RankId
from trainwatch.model.ranks import Member
from trainwatch.model.rhythm import ENOUGH
from trainwatch.model.snapshot import RankStatus, RankView

_LEAST = 8.0
"""Seconds by which a line may come late for no reason: a busy machine, a buffer, a poll."""

_UNKNOWN = 20.0
"""The same where nothing is known of the gaps between lines."""

_STARTING = 60.0
"""The same before the first step: imports, data and the rendezvous take their time."""

_OFTEN, _SELDOM = 1.5, 2.0
"""Times the longest gap, in a phase that was seen often, or seldom if ever."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """The silence of one rank.

    Attributes:
        who: The rank, or the run as a whole.
        seconds: Since its newest progress; None when no time is known.
        longest: Its longest gap before, in this phase, else in any; None where none was seen.
        known: Whether that gap is of this phase.
        usual: Seconds from which it is silent for longer than its own history explains.
        limit: Seconds from which that is a finding.
    """

    who: RankId
    seconds: float | None
    longest: float | None
    known: bool
    usual: float
    limit: float | None

    @property
    def unusual(self) -> bool:
        """Whether it is silent for longer than ever."""
        return self.seconds is not None and self.seconds > self.usual


def quiets(case: Case) -> Iterator[Quiet]:
    """The silence of each rank, in order."""
    views = {view.who: view for view in case.health.ranks}
    for member in case.crew.ranks:
        if member.who in views:
            yield _quiet(member, views[member.who])


def _quiet(member: Member, view: RankView) -> Quiet:
    stream = member.primary.stream
    own, ever = stream.rhythm.longest(stream.lull), stream.rhythm.longest()
    longest = ever if own is None else own
    often = stream.rhythm.history(stream.lull) >= ENOUGH
    return Quiet(
        who=member.who,
        seconds=view.silent_seconds,
        longest=longest,
        known=own is not None,
        usual=_usual(longest, often=often, begun=stream.begun),
        limit=view.silence_limit,
    )


def _usual(longest: float | None, *, often: bool, begun: bool) -> float:
    if not begun:
        return max(_STARTING, _SELDOM * (longest or 0.0))
    if longest is None:
        return _UNKNOWN
    return max(_LEAST, (_OFTEN if often else _SELDOM) * longest)


def fallen_silent(case: Case, *, seen_still: bool = False) -> Quiet | None:
    """Where all ranks are silent for longer than ever, the silence of the one that wrote last.

    Those that are at their end are left out, and of a run that has begun those that have not: their
    logs never say where they are, and have no rhythm.

    Args:
        case: The run.
        seen_still: Whether two looks at its processes showed no motion: where no gap is known, a
            short silence is unusual then.
    """
    over = (RankStatus.FINISHED, RankStatus.DEAD)
    ended = {view.who for view in case.health.ranks if view.state in over}
    begun = {member.who for member in case.crew.ranks if member.primary.stream.begun}
    told = [one for one in quiets(case) if one.seconds is not None and one.who not in ended]
    told = [one for one in told if one.who in begun] or told
    if seen_still:
        told = [one if one.longest else replace(one, usual=min(one.usual, _LEAST)) for one in told]
    if not told or not all(one.unusual for one in told):
        return None
    return min(told, key=lambda one: one.seconds or 0.0)
