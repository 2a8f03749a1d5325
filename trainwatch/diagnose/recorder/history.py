"""What the ranks of a group did together before: the pattern that tells who left it.

Only calls that every rank with a dump has recorded and finished count. A call is told by its name
and the line of the training that made it, or by its sizes where a dump has no stacks.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from trainwatch.diagnose.recorder.dump import Shape
from trainwatch.diagnose.recorder.groups import Call, Group
from trainwatch.diagnose.recorder.mismatch import needs_all

What = tuple[str, str | tuple[Shape, ...]]
"""A call's name, and its line or its sizes."""

TOLERATED = 0.1
"""Share of finished calls that may differ between ranks before their numbers mean nothing."""


@dataclass(frozen=True)
class History:
    """The finished past of one group.

    Attributes:
        agreed: What all ranks called, by number.
        differing: How many finished numbers hold different calls on different ranks.
        furthest: The highest number that some rank has finished and no rank could have alone; 0
            when there is none.
    """

    agreed: dict[int, What]
    differing: int
    by_line: bool
    furthest: int

    def what(self, call: Call) -> What:
        """The name under which the history would keep a call."""
        return _what(call, by_line=self.by_line)

    def knows(self, call: Call) -> bool:
        """Whether this call followed, earlier too, on the one that stands before it."""
        before, what = self.agreed.get(call.seq - 1), self.what(call)
        return what in self._first if before is None else (before, what) in self._pairs

    def repeats(self, call: Call) -> bool:
        """Whether it followed so more than once: what a start does once is no habit."""
        before, what = self.agreed.get(call.seq - 1), self.what(call)
        return before is not None and self._pairs[before, what] > 1

    def opens_iteration(self, call: Call) -> bool:
        """Whether the call leads from the end of an iteration to the start of the next.

        In a loop, what comes next was first seen after what came before, but for the step back to
        the start. That needs the first calls of the training, which leave the ring buffer in time.
        """
        before, what = self.agreed.get(call.seq - 1), self.what(call)
        if before is None or what not in self._first or min(self.agreed) != 1:
            return False
        return self._first[before] >= self._first[what] and self.knows(call)

    def leaves(self, call: Call) -> bool:
        """Whether the call may come after a loop: it never came before, or came here before."""
        return self.what(call) not in self._first or self.knows(call)

    @property
    def numbers_agree(self) -> bool:
        """Whether one number means the same collective on all ranks."""
        return self.differing <= TOLERATED * (self.differing + len(self.agreed))

    @cached_property
    def _first(self) -> dict[What, int]:
        first: dict[What, int] = {}
        for seq, what in self.agreed.items():
            first.setdefault(what, seq)
        return first

    @cached_property
    def _pairs(self) -> Counter[tuple[What, What]]:
        return Counter(
            (what, self.agreed[seq + 1])
            for seq, what in self.agreed.items()
            if seq + 1 in self.agreed
        )


def history_of(group: Group) -> History:
    """The finished past of a group."""
    lanes = [lane.calls for lane in group.lanes.values() if lane.calls]
    common = set.intersection(*(set(calls) for calls in lanes)) if len(lanes) > 1 else set[int]()
    rows = [[calls[seq] for calls in lanes] for seq in sorted(common)]
    past = [row for row in rows if not any(call.open for call in row)]
    by_line = all(call.source is not None for row in past for call in row)
    agreed, differing = {}, 0
    for row in past:
        if len({call.op for call in row}) > 1:
            differing += 1
        else:
            agreed[row[0].seq] = _what(row[0], by_line=by_line)
    return History(agreed, differing, by_line, _furthest(group))


def _furthest(group: Group) -> int:
    calls = (call for lane in group.lanes.values() for call in lane.calls.values())
    return max((call.seq for call in calls if not call.open and needs_all(call)), default=0)


def _what(call: Call, *, by_line: bool) -> What:
    source = call.source
    if by_line and source is not None:
        return call.op, source.place
    return call.op, call.first.input_sizes
