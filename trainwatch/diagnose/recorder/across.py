"""Findings that no single group shows: messages nobody answers, circles, and nothing at all."""

from collections.abc import Sequence
from dataclasses import dataclass

from trainwatch.diagnose.recorder import lacking, words
from trainwatch.diagnose.recorder.evidence import Confidence, Finding, Kind, Stand, Where
from trainwatch.diagnose.recorder.groups import Call, Group
from trainwatch.diagnose.recorder.lateness import Habit
from trainwatch.diagnose.recorder.stands import front, message_call, stand_in
from trainwatch.diagnose.recorder.trouble import Examined
from trainwatch.diagnose.recorder.waits import Message, Waits, follow


@dataclass(frozen=True)
class Job:
    """What was found in the groups, and where the waiting ends.

    Attributes:
        strict: The same without messages whose other end is open too: such a pair is at work.
    """

    groups: Sequence[Group]
    examined: Sequence[Examined]
    messages: Sequence[Message]
    waits: Waits
    strict: Waits

    @property
    def crowd(self) -> bool:
        """Whether more ranks wait than are waited for, which tells the two apart."""
        return len(self.waits.victims) > len(self.waits.roots)


def job_of(
    groups: Sequence[Group], examined: Sequence[Examined], messages: Sequence[Message]
) -> Job:
    """Put the groups together."""
    between = {(message.rank, message.peer) for message in messages}
    strict = {pair for each in examined for pair in each.waits}
    strict |= {(rank, peer) for rank, peer in between if (peer, rank) not in between}
    stuck = frozenset(rank for each in examined for rank in each.stuck)
    return Job(groups, examined, messages, follow(strict | between, stuck), follow(strict, stuck))


def awaited(job: Job, named: set[int]) -> list[Finding]:
    """Messages that wait for a rank on which nothing else has put the blame."""
    found: dict[int, Finding] = {}
    for message in job.messages:
        if message.peer in job.waits.roots - named and message.peer not in found:
            found[message.peer] = _of_message(job, message)
    return list(found.values())


def _of_message(job: Job, message: Message) -> Finding:
    entry, ranks = message.entry, (message.peer,)
    dumped = message.peer in message.group.lanes
    other = Stand(message.peer, Where.ABSENT if dumped else Where.UNKNOWN)
    return Finding(
        kind=Kind.MISSING if dumped else Kind.UNDECIDED,
        ranks=ranks,
        waiting=(message.rank,),
        group=message.group.label,
        members=message.group.members,
        op=entry.op,
        seq=entry.p2p_seq,
        confidence=Confidence.LIKELY if job.crowd and dumped else Confidence.POSSIBLE,
        sentence=words.awaited(message, known=dumped),
        refute=words.refute(Kind.MISSING, ranks),
        stands=(stand_in(Where.WAITS, message_call(message.rank, entry)), other),
        missing=() if dumped else lacking.of_dumps(ranks),
        since_ns=entry.created_ns,
        timeout_ms=entry.timeout_ms,
    )


def crossed(job: Job, named: set[int]) -> list[Finding]:
    """Ranks that wait for each other in different calls."""
    ranks = tuple(sorted(job.strict.crossed - named))
    inside = [pair for rank in ranks if (pair := front(job.groups, rank)) is not None]
    if not inside:
        return []
    sides = [(call.rank, f"{call.op} #{call.seq} of {group.label}") for call, group in inside]
    return [
        _of_calls(
            Kind.CROSSED,
            [call for call, _group in inside],
            inside[0][1],
            ranks=ranks,
            waiting=tuple(sorted(job.waits.victims)),
            sentence=words.crossed(ranks, sides),
        )
    ]


def pending(job: Job) -> list[Finding]:
    """The oldest open call, when all are inside it."""
    ranks = {rank for group in job.groups for rank in group.lanes}
    fronts = [pair for rank in ranks if (pair := front(job.groups, rank)) is not None]
    if not fronts:
        return []
    oldest, group = min(fronts, key=lambda pair: pair[0].created_ns or 0)
    inside = [call for call in group.calls(oldest.seq).values() if call.open] or [oldest]
    waiting = tuple(call.rank for call in inside)
    text = words.pending(f"{oldest.op} #{oldest.seq} of {group.label}", waiting, oldest.source)
    return [_of_calls(Kind.PENDING, inside, group, ranks=(), waiting=waiting, sentence=text)]


def _of_calls(
    kind: Kind,
    calls: list[Call],
    group: Group,
    *,
    ranks: tuple[int, ...],
    waiting: tuple[int, ...],
    sentence: str,
) -> Finding:
    first = min(calls, key=lambda call: call.created_ns or 0)
    return Finding(
        kind=kind,
        ranks=ranks,
        waiting=waiting,
        group=group.label,
        members=group.members,
        op=first.op,
        seq=first.seq,
        confidence=Confidence.LIKELY if kind is Kind.CROSSED else Confidence.POSSIBLE,
        sentence=sentence,
        refute=words.refute(kind, ranks),
        stands=tuple(stand_in(Where.WAITS, call) for call in calls),
        since_ns=first.created_ns,
        timeout_ms=first.first.timeout_ms,
        category="collective_mismatch" if kind is Kind.CROSSED else None,
    )


def late(group: Group, habit: Habit) -> Finding:
    """A rank that is late again and again."""
    ranks = (habit.rank,)
    return Finding(
        kind=Kind.LATE,
        ranks=ranks,
        waiting=tuple(rank for rank in group.lanes if rank != habit.rank),
        group=group.label,
        members=group.members,
        op=habit.call.op,
        seq=habit.call.seq,
        confidence=Confidence.LIKELY if habit.clock_agrees else Confidence.POSSIBLE,
        sentence=words.late(habit),
        refute=words.refute(Kind.LATE, ranks),
        stands=(stand_in(Where.FINISHED, habit.call),),
        missing=() if habit.clock_agrees else (lacking.CLOCKS,),
        category="straggler",
    )
