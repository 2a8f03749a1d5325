"""The state of following a run: its paths, its files, and what is to be done about them."""

from __future__ import annotations

from trainwatch.events import LogFile
from trainwatch.sources import fs
from trainwatch.sources.arrivals import Arrivals
from trainwatch.sources.candidate import Candidate
from trainwatch.sources.descriptors import Descriptors
from trainwatch.sources.lanes import Lane
from trainwatch.sources.memory import FileId, Memory
from trainwatch.sources.names import Reason
from trainwatch.sources.tail import Slot, State, Tail

_KEPT_IN_ALL = 8 << 20
_KEPT_MOST = 32 << 10
_KEPT_LEAST = 512


class Files:
    """Paths, files and lanes of a run.

    Attributes:
        slots: By path.
        tails: By identity, those that still exist.
        new: Files whose first bytes were not looked at yet.
        vacant: Paths at which no regular file stands now.
        loose: Files that have lost their path but are still open.
        busy: Lanes in which there may be something to deliver, the longest waiting first.
        problems: Display name → what is wrong, in one sentence.
        skipped: Display name → why that file is not read.
        now: Epoch second of the current look.
        first: Whether the current look is the first.
    """

    def __init__(self, descriptors: Descriptors) -> None:
        """Know nothing yet."""
        self.descriptors = descriptors
        self.slots: dict[str, Slot] = {}
        self.tails: dict[FileId, Tail] = {}
        self.new: dict[Tail, None] = {}
        self.vacant: dict[Slot, None] = {}
        self.loose: dict[Tail, None] = {}
        self.busy: dict[Lane, None] = {}
        self.problems: dict[str, str] = {}
        self.skipped: dict[str, Reason] = {}
        self.now = 0.0
        self.first = True
        self._families: dict[str, dict[str, Slot]] = {}
        self._lanes: dict[str, Lane] = {}
        self._generations: dict[str, int] = {}
        self._count = 0

    # --- paths --------------------------------------------------------------------------------

    def adopt(self, candidate: Candidate) -> Slot | None:
        """Take in a path; the slot if it is a new one."""
        slot = self.slots.get(candidate.path)
        if slot is not None:
            if slot.candidate is not candidate:
                self._families[slot.candidate.base].pop(candidate.path, None)
                self._families.setdefault(candidate.base, {})[candidate.path] = slot
                slot.rename(candidate)
                if slot.tail is not None:
                    self.queue(slot.tail)
            return None
        slot = self.slots[candidate.path] = Slot(candidate)
        self._families.setdefault(candidate.base, {})[candidate.path] = slot
        return slot

    def abandon(self, slot: Slot) -> None:
        """Forget a path at which nothing stands and nothing is expected."""
        self.problems.pop(slot.candidate.name, None)
        del self.slots[slot.candidate.path]
        family = self._families[slot.candidate.base]
        del family[slot.candidate.path]
        if not family:
            del self._families[slot.candidate.base]

    def family(self, base: str) -> list[Slot]:
        """The paths of a log and its rotated files, the oldest first."""
        return sorted(self._families.get(base, {}).values(), key=lambda slot: slot.sort_key)

    # --- files --------------------------------------------------------------------------------

    def create(self, slot: Slot) -> Tail:
        """Begin to know the file that stands at a path."""
        identity, size = slot.identity, slot.size
        if identity is None:
            raise ValueError(f"There is no file at {slot.candidate.path}")
        found = slot.mtime if self.first else self.now
        self._count += 1
        arrivals = Arrivals(size, found, live=not self.first)
        tail = Tail(identity, self._count, slot.candidate.name, size, arrivals)
        tail.initial = self.first
        tail.attach(slot)
        self.tails[identity] = tail
        self.new[tail] = None
        return tail

    def begin(self, tail: Tail, memory: Memory) -> None:
        """Read a file from where its memory says, as the next generation of its name."""
        if tail.slot is None:
            return
        self.skipped.pop(tail.name, None)
        tail.memory = memory
        tail.file = self._next_generation(tail.name, memory.offset)
        tail.state = State.LIVE
        self._put(tail, self.lane(tail.slot.candidate.base))

    def resume(self, tail: Tail) -> None:
        """Read on in a file that was said to be over: something was written to it all the same."""
        name = tail.name if tail.slot is None else tail.slot.candidate.name
        tail.name, tail.state = name, State.LIVE
        tail.file = self._next_generation(name, tail.memory.offset)
        self._put(tail, Lane(None))

    def take_over(self, tail: Tail, memory: Memory, state: State, file: LogFile | None) -> None:
        """Go on with a file as an earlier reader left it."""
        self.new.pop(tail, None)
        tail.memory, tail.state, tail.file = memory, state, file
        if tail.slot is not None and state is State.LIVE:
            self._put(tail, self.lane(tail.slot.candidate.base))
        self.touch(tail)

    def move(self, tail: Tail, slot: Slot) -> None:
        """Let a file go on in the one that stands at `slot`: a copy of it, or its replacement."""
        self.detach(tail)
        if slot.tail is not None:
            self.descriptors.hand_over(slot.tail, tail)
            self.forget(slot.tail)
        if slot.identity is not None:
            tail.identity = slot.identity
            self.tails[slot.identity] = tail
        tail.attach(slot)
        tail.grow(slot.size, self.now)
        if slot.size < tail.memory.offset:  # more was read than copied
            tail.memory.restart(slot.size)
        self.queue(tail)
        self.touch(tail)

    def mourn(self, file: LogFile, base: str | None) -> None:
        """Tell the end of a file that has vanished while nobody watched."""
        tail = Tail(FileId(0, 0), 0, file.name, 0, Arrivals(0, self.now, live=False))
        tail.file, tail.state, tail.gone = file, State.LIVE, "gone before reading was resumed"
        self._put(tail, Lane(None) if base is None else self.lane(base))

    def touch(self, tail: Tail) -> None:
        """Have a file delivered that may have something to deliver."""
        if tail.state is State.ENDED and tail.unread:
            self.resume(tail)
        elif tail.lane is not None:
            self.busy.setdefault(tail.lane)

    def queue(self, tail: Tail) -> None:
        """Put a file that has moved into its place among the files of the log it belongs to now."""
        lane = tail.lane
        if lane is None:
            return
        self.busy.setdefault(lane)
        base = None if tail.slot is None else tail.slot.candidate.base
        if base is None or lane.base in (None, base):
            lane.sort()
        else:
            lane.remove(tail)
            self._put(tail, self.lane(base))

    def forget(self, tail: Tail) -> None:
        """Know a file no longer."""
        self.descriptors.drop(tail)
        self.new.pop(tail, None)
        self.loose.pop(tail, None)
        if self.tails.get(tail.identity) is tail:
            del self.tails[tail.identity]

    def detach(self, tail: Tail) -> None:
        """See that a content is not at its place any more."""
        if tail.slot is not None:
            tail.slot.tail = None
            tail.slot = None
        self.forget(tail)

    def give_up(self, tail: Tail, reason: str) -> None:
        """Expect nothing more from a file; its end is still to be told if it was begun."""
        self.detach(tail)
        if tail.lane is not None:
            tail.gone = reason
            self.queue(tail)

    # --- what is wrong ------------------------------------------------------------------------

    def trouble(self, tail: Tail, error: OSError) -> None:
        """Note that a file cannot be read, and try again at the next look."""
        self.problems[tail.name] = (
            f"{tail.name} cannot be read ({fs.words(error)}); it is tried again."
        )
        self.again(tail)

    def again(self, tail: Tail) -> None:
        """Have the next look treat a file as changed."""
        if tail.slot is not None:  # else the descriptor is all there is of it
            self.descriptors.drop(tail)
            tail.slot.seen = ()

    def keep_bytes(self) -> int:
        """How many of its last bytes to remember of each file, so that all together stay few."""
        return max(_KEPT_LEAST, min(_KEPT_MOST, _KEPT_IN_ALL // max(1, len(self.slots))))

    # --- generations --------------------------------------------------------------------------

    def reserve(self, file: LogFile) -> None:
        """Number later generations of this name from after this one."""
        self._generations[file.name] = max(self._generations.get(file.name, 0), file.generation + 1)

    def lane(self, base: str) -> Lane:
        """The lane of a log, by its path."""
        return self._lanes.setdefault(base, Lane(base))

    def _put(self, tail: Tail, lane: Lane) -> None:
        lane.add(tail)
        self.busy.setdefault(lane)

    def _next_generation(self, name: str, start: int) -> LogFile:
        generation = self._generations.get(name, 0)
        self._generations[name] = generation + 1
        return LogFile(name, generation, start)
