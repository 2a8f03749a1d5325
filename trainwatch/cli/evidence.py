"""Finds what lies beside the logs under some PATHs: error files of @record, flight-recorder dumps.

Both are known by what is in them as much as by their names; neither is a log.
"""

import contextlib
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from trainwatch.diagnose import ErrorFile, Gathering
from trainwatch.diagnose.errorfile import MAX_BYTES
from trainwatch.diagnose.recorder.load import MAX_BYTES as MAX_DUMP
from trainwatch.sources import patterns
from trainwatch.sources.roots import Naming, Root, RootKind

MAX_ENTRIES = 100_000
"""Directory entries that are looked at."""

OWN_DIRECTORIES = ("stacks", "results", "signals")
"""Of a run directory, when it has a run.json; what is in them has readers of its own."""

_ERROR_FILE = re.compile(r"(?:^|[._-])error[^/]{0,40}\.json$", re.IGNORECASE)
_DUMP_FILE = re.compile(
    r"(?:nccl|fr|flight|comm_lib|recorder)[a-z_.-]*(?:trace|dump|rank)|^_dump_\d+$", re.IGNORECASE
)
_HEAD = 1 << 16
_MARKS = (b"pg_config", b"collective_seq_id", b"pg_status", b"profiling_name")
_PICKLE = re.compile(rb"\x80[\x02-\x05]")


def gather_files(paths: Sequence[str], gathering: Gathering) -> None:
    """Give a Gathering what lies beside the logs; what cannot be read is said on stderr."""
    roots = [Root.of(path) for path in paths]
    naming = Naming(roots)
    for path in sorted(set(_files(roots))):
        if not path.is_file():  # a socket or a pipe of the training's
            continue
        name = naming.display(str(path))
        try:
            if _ERROR_FILE.search(path.name):
                gathering.take_error_file(ErrorFile(name, _read(path, MAX_BYTES)))
            elif _is_dump(path):
                gathering.take_dump(name, _read(path, MAX_DUMP + 1))
        except OSError as error:
            click.echo(f"trainwatch: {path} cannot be read: {error.strerror}.", err=True)


def other_files(paths: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """The same files by the names under which they are shown; links are left out."""
    roots = [Root.of(path) for path in paths]
    naming = Naming(roots)
    for path in sorted(set(_files(roots))):
        with contextlib.suppress(OSError):
            regular = path.is_file() and not path.is_symlink()
            if regular and (_ERROR_FILE.search(path.name) or _is_dump(path)):
                yield naming.display(str(path)), path


def is_dump(name: str, head: bytes) -> bool:
    """Whether a file is a flight-recorder dump, or the beginning or the ruin of one."""
    pickled = _PICKLE.match(head) is not None
    if pickled or head.lstrip()[:1] in (b"{", b"["):
        if sum(mark in head for mark in _MARKS) > 1:
            return True
        return bool(_DUMP_FILE.search(name)) and (pickled or b'"entries"' in head)
    return not head and bool(_DUMP_FILE.search(name))


def _is_dump(path: Path) -> bool:
    if path.suffix in (".log", ".txt", ".csv", ".out", ".err"):
        return False
    return is_dump(path.name, _read(path, _HEAD))


def _read(path: Path, most: int) -> bytes:
    """The beginning of a regular file; a pipe of that name must not block."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return b"\xff"
        return stream.read(most)


def _files(roots: Iterable[Root]) -> Iterator[Path]:
    left = MAX_ENTRIES
    for root in roots:
        if root.kind() is RootKind.FILE:
            if os.path.isfile(root.path):  # noqa: PTH113 - a name with a NUL byte is no error
                yield Path(root.path)
            continue
        if root.kind() is RootKind.PATTERN:
            yield from (Path(path) for path in patterns.expand(root.path) if Path(path).is_file())
            continue
        for directory, below, names in os.walk(root.path):
            own = OWN_DIRECTORIES if "run.json" in names else ()
            below[:] = [name for name in below if not name.startswith(".") and name not in own]
            left -= len(names) + len(below)
            if left < 0:
                return
            yield from (Path(directory, name) for name in names if not name.startswith("."))
