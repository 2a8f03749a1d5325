"""Process groups with the calls of each of their ranks side by side.

A group is known by its name and its ranks: different groups may share a name. NCCL lists the ranks
of each group. gloo lists one group, and an empty one as soon as there are several: then only those
ranks are known to be members that have recorded a call.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from trainwatch.diagnose.recorder.counters import Counters, counters_of
from trainwatch.diagnose.recorder.dump import Dump, Entry, Frame, GroupStatus

DEFAULT = "default_pg"
GLOO = "gloo"


@dataclass(frozen=True)
class Call:
    """What one rank enqueued under one number: several entries when they were coalesced."""

    rank: int
    seq: int
    entries: tuple[Entry, ...]

    @property
    def first(self) -> Entry:
        """The entry that stands for the call."""
        return self.entries[0]

    @property
    def op(self) -> str:
        """Its name, or the names of what was coalesced."""
        return "+".join(dict.fromkeys(entry.op for entry in self.entries))

    @cached_property
    def open(self) -> bool:
        """Whether anything of it is not over yet."""
        return not all(entry.finished for entry in self.entries)

    @property
    def source(self) -> Frame | None:
        """The line of the training that made it."""
        return self.first.source

    @property
    def created_ns(self) -> int | None:
        """When it was made, by the clock of the rank."""
        return self.first.created_ns


@dataclass(frozen=True)
class Lane:
    """The calls of one rank in one group.

    Attributes:
        calls: Collectives by their number.
        messages: Open messages to and from other ranks.
        last: The highest number enqueued; 0 when none ever was, None when it is not known.
        done: All numbers up to it are finished, by the group's counters; None when not known.
        counted: Whether `last` rests on the counters alone. NCCL's rise when a call returns, so
            the next call may have been entered.
    """

    rank: int
    calls: Mapping[int, Call]
    messages: tuple[Entry, ...]
    last: int | None
    done: int | None
    counted: bool

    @cached_property
    def newest(self) -> Call | None:
        """The call of the highest number that is recorded."""
        return self.calls[max(self.calls)] if self.calls else None

    def finished(self, seq: int) -> bool | None:
        """Whether the rank is through with a collective; None when that is not recorded."""
        call = self.calls.get(seq)
        if call is not None:
            return not call.open
        if self.done is not None and seq <= self.done:
            return True
        return False if self.last is not None and seq > self.last else None


@dataclass(frozen=True)
class Group:
    """One process group.

    Attributes:
        members: Global ranks in the order of the group; `complete` tells whether these are all.
        lanes: By global rank, for every member whose dump was read.
        absent: Members whose dump is not there.
        messages: Whether ranks exchange messages in it, and `batches` whether several at once:
            NCCL numbers such a batch as a collective, on those ranks alone that take part.
    """

    name: str
    desc: str
    members: tuple[int, ...]
    complete: bool
    lanes: Mapping[int, Lane]
    library: str
    messages: bool
    batches: bool

    @cached_property
    def absent(self) -> tuple[int, ...]:
        return tuple(rank for rank in self.members if rank not in self.lanes)

    @property
    def label(self) -> str:
        """How a sentence calls it."""
        if self.desc == DEFAULT:
            return "the default group"
        return f"group {self.name} ({self.desc})" if self.desc else f"group {self.name}"

    def calls(self, seq: int) -> dict[int, Call]:
        """What each rank has recorded under a number."""
        found = ((rank, lane.calls.get(seq)) for rank, lane in self.lanes.items())
        return {rank: call for rank, call in found if call is not None}

    @cached_property
    def open_numbers(self) -> tuple[int, ...]:
        """The numbers under which at least one rank has an open call, in order."""
        calls = (call for lane in self.lanes.values() for call in lane.calls.values())
        return tuple(sorted({call.seq for call in calls if call.open}))


@dataclass
class _Draft:
    """A group while the dumps are gone through."""

    desc: str = ""
    ranks: tuple[int, ...] = ()
    entries: dict[int, list[Entry]] = field(default_factory=lambda: defaultdict(list))


_Key = tuple[str, tuple[int, ...]]


def groups_of(dumps: Mapping[int, Dump], world: tuple[int, ...]) -> tuple[Group, ...]:
    """All groups of a job, from the dumps of its ranks.

    Args:
        dumps: By global rank.
        world: All global ranks that are known to exist.
    """
    drafts: dict[_Key, _Draft] = defaultdict(_Draft)
    listed = _listed(dumps)
    for (name, ranks), desc in listed.items():
        drafts[name, ranks].desc = desc
    known = _known_to(listed)
    for rank, dump in dumps.items():
        for entry in dump.entries:
            draft = drafts[_key(entry, known.get((rank, entry.group)), world)]
            draft.desc = draft.desc or entry.group_desc
            draft.entries[rank].append(entry)
    counters = counters_of(dumps)
    return tuple(
        _group(key, draft, dumps, counters) for key, draft in sorted(drafts.items(), key=_by_key)
    )


def _listed(dumps: Mapping[int, Dump]) -> dict[_Key, str]:
    """What the dumps list, with what it is for; each rank lists the groups that it is in."""
    return {
        (config.name, config.ranks): config.desc
        for rank, dump in dumps.items()
        for config in dump.configs
        if config.name and rank in config.ranks
    }


def _by_key(item: tuple[_Key, _Draft]) -> _Key:
    return item[0]


def _known_to(listed: Iterable[_Key]) -> dict[tuple[int, str], list[_Key]]:
    """The groups that a rank knows under a name."""
    known: dict[tuple[int, str], list[_Key]] = defaultdict(list)
    for name, ranks in listed:
        for rank in ranks:
            known[rank, name].append((name, ranks))
    return known


def _key(entry: Entry, fitting: list[_Key] | None, world: tuple[int, ...]) -> _Key:
    if fitting is not None and len(fitting) == 1:
        return fitting[0]
    return entry.group, world if entry.group_desc == DEFAULT else ()


def _group(
    key: _Key, draft: _Draft, dumps: Mapping[int, Dump], counters: Mapping[int, Counters]
) -> Group:
    name, ranks = key
    members = ranks or tuple(sorted(draft.entries))
    entries = [entry for lane in draft.entries.values() for entry in lane]
    library = entries[0].library if entries else ""
    messages = any(entry.is_p2p or (entry.p2p_seq or 0) > 0 for entry in entries)
    comparable = not messages and library != GLOO  # gloo's count every operation, not collectives
    lanes = {
        rank: _lane(
            dumps[rank],
            rank,
            draft.entries.get(rank, ()),
            counters[rank].get(name) if comparable else None,
        )
        for rank in members
        if rank in dumps
    }
    batches = messages and any(entry.op == "coalesced" for entry in entries)
    return Group(name, draft.desc, members, bool(ranks), lanes, library, messages, batches)


def _lane(dump: Dump, rank: int, entries: Iterable[Entry], status: GroupStatus | None) -> Lane:
    collectives: dict[int, list[Entry]] = defaultdict(list)
    messages = []
    for entry in _newest_group(entries):
        if entry.is_p2p and not entry.finished:
            messages.append(entry)
        elif not entry.is_p2p and entry.seq is not None:
            collectives[entry.seq].append(entry)
    calls = {seq: Call(rank, seq, tuple(rows)) for seq, rows in collectives.items()}
    last, counted = _last(dump, max(calls, default=None), status)
    done = status.completed if status is not None else None
    return Lane(rank, calls, tuple(messages), last, done, counted)


def _newest_group(entries: Iterable[Entry]) -> list[Entry]:
    """A group that was destroyed and made anew counts from 1 again, under a higher number."""
    every = list(entries)
    newest = max((entry.group_id or 0 for entry in every), default=0)
    return [entry for entry in every if (entry.group_id or 0) == newest]


def _last(dump: Dump, recorded: int | None, status: GroupStatus | None) -> tuple[int | None, bool]:
    """The highest number enqueued, and whether only the counters say so."""
    counted = max(status.enqueued, 0) if status and status.enqueued is not None else None
    if recorded is not None:
        return max(recorded, counted or 0), (counted or 0) > recorded
    if counted is not None:
        return counted, True
    if dump.entries and dump.entries[0].record == 0:  # nothing has left the ring buffer yet
        return 0, False
    return (None, False) if dump.entries or dump.status else (0, True)
