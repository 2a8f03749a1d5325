"""Writes result files: each appears complete or not at all, and never through a symbolic link."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from trainwatch.errors import TrainwatchError
from trainwatch.temporary import open_beside


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
    temporary: Path | None = None
    try:
        handle, temporary = open_beside(path, _mode(path))
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
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _mode(path: Path) -> int:
    try:
        status = path.lstat()
    except OSError:
        return 0o666
    return stat.S_IMODE(status.st_mode) if stat.S_ISREG(status.st_mode) else 0o666
