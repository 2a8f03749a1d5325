"""A log in UTF-16 as the UTF-8 that it would be: what pages through logs looks for bytes."""

import codecs
import os

_CODECS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_MARK = 2
_PIECE = 1 << 20
LARGEST = 64 << 20
"""Bytes of a file that are held; what is behind that is not shown."""


def codec_of(path: str) -> str | None:
    """The encoding that the file's first bytes announce; None for one that can be read as it is."""
    return _CODECS.get(pread(path, 0, _MARK))


class WideLog:
    """One file, read as far as it goes at each `grow`.

    Attributes:
        text: In UTF-8.
        read: Bytes of the file that it holds.
    """

    def __init__(self, path: str, codec: str) -> None:
        self.text = bytearray()
        self._path = path
        self._codec = codec
        self._decoder = codecs.getincrementaldecoder(codec)("replace")
        self.read = _MARK

    def grow(self) -> int:
        """Reads on; the size of the text now."""
        while self.read < LARGEST and (data := pread(self._path, self.read, _PIECE)):
            self.read += len(data)
            self.text += self._decoder.decode(data).encode()
        return len(self.text)

    def place(self, offset: int) -> int:
        """Where in the text stands what stands at an offset of the file."""
        before = pread(self._path, _MARK, max(0, min(offset, LARGEST) - _MARK))
        return len(before.decode(self._codec, "replace").encode())


def pread(path: str, offset: int, size: int) -> bytes:
    """Bytes of a file; none where there are none, or they cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.pread(descriptor, size, offset)
    except OSError:
        return b""
    finally:
        os.close(descriptor)
