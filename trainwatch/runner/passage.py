"""The training's output on stdout, byte for byte, as `console.log` grows and is cut into pieces.

Writing never blocks: a reader that stands still (a pager, a full pipe) must not keep
signals and the training's end from being seen.
"""

from __future__ import annotations

import errno
import os
import select
import stat
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from trainwatch.supervise.pieces import piece_number, pieces

_BLOCK = 1 << 16

_PIPE = select.PIPE_BUF
"""Bytes that a pipe takes without blocking when `select` calls it ready."""

_PASSING = frozenset({errno.ENOSPC, errno.EDQUOT})
"""A full disk may be emptied."""


class Passage:
    """Copies a growing file to a descriptor.

    Attributes:
        broken: Why nothing can be written any more, or None.
        trouble: Why nothing could be written just now, though later it may; or None.
        missed: Bytes that were read and are not written, because it is broken.
        dropped: Pieces that were removed before they could be read.
    """

    def __init__(self, source: Path, target: int) -> None:
        """Opens the file; raises OSError when it is not there."""
        self._path = source
        self._source = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
        self._target = target
        self._offset = 0
        self._waiting = b""
        self._piece = _BLOCK if _is_file(target) else _PIPE
        self.broken: str | None = None
        self.trouble: str | None = None
        self.missed = 0
        self.dropped = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._source)

    def pump(self) -> bool:
        """Passes one block on, without waiting.

        Returns:
            False when everything has been passed on, or the reader took nothing (`blocked`).
        """
        if not self._waiting:
            self._waiting = self._next()
        if not self._waiting:
            return False
        if self.broken:
            self.missed += len(self._waiting)
            self._waiting = b""
            return True
        return self._write()

    @property
    def blocked(self) -> bool:
        """Whether bytes wait for the reader."""
        return bool(self._waiting)

    def wait(self, seconds: float) -> None:
        """Waits until the reader takes something again, else so many seconds."""
        if self._waiting and not self.trouble:
            select.select([], [self._target], [], seconds)
        else:
            time.sleep(seconds)

    def _next(self) -> bytes:
        while True:
            block = self._read()
            if block or not self._is_cut():
                return block
            # Nobody writes to it any more, but somebody may have since it was read.
            block = self._read()
            if block or not self._turn():
                return block

    def _read(self) -> bytes:
        block = os.pread(self._source, _BLOCK, self._offset)
        if not block and os.fstat(self._source).st_size < self._offset:
            # Somebody emptied the file to save space; what comes next begins at its start.
            self._offset = 0
        self._offset += len(block)
        return block

    def _is_cut(self) -> bool:
        """Whether the file is an earlier piece of the console by now."""
        try:
            return not os.path.samestat(self._path.stat(), os.fstat(self._source))
        except OSError:  # for a moment there is none
            return False

    def _turn(self) -> bool:
        """Goes on with the piece that comes after this one; whether it could."""
        number = piece_number(Path(os.readlink(f"/proc/self/fd/{self._source}")))  # noqa: PTH115
        try:
            later = [one for one in pieces(self._path.parent) if piece_number(one) > number]
            following = os.open(later[0] if later else self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        if not later and any(piece_number(one) > number for one in pieces(self._path.parent)):
            os.close(following)  # it was cut meanwhile, perhaps twice: look again
            return True
        if later and number:
            self.dropped += piece_number(later[0]) - number - 1
        os.close(self._source)
        self._source, self._offset = following, 0
        return True

    def _write(self) -> bool:
        try:
            if not select.select([], [self._target], [], 0)[1]:
                return False
            written = os.write(self._target, self._waiting[: self._piece])
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno in _PASSING:
                self.trouble = error.strerror
                return False
            self.broken = error.strerror
            return True
        self.trouble = None
        self._waiting = self._waiting[written:]
        return True


def _is_file(handle: int) -> bool:
    try:
        return stat.S_ISREG(os.fstat(handle).st_mode)
    except OSError:
        return False
