"""Who waits for whom over all groups, and where that ends.

A rank that others lack in one group is often a victim in another: its tensor group lacks it
because its pipeline group keeps it waiting. At fault are those for whom others wait and who wait
for nobody, and those who wait for each other.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trainwatch.diagnose.recorder.dump import Entry
from trainwatch.diagnose.recorder.groups import Group


@dataclass(frozen=True)
class Message:
    """An open message between two ranks, both global."""

    group: Group
    entry: Entry
    rank: int
    peer: int


@dataclass(frozen=True)
class Waits:
    """Where waiting ends.

    Attributes:
        roots: Ranks that others wait for, directly or not, and that wait for nobody.
        victims: Ranks whose waiting ends at a root or in a circle.
        crossed: Ranks whose waiting ends nowhere: it runs in a circle.
    """

    roots: frozenset[int]
    victims: frozenset[int]
    crossed: frozenset[int]


def messages_of(groups: Iterable[Group]) -> tuple[Message, ...]:
    """The open messages; their ends are counted within the group."""
    found = []
    for group in groups:
        for rank, lane in group.lanes.items():
            for entry in lane.messages:
                peer = _peer(entry, group.members if group.complete else ())
                if peer is not None and peer != rank:
                    found.append(Message(group, entry, rank, peer))
    return tuple(found)


def _peer(entry: Entry, members: tuple[int, ...]) -> int | None:
    if entry.peers is None or entry.op not in {"send", "recv"}:
        return None
    place = entry.peers[1 if entry.op == "send" else 0]
    return members[place] if place < len(members) else None


def follow(waits: Iterable[tuple[int, int]], stuck: frozenset[int]) -> Waits:
    """Follow the waiting to its ends.

    Args:
        waits: Pairs of a rank that waits and one that it waits for.
        stuck: Ranks that are at fault whatever they wait for.
    """
    ahead: dict[int, set[int]] = defaultdict(set)
    behind: dict[int, set[int]] = defaultdict(set)
    for waiter, other in waits:
        if waiter not in stuck:
            ahead[waiter].add(other)
            behind[other].add(waiter)
    roots = (behind.keys() - ahead.keys()) | stuck
    victims = _reached(roots, behind) - roots
    lost = ahead.keys() - victims
    crossed = _circle(lost, behind)
    victims |= lost - crossed
    return Waits(frozenset(roots), frozenset(victims), frozenset(crossed))


def _reached(starts: Iterable[int], edges: Mapping[int, set[int]]) -> set[int]:
    seen, queue = set(starts), list(starts)
    while queue:
        new = edges.get(queue.pop(), set()) - seen
        seen |= new
        queue.extend(new)
    return seen


def _circle(lost: Iterable[int], behind: Mapping[int, set[int]]) -> set[int]:
    """What is left when those for whom nobody waits are taken away, again and again."""
    left = set(lost)
    while outside := {rank for rank in left if not behind.get(rank, set()) & left}:
        left -= outside
    return left
