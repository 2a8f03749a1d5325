"""Which directories to watch for some PATHs, and how many there are."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from trainwatch.sources import fs
from trainwatch.sources.roots import Root, RootKind

_OPEN_FILES = "/proc/self/fd"


class Watchable(NamedTuple):
    """A directory that exists: which one it is, and whether all below it counts too."""

    identity: tuple[int, int]
    recursive: bool


def watchable(roots: Iterable[Root]) -> dict[str, Watchable]:
    """The directories that exist now, by real path: watchdog does not follow a link at its root."""
    result: dict[str, Watchable] = {}
    for root in roots:
        kind = root.kind()
        directory = fs.parent(root.path) if kind is RootKind.FILE else root.anchor()
        with suppress(OSError):
            path = fs.real(directory)
            status = fs.stat(path)
            known = result.get(path)
            recursive = _goes_down(root, kind, directory) or (known is not None and known.recursive)
            if fs.is_directory(path):
                result[path] = Watchable((status.st_dev, status.st_ino), recursive)
    return result


def _goes_down(root: Root, kind: RootKind, directory: str) -> bool:
    if kind is RootKind.PATTERN:
        return "/" in root.path[len(directory) :].lstrip("/")
    return kind is RootKind.DIRECTORY


def count_directories(path: str, limit: int) -> int:
    """How many directories a tree has, itself included; counting ends above `limit`."""
    count, waiting = 0, [path]
    while waiting and count <= limit:
        count += 1
        with suppress(OSError), fs.scan(waiting.pop()) as entries:
            waiting.extend(entry.path for entry in entries if entry.is_dir(follow_symlinks=False))
    return count


def count_watches() -> int:
    """How many inotify watches this process has; very many where that cannot be known."""
    try:
        with fs.scan(_OPEN_FILES) as entries:
            numbers = [entry.name for entry in entries if _is_inotify(entry.path)]
        return sum(_watches_of(number) for number in numbers)
    except OSError:
        return 1 << 30


def _is_inotify(path: str) -> bool:
    try:
        return fs.link_target(path) == "anon_inode:inotify"
    except OSError:
        return False


def _watches_of(number: str) -> int:
    text = fs.read_all(f"/proc/self/fdinfo/{number}")
    return sum(line.startswith(b"inotify") for line in text.splitlines())
