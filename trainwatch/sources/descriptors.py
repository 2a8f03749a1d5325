"""Open files, at most so many: a file that is held open can be read to its end after deletion.

The price of holding one is that a deleted file keeps its space until it is closed, so the caller
closes what it is done with. Past the limit the longest unused is closed, and opened again when
there is something to read.
"""

from __future__ import annotations

import errno
import resource
import stat as modes
import weakref
from collections import OrderedDict
from collections.abc import Hashable

from trainwatch.sources import fs
from trainwatch.sources.memory import FileId

_MOST = 2048
_LEAST = 8
_TWO = 2  # a file and its copy are compared while both are open


class FileMovedError(OSError):
    """Another file is at the path than a moment ago; the next look finds out."""


def default_limit() -> int:
    """A quarter of the descriptors that this process may have, at most 2,048."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if soft == resource.RLIM_INFINITY else max(_LEAST, min(_MOST, soft // 4))


class Descriptors:
    """File descriptors by owner, the least recently used closed first."""

    def __init__(self, limit: int | None = None) -> None:
        """Hold at most `limit` files open (by default a quarter of RLIMIT_NOFILE)."""
        self._limit = max(_TWO, limit if limit is not None else default_limit())
        self._open: OrderedDict[Hashable, int] = OrderedDict()
        weakref.finalize(self, _close_all, self._open)

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    def held(self, owner: Hashable) -> int | None:
        """The descriptor of `owner` if it is open."""
        return self._open.get(owner)

    def get(self, owner: Hashable, path: str | None, identity: FileId) -> int:
        """The descriptor of `owner`, opened at `path` if need be.

        Raises:
            FileNotFoundError: There is no path, and none is open.
            FileMovedError: The file at `path` is not the one of this identity.
            OSError: It cannot be opened.
        """
        fd = self._open.get(owner)
        if fd is not None:
            self._open.move_to_end(owner)
            return fd
        if path is None:
            raise FileNotFoundError(errno.ENOENT, "The file is gone")
        fd = self._open_checked(path, identity)
        self._open[owner] = fd
        while len(self._open) > self._limit:
            fs.close(self._open.popitem(last=False)[1])
        return fd

    def drop(self, owner: Hashable) -> None:
        """Close the descriptor of `owner`, if it has one."""
        fd = self._open.pop(owner, None)
        if fd is not None:
            fs.close(fd)

    def hand_over(self, owner: Hashable, heir: Hashable) -> None:
        """Let `heir` have the descriptor of `owner`, if that has one."""
        fd = self._open.pop(owner, None)
        if fd is not None:
            self.drop(heir)
            self._open[heir] = fd

    def close(self) -> None:
        """Close all."""
        _close_all(self._open)

    def _open_checked(self, path: str, identity: FileId) -> int:
        fd = self._open_sparingly(path)
        try:
            status = fs.stat_open(fd)
            if FileId.of(status) != identity or not modes.S_ISREG(status.st_mode):
                raise FileMovedError(errno.ESTALE, "Another file is there now")
        except OSError:
            fs.close(fd)
            raise
        return fd

    def _open_sparingly(self, path: str) -> int:
        """Open, and where the process or the machine has no descriptor left, give up some first."""
        try:
            return fs.open_to_read(path)
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE) or not self._open:
                raise
        self._limit = max(_TWO, len(self._open) // 2)
        while len(self._open) > self._limit:
            fs.close(self._open.popitem(last=False)[1])
        return fs.open_to_read(path)


def _close_all(descriptors: OrderedDict[Hashable, int]) -> None:
    while descriptors:
        fs.close(descriptors.popitem()[1])
