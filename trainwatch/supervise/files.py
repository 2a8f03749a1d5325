"""JSON files that no crash and no reader at the wrong moment finds half-written.

What is written here is readable by its owner only: commands and paths may hold secrets.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from trainwatch.errors import RunError
from trainwatch.temporary import open_beside

T = TypeVar("T")

PRIVATE = 0o600
PRIVATE_DIRECTORY = 0o700

_LARGEST = 1 << 24


def write_json(path: Path, document: Mapping[str, Any], *, durable: bool = False) -> None:
    """Replaces a file in one step.

    Args:
        path: Of the file.
        document: Its content.
        durable: Waits until it would outlive a power cut.

    Raises:
        OSError: The disk is full, the directory is gone, …; the old file is then untouched.
    """
    temporary = _temporary(path, document, durable=durable)
    try:
        temporary.replace(path)
    except OSError:
        _remove(temporary)
        raise


def create_json(path: Path, document: Mapping[str, Any]) -> None:
    """Makes a file that must not be there yet, complete from its first moment.

    Raises:
        FileExistsError: It is there.
        OSError: It cannot be written.
    """
    temporary = _temporary(path, document, durable=True)
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:
        # No hard links here (FAT, some FUSE): then it is empty for a moment, but still exclusive.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE))
        temporary.replace(path)
    finally:
        _remove(temporary)


def _temporary(path: Path, document: Mapping[str, Any], *, durable: bool) -> Path:
    handle, temporary = open_beside(path)
    try:
        with open(handle, "w", encoding="ascii") as file:  # noqa: PTH123
            json.dump(document, file, indent=1)
            file.write("\n")
            file.flush()
            if durable:
                os.fsync(file.fileno())
    except BaseException:
        _remove(temporary)
        raise
    return temporary


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def remove_if_empty(path: Path) -> None:
    """Removes a file that nothing was ever written to."""
    with contextlib.suppress(OSError):
        if path.stat().st_size == 0:
            path.unlink()


def read_json(path: Path) -> Fields:
    """The object in a file.

    Raises:
        RunError: There is no such file, it cannot be read, or it holds no JSON object.
    """
    try:
        data = json.loads(_read(path))
    except FileNotFoundError:
        raise RunError(f"{path} does not exist: not the directory of a run.") from None
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise RunError(f"{path} is damaged or not trainwatch's: it holds no JSON.") from None
    if not isinstance(data, dict):
        raise RunError(f"{path} is not trainwatch's: it holds no JSON object.")
    return Fields(path, data)


def _read(path: Path) -> bytes:
    # A pipe under this name must not block the reader, nor a huge file fill its memory.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(handle, "rb") as file:  # noqa: PTH123
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(0, "it is no regular file")
        return file.read(_LARGEST)


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object whose values are taken out by type; each method raises RunError.

    Attributes:
        path: Where it stands, for the message.
        data: The object.
    """

    path: Path
    data: Mapping[str, Any]

    def _value(self, name: str, *kinds: type) -> Any:  # noqa: ANN401
        value = self.data.get(name)
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise RunError(f"{self.path} is damaged or not trainwatch's: {name!r} is wrong.")
        return value

    def get(self, name: str, take: Callable[[str], T]) -> T | None:
        """None where the value is null or missing, else what `take` makes of it."""
        return None if self.data.get(name) is None else take(name)

    def text(self, name: str) -> str:
        """A string."""
        return str(self._value(name, str))

    def integer(self, name: str) -> int:
        """A whole number."""
        return int(self._value(name, int))

    def number(self, name: str) -> float:
        """A number."""
        value = self._value(name, int, float)
        try:
            return float(value)
        except OverflowError:
            raise RunError(f"{self.path} is damaged: {name!r} is beyond all numbers.") from None

    def flag(self, name: str) -> bool:
        """True or false."""
        return bool(self._value(name, bool))

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings."""
        values = tuple(self._value(name, list))
        if not all(isinstance(value, str) for value in values):
            raise RunError(f"{self.path} is damaged: {name!r} holds more than strings.")
        return values

    def part(self, name: str) -> Fields:
        """An object."""
        return Fields(self.path, self._value(name, dict))

    def parts(self, name: str) -> tuple[Fields, ...]:
        """A list of objects."""
        values = self._value(name, list)
        return tuple(Fields(self.path, {"part": value}).part("part") for value in values)
