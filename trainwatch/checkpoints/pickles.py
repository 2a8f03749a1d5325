"""What the operations of a pickle tell, read one after another and never carried out.

A pickle is a program. To learn which step a checkpoint is of, or how long its parts must be, it is
enough to look at the constants that its operations push, in their order, and at those that it takes
from its memo; nothing is built, called or imported.
"""

from __future__ import annotations

import pickletools
import struct
from collections.abc import Iterator
from typing import IO, Final, NamedTuple

DAMAGED = (ValueError, EOFError, UnicodeError, IndexError, OverflowError, struct.error)
"""What reading a pickle that was cut off or overwritten raises."""

MOST = 1 << 25
"""Bytes of one pickle that are looked at; the tensors of a checkpoint are not in its pickle."""

_PUTS = frozenset(("PUT", "BINPUT", "LONG_BINPUT"))
_GETS = frozenset(("GET", "BINGET", "LONG_BINGET"))
_FRAMING = frozenset(("PROTO", "FRAME"))

_STEPS = ("global_step", "global_steps", "iteration", "iterations", "num_updates", "step", "steps")
_EPOCHS = ("epoch", "current_epoch", "epochs_run")


class TooLongError(Exception):
    """A pickle is longer than anybody wants to look at."""


class Name(str):
    """The name of a class or a function, such as `torch FloatStorage`."""

    __slots__ = ()


class _Opaque:
    """What an operation makes that is no constant."""


OPAQUE: Final = _Opaque()
Atom = str | int | float | bytes | None | _Opaque


class Limited:
    """A stream of which only so much may be read."""

    def __init__(self, stream: IO[bytes], most: int = MOST) -> None:
        self._stream = stream
        self._left = most

    def read(self, size: int) -> bytes:
        """As of a file; raises TooLongError."""
        self._spend(size)
        return self._stream.read(size)

    def readline(self) -> bytes:
        """As of a file; raises TooLongError."""
        line = self._stream.readline(self._left + 1)
        self._spend(len(line))
        return line

    def tell(self) -> int:
        """Where the stream is."""
        return self._stream.tell()

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise TooLongError


def atoms(stream: IO[bytes] | Limited) -> Iterator[Atom]:
    """The constants of the next pickle in a stream, in order; what is made of them is opaque.

    Raises:
        ValueError: and others of `DAMAGED`, where the pickle is cut off or none.
        TooLongError: where the stream is limited.
    """
    memo: dict[int, Atom] = {}
    last: Atom = OPAQUE
    for operation, argument, _ in pickletools.genops(stream):  # type: ignore[arg-type]
        name = operation.name
        if name in _FRAMING:
            continue
        if name in _PUTS:
            memo[int(argument)] = last  # type: ignore[arg-type]
            continue
        if name == "MEMOIZE":
            memo[len(memo)] = last
            continue
        if name in _GETS:
            last = memo.get(int(argument), OPAQUE)  # type: ignore[arg-type]
        elif name == "GLOBAL":
            last = Name(argument)
        elif name == "NONE":
            last = None
        else:
            last = OPAQUE if argument is None else argument
        yield last


class Place(NamedTuple):
    """Where in a training a state was saved, as far as it says so."""

    step: int | None = None
    epoch: int | None = None


def place(stream: IO[bytes] | Limited) -> Place:
    """The step and the epoch that stand in a pickled state: a key, and a whole number after it."""
    found: dict[str, int] = {}
    key: Atom = None
    for atom in atoms(stream):
        if type(key) is str and type(atom) is int and atom >= 0:
            found.setdefault(key, atom)
        key = atom
    return Place(
        next((found[name] for name in _STEPS if name in found), None),
        next((found[name] for name in _EPOCHS if name in found), None),
    )


def parts(stream: IO[bytes] | Limited) -> dict[str, int]:
    """The files that a `.metadata` of torch.distributed.checkpoint names, and their least lengths."""
    ends: dict[str, int] = {}
    known: dict[str, Atom] = {}
    key: Atom = None
    for atom in atoms(stream):
        if type(key) is str and key in _PART:
            known[key] = atom
        if key == "length" and len(known) == len(_PART):
            file, offset, length = (known[name] for name in _PART)
            if isinstance(file, str) and isinstance(offset, int) and isinstance(length, int):
                ends[file] = max(ends.get(file, 0), offset + length)
            known = {}
        key = atom
    return ends


_PART = ("relative_path", "offset", "length")

ELEMENT = {
    "DoubleStorage": 8,
    "FloatStorage": 4,
    "HalfStorage": 2,
    "BFloat16Storage": 2,
    "LongStorage": 8,
    "IntStorage": 4,
    "ShortStorage": 2,
    "CharStorage": 1,
    "ByteStorage": 1,
    "BoolStorage": 1,
    "ComplexDoubleStorage": 16,
    "ComplexFloatStorage": 8,
    "UntypedStorage": 1,
}
"""Bytes of an element of each of torch's storages."""


def storages(stream: IO[bytes] | Limited) -> dict[str, int | None]:
    """The storages that a pickle of torch refers to, and their bytes; None of an unknown kind."""
    sizes: dict[str, int | None] = {}
    window: list[Atom] = []
    for atom in atoms(stream):
        window = [*window[-4:], atom]
        if len(window) < 5 or window[0] != "storage":  # noqa: PLR2004 - what torch writes of each
            continue
        _, kind, key, _, count = window
        if isinstance(kind, Name) and isinstance(key, str) and isinstance(count, int):
            element = ELEMENT.get(kind.rpartition(" ")[2])
            sizes[key] = None if element is None else element * count
    return sizes
