"""Every system call of this layer, under one roof.

Paths are strings here: with 16,384 files polled twice a second, a `Path` for each call would
cost more than the call. And one place for all calls is one place for a test to let a file system
fail (EIO, ESTALE, no permission) that cannot be made to fail otherwise.
"""

from __future__ import annotations

import glob
import os
import stat as modes

resolve = os.path.join
parent = os.path.dirname
basename = os.path.basename
absolute = os.path.abspath
is_directory = os.path.isdir
is_file = os.path.isfile
exists = os.path.lexists
is_there = os.path.exists
is_link = os.path.islink
real = os.path.realpath
link_target = os.readlink
stat = os.stat
stat_open = os.fstat
scan = os.scandir
common = os.path.commonpath
matches = glob.iglob
read_at = os.pread
close = os.close


def join(directory: str, name: str) -> str:
    """The path of a name in a directory; three times as fast as the general function."""
    return f"{directory}/{name}" if directory != "/" else f"/{name}"


def open_to_read(path: str) -> int:
    """Open without blocking on a fifo and without becoming the terminal of anything.

    Returns:
        The file descriptor.

    Raises:
        OSError: As from open(2).
    """
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)


def read_document(path: str, limit: int) -> bytes:
    """The first `limit` bytes of a regular file.

    Raises:
        OSError: It cannot be read, or is not a regular file.
    """
    fd = open_to_read(path)
    try:
        if not modes.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(f"{path} is not a regular file")
        return os.pread(fd, limit, 0)
    finally:
        os.close(fd)


def read_all(path: str) -> bytes:
    """All of a file that has no size, as those in /proc.

    Raises:
        OSError: It cannot be read.
    """
    fd = open_to_read(path)
    try:
        return b"".join(iter(lambda: os.read(fd, 1 << 16), b""))
    finally:
        os.close(fd)


def printable(path: str) -> str:
    """The path with bytes that are no UTF-8 replaced, so that it can be printed and stored."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def words(error: OSError) -> str:
    """What the system says is wrong, to stand inside a sentence."""
    return (error.strerror or str(error)).lower()
