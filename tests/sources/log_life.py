"""What happens to logs (`Logs`), and a reader that checks every promise as it reads (`Reader`)."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from trainwatch.events import Chunk, FileEnded, LogFile, SourceItem
from trainwatch.sources import Follower, Limits, Start

SMALL = Limits(max_bytes=1 << 20, block_bytes=1 << 16)


class Logs:
    """A directory of logs, and what trainings, logrotate and people do to it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, name: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def append(self, name: str, text: str | bytes) -> None:
        with self.path(name).open("ab") as file:
            file.write(text.encode() if isinstance(text, str) else text)

    def write(self, name: str, text: str | bytes) -> None:
        """As a shell does with `>`: truncate the same file and write."""
        with self.path(name).open("wb") as file:
            file.write(text.encode() if isinstance(text, str) else text)

    def truncate(self, name: str, size: int = 0) -> None:
        os.truncate(self.path(name), size)

    def rename(self, old: str, new: str) -> None:
        self.path(old).rename(self.path(new))

    def delete(self, name: str) -> None:
        self.path(name).unlink()

    def copy(self, old: str, new: str) -> None:
        shutil.copyfile(self.path(old), self.path(new))

    def shift(self, name: str, keep: int = 3) -> None:
        """Make room for a new `name.1`, as logrotate does."""
        for number in range(keep, 0, -1):
            if self.path(f"{name}.{number}").exists():
                if number == keep:
                    self.delete(f"{name}.{number}")
                else:
                    self.rename(f"{name}.{number}", f"{name}.{number + 1}")

    def rotate(self, name: str, keep: int = 3) -> None:
        self.shift(name, keep)
        self.rename(name, f"{name}.1")

    def copytruncate(self, name: str, keep: int = 3) -> None:
        self.shift(name, keep)
        self.copy(name, f"{name}.1")
        self.truncate(name)


class Reader:
    """Polls a follower, keeps what comes, and asserts what must hold of every item."""

    def __init__(
        self,
        paths: Sequence[Path | str] | Path | str,
        *,
        now: float = 1000.0,
        start: Start = Start.BEGINNING,
        tail_bytes: int = 256 << 10,
        offsets: Mapping[str, object] | None = None,
        limits: Limits = SMALL,
    ) -> None:
        given = [paths] if isinstance(paths, Path | str) else list(paths)
        self.follower = Follower(
            given, start=start, tail_bytes=tail_bytes, offsets=offsets, limits=limits
        )
        self.now = now
        self.items: list[SourceItem] = []
        self._ends: dict[LogFile, int] = {}
        self._ended: set[LogFile] = set()
        self._resumed = offsets is not None

    def poll(self, *, step: float = 0.5, max_bytes: int | None = None) -> list[SourceItem]:
        """One poll."""
        self.now += step
        items = []
        for item in self.follower.poll(self.now, max_bytes=max_bytes):
            self._check(item)
            items.append(item)
        self.items += items
        return items

    def drain(self, polls: int = 2) -> list[SourceItem]:
        """Poll until nothing is left, and as often as given at least."""
        items = []
        done = 0
        while done < polls or self.follower.backlog():
            items += self.poll()
            done += 1
            assert done < 1000, "the backlog never ends"
        return items

    def _check(self, item: SourceItem) -> None:
        assert item.file not in self._ended, f"{item.file} goes on after its end: {item}"
        if isinstance(item, FileEnded):
            self._ended.add(item.file)
            return
        assert item.data
        expected = self._ends.get(item.file, None if self._resumed else item.file.start)
        if expected is not None:
            assert item.offset == expected, "a gap or an overlap"
        self._ends[item.file] = item.offset + len(item.data)

    def __getitem__(self, name: str) -> list[str]:
        """The text of each generation under a name, in order."""
        found = {file: text for file, text in self.texts().items() if file.name == name}
        return [found[file] for file in sorted(found, key=lambda file: file.generation)]

    def texts(self) -> dict[LogFile, str]:
        data: dict[LogFile, bytes] = defaultdict(bytes)
        for item in self.items:
            if isinstance(item, Chunk):
                data[item.file] += item.data
        return {file: text.decode() for file, text in data.items()}

    def everything(self) -> str:
        """All text in the order in which it came."""
        return b"".join(item.data for item in self.items if isinstance(item, Chunk)).decode()

    def ends(self) -> list[tuple[str, int, str]]:
        return [
            (item.file.name, item.file.generation, item.reason)
            for item in self.items
            if isinstance(item, FileEnded)
        ]


def chunks(items: Sequence[SourceItem]) -> list[Chunk]:
    return [item for item in items if isinstance(item, Chunk)]
