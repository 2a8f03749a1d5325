"""Reads the files of a run's samplers: bounded ones, appended to, now and then replaced as a whole."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence

from trainwatch.events import Chunk, LogFile
from trainwatch.samples import NAMES

_LARGEST = 64 << 20
"""Bytes of one file that are read: a sampler keeps its file far below."""


class SampleFiles:
    """The files of samples in some run directories; other paths hold none.

    Args:
        paths: As given by the user.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._directories = [path for path in paths if os.path.isdir(path)]  # noqa: PTH112
        self._read: dict[str, tuple[LogFile, int, int]] = {}

    def poll(self) -> Iterator[Chunk]:
        """What is new since the last call; a replaced file comes again with the next generation."""
        for path in self._paths():
            try:
                yield from self._new(path)
            except OSError:  # it is just being replaced, or not ours to read
                continue

    def _paths(self) -> Iterator[str]:
        for directory in self._directories:
            try:
                names = sorted(name for name in os.listdir(directory) if NAMES.fullmatch(name))  # noqa: PTH208
            except OSError:
                continue
            yield from (os.path.join(directory, name) for name in names)  # noqa: PTH118

    def _new(self, path: str) -> Iterator[Chunk]:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                return
            file, inode, offset = self._read.get(path, (self._named(path), status.st_ino, 0))
            if status.st_ino != inode or status.st_size < offset:
                file, offset = LogFile(file.name, file.generation + 1), 0
            data = os.pread(handle, max(0, _LARGEST - offset), offset)
        finally:
            os.close(handle)
        self._read[path] = (file, status.st_ino, offset + len(data))
        if data:
            yield Chunk(file, offset, data, status.st_mtime)

    def _named(self, path: str) -> LogFile:
        alone = len(self._directories) == 1
        return LogFile(os.path.relpath(path, self._directories[0]) if alone else path)
