"""Follow the files of a run: every byte once, in order, whatever is done to the files meanwhile.

What is by nature lost: in a copytruncate, what the training writes between the copy and the
truncation; in a truncation or deletion, what was not read before, unless the file was still open
here. What is by nature undecidable: a file that is truncated and written anew with the same first
and last bytes, at least as long as what was read, between two looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from trainwatch.events import Chunk, FileEnded, LogFile, SourceItem
from trainwatch.sources import fs, resume, saved
from trainwatch.sources.census import look
from trainwatch.sources.descriptors import Descriptors, FileMovedError
from trainwatch.sources.discover import Skipped
from trainwatch.sources.files import Files
from trainwatch.sources.lanes import Lane
from trainwatch.sources.opening import Opener, Start
from trainwatch.sources.roots import Root, StrPath
from trainwatch.sources.tail import Tail
from trainwatch.sources.tree import Tree

_LEAST_COST = 4 << 10  # of one item against `max_bytes`: opening and asking costs time too


@dataclass(frozen=True, slots=True)
class Limits:
    """What a follower may take.

    Attributes:
        max_bytes: How much one poll delivers at most.
        block_bytes: How long a chunk is at most.
        max_open: How many files are held open; None for a quarter of RLIMIT_NOFILE.
    """

    max_bytes: int = 16 << 20
    block_bytes: int = 1 << 20
    max_open: int | None = None


class Progress(NamedTuple):
    """How far reading has come, in bytes.

    `known` counts what was seen and can be read; files that cannot be read are not in it.
    """

    read: int
    known: int

    @property
    def share(self) -> float:
        """From 0 to 1; 1 where there is nothing."""
        return self.read / self.known if self.known else 1.0


TAIL_BYTES = 256 << 10
_DEFAULT_LIMITS = Limits()


class Follower:
    """Reads the logs under some PATHs as they grow.

    It never raises because of what is in the file system; `problems` has what a user should know.
    Given the same file system and the same `now` it delivers the same. One thread at a time may
    use it.
    """

    def __init__(
        self,
        paths: Sequence[StrPath],
        *,
        start: Start = Start.BEGINNING,
        tail_bytes: int = TAIL_BYTES,
        offsets: Mapping[str, object] | None = None,
        limits: Limits = _DEFAULT_LIMITS,
    ) -> None:
        """Look at nothing yet; `poll` does.

        Args:
            paths: Directories, files and globs; they may come into being later.
            start: Where to begin in the files that are there at first.
            tail_bytes: With `Start.TAIL`, how much of each log to read, rotated parts included.
            offsets: What `offsets()` of an earlier follower of these paths gave: go on from there.
            limits: What it may take.
        """
        self._tree = Tree([Root.of(path) for path in paths])
        self._files = Files(Descriptors(limits.max_open))
        self._opener = Opener(self._files, start, tail_bytes)
        self._saved = saved.load(offsets)
        resume.reserve(self._files, self._saved)
        self._tree.expect(entry.name for entry in self._saved)
        self._limits = limits
        self._read = 0

    def poll(self, now: float, *, max_bytes: int | None = None) -> Iterator[SourceItem]:
        """Look at all files, and deliver what is new.

        The look happens at the call, reading while the result is iterated over; what is not
        fetched from it is delivered by a later poll.

        Args:
            now: Epoch seconds.
            max_bytes: Another bound than the one given at the start.
        """
        files = self._files
        look(files, self._tree, now)
        if self._saved:
            certain = self._tree.is_complete and not files.problems
            self._saved = resume.restore(files, self._saved, certain=certain)
        self._opener.open_new()
        files.first = False
        return self._deliver(self._limits.max_bytes if max_bytes is None else max_bytes)

    def backlog(self) -> int:
        """Bytes that were seen at the last poll and can be delivered by the next ones."""
        waiting = sum(tail.size for tail in self._files.new)
        return waiting + sum(lane.unread for lane in self._files.busy)

    def progress(self) -> Progress:
        """Bytes read so far, of those known so far."""
        return Progress(self._read, self._read + self.backlog())

    def offsets(self) -> dict[str, object]:
        """Where reading stands, as JSON values: all items fetched so far are behind it."""
        return saved.dump(self._files.tails.values(), self._saved)

    @property
    def problems(self) -> Mapping[str, str]:
        """Display name → what is wrong now, in one sentence."""
        return self._tree.problems | self._files.problems

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Files that are not read because of their names or contents; not all where they are many."""
        _, samples = self._tree.skipped()
        by_content = self._files.skipped.items()
        return tuple(Skipped(name, reason) for name, reason in [*samples, *by_content])

    @property
    def roots(self) -> tuple[str, ...]:
        """The PATHs, and those that their run.json name: what a `Waker` should watch."""
        return tuple(root.path for root in self._tree.roots)

    def path_of(self, file: LogFile) -> str | None:
        """Where a file is now, absolute: after a rotation no longer at its name."""
        for tail in self._files.tails.values():
            if tail.file == file:
                return tail.path
        return None

    def close(self) -> None:
        """Close all files."""
        self._files.descriptors.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # --- delivering ---------------------------------------------------------------------------

    def _deliver(self, budget: int) -> Iterator[SourceItem]:
        busy = self._files.busy
        while budget > 0 and busy:
            lane = next(iter(busy))
            del busy[lane]
            item = self._next_item(lane, min(self._limits.block_bytes, budget))
            if item is None:
                continue
            busy[lane] = None  # behind all others: each gets its turn
            size = len(item.data) if isinstance(item, Chunk) else 0
            self._read += size
            budget -= max(_LEAST_COST, size)
            yield item

    def _next_item(self, lane: Lane, limit: int) -> SourceItem | None:
        while lane.tails:
            tail = lane.tails[0]
            if tail.unread:
                return self._read_on(tail, limit)
            if not lane.is_over(tail) or tail.file is None:
                return None
            if not self._has_grown(tail):
                return FileEnded(tail.file, lane.end(tail))
        return None

    def _read_on(self, tail: Tail, limit: int) -> Chunk | None:
        try:
            chunk = tail.read(self._files.descriptors, limit)
        except (FileMovedError, FileNotFoundError):
            chunk = None
        except OSError as error:
            self._files.trouble(tail, error)
            return None
        if chunk is None:  # truncated or taken away since the look
            self._files.again(tail)
        return chunk

    def _has_grown(self, tail: Tail) -> bool:
        """Whether the last lines of a rotated file came after it was looked at.

        The writer had begun the next file by then, so what it wrote to this one is all there now.
        """
        if tail.gone:
            return False
        try:
            size = fs.stat_open(tail.descriptor(self._files.descriptors)).st_size
        except OSError:
            return False
        if size > tail.memory.offset:
            tail.grow(size, self._files.now)
        return tail.unread > 0
