"""Files that are written beside another one, to take its place when they are complete."""

from __future__ import annotations

import os
from pathlib import Path

PRIVATE = 0o600


def open_beside(path: Path, mode: int = PRIVATE) -> tuple[int, Path]:
    """Make a file in a file's directory, under a name that nobody can have prepared.

    Whoever may write the directory could put a link at a name that can be guessed, and have its
    target overwritten.

    Returns:
        A descriptor to write to, and the path; to be closed, and renamed or removed, by the caller.

    Raises:
        OSError: It cannot be made.
    """
    temporary = path.with_name(f".{path.name[:200]}.{os.urandom(8).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.open(temporary, flags, mode), temporary
