"""Finds the checkpoints below directories, the newest first."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import islice
from pathlib import Path

from trainwatch.checkpoints.containers import check_file, is_state, place_of
from trainwatch.checkpoints.directory import (
    ANYBODYS,
    DISTRIBUTED,
    HUGGING_FACE,
    NO_OPTIMIZER,
    Layout,
    files_of,
    lacks_optimizer,
    layout_of,
    names_in,
    shape_of,
    step_of,
)
from trainwatch.checkpoints.pickles import Place
from trainwatch.saves import Checkpoint, Saves, State, Survey

WRITING, SAVING = 10.0, 600.0
"""Seconds after its last change for which an incomplete checkpoint may still be being written; the
newest one of a training that lives longer: gathering an optimizer takes minutes without a byte."""

_NEVER = float("-inf")  # clocks of file systems may be ahead
_DEPTH = 4
_MOST, _MOST_OF_ONE = 30_000, 8_000
"""Directories below each other, and names in all and of one directory, that are looked at."""

_SKIPPED = frozenset(
    ("__pycache__", "node_modules", "site-packages", "venv", "trainwatch_runs", "wandb")
)
_NUMBERED = re.compile(
    r"(?:checkpoint|ckpt|chkpt|step|iter|iteration|epoch|state)s?[-_=.]*(\d{1,12})(?!\d)",
    re.IGNORECASE,
)
_STEP = re.compile(r"(?:step|iter|iteration)s?[-_=.]*(\d{1,12})(?!\d)", re.IGNORECASE)
_EPOCH = re.compile(r"epochs?[-_=.]*(\d{1,12})(?!\d)", re.IGNORECASE)
_BARE = re.compile(r"\d{1,12}")
_NEWEST = re.compile(
    r"(?:.*[-_.])?(?:last|latest|current|newest|resume|checkpoint|ckpt)(?:-v\d+)?", re.IGNORECASE
)
_BEST = re.compile(r"(?:.*[-_.])?best(?:[-_.].*)?", re.IGNORECASE)
_ENDS = re.compile(rf"(?:.*[-_.])?{_NUMBERED.pattern}", re.IGNORECASE)
_FILE = re.compile(r"\.(?:pt|pth|ckpt|bin|safetensors)(?:\.tar)?$")
_UNFINISHED = re.compile(
    r"^(?:\.|tmp|temp[-_.])|[-_.](?:tmp|temp|part|partial|incomplete|writing)\b|~$", re.IGNORECASE
)
_LIKELY = re.compile(
    r"checkpoint|ckpt|chkpt|result|output|\bout|model|save|snapshot|weight|state|step|iter|epoch"
    r"|\bruns?\b|\bexp",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What may be a checkpoint, before it is looked into.

    Attributes:
        layout: Of a directory; None of a file.
        number: In its name.
        step, epoch: As its name says.
        written: Epoch seconds of its last change.
    """

    path: Path
    layout: Layout | None
    number: int | None
    step: int | None
    epoch: int | None
    written: float

    @property
    def kind(self) -> str:
        """Its name without what numbers it."""
        return f"{self.path.parent}/{_DIGITS.sub('#', self.path.name)}"


def survey(
    roots: Sequence[str], now: float, *, settled: bool = False, alive: bool = False
) -> Survey:
    """Looks at the checkpoints below `roots`, from the newest to the first sound one.

    What is numbered counts, such as `checkpoint-1000`, `step_50.pt`, `epoch=3-step=400.ckpt`, and
    what is named as the last one, such as `last.pt`; `best.pt` where there is nothing else. Weights
    of another name, such as `pretrained.pt`, are no place to go on from.

    Args:
        roots: Directories; what is not there is skipped.
        now: Epoch seconds.
        settled: Whether nobody can be writing any more, so that the incomplete is damaged.
        alive: Whether the training is known to live.
    """
    candidates = list(_candidates(roots))
    found: list[Checkpoint] = []
    for at, one in enumerate(candidates):
        if any(before.state is State.SOUND for before in found):
            found.append(_unchecked(one))
            continue
        try:
            patience = _NEVER if settled else SAVING if alive and not at else WRITING
            found.append(_judge(one, candidates[at + 1 :], now, patience))
        except OSError:
            continue  # it was pruned meanwhile
    return Survey(tuple(found))


def look(roots: Sequence[str], now: float, *, settled: bool = False, alive: bool = False) -> Saves:
    """The checkpoints below `roots`, as `survey` finds them, and the room for the next one."""
    found = survey(roots, now, settled=settled, alive=alive)
    newest = found.newest
    if newest is None:
        return Saves(found)
    try:
        disk = shutil.disk_usage(os.path.dirname(newest.path))  # noqa: PTH120
    except OSError:
        return Saves(found)
    return Saves(found, disk.free, disk.total)


# --- which there are, and in which order ----------------------------------------------------------


def _candidates(roots: Sequence[str]) -> list[_Candidate]:
    """Everything that may be a checkpoint, the newest first."""
    tops = [Path(os.path.abspath(root)) for root in roots]  # noqa: PTH100 - links stay as given
    places = dict.fromkeys(place for top in tops for place in _places(top))
    found = []
    for path, layout in places:
        try:
            found.append(_candidate(path, layout))
        except OSError:
            continue
    # The best one by a metric may be old.
    found = [one for one in found if not _BEST.fullmatch(_stem(one.path.name))] or found
    return sorted(found, key=_order(found), reverse=True)


def _order(candidates: Sequence[_Candidate]) -> Callable[[_Candidate], tuple[float, ...]]:
    """By what checkpoints are compared: what all of them have, the step first."""
    if all(one.step is not None for one in candidates):
        return lambda one: (one.step or 0, one.written)
    if all(one.epoch is not None for one in candidates):
        return lambda one: (one.epoch or 0, one.step or 0, one.written)
    if len({one.kind for one in candidates}) == 1 and candidates[0].number is not None:
        return lambda one: (one.number or 0, one.written)
    return lambda one: (one.written, one.number or 0)


def _candidate(path: Path, layout: Layout | None) -> _Candidate:
    name = path.name
    step, epoch, numbered = (regex.search(name) for regex in (_STEP, _EPOCH, _NUMBERED))
    number = numbered or _BARE.fullmatch(name)
    said = step or (number if not epoch and (layout is None or layout.counts_steps) else None)
    return _Candidate(
        path=path,
        layout=layout,
        number=_whole(number),
        step=_whole(said),
        epoch=_whole(epoch),
        written=path.stat().st_mtime,
    )


def _whole(match: re.Match[str] | None) -> int | None:
    return int(match[match.lastindex or 0]) if match else None


def _places(root: Path) -> Iterator[tuple[Path, Layout | None]]:
    """Checkpoints below a directory, or the directory itself.

    First what is named like a place of checkpoints, and of that what is nearest, so that a million
    pictures beside them do not use up what may be looked at.
    """
    left, ahead = _MOST, [(False, 0, root)]
    while ahead and left > 0:
        _, depth, directory = heappop(ahead)
        entries = _listed(directory, min(left, _MOST_OF_ONE))
        left -= len(entries)
        layout = layout_of(directory, frozenset(entry.name for entry in entries))
        if layout and _is_one(directory.name, layout, entries, top=depth == 0):
            yield directory, layout
            continue
        for entry in entries:
            if _UNFINISHED.search(entry.name) or entry.name in _SKIPPED:
                continue
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                if depth < _DEPTH:
                    unlikely = not _LIKELY.search(str(path.relative_to(root)))
                    heappush(ahead, (unlikely, depth + 1, path))
            elif _is_file(entry.name) and entry.is_file() and is_state(path):
                yield path, None


def _listed(directory: Path, most: int) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as listing:
            return sorted(islice(listing, most), key=lambda entry: entry.name)
    except OSError:
        return []


def _is_one(name: str, layout: Layout, entries: Sequence[os.DirEntry[str]], *, top: bool) -> bool:
    """Whether a directory is a checkpoint by its name too, and not a place that holds some."""
    if layout is ANYBODYS:
        return (
            not top and bool(_ENDS.fullmatch(name)) and not any(_is_file(e.name) for e in entries)
        )
    named = _NUMBERED.search(name) or _BARE.fullmatch(name)
    if not named and not (layout is DISTRIBUTED and _NEWEST.fullmatch(_stem(name))):
        return False
    inner = (e.name for e in entries if e.is_dir(follow_symlinks=False))
    return not any(_NUMBERED.search(one) and not one.startswith("global_step") for one in inner)


def _is_file(name: str) -> bool:
    """Whether a file of this name may be a checkpoint of its own."""
    stem = _stem(name)
    if stem == name:
        return False
    return bool(_NUMBERED.search(name) or _NEWEST.fullmatch(stem) or _BEST.fullmatch(stem))


def _stem(name: str) -> str:
    return _FILE.sub("", name)


# --- how each stands -------------------------------------------------------------------------------


def _judge(one: _Candidate, older: Sequence[_Candidate], now: float, patience: float) -> Checkpoint:
    files = [file.stat() for file in (files_of(one.path) if one.layout else [one.path])]
    written = max((file.st_mtime for file in files), default=one.written)
    fresh = now - written < patience
    problem = _problem(one, older)
    if not problem and now - written < min(patience, WRITING) and _may_grow(one):
        problem = "more of it may be written"
    state = (State.WRITING if fresh else State.DAMAGED) if problem else State.SOUND
    place = _place(one) if state is State.SOUND else Place()
    return replace(
        _unchecked(one),
        state=state,
        step=one.step if one.step is not None else place.step,
        epoch=one.epoch if one.epoch is not None else place.epoch,
        size=sum(file.st_size for file in files),
        written=written,
        problem=problem,
    )


def _may_grow(one: _Candidate) -> bool:
    return one.layout is not None and not one.layout.complete


def _unchecked(one: _Candidate) -> Checkpoint:
    return Checkpoint(str(one.path), State.UNCHECKED, one.step, None, one.written, None, one.epoch)


def _place(one: _Candidate) -> Place:
    """The step that it says within, which its name may not."""
    if one.layout is None:
        return place_of(one.path) if one.step is None else Place()
    return Place(step_of(one.path))


def _problem(one: _Candidate, older: Sequence[_Candidate]) -> str | None:
    if one.layout is None:
        return check_file(one.path)
    problem = one.layout.check(one.path, names_in(one.path))
    if problem:
        return problem
    like = [other for other in older if other.layout is one.layout and other.kind == one.kind]
    if one.layout is HUGGING_FACE:
        # A training that never saves an optimizer is not told that one is missing.
        others = like and not all(lacks_optimizer(other.path) for other in like)
        if others and lacks_optimizer(one.path):
            return NO_OPTIMIZER
        return None
    if one.layout.complete:
        return None
    missing = sorted(shape_of(like[0].path) - shape_of(one.path)) if like else []
    return f"{missing[0]}, which {like[0].path.name} has, is missing" if missing else None
