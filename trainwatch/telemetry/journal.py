"""The file of samples: whole lines, bounded in size, readable after a crash."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from trainwatch.samples import HEAD, thinned
from trainwatch.temporary import PRIVATE, open_beside

LIMIT = 4 << 20
"""Bytes of the file at most. Eight GPUs fill it in about an hour; from then on the newest quarter
of the samples stays as it is, and what is older is thinned evenly over the whole run."""

_MARKS = 200
"""Newest samples in which something happened that thinning keeps."""


class SampleFile:
    """Appends lines to one file, of which this process is the only writer.

    Args:
        path: Of the file.
        limit: Bytes at which it is thinned out.
    """

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        self._path = path
        self._limit = limit

    def append(self, line: str) -> None:
        """Add one line with one write.

        Raises:
            OSError: the disk is full, the directory is gone, …
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        handle = os.open(self._path, flags, PRIVATE)
        try:
            size = os.fstat(handle).st_size
            torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            os.write(handle, b"\n" * torn + line.encode() + b"\n")
        finally:
            os.close(handle)
        if size > self._limit:
            self._thin()

    def _thin(self) -> None:
        """Replace the file by one half as long; a reader finds the old one or the new one."""
        lines = [line for line in self._path.read_bytes().split(b"\n") if line]
        handle, temporary = open_beside(self._path)
        try:
            with open(handle, "wb") as file:  # noqa: PTH123
                file.writelines(lines[index] + b"\n" for index in _staying(lines))
            temporary.replace(self._path)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()


def _staying(lines: list[bytes]) -> list[int]:
    heads = [HEAD.match(line) for line in lines]
    times = [float(head["time"]) if head else 0.0 for head in heads]
    marked = [index for index, head in enumerate(heads) if head and head["marked"]]
    return sorted({*thinned(times, len(lines) // 2), *marked[-_MARKS:]})
