"""Writes result files: each appears complete or not at all, and never through a symbolic link."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from trainwatch.errors import TrainwatchError


def make_directory(path: Path) -> None:
    """Make a directory and those above it.

    Raises:
        TrainwatchError: it cannot be made, or a symbolic link stands in its place.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        linked = path.is_symlink()
    except OSError as error:
        raise TrainwatchError(
            f"{path} cannot be made: {error.strerror}; choose another place with -o DIR"
        ) from None
    if linked:
        raise TrainwatchError(
            f"{path} is a symbolic link, which is not followed; choose another place with -o DIR"
        )


def write_file(path: Path, parts: Iterable[str]) -> None:
    """Replace a file in one step; what stood there before stays where that fails.

    Raises:
        TrainwatchError: the disk is full, the directory is gone, ….
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        with contextlib.suppress(OSError):
            temporary.unlink()
        handle = os.open(temporary, flags, _mode(path))
        with open(handle, "w", encoding="utf-8", errors="replace", newline="") as file:  # noqa: PTH123
            file.writelines(parts)
            file.flush()
            os.fsync(handle)
        temporary.replace(path)  # a link at this place is replaced, not followed
    except OSError as error:
        raise TrainwatchError(
            f"{path} cannot be written: {error.strerror}; free space or choose another place with "
            "-o DIR"
        ) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _mode(path: Path) -> int:
    try:
        status = path.lstat()
    except OSError:
        return 0o666
    return stat.S_IMODE(status.st_mode) if stat.S_ISREG(status.st_mode) else 0o666
