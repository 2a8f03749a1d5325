"""Where reading stopped, in a form that outlives the process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from trainwatch.events import LogFile
from trainwatch.sources import fs
from trainwatch.sources.files import Files
from trainwatch.sources.memory import HEAD, FileId, Fingerprint, Memory
from trainwatch.sources.names import rotated_from
from trainwatch.sources.tail import Slot, State, Tail

SCHEMA = 1
_STATES = {"live": State.LIVE, "ended": State.ENDED, "copy": State.COPY}
_WORDS = {state: word for word, state in _STATES.items()}


@dataclass(frozen=True, slots=True)
class SavedFile:
    """One file as a reader left it.

    Attributes:
        name: Under which it was shown.
        file: What its chunks carried; None when none was delivered.
        identity: Device and inode.
        state: LIVE, ENDED or COPY.
        fingerprint: How far it was read, and what it looked like.
    """

    name: str
    file: LogFile | None
    identity: FileId
    state: State
    fingerprint: Fingerprint


def dump(tails: Iterable[Tail], waiting: Iterable[SavedFile]) -> dict[str, object]:
    """The offsets of some files as JSON values.

    Args:
        tails: What is being read.
        waiting: What an earlier reader left and was not found again yet.
    """
    saved = [_save(tail) for tail in tails if tail.state in _WORDS and not _is_over(tail)]
    return {"schema": SCHEMA, "files": [_entry(one) for one in (*saved, *waiting)]}


def _is_over(tail: Tail) -> bool:
    """Whether nobody could find it again."""
    return tail.state is State.ENDED and tail.slot is None


def _save(tail: Tail) -> SavedFile:
    fingerprint = Fingerprint.of(tail.memory)
    return SavedFile(tail.name, tail.file, tail.identity, tail.state, fingerprint)


def _entry(saved: SavedFile) -> dict[str, object]:
    file = saved.file
    return {
        "name": saved.name,
        "generation": None if file is None else file.generation,
        "start": None if file is None else file.start,
        "shown": None if file is None else file.name,
        "dev": saved.identity.dev,
        "ino": saved.identity.ino,
        "state": _WORDS[saved.state],
        **saved.fingerprint.to_json(),
    }


def load(offsets: Mapping[str, object] | None) -> tuple[SavedFile, ...]:
    """What `dump` gave; entries that are damaged or of another schema are as if never saved."""
    files = offsets.get("files") if offsets is not None else None
    if offsets is None or offsets.get("schema") != SCHEMA or not isinstance(files, list):
        return ()
    return tuple(_loaded(files))


def _loaded(files: Iterable[object]) -> Iterator[SavedFile]:
    for entry in files:
        if not isinstance(entry, Mapping):
            continue
        try:
            yield _saved(entry)
        except (KeyError, TypeError, ValueError):
            continue


def _saved(entry: Mapping[str, object]) -> SavedFile:
    file = None
    if entry["generation"] is not None:
        file = LogFile(str(entry["shown"]), _number(entry["generation"]), _number(entry["start"]))
    return SavedFile(
        str(entry["name"]),
        file,
        FileId(_number(entry["dev"]), _number(entry["ino"])),
        _STATES[str(entry["state"])],
        Fingerprint.from_json(entry),
    )


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError("not a number")
    return value


# --- finding the files again ----------------------------------------------------------------------


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
    names = {slot.candidate.name: slot.candidate.base for slot in files.slots.values()}
    names |= {slot.candidate.base_name: slot.candidate.base for slot in files.slots.values()}
    lost = [entry for entry in saved if not _restore_by_identity(files, entry)]
    # The longest first: what was read least of may be the beginning of what was read most of.
    lost.sort(key=lambda entry: -entry.fingerprint.offset)
    lost = [entry for entry in lost if not _restore_in(files, entry, _base(names, entry.name))]
    for entry in saved:
        _treat_rest_as_new(files, _base(names, entry.name))
    if not certain:
        return tuple(lost)
    for entry in lost:
        if entry.file is not None and entry.state is State.LIVE:
            files.mourn(entry.file, _base(names, entry.name))
    return ()


def _base(names: Mapping[str, str], name: str) -> str | None:
    """Path of the log to which the file once shown as `name` belongs."""
    rotated = rotated_from(name)
    return names.get(name) or (names.get(rotated[0]) if rotated is not None else None)


def _restore_by_identity(files: Files, entry: SavedFile) -> bool:
    tail = files.tails.get(entry.identity)
    return tail is not None and tail.slot is not None and _restore_at(files, entry, tail.slot)


def _restore_in(files: Files, entry: SavedFile, base: str | None) -> bool:
    """Find the content elsewhere: in the copy of a copytruncate, or under a new device number."""
    if base is None or entry.state is State.COPY:
        return False
    return any(_restore_at(files, entry, slot) for slot in files.family(base))


def _restore_at(files: Files, entry: SavedFile, slot: Slot) -> bool:
    tail = slot.tail
    if tail is None or tail.state is not State.NEW:
        return False
    try:
        fd = tail.descriptor(files.descriptors)
        if not entry.fingerprint.matches(fd, tail.size):
            return False
        memory = Memory(fs.read_at(fd, HEAD, 0), entry.fingerprint.offset, files.keep_bytes())
        memory.load(fd)
    except OSError:
        return False
    tail.moved = slot.candidate.name != entry.name
    tail.name = entry.name
    files.take_over(tail, memory, entry.state, entry.file)
    return True


def _treat_rest_as_new(files: Files, base: str | None) -> None:
    """What came into a log's family since then was written meanwhile: it is read from its start."""
    for slot in files.family(base) if base is not None else ():
        if slot.tail is not None and slot.tail.state is State.NEW:
            slot.tail.initial = False
