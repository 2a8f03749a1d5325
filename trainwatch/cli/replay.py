"""Replays recorded logs in real time: for a demonstration where torch is not installed.

The files are written anew, line by line, at the pace at which the recorded ones were written. A
line that states no time is written when its share of its file's bytes has passed.
"""

import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from trainwatch.parsing.prefix import Clock, split_prefix

_PACE = 0.02
"""Seconds between two writes: what falls due between them is written together."""


@dataclass(frozen=True, slots=True)
class Written:
    """One recorded line and when it was written.

    Attributes:
        at: Seconds since the first line of all.
        name: Path of its file, relative to the recording.
        line: The line with its end.
    """

    at: float
    name: str
    line: bytes


def schedule(files: Sequence[tuple[str, bytes]]) -> list[Written]:
    """The lines of recorded files in the order in which they were written."""
    clock = Clock()
    stamped: dict[str, list[float | None]] = {}
    for name, data in files:
        stamped[name] = [_seconds(clock, line) for line in data.splitlines(keepends=True)]
    known = [time for times in stamped.values() for time in times if time is not None]
    first, last = (min(known), max(known)) if known else (0.0, 0.0)
    lines = [
        Written(at - first, name, line)
        for name, data in files
        for at, line in _timed(data, stamped[name], first, last)
    ]
    return sorted(lines, key=lambda written: written.at)


def _seconds(clock: Clock, line: bytes) -> float | None:
    found = split_prefix(line)
    stamp = clock.stamp(found["clock"], found["fraction"], found["zone"])
    return None if stamp is None else stamp.seconds


def _timed(
    data: bytes, times: Sequence[float | None], first: float, last: float
) -> Iterator[tuple[float, bytes]]:
    """Lines with their times, which never go back within a file."""
    passed = 0
    newest = first
    stated = any(time is not None for time in times)
    for line, time in zip(data.splitlines(keepends=True), times, strict=True):
        passed += len(line)
        share = first + (last - first) * passed / len(data)
        newest = max(newest, time if time is not None else (newest if stated else share))
        yield newest, line


class Replay:
    """Writes a recording into a directory of its own until it is over or closed.

    Args:
        recording: The directory with the recorded logs.
    """

    def __init__(self, recording: Path) -> None:
        files = sorted(path for path in recording.rglob("*") if path.is_file())
        self._lines = schedule(
            [(str(path.relative_to(recording)), path.read_bytes()) for path in files]
        )
        self.directory = Path(tempfile.mkdtemp(prefix="trainwatch-demo-"))
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._write, name="trainwatch-replay", daemon=True)

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return self._lines[-1].at if self._lines else 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._closing.set()
        self._thread.join()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _write(self) -> None:
        elapsed = 0.0
        for written in self._lines:
            if written.at > elapsed + _PACE:
                if self._closing.wait(written.at - elapsed):
                    return
                elapsed = written.at
            path = self.directory / written.name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as stream:
                stream.write(written.line)
