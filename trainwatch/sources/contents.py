"""Files that changed at their place: growth, a copytruncate, a truncation, or another content."""

from __future__ import annotations

from collections.abc import Iterable

from trainwatch.sources.descriptors import FileMovedError
from trainwatch.sources.files import Files
from trainwatch.sources.tail import Slot, State, Tail


def compare(files: Files, changed: Iterable[Slot]) -> None:
    """Tell growth from a new content, of files that changed where they are."""
    replaced = [slot for slot in changed if slot.tail is not None and not _continues(files, slot)]
    # First all of them give up their files: what stands at one may be the copy of another.
    lost = [(slot, _replace(files, slot)) for slot in replaced]
    for slot, tail in lost:
        if tail is not None and not _follow_copy(files, slot, tail):
            _end(files, slot, tail)


def _continues(files: Files, slot: Slot) -> bool:
    tail = slot.tail
    if tail is None:
        return True
    if tail.state is State.NEW:
        tail.grow(slot.size, files.now)
        files.new.setdefault(tail)
        return True
    if tail.state in (State.IGNORED, State.COPY):
        shrunk, tail.size = slot.size < tail.size, slot.size
        return not shrunk and (tail.state is State.IGNORED or _begins_alike(files, tail))
    return _still_matches(files, slot, tail)


def _begins_alike(files: Files, tail: Tail) -> bool:
    try:
        return tail.memory.matches(tail.descriptor(files.descriptors), tail.size)
    except OSError:
        return True


def _still_matches(files: Files, slot: Slot, tail: Tail) -> bool:
    if slot.size < tail.memory.offset:
        return False
    if _is_idle(files, slot, tail):
        return True
    try:
        matches = tail.memory.matches(tail.descriptor(files.descriptors), slot.size)
    except FileMovedError:
        files.again(tail)
        return True
    except OSError as error:
        files.trouble(tail, error)
        return True
    if matches:
        files.problems.pop(tail.name, None)
        tail.grow(slot.size, files.now)
        files.touch(tail)
    return matches


def _is_idle(files: Files, slot: Slot, tail: Tail) -> bool:
    """Whether nothing has changed since the last look, and comparing would mean opening again."""
    return (
        slot.is_second_look
        and slot.size == tail.size
        and not tail.unread
        and files.descriptors.held(tail) is None
    )


def _replace(files: Files, slot: Slot) -> Tail | None:
    """See another content at a path; the file that was read there, if it was."""
    tail = slot.tail
    if tail is None:
        return None
    if tail.state not in (State.LIVE, State.ENDED):
        files.give_up(tail, "")
        files.create(slot)
        return None
    files.detach(tail)
    files.create(slot)
    return tail


def _follow_copy(files: Files, slot: Slot, tail: Tail) -> bool:
    """After a copytruncate, read what is left of the old content from the copy.

    Returns:
        Whether there is a copy among the files of the same log.
    """
    family = [one for one in files.family(slot.candidate.base) if one is not slot]
    copies = [one for one in family if _is_copy(files, one, tail)]
    if not copies:
        return False
    files.move(tail, max(copies, key=lambda one: one.size >= tail.memory.offset))
    return True


def _is_copy(files: Files, slot: Slot, tail: Tail) -> bool:
    other = slot.tail
    if other is None or other.state not in (State.NEW, State.COPY) or not slot.size:
        return False
    try:
        return tail.memory.is_start_of(other.descriptor(files.descriptors), slot.size)
    except OSError:
        return False


def _end(files: Files, slot: Slot, tail: Tail) -> None:
    """Begin a new generation where a content was replaced."""
    new = slot.tail
    if new is not None:
        try:
            fd = new.descriptor(files.descriptors)
            new.kept = tail.memory.kept_until(fd, slot.size)
        except OSError:
            new.kept = 0
    files.give_up(tail, "truncated" if slot.size < tail.memory.offset else "replaced")
