"""The first look into a file: whether to read it, from where, and as the continuation of what."""

from __future__ import annotations

from enum import Enum, auto
from itertools import islice

from trainwatch.sources import fs
from trainwatch.sources.descriptors import FileMovedError
from trainwatch.sources.files import Files
from trainwatch.sources.memory import Memory, is_copy
from trainwatch.sources.names import Age, NaturalKey
from trainwatch.sources.sniff import BLOCK
from trainwatch.sources.tail import Slot, State, Tail, line_start

_FILES_PER_LOOK = 2048
_PROOF = 1024


class Start(Enum):
    """Where reading begins in the files that are there at first; later ones are read whole."""

    BEGINNING = auto()
    TAIL = auto()


class Opener:
    """Opens new files."""

    def __init__(self, files: Files, start: Start, tail_bytes: int) -> None:
        """Begin `tail_bytes` before the end of each log, or at the beginning."""
        self._files = files
        self._tail_bytes = tail_bytes if start is Start.TAIL else None

    def open_new(self) -> None:
        """Look into the files that are new; into many of them not all at once."""
        files = self._files
        for tail in [tail for tail in files.new if not tail.size]:
            del files.new[tail]  # growth brings it back
        waiting = sorted(files.new, key=_slot_key)
        for tail in islice(waiting, _FILES_PER_LOOK):
            del files.new[tail]
            try:
                self._open(tail)
            except FileMovedError:
                files.again(tail)
            except OSError as error:
                files.trouble(tail, error)

    def _open(self, tail: Tail) -> None:
        slot = tail.slot
        if slot is None:
            return
        fd = tail.descriptor(self._files.descriptors)
        head = fs.read_at(fd, BLOCK, 0)
        if tail.kept > tail.size:  # cut once more before it could be opened
            tail.kept = 0
        reason = slot.candidate.reason_against(head)
        if reason is not None:
            tail.state = State.IGNORED
            self._files.skipped[tail.name] = reason
        elif self._goes_on(tail, slot, fd):
            pass
        elif self._is_copy_of_log(tail, slot, fd):
            tail.state = State.COPY
            tail.memory = Memory(head, 0, 1)
        else:
            self._begin(tail, slot, fd, head)

    def _begin(self, tail: Tail, slot: Slot, fd: int, head: bytes) -> None:
        start = self._start(tail, slot, fd, head)
        memory = Memory(head, tail.kept if start is None else start, self._files.keep_bytes())
        if start is None:  # what is there counts as read
            memory.restart(tail.size)
            memory.load(fd)
            tail.memory, tail.state = memory, State.ENDED
            return
        if tail.kept:
            memory.load(fd)
        self._files.begin(tail, memory)

    def _start(self, tail: Tail, slot: Slot, fd: int, head: bytes) -> int | None:
        """Offset at which to begin; None for not at all."""
        if not tail.initial or tail.kept:
            return tail.kept
        if slot.candidate.passive:
            return None
        if self._tail_bytes is None:
            return 0
        family = self._files.family(slot.candidate.base)
        newer = sum(other.size for other in family if other.candidate.age > slot.candidate.age)
        wanted = self._tail_bytes - newer
        if wanted <= 0 and not slot.is_base:
            return None
        return line_start(fd, max(0, tail.size - wanted), tail.size, head)

    def _goes_on(self, tail: Tail, slot: Slot, fd: int) -> bool:
        """Whether a file that was read before and has lost its place goes on in this one.

        rsync and editors put a new file in the place of the old one: all that was read stands in
        it again. Little content proves little: the first lines of two runs are often the same.
        """
        family = self._files.family(slot.candidate.base)
        for other in family:
            if other.previous is not None and (other.previous.slot or other.previous.gone):
                other.previous = None
        lost = [other.previous for other in family if other.previous is not None]
        same = [one for one in lost if self._is_same_log(one, tail, fd)]
        if same:
            self._files.move(max(same, key=lambda one: one.memory.offset), slot)
        return bool(same)

    def _is_same_log(self, lost: Tail, tail: Tail, fd: int) -> bool:
        if lost.state not in (State.LIVE, State.ENDED):
            return False
        if self._was_truncated(lost):
            return lost.memory.is_start_of(fd, tail.size)
        return lost.memory.offset >= _PROOF and lost.memory.matches(fd, tail.size, thoroughly=True)

    def _was_truncated(self, lost: Tail) -> bool:
        """Whether a file lost first its content and then its path: then a copy was made, perhaps."""
        fd = self._files.descriptors.held(lost)
        return fd is not None and not lost.memory.matches(fd, fs.stat_open(fd).st_size)

    def _is_copy_of_log(self, tail: Tail, slot: Slot, fd: int) -> bool:
        """Whether a rotated file that appears now is a copy of what is read from the log.

        Then the log is about to be truncated, or was since the last look.
        """
        base = self._files.slots.get(slot.candidate.base)
        log = base.tail if base is not None and base is not slot else None
        if log is None or log.state is not State.LIVE:
            return False
        try:
            log_fd = log.descriptor(self._files.descriptors)
            log_size = fs.stat_open(log_fd).st_size
            if log.memory.matches(log_fd, log_size):
                return is_copy(fd, tail.size, log_fd, log_size)
        except FileMovedError:
            return False  # the log was renamed, not copied
        except OSError:
            pass  # then what is remembered of it must do
        return log.memory.is_start_of(fd, tail.size)


def _slot_key(tail: Tail) -> tuple[NaturalKey, Age, str]:
    return ((), (0, 0, ""), "") if tail.slot is None else tail.slot.sort_key
