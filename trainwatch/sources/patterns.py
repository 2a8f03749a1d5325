"""Globs: what is fixed in them, and what they match.

The standard library's `**` follows links and never remembers where it was: two links to a
directory above are enough to keep it busy for ever. Here each directory is visited once.
"""

from __future__ import annotations

from collections.abc import Iterator

from trainwatch.sources import fs

_MAGIC = "*?["
_ANY_DEPTH = "**"


def split(path: str) -> tuple[str, str]:
    """Split an absolute path into a directory that is no pattern, and a pattern below it.

    A component that exists as it is written is no pattern, whatever characters are in it.

    Returns:
        The directory and the pattern; the pattern is empty where there is none.
    """
    components = path.split("/")
    for index, component in enumerate(components):
        here = "/".join(components[: index + 1])
        if any(char in component for char in _MAGIC) and not fs.exists(here):
            return "/".join(components[:index]) or "/", "/".join(components[index:])
    return path, ""


def expand(path: str) -> list[str]:
    """What a glob matches now, sorted."""
    return sorted(set(_expand(*split(path))))


def _expand(directory: str, pattern: str) -> Iterator[str]:
    before, deep, after = _split_depth(pattern)
    if not deep:
        yield from _matches(directory, pattern)
        return
    for start in _matches(directory, before) if before else [directory]:
        for below in _directories(start):
            yield from _expand(below, after)


def _split_depth(pattern: str) -> tuple[str, bool, str]:
    """The parts before and after the first `**`; at the end of a pattern it is an ordinary star."""
    components = pattern.split("/")
    if _ANY_DEPTH not in components[:-1]:
        return pattern, False, ""
    at = components.index(_ANY_DEPTH)
    return "/".join(components[:at]), True, "/".join(components[at + 1 :])


def _matches(directory: str, pattern: str) -> list[str]:
    return [fs.join(directory, name) for name in fs.matches(pattern, root_dir=directory)]


def _directories(start: str) -> Iterator[str]:
    """A directory and all below it that are not hidden, each of them once."""
    waiting, seen = [start], set[tuple[int, int]]()
    while waiting:
        directory = waiting.pop()
        try:
            status = fs.stat(directory)
            if (status.st_dev, status.st_ino) in seen:
                continue
            with fs.scan(directory) as entries:
                below = [one.path for one in entries if one.name[0] != "." and one.is_dir()]
        except OSError:
            continue
        seen.add((status.st_dev, status.st_ino))
        yield directory
        waiting += sorted(below, reverse=True)
