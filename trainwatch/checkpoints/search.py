"""Finds the checkpoints below directories, the newest first."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from trainwatch.checkpoints.containers import check_file
from trainwatch.checkpoints.directory import (
    check_directory,
    has_optimizer,
    is_checkpoint,
    step_of,
)
from trainwatch.saves import Checkpoint, Saves, State, Survey

WRITING = 10.0
"""Seconds after its last change for which an incomplete checkpoint may still be being written."""

_DEPTH = 4
_MOST = 20_000
"""Directories below each other, and names in all, that are looked at."""

_SKIPPED = frozenset(
    ("__pycache__", "node_modules", "site-packages", "venv", "trainwatch_runs", "wandb")
)
_NUMBERED = re.compile(
    r"(?:checkpoint|ckpt|chkpt|step|iter|iteration|epoch|state)s?[-_=.]*(\d{1,12})(?!\d)",
    re.IGNORECASE,
)
_STEP = re.compile(r"(?:step|iter|iteration)s?[-_=.]*(\d{1,12})(?!\d)", re.IGNORECASE)
_FILE = re.compile(r"\.(?:pt|pth|ckpt|bin|safetensors)$")
_UNFINISHED = re.compile(r"^(?:\.|tmp)|\.(?:tmp|part|incomplete)$", re.IGNORECASE)


def survey(roots: Sequence[str], now: float, *, settled: bool = False) -> Survey:
    """Looks at all checkpoints below `roots`.

    Only what is numbered counts: `checkpoint-1000`, `step_50.pt`, `epoch=3-step=400.ckpt`. Weights
    that are not, such as `pretrained.pt`, are no place to go on from.

    Args:
        roots: Directories; what is not there is skipped.
        now: Epoch seconds.
        settled: Whether nobody can be writing any more, so that the incomplete is damaged.
    """
    places = list(dict.fromkeys(place for root in roots for place in _places(Path(root))))
    # A training that never saves an optimizer is not told that one is missing.
    optimizer = any(_has_optimizer(place) for place in places if place.is_dir())
    found = []
    for place in places:
        try:
            found.append(_judge(place, now, optimizer=optimizer, settled=settled))
        except OSError:
            continue  # it was pruned meanwhile
    found.sort(key=_newest_first)
    return Survey(tuple(found))


def look(roots: Sequence[str], now: float, *, settled: bool = False) -> Saves:
    """The checkpoints below `roots`, as `survey` finds them, and the room for the next one."""
    found = survey(roots, now, settled=settled)
    newest = found.newest
    if newest is None:
        return Saves(found)
    try:
        disk = shutil.disk_usage(os.path.dirname(newest.path))  # noqa: PTH120
    except OSError:
        return Saves(found)
    return Saves(found, disk.free, disk.total)


def _newest_first(one: Checkpoint) -> tuple[float, float]:
    return (-one.written if one.step is None else -float(one.step), -one.written)


def _has_optimizer(place: Path) -> bool:
    try:
        return has_optimizer(place)
    except OSError:
        return False


def _judge(place: Path, now: float, *, optimizer: bool, settled: bool) -> Checkpoint:
    if place.is_dir():
        step, problem = step_of(place), check_directory(place, optimizer=optimizer)
        parts = [file.stat() for file in place.rglob("*") if file.is_file()]
    else:
        step, problem = None, check_file(place)
        parts = [place.stat()]
    written = max((part.st_mtime for part in parts), default=place.stat().st_mtime)
    state = State.SOUND
    if problem:
        fresh = not settled and now - written < WRITING
        state = State.WRITING if fresh else State.DAMAGED
    size = sum(part.st_size for part in parts)
    named = step if step is not None else _number(place.name)
    return Checkpoint(os.path.abspath(place), state, named, size, written, problem)  # noqa: PTH100


def _number(name: str) -> int | None:
    match = _STEP.search(name) or _NUMBERED.search(name)
    return int(match[1]) if match else None


def _places(root: Path) -> Iterator[Path]:
    """Checkpoints below a directory, or the directory itself."""
    left = [_MOST]
    yield from _walk(root, _DEPTH, left)


def _walk(directory: Path, depth: int, left: list[int]) -> Iterator[Path]:
    try:
        with os.scandir(directory) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError:
        return
    left[0] -= len(entries)
    names = frozenset(entry.name for entry in entries)
    if _NUMBERED.search(directory.name) and is_checkpoint(names):
        yield directory
        return
    for entry in entries:
        if _UNFINISHED.search(entry.name) or entry.name in _SKIPPED:
            continue
        if entry.is_dir(follow_symlinks=False):
            if depth > 0 and left[0] > 0:
                yield from _walk(Path(entry.path), depth - 1, left)
        elif _FILE.search(entry.name) and _NUMBERED.search(entry.name):
            yield Path(entry.path)
