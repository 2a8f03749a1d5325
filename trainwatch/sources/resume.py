"""Find the files again that an earlier reader left, wherever they are now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, auto

from trainwatch.sources import fs
from trainwatch.sources.descriptors import FileMovedError
from trainwatch.sources.files import Files
from trainwatch.sources.memory import HEAD, Memory
from trainwatch.sources.names import rotated_from
from trainwatch.sources.saved import SavedFile
from trainwatch.sources.tail import Slot, State


class _Outcome(Enum):
    FOUND = auto()
    ELSEWHERE = auto()
    UNREADABLE = auto()


def reserve(files: Files, saved: Iterable[SavedFile]) -> None:
    """Give no name a generation that it had before."""
    for entry in saved:
        if entry.file is not None:
            files.reserve(entry.file)


def restore(files: Files, saved: Sequence[SavedFile], *, certain: bool) -> tuple[SavedFile, ...]:
    """Continue where an earlier reader stopped; to be called between a look and opening.

    Args:
        files: After a look.
        saved: What the earlier reader left.
        certain: Whether all could be looked at, so that what is not found does not exist.

    Returns:
        What is to be looked for again at the next look.
    """
    bases = {slot.candidate.name: slot.candidate.base for slot in files.slots.values()}
    bases |= {slot.candidate.base_name: slot.candidate.base for slot in files.slots.values()}
    outcomes = {entry: _restore_by_identity(files, entry) for entry in saved}
    lost = [entry for entry in saved if outcomes[entry] is _Outcome.ELSEWHERE]
    # The longest first: what was read least of may be the beginning of what was read most of.
    for entry in sorted(lost, key=lambda entry: -entry.fingerprint.offset):
        outcomes[entry] = _restore_by_content(files, entry, _base(bases, entry.name))
    for entry in saved:
        _treat_rest_as_new(files, _base(bases, entry.name))
    if certain:
        _mourn(files, bases, [one for one in saved if outcomes[one] is _Outcome.ELSEWHERE])
    settled = (_Outcome.FOUND, _Outcome.ELSEWHERE) if certain else (_Outcome.FOUND,)
    return tuple(entry for entry in saved if outcomes[entry] not in settled)


def _base(bases: Mapping[str, str], name: str) -> str | None:
    """Path of the log to which the file once shown as `name` belongs."""
    rotated = rotated_from(name)
    return bases.get(name) or (bases.get(rotated[0]) if rotated is not None else None)


def _restore_by_identity(files: Files, entry: SavedFile) -> _Outcome:
    tail = files.tails.get(entry.identity)
    if tail is None or tail.slot is None:
        return _Outcome.ELSEWHERE
    outcome = _restore_at(files, entry, tail.slot)
    if outcome is _Outcome.UNREADABLE:  # nor may it be read as a new file until that is known
        files.new.pop(tail, None)
        files.again(tail)
    return outcome


def _restore_by_content(files: Files, entry: SavedFile, base: str | None) -> _Outcome:
    """Look into the copy of a copytruncate, or at a file system with another device number."""
    if base is None or entry.state is State.COPY:
        return _Outcome.ELSEWHERE
    found = _Outcome.ELSEWHERE
    for slot in files.family(base):
        outcome = _restore_at(files, entry, slot)
        if outcome is _Outcome.FOUND:
            return outcome
        if outcome is _Outcome.UNREADABLE:
            found = outcome
    return found


def _restore_at(files: Files, entry: SavedFile, slot: Slot) -> _Outcome:
    tail = slot.tail
    if tail is None or tail.state is not State.NEW:
        return _Outcome.ELSEWHERE
    try:
        fd = tail.descriptor(files.descriptors)
        if not entry.fingerprint.matches(fd, tail.size):
            return _Outcome.ELSEWHERE
        memory = Memory(fs.read_at(fd, HEAD, 0), entry.fingerprint.offset, files.keep_bytes())
        memory.load(fd)
    except FileMovedError:
        return _Outcome.UNREADABLE
    except OSError as error:
        files.trouble(tail, error)
        return _Outcome.UNREADABLE
    tail.moved = slot.candidate.name != entry.name
    tail.name = entry.name
    files.take_over(tail, memory, entry.state, entry.file)
    return _Outcome.FOUND


def _treat_rest_as_new(files: Files, base: str | None) -> None:
    """What came into a log's family since then was written meanwhile: it is read from its start."""
    for slot in files.family(base) if base is not None else ():
        if slot.tail is not None and slot.tail.state is State.NEW:
            slot.tail.initial = False


def _mourn(files: Files, bases: Mapping[str, str], lost: Iterable[SavedFile]) -> None:
    for entry in lost:
        if entry.file is not None and entry.state is State.LIVE:
            files.mourn(entry.file, _base(bases, entry.name))
