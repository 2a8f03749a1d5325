"""Where reading stopped, in a form that outlives the process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from trainwatch.events import LogFile
from trainwatch.sources.memory import FileId, Fingerprint
from trainwatch.sources.tail import State, Tail

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
