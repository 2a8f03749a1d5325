"""How long each rank has been silent, against how long it is silent as a rule.

Long before a silence is a finding it may be longer than any before it. Then a hang has perhaps begun,
and nobody can tell yet: such a run is not called healthy.
"""

from collections.abc import Iterator
from dataclasses import replace

from trainwatch.diagnose.case import Case
from trainwatch.diagnose.diagnosis import Silence
from trainwatch.events import Phase
from trainwatch.model.moments import epoch_seconds
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

_MANY = 8
"""Lines of which the median tells how often somebody writes."""

_SLOWED, _SLOWED_BY = 3.0, 0.05
"""Times, and seconds, by which it has changed when nobody would call that an accident."""


def silences(case: Case) -> Iterator[Silence]:
    """The silence of each rank, in order."""
    views = {view.who: view for view in case.health.ranks}
    for member in case.crew.ranks:
        if member.who in views:
            yield _in_step(case, member, _quiet(member, views[member.who]))


def _in_step(case: Case, member: Member, one: Silence) -> Silence:
    """By the clock of the first rank, where only a clock that is hours off tells how long it was."""
    ahead = case.offsets.get(member.primary.stream.role.base, 0.0)
    if not ahead or one.seconds is None or one.since is None:
        return one
    stated = case.view.now - epoch_seconds(one.since, case.view.utc_offset)
    return (
        replace(one, seconds=max(0.0, one.seconds + ahead))
        if abs(stated - one.seconds) < 1
        else one
    )


def table_of(case: Case) -> tuple[Silence, ...]:
    """Who wrote nothing, and since when; the longest silent first."""
    known = [one for one in silences(case) if one.seconds is not None]
    return tuple(sorted(known, key=lambda one: (-round(one.seconds or 0.0), one.who.sort_key)))


def slowed(case: Case) -> tuple[float, float] | None:
    """How often the ranks wrote, and how often they do now that all of them have become slow.

    Seconds between two lines of the training; None where one of them is as quick as it was.
    """
    seen = [
        member.primary.stream.rhythm.then_and_now((Phase.TRAINING, False), _MANY)
        for member in case.crew.ranks
    ]
    known = [one for one in seen if one is not None]
    if not known or len(known) < len(seen):
        return None
    if any(now < max(_SLOWED * then, then + _SLOWED_BY) for then, now in known):
        return None
    return min(known, key=lambda one: one[1])


def _quiet(member: Member, view: RankView) -> Silence:
    stream = member.primary.stream
    own, ever = stream.rhythm.longest(stream.lull), stream.rhythm.longest()
    longest = ever if own is None else own
    said = stream.said or stream.last
    often = stream.rhythm.history(stream.lull) >= ENOUGH
    return Silence(
        who=member.who,
        seconds=view.silent_seconds,
        longest=longest,
        known=own is not None,
        usual=_usual(longest, often=often, begun=stream.begun),
        limit=view.silence_limit,
        since=said.stamp if said is not None else None,
        last=view.last.evidence if view.last is not None else None,
    )


def _usual(longest: float | None, *, often: bool, begun: bool) -> float:
    if not begun:
        return max(_STARTING, _SELDOM * (longest or 0.0))
    if longest is None:
        return _UNKNOWN
    return max(_LEAST, (_OFTEN if often else _SELDOM) * longest)


def fallen_silent(case: Case, *, seen_still: bool = False) -> Silence | None:
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
    told = [one for one in silences(case) if one.seconds is not None and one.who not in ended]
    told = [one for one in told if one.who in begun] or told
    if seen_still:
        told = [one if one.longest else replace(one, usual=min(one.usual, _LEAST)) for one in told]
    if not told or not all(one.unusual for one in told):
        return None
    return min(told, key=lambda one: one.seconds or 0.0)
