"""The first thing that is wrong in one process group.

Numbers are followed upward. After the first call that does not fit or that somebody lacks, what
stands under later numbers only follows from it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from trainwatch.diagnose.recorder.dump import State
from trainwatch.diagnose.recorder.evidence import Confidence, Kind
from trainwatch.diagnose.recorder.groups import GLOO, Call, Group, Lane
from trainwatch.diagnose.recorder.history import History, history_of
from trainwatch.diagnose.recorder.mismatch import Mismatch, exchanges, mismatch_of

Ranks = tuple[int, ...]
Calls = dict[int, Call]


class Why(Enum):
    """Why an UNDECIDED trouble is."""

    DUMPS = "some ranks' dumps are absent or do not tell"
    STALE = "the dumps are not of one moment"
    NUMBERS = "the ranks do not number their calls alike"


@dataclass(frozen=True)
class Trouble:
    """What is wrong under one number of one group.

    Attributes:
        accused: Ranks that are at fault as far as this group shows.
        blockers: Ranks that the waiting ones cannot go on without.
        waiting: Ranks that are inside and cannot get out.
        unknown: Members of whom the dumps do not tell whether they are inside.
        why: What an UNDECIDED one lacks.
    """

    kind: Kind
    group: Group
    seq: int
    accused: Ranks
    blockers: Ranks
    waiting: Ranks
    confidence: Confidence
    unknown: Ranks = ()
    why: Why = Why.DUMPS


@dataclass(frozen=True)
class Examined:
    """One group, looked through.

    Attributes:
        waits: Pairs of a rank that waits and one that it waits for.
        stuck: Ranks that wait for nobody, though they are inside a call.
    """

    troubles: tuple[Trouble, ...]
    waits: frozenset[tuple[int, int]]
    stuck: frozenset[int]


def examine(group: Group) -> Examined:
    """Look through the open calls of a group."""
    history = history_of(group)
    if not _comparable(group, history):
        return Examined(tuple(_incomparable(group)), frozenset(), frozenset())
    progress = _Progress()
    for seq in group.open_numbers:
        found = list(_under(group, history, seq))
        for trouble in found:
            progress.take(_weaker(trouble) if group.messages else trouble)
        if any(trouble.kind in MISMATCHES for trouble in found):
            break
    return progress.result()


def _weaker(trouble: Trouble) -> Trouble:
    """Batches of messages that have left the ring buffer may have shifted the numbers unseen."""
    return replace(trouble, confidence=Confidence.POSSIBLE)


class _Progress:
    """Keeps the first trouble of a group, whoever is stuck before it, and who waits for whom."""

    def __init__(self) -> None:
        self._troubles: list[Trouble] = []
        self._waits: set[tuple[int, int]] = set()
        self._stuck: set[int] = set()
        self._over = False

    def take(self, trouble: Trouble) -> None:
        self._waits.update((a, b) for a in trouble.waiting for b in trouble.blockers if a != b)
        if self._over:
            return
        if trouble.kind is not Kind.STUCK:
            self._troubles.append(trouble)
            self._over = True
            return
        new = tuple(rank for rank in trouble.accused if rank not in self._stuck)
        if new:
            self._troubles.append(replace(trouble, accused=new))
        if not trouble.blockers:
            self._stuck.update(new)

    def result(self) -> Examined:
        return Examined(tuple(self._troubles), frozenset(self._waits), frozenset(self._stuck))


MISMATCHES = frozenset({Kind.MISMATCH_OP, Kind.MISMATCH_SIZES, Kind.MISMATCH_DTYPE, Kind.UNEVEN})


def _comparable(group: Group, history: History) -> bool:
    """Messages that are sent in batches count as collectives, on the ranks that send them alone."""
    proven = bool(history.agreed) and not history.differing and not group.batches
    return proven if group.messages else history.numbers_agree


def _incomparable(group: Group) -> Iterator[Trouble]:
    for seq in group.open_numbers[:1]:
        waiting, sure = _waiting(group.calls(seq)), Confidence.POSSIBLE
        yield Trouble(Kind.UNDECIDED, group, seq, (), (), waiting, sure, why=Why.NUMBERS)


def _under(group: Group, history: History, seq: int) -> Iterator[Trouble]:
    """All that is wrong under one number."""
    calls = group.calls(seq)
    mismatch = mismatch_of(calls)
    if mismatch is not None:
        yield _mismatched(group, history, seq, calls, mismatch)
        return
    waiting = _waiting(calls)
    missing = tuple(rank for rank, lane in group.lanes.items() if _lacks(lane, seq))
    finished = tuple(rank for rank, lane in group.lanes.items() if lane.finished(seq))
    if missing:
        yield _missing(group, history, seq, calls, missing)
    elif finished and exchanges(calls[waiting[0]]):
        sure = Confidence.LIKELY if len(finished) >= len(waiting) else Confidence.POSSIBLE
        yield Trouble(Kind.STUCK, group, seq, waiting, (), waiting, sure)
    elif not finished:
        yield from _inside(group, seq, calls)


def _waiting(calls: Calls) -> Ranks:
    return tuple(rank for rank, call in calls.items() if call.open)


def _lacks(lane: Lane, seq: int) -> bool:
    return lane.last is not None and lane.last < seq


def _unknown(group: Group, seq: int) -> Ranks:
    """Members without a dump, and those whose dumps do not tell."""
    silent = (
        rank
        for rank, lane in group.lanes.items()
        if seq not in lane.calls and lane.finished(seq) is None
    )
    return tuple(sorted((*group.absent, *silent)))


def _inside(group: Group, seq: int, calls: Calls) -> Iterator[Trouble]:
    """All whose dumps tell are inside: what is left are those who do not tell, or the devices."""
    unknown = _unknown(group, seq)
    waiting = _waiting(calls)
    if unknown or (not group.complete and len(waiting) == 1):
        yield Trouble(
            Kind.UNDECIDED, group, seq, unknown, unknown, waiting, Confidence.POSSIBLE, unknown
        )
        return
    idle = _not_started(group, calls)
    if idle:
        fewer = 2 * len(idle) < len(calls)
        sure = Confidence.LIKELY if fewer else Confidence.POSSIBLE
        yield Trouble(Kind.STUCK, group, seq, idle, idle, waiting, sure)


def _not_started(group: Group, calls: Calls) -> Ranks:
    """Ranks whose devices have not begun what those of others have, where that is recorded."""
    if not any(call.first.state is State.STARTED for call in calls.values()):
        return ()
    return tuple(
        rank
        for rank, call in calls.items()
        if call.first.state is State.SCHEDULED and _timed(group.lanes[rank])
    )


def _timed(lane: Lane) -> bool:
    return any(call.first.started_ns is not None for call in lane.calls.values())


def _missing(group: Group, history: History, seq: int, calls: Calls, missing: Ranks) -> Trouble:
    waiting = _waiting(calls)
    unknown = _unknown(group, seq)
    trouble = Trouble(
        Kind.MISSING, group, seq, missing, missing, waiting, Confidence.LIKELY, unknown
    )
    if _stale(group, history, missing):
        return replace(
            trouble,
            kind=Kind.UNDECIDED,
            blockers=(),
            confidence=Confidence.POSSIBLE,
            unknown=(),
            why=Why.STALE,
        )
    if len(waiting) > len(missing):
        counted = any(group.lanes[rank].counted for rank in missing)
        certain = group.library == GLOO and group.complete and not counted and not unknown
        return replace(trouble, confidence=Confidence.CERTAIN) if certain else trouble
    if any(history.knows(calls[rank]) for rank in waiting):
        return trouble  # as often before: those who are not there are the ones who changed
    if len(waiting) < len(missing):
        return replace(trouble, kind=Kind.EXTRA, accused=waiting, confidence=Confidence.POSSIBLE)
    return replace(trouble, confidence=Confidence.POSSIBLE)


def _stale(group: Group, history: History, missing: Ranks) -> bool:
    """Whether others have finished what they could not have without these ranks."""
    return history.furthest > min(group.lanes[rank].last or 0 for rank in missing)


def _mismatched(
    group: Group, history: History, seq: int, calls: Calls, mismatch: Mismatch
) -> Trouble:
    parties = mismatch.parties
    speakers = [calls[party[0]] for party in parties]
    known = list(map(history.knows, speakers))
    border = mismatch.kind is Kind.MISMATCH_OP and _at_border(history, speakers)
    kind = Kind.UNEVEN if border else mismatch.kind
    unknown = _unknown(group, seq)
    if len(parties[0]) > len(parties[1]) + len(unknown):
        doubted = border or (any(known) and not known[0])
        sure = Confidence.LIKELY if doubted else Confidence.CERTAIN
        guilty = _joined(parties[1:])
    elif any(map(history.repeats, speakers)) and not all(known) and not border:
        sure = Confidence.LIKELY
        guilty = _joined(party for party, old in zip(parties, known, strict=True) if not old)
    else:
        sure, guilty = Confidence.POSSIBLE, _joined(parties)
    rest = tuple(rank for rank in sorted(calls) if rank not in guilty) or guilty
    return Trouble(kind, group, seq, guilty, guilty, rest, sure, unknown)


def _joined(parties: Iterable[Ranks]) -> Ranks:
    return tuple(sorted(rank for party in parties for rank in party))


def _at_border(history: History, calls: list[Call]) -> bool:
    """Whether some begin another iteration while all others leave the loop."""
    opens = list(map(history.opens_iteration, calls))
    leave = (history.leaves(call) for call, open_ in zip(calls, opens, strict=True) if not open_)
    return any(opens) and not all(opens) and all(leave)
