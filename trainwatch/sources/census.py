"""Which file is where now: paths looked at, compared with the last look, and explained.

One look takes the size and identity of every known path first and lists directories after that.
In this order a file that was renamed, or copied and then truncated, is always found under its new
name by the time its old one is seen to have changed.
"""

from __future__ import annotations

import os
import stat as modes
from collections.abc import Iterable, Iterator

from trainwatch.sources import fs
from trainwatch.sources.contents import compare
from trainwatch.sources.files import Files
from trainwatch.sources.memory import FileId
from trainwatch.sources.tail import Slot, State, Tail
from trainwatch.sources.tree import Tree

LINGER_SECONDS = 10.0
_TICK_SECONDS = 0.1
_CHECKS = 4  # of what is new, so that a directory in which files come all the time holds up nobody
_KINDS = {
    modes.S_IFDIR: "a directory",
    modes.S_IFIFO: "a fifo",
    modes.S_IFSOCK: "a socket",
    modes.S_IFCHR: "a device",
    modes.S_IFBLK: "a device",
}


def look(files: Files, tree: Tree, now: float) -> None:
    """Bring paths and files up to date; `now` in epoch seconds."""
    files.now = now
    _drop_closed(files)
    moved, changed = _stat_all(files, list(files.slots.values()))
    found = tree.refresh(now)
    for _ in range(_CHECKS):
        new = _adopt_candidates(files, tree) if found else []
        if not new:
            break
        for some, again in ((new, False), (_owners(files, new), True)):
            more_moved, more_changed = _stat_all(files, some, again=again)
            moved += more_moved
            changed += more_changed
        found = tree.check()
    if moved:
        changed += _relocate(files, list(dict.fromkeys(moved)))
    compare(files, list(dict.fromkeys(changed)))
    _watch_loose(files)
    _abandon_vacant(files, tree)


# --- paths ----------------------------------------------------------------------------------------


def _stat_all(
    files: Files, slots: Iterable[Slot], *, again: bool = False
) -> tuple[list[Slot], list[Slot]]:
    """The paths at which another file stands than before, and those whose file has changed.

    With `again`, since they were looked at a moment ago.
    """
    moved: list[Slot] = []
    changed: list[Slot] = []
    stat = fs.stat
    for slot in slots:  # the one loop that runs for every file at every look
        try:
            status = stat(slot.candidate.path)
        except OSError as error:
            if _is_vanished(files, slot, error):
                moved.append(slot)
            continue
        seen = (status.st_ino, status.st_dev, status.st_size, status.st_mtime_ns)
        if seen != (slot.last if again else slot.seen):
            (moved if _see(files, slot, status, seen) else changed).append(slot)
    return moved, changed


def _is_vanished(files: Files, slot: Slot, error: OSError) -> bool:
    """Whether nothing is at the path any more; a path that cannot be looked at says nothing."""
    name = slot.candidate.name
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        files.problems[name] = f"{name} cannot be looked at ({fs.words(error)}); it is tried again."
        slot.seen = ()
        return False
    had, slot.identity, slot.seen, slot.last = slot.identity, None, None, ()
    files.vacant.setdefault(slot)
    if had is not None:
        files.problems.pop(name, None)
    return had is not None


def _see(files: Files, slot: Slot, status: os.stat_result, seen: tuple[int, ...]) -> bool:
    """Note what is at a path now; whether that is another file than before."""
    before = slot.identity
    slot.size, slot.mtime = status.st_size, status.st_mtime_ns / 1e9
    slot.is_second_look, slot.last = seen == slot.last, seen
    # Within one tick of the file system's clock a file can be emptied and filled to the same
    # size: what has just changed is looked at once more.
    is_settled = slot.is_second_look and abs(files.now - slot.mtime) > _TICK_SECONDS
    slot.seen = seen if is_settled else ()
    name = slot.candidate.name
    if modes.S_ISREG(status.st_mode):
        slot.identity = FileId.of(status)
        files.problems.pop(name, None)
    else:
        slot.identity = None
        files.vacant.setdefault(slot)
        # A PATH that comes into being as a directory is entered at the next listing.
        is_new = before is None and slot.previous is None
        if not (is_new and slot.candidate.named and modes.S_ISDIR(status.st_mode)):
            kind = _KINDS.get(modes.S_IFMT(status.st_mode), "no regular file")
            files.problems[name] = f"{name} is {kind} and not read."
    return before != slot.identity


def _adopt_candidates(files: Files, tree: Tree) -> list[Slot]:
    """Take in new paths.

    The newest files of a log come first: one that is rotated while they are looked at one after
    the other is met twice then, and not missed.
    """
    adopted = [files.adopt(candidate) for candidate in tree.candidates.values()]
    new = [slot for slot in adopted if slot is not None]
    return sorted(new, key=lambda slot: slot.candidate.age, reverse=True)


def _owners(files: Files, new: Iterable[Slot]) -> Iterator[Slot]:
    """The places of files that are met at a new place too: they have just been left, perhaps.

    To be iterated over only when the new places have been looked at.
    """
    asked: set[Slot] = set()
    waiting = list(new)
    while waiting:
        slot = waiting.pop()
        tail = files.tails.get(slot.identity) if slot.identity is not None else None
        owner = tail.slot if tail is not None else None
        if owner is not None and owner is not slot and owner not in asked:
            asked.add(owner)
            yield owner
            waiting.append(owner)  # what stands there now may have an owner in its turn


def _abandon_vacant(files: Files, tree: Tree) -> None:
    """Forget paths at which nothing will come any more, once what was there is over too."""
    for slot in list(files.vacant):
        path = slot.candidate.path
        if slot.identity is not None:
            del files.vacant[slot]
        elif path not in tree.candidates and slot.previous not in files.loose:
            del files.vacant[slot]
            files.abandon(slot)


# --- files that moved -----------------------------------------------------------------------------


def _relocate(files: Files, moved: list[Slot]) -> list[Slot]:
    """Find each file's new place.

    Returns:
        The paths to which a known file has moved, its content to be compared.
    """
    displaced = [tail for slot in moved if (tail := _displace(slot)) is not None]
    arrived = [
        slot for slot in sorted(moved, key=lambda slot: slot.sort_key) if _occupy(files, slot)
    ]
    homeless = [tail for tail in displaced if tail.slot is None]
    if homeless:
        arrived += _find_aliases(files, homeless)
    for tail in displaced:
        if tail.slot is None:
            _loosen(files, tail)
        files.queue(tail)
    return arrived


def _displace(slot: Slot) -> Tail | None:
    tail, slot.tail = slot.tail, None
    if tail is not None:
        tail.slot, slot.previous = None, tail
        tail.linked = fs.is_link(slot.candidate.path)
    return tail


def _occupy(files: Files, slot: Slot) -> bool:
    """See which file stands at a path; whether it is one that has moved there."""
    if slot.identity is None:
        return False
    tail = files.tails.get(slot.identity)
    if tail is not None and tail.slot is None and tail.state in (State.NEW, State.IGNORED):
        files.forget(tail)  # nothing is known by which its content could be known again
        tail = None
    if tail is None:
        files.create(slot)
        return False
    if tail.slot is None:
        files.loose.pop(tail, None)
        tail.attach(slot)
        return True
    if _is_better_name(tail, slot):
        tail.slot.tail = None
        tail.attach(slot)
        tail.name = slot.candidate.name
    return False


def _is_better_name(tail: Tail, slot: Slot) -> bool:
    """Whether a file that is known by a link, and was not begun, is now met under its real name."""
    return (
        tail.state is State.NEW
        and tail.path is not None
        and fs.is_link(tail.path)
        and not fs.is_link(slot.candidate.path)
    )


def _find_aliases(files: Files, homeless: list[Tail]) -> list[Slot]:
    """Find files that had several names and have lost the one under which they were followed."""
    aliases = {slot.identity: slot for slot in files.slots.values() if slot.tail is None}
    arrived: list[Slot] = []
    for tail in homeless:
        slot = aliases.get(tail.identity)
        if slot is not None:
            tail.attach(slot)
            arrived.append(slot)
    return arrived


def _loosen(files: Files, tail: Tail) -> None:
    """A file without a path is read on while it is open."""
    is_open = files.descriptors.held(tail) is not None
    if tail.state is State.LIVE and not is_open:
        files.give_up(tail, "deleted")
    elif tail.state in (State.LIVE, State.ENDED) and is_open:
        files.loose[tail] = None
        tail.since = files.now
    else:
        files.forget(tail)


def _drop_closed(files: Files) -> None:
    """Without a path and a descriptor a file is gone, and its number may be another's by now."""
    for tail in list(files.loose):
        if files.descriptors.held(tail) is None:
            files.give_up(tail, "deleted")


def _watch_loose(files: Files) -> None:
    for tail in list(files.loose):
        fd = files.descriptors.held(tail)
        if fd is not None:
            _look_at_loose(files, tail, fd)


def _look_at_loose(files: Files, tail: Tail, fd: int) -> None:
    try:
        status = fs.stat_open(fd)
        is_same = tail.memory.matches(fd, status.st_size)
    except OSError:  # a stale handle: the server has let go of the file
        files.give_up(tail, "deleted")
        return
    # Of another content nothing is read; the old one may yet be found in a copy.
    size = status.st_size if is_same else tail.memory.offset
    tail.deleted = status.st_nlink == 0
    if size > tail.size:
        tail.since = files.now
    tail.grow(size, files.now)
    files.touch(tail)
    rested = abs(files.now - tail.since) >= LINGER_SECONDS and not tail.unread
    if rested or (tail.state is State.ENDED and tail.linked):
        files.give_up(tail, "deleted" if tail.deleted else "moved away")
