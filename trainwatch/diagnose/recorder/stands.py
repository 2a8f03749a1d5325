"""Where each rank stands."""

from collections.abc import Iterable

from trainwatch.diagnose.recorder.dump import Entry
from trainwatch.diagnose.recorder.evidence import Stand, Where
from trainwatch.diagnose.recorder.groups import Call, Group, Lane
from trainwatch.diagnose.recorder.trouble import MISMATCHES, Trouble


def stand_in(where: Where, call: Call) -> Stand:
    """A rank that stands in a call, or made it last."""
    entry = call.first
    return Stand(
        rank=call.rank,
        where=where,
        seq=call.seq,
        op=call.op,
        state=entry.state,
        finished=not call.open,
        created_ns=entry.created_ns,
        source=entry.source,
        frames=entry.frames,
    )


def around(trouble: Trouble) -> tuple[Stand, ...]:
    """How every rank of a group stands to the call that is in trouble."""
    calls = trouble.group.calls(trouble.seq)
    return tuple(
        _to_call(trouble, rank, calls.get(rank), trouble.group.lanes.get(rank))
        for rank in trouble.group.members
    )


def _to_call(trouble: Trouble, rank: int, call: Call | None, lane: Lane | None) -> Stand:
    if call is not None and trouble.kind in MISMATCHES and rank in trouble.accused:
        return stand_in(Where.DIFFERS, call)
    if call is not None:
        return stand_in(Where.WAITS if call.open else Where.FINISHED, call)
    finished = lane.finished(trouble.seq) if lane is not None else None
    if lane is None or finished is None:
        return Stand(rank, Where.UNKNOWN)
    where = Where.FINISHED if finished else Where.ABSENT
    return stand_in(where, lane.newest) if lane.newest else Stand(rank, where, lane.last)


def front(groups: Iterable[Group], rank: int) -> tuple[Call, Group] | None:
    """The oldest open call of a rank over all groups, messages included."""
    lanes = ((group, group.lanes[rank]) for group in groups if rank in group.lanes)
    calls = [(call, group) for group, lane in lanes for call in _open(lane)]
    return min(calls, key=lambda pair: pair[0].first.record, default=None)


def _open(lane: Lane) -> list[Call]:
    collectives = [call for call in lane.calls.values() if call.open]
    return collectives + [message_call(lane.rank, entry) for entry in lane.messages]


def message_call(rank: int, entry: Entry) -> Call:
    """A message as a call of its own; its number is that of the messages."""
    return Call(rank, entry.p2p_seq or 0, (entry,))


def newest_of(groups: Iterable[Group], rank: int) -> Stand:
    """Where a rank stands on the whole: in its oldest open call, else at its last one."""
    every = list(groups)
    inside = front(every, rank)
    if inside is not None:
        return stand_in(Where.WAITS, inside[0])
    last = [lane.newest for group in every if (lane := group.lanes.get(rank)) and lane.newest]
    newest = max(last, key=lambda call: call.first.record, default=None)
    return stand_in(Where.FINISHED, newest) if newest else Stand(rank, Where.UNKNOWN)
