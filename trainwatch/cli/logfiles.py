"""The logs of a run as bytes to page through: found anew now and then, never held open."""

import os
import time
from collections.abc import Callable, Mapping, Sequence

from trainwatch.cli.widelog import WideLog, codec_of, pread
from trainwatch.events import Evidence
from trainwatch.formats.filenames import describe
from trainwatch.sources import LogPath, discover

AGAIN_SECONDS = 2.0
"""Seconds after which new files are looked for."""


class Superseded(Exception):  # noqa: N818 - not an error: somebody wants something else by now
    """A newer request makes what is being read needless."""


class LogFiles:
    """Rotated parts of a log are one, the oldest first.

    Args:
        paths: As given by the user.
        watch: Called with the bytes of every read; may raise `Superseded`.
    """

    def __init__(self, paths: Sequence[str], watch: Callable[[int], None]) -> None:
        self._paths = list(paths)
        self._watch = watch
        self._families: dict[str, list[LogPath]] = {}
        self._sizes: dict[str, list[int]] = {}
        self._wide: dict[str, WideLog | None] = {}
        self._looked = float("-inf")

    def refresh(self) -> None:
        """Looks for new files, and how far the known ones have grown."""
        now = time.monotonic()
        if now - self._looked > AGAIN_SECONDS:
            self._looked = now
            self._families = {}
            for log in discover(self._paths, allow_empty=True).files:
                base = describe(log.name).base
                self._families.setdefault(base, []).append(log)
        self._sizes = {
            name: [self._size(part.path) for part in parts]
            for name, parts in self._families.items()
        }

    def sizes(self) -> Mapping[str, int]:
        """Every log by its name, with its bytes as of the last refresh."""
        return {name: sum(sizes) for name, sizes in self._sizes.items()}

    def read(self, name: str, offset: int, size: int) -> bytes:
        """Bytes of a log, fewer only at its end: those who read backwards count on it."""
        self._watch(size)
        found = []
        for part, length in zip(self._families[name], self._sizes[name], strict=True):
            if size > 0 and offset < length:
                data = self._bytes(part.path, offset, min(size, length - offset))
                found.append(data)
                if not data:  # it is gone, or was cut off
                    break
                offset, size = offset + len(data), size - len(data)
            offset -= length
        return b"".join(found)

    def _bytes(self, path: str, offset: int, size: int) -> bytes:
        wide = self._wide.get(path)
        return (
            pread(path, offset, size) if wide is None else bytes(wide.text[offset : offset + size])
        )

    def _size(self, path: str) -> int:
        """Of what is paged through; a file that holds something by now is looked at once."""
        size = _size(path)
        known = self._wide.get(path)
        if known is not None and size < known.read:
            del self._wide[path]  # another file stands there now
        if path not in self._wide and size > 1:
            codec = codec_of(path)
            self._wide[path] = WideLog(path, codec) if codec else None
        wide = self._wide.get(path)
        return size if wide is None else wide.grow()

    def locate(self, evidence: Evidence) -> tuple[str, int] | None:
        """Where a line stands now: a rotation keeps its offset, but in another part."""
        name = describe(evidence.file).base
        if name not in self._families:
            return None
        start = sum(self._sizes[name])
        text = evidence.text.encode(errors="replace").strip()[:64]
        places = []
        for part, length in reversed(
            list(zip(self._families[name], self._sizes[name], strict=True))
        ):
            start -= length
            wide = self._wide.get(part.path)
            offset = evidence.offset if wide is None else wide.place(evidence.offset)
            if offset < length:
                places.append(start + offset)
                if text in self._bytes(part.path, offset, 4096):
                    return name, start + offset
        return (name, places[0]) if places else None

    def path_of(self, name: str, offset: int) -> tuple[str, int]:
        """The file in which an offset of a log lies, and the lines of the parts before it."""
        before = 0
        for part, length in zip(self._families[name], self._sizes[name], strict=True):
            if offset < length:
                return part.path, before
            offset -= length
            before += length
        return self._families[name][-1].path, before


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - a thousand of them
    except OSError:
        return 0
