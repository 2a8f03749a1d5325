"""`python -m trainwatch.supervise.spool RUN_DIR ATTEMPT LIMIT KEEP`: a console of bounded size.

Where `--console-limit` is given, the training writes to a hidden file, the spool, and this process
copies it to `console.log`, which it may then cut as it likes: at the end of a line, by a rename.
The training keeps an inherited file under its hands, which neither blocks nor breaks when this
process dies; then the spool grows, and the next copier goes on where this one stopped. What was
copied is given back to the disk by punching holes, so that nothing moves under the writer.

It is a child of the supervisor and outlives its death: it ends when it was asked to, or has lost
its parent, and nobody has the spool open any more.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from trainwatch.errors import RunError
from trainwatch.supervise import files
from trainwatch.supervise.files import PRIVATE
from trainwatch.supervise.journal import Happened, Journal
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.pieces import next_name, pieces

POLL = 0.05
"""Seconds between two looks at a quiet spool."""

_SLOWEST = 0.5
"""Seconds between two looks where one failed, or waits for the last writer to go."""

_BLOCK = 1 << 20
_PAGE = 4096
_PATIENCE = 1 << 20
"""Bytes over the limit after which a carriage return ends a line too: a bar may go on for days."""

_PUNCH_HOLE = 0x01 | 0x02
"""FALLOC_FL_KEEP_SIZE and FALLOC_FL_PUNCH_HOLE."""

_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW


def prepare(paths: RunPaths) -> None:
    """Makes the console before anybody looks for it; raises OSError."""
    os.close(os.open(paths.console, _APPEND, PRIVATE))


class Spool:
    """Copies the spool of a run to its console, and cuts that into pieces.

    How far it came follows from the size of `console.log` and from where in the spool that file
    begins, which is written down before every cut; so a crash at any moment repeats nothing and
    leaves nothing out. Each attempt has a spool of its own and begins a new piece.
    """

    def __init__(self, paths: RunPaths, attempt: int, limit: int, keep: int) -> None:
        """Goes on where the last copier stopped.

        Args:
            paths: Of the run.
            attempt: Whose spool it is, from 0.
            limit: Bytes that no piece is to exceed; a longer line has one of its own.
            keep: How many earlier pieces are kept; 0: all.

        Raises:
            OSError: The files cannot be opened.
        """
        self._paths = paths
        self._limit = limit
        self._keep = keep
        self._journal = Journal(paths.events)
        self._spool = spool = paths.spool(attempt)
        self._source = os.open(
            spool, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE
        )
        if not paths.console.exists() and paths.next_console.exists():
            paths.next_console.rename(paths.console)  # the last copier died between two renames
        self._target = os.open(paths.console, _APPEND, PRIVATE)
        self._size = os.fstat(self._target).st_size
        self._whole = self._size == 0 or _last_byte(paths.console, self._size) == b"\n"
        self._freed = 0
        self._begins = self._beginning()

    @property
    def offset(self) -> int:
        """Bytes of the spool that were copied."""
        return self._begins + self._size

    def pump(self) -> bool:
        """Copies a block; whether there was one. Raises OSError, for example on a full disk."""
        block = os.pread(self._source, _BLOCK, self.offset)
        if len(block) == _BLOCK:  # more is there: no need to tear a line
            block = block[: block.rfind(b"\n") + 1] or block
        copied = bool(block)
        while block:
            end = self._fitting(block)
            if end:
                self._write(block[:end])
                block = block[end:]
            else:
                self.cut()
        self._free()
        return copied

    def cut(self) -> None:
        """Ends this piece and begins another; raises OSError."""
        earlier = pieces(self._paths.root)
        piece = self._paths.root / next_name(earlier, time.time())
        fresh = os.open(self._paths.next_console, _APPEND | os.O_TRUNC, PRIVATE)
        try:
            self._remember({_inode(self._target): self._begins, _inode(fresh): self.offset})
            self._paths.console.rename(piece)
            self._paths.next_console.rename(self._paths.console)
        except OSError:
            os.close(fresh)
            raise
        self._journal.write(Happened.ROTATE, piece=piece.name, bytes=self._size)
        os.close(self._target)
        self._begins, self._target, self._size, self._whole = self.offset, fresh, 0, True
        if self._keep:
            self._drop([*earlier, piece][: -self._keep])

    def close(self) -> None:
        """Lets go of the files; the spool goes too when all of it was copied and nobody has it."""
        done = os.fstat(self._source).st_size == self.offset and not is_written(self._spool)
        os.close(self._source)
        os.close(self._target)
        if done:
            with contextlib.suppress(OSError):
                self._spool.unlink()

    def _fitting(self, block: bytes) -> int:
        """How much of a block belongs to this piece; 0: it ends here."""
        room = max(self._limit - self._size, 0)
        if len(block) <= room:
            return len(block)
        if end := block.rfind(b"\n", 0, room) + 1:
            return end
        if self._whole and self._size:
            return 0
        end = block.find(b"\n") + 1
        if not end and self._size > self._limit + _PATIENCE:
            end = block.find(b"\r") + 1
        return end or len(block)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = os.write(self._target, view)
            self._size += written
            last = bytes(view[written - 1 : written])
            late = self._size > self._limit + _PATIENCE
            self._whole = last == b"\n" or (late and last == b"\r")
            view = view[written:]

    def _free(self) -> None:
        """Gives back to the disk what was copied."""
        end = self.offset // _PAGE * _PAGE
        if end < self._freed + _BLOCK:
            return
        if problem := _punch(self._source, self._freed, end - self._freed):
            self._freed = sys.maxsize
            self._journal.write(Happened.SPOOL, problem=problem)
        else:
            self._freed = end

    def _drop(self, old: Sequence[Path]) -> None:
        for piece in old:
            with contextlib.suppress(OSError):
                size = piece.stat().st_size
                piece.unlink()
                self._journal.write(Happened.DROP, piece=piece.name, bytes=size)

    # --- where the console begins in the spool ----------------------------------------------------

    def _beginning(self) -> int:
        known = self._known().get(_inode(self._target))
        if known is not None:
            return known
        self._begins = -self._size
        if self._size:
            self.cut()
        self._remember({_inode(self._target): self.offset})
        return self._begins

    def _known(self) -> dict[int, int]:
        with contextlib.suppress(RunError, TypeError, ValueError):
            found = files.read_json(self._paths.spooled)
            if found.text("spool") == self._spool.name:
                pairs = found.data.get("begins")
                return {int(inode): int(offset) for inode, offset in pairs or ()}
        return {}

    def _remember(self, begins: dict[int, int]) -> None:
        document = {"schema": 1, "spool": self._spool.name, "begins": list(begins.items())}
        files.write_json(self._paths.spooled, document)


def _inode(handle: int) -> int:
    return os.fstat(handle).st_ino


def _last_byte(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(size - 1)
        return file.read(1)


def _punch(handle: int, offset: int, length: int) -> str | None:
    """Makes a hole in a file; why not, where that is not possible."""
    try:
        allocate = ctypes.CDLL(None, use_errno=True).fallocate
    except (OSError, AttributeError):
        return "this system cannot make holes in files"
    allocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    if allocate(handle, _PUNCH_HOLE, offset, length) == 0:
        return None
    return os.strerror(ctypes.get_errno())


def is_written(path: Path) -> bool:
    """Whether another process that can be looked at has a file open."""
    wanted, me = str(path), str(os.getpid())
    for pid in os.listdir("/proc"):  # noqa: PTH208
        if not pid.isdigit() or pid == me:
            continue
        with contextlib.suppress(OSError):
            place = f"/proc/{pid}/fd"
            for handle in os.listdir(place):  # noqa: PTH208
                with contextlib.suppress(OSError):
                    if os.readlink(f"{place}/{handle}") == wanted:  # noqa: PTH115
                        return True
    return False


def main(root: Path, attempt: int, limit: int, keep: int) -> None:
    """Copy until asked to end, and nobody can write any more."""
    # Who starts it has blocked SIGTERM: asked before it could begin, it still does its work.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    paths, parent = RunPaths(root), os.getppid()
    spool = Spool(paths, attempt, limit, keep)
    while True:
        last_words = signal.SIGTERM in signal.sigpending() or os.getppid() != parent
        over = last_words and not is_written(paths.spool(attempt))
        try:
            moved = spool.pump()
        except OSError:  # a full disk may be emptied; the spool waits
            moved, over = False, False
            time.sleep(_SLOWEST)
        if over and not moved:
            return spool.close()
        if not moved:
            time.sleep(_SLOWEST if last_words else POLL)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
