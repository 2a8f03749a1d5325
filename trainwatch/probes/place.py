"""Where the sockets of the probes are, and the environment that puts a probe into each worker."""

import contextlib
import hashlib
import os
import stat
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

DIRECTORY = "TRAINWATCH_PROBE_DIR"
INJECT = Path(__file__).parent / "inject"
_OLD = 86400.0
_LONGEST = 60
"""Bytes of the base directory: a socket's whole path is limited to 107."""


def environment(run_dir: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """What is to be added to the environment of a training so that its workers answer.

    Empty where no private directory can be made: then the training goes without.
    """
    with contextlib.suppress(OSError):
        directory = _made(_directory(Path(run_dir), environ))
        before = environ.get("PYTHONPATH")
        path = os.pathsep.join([str(INJECT), before] if before else [str(INJECT)])
        return {"PYTHONPATH": path, DIRECTORY: str(directory)}
    return {}


def is_private(directory: Path) -> bool:
    """Whether a directory is this user's, or root looks, and closed to others."""
    try:
        found = directory.lstat()
    except OSError:
        return False
    owned = found.st_uid == os.getuid() or os.getuid() == 0
    return stat.S_ISDIR(found.st_mode) and owned and not stat.S_IMODE(found.st_mode) & 0o077


def _directory(run_dir: Path, environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    if len(os.fsencode(base)) > _LONGEST or not os.access(base, os.W_OK):
        base = "/tmp"  # noqa: S108 - a directory of our own is made in it, closed to others
    name = hashlib.sha256(os.fsencode(run_dir.absolute())).hexdigest()[:12]
    return Path(base, f"trainwatch-{os.getuid()}", name)


def _made(directory: Path) -> Path:
    for path in (directory.parent, directory):
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
        if not is_private(path):
            raise OSError(0, f"{path} is not ours alone")
    _prune(directory)
    return directory


def _prune(directory: Path) -> None:
    """Remove what processes that are gone have left, and the empty directories of runs long ago."""
    for other in directory.parent.iterdir():
        with contextlib.suppress(OSError):
            if other.stat().st_mtime < time.time() - _OLD:
                other.rmdir()  # fails unless it is empty
    for path in directory.iterdir():
        if path.stem.isdecimal() and not Path("/proc", path.stem).exists():
            with contextlib.suppress(OSError):
                path.unlink()
