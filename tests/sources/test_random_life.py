"""Logs live through random lives, with looks at random moments, and every line comes once.

Each line is unique. A small model keeps what cannot be known by any reader apart: lines that were
destroyed before anybody could have looked, and lines that stand in a truncated file again.
"""

from __future__ import annotations

import json
import random
import re
import tempfile
from collections import Counter
from collections.abc import Sequence
from io import BufferedWriter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from log_life import Logs, Reader

from trainwatch.events import Chunk, SourceItem
from trainwatch.sources import Limits

NAMES = ("a.log", "b.log", "sub/c.out")
KEEP = 3


class Life:
    """A directory of logs, a reader, and the bookkeeping of what must be delivered."""

    def __init__(self, root: Path, max_open: int, max_bytes: int) -> None:
        self.logs = Logs(root)
        self.limits = Limits(max_bytes=max_bytes, block_bytes=64, max_open=max_open)
        self.writers: dict[str, BufferedWriter] = {}
        self.reader = Reader(root, limits=self.limits)
        self.all_held = max_open > 50
        self.number = 0
        self.written: list[str] = []
        self.may_miss: set[str] = set()
        self.may_repeat: set[str] = set()
        self.delivered: Counter[str] = Counter()
        self.fed: dict[object, bytes] = {}
        self.emptied: set[tuple[int, int]] = set()  # since the last look

    # --- what happens ---------------------------------------------------------------------

    def append(self, name: str, count: int) -> None:
        for _ in range(count):
            self.number += 1
            line = f"<{self.number:05}>\n"
            self.written.append(line)
            self.logs.append(name, line)

    def rotate(self, name: str, count: int) -> None:
        if not self.exists(name):
            return
        self.destroy(f"{name}.{KEEP}")
        self.logs.rotate(name, KEEP)
        if count:
            self.append(name, count)

    def copytruncate(self, name: str, count: int) -> None:
        if not self.exists(name):
            return
        self.destroy(f"{name}.{KEEP}")
        self.logs.shift(name, KEEP)
        self.logs.copy(name, f"{name}.1")
        if count % 2:
            self.append(name, 1)
            self.may_miss.add(self.written[-1])  # between the copy and the truncation
        self.logs.truncate(name)
        self.empty(name)
        self.append(name, count // 2)

    def copy_over(self, name: str, count: int) -> None:
        if not self.exists(name):
            return
        self.destroy(f"{name}.1", held=False)
        self.logs.copy(name, f"{name}.1")
        self.empty(f"{name}.1")
        self.logs.truncate(name)
        self.empty(name)
        self.append(name, count // 2)

    def truncate(self, name: str, count: int) -> None:
        self.destroy(name, held=False)
        if self.exists(name):
            self.logs.write(name, "")
            self.empty(name)
            self.append(name, count)

    def cut(self, name: str, count: int) -> None:
        if not self.exists(name):
            return
        lines = self.lines(name)
        kept = len(lines) * count // 6
        self.may_miss.update(lines[kept:])
        self.may_repeat.update(lines[:kept])
        self.logs.truncate(name, kept * len("<00000>\n"))
        self.empty(name)
        self.append(name, count)

    def delete(self, name: str, count: int) -> None:
        self.destroy(name)
        if self.exists(name):
            self.lose()
            self.logs.delete(name)
            if count > 2:
                self.append(name, count - 2)

    def empty(self, name: str) -> None:
        status = (self.logs.root / name).stat()
        self.emptied.add((status.st_dev, status.st_ino))

    def write_late(self, name: str, count: int) -> None:
        """Write through a file opened earlier, which may have been rotated or deleted since."""
        writer = self.writers.get(name)
        if writer is None or count == 0:
            if writer is not None:
                writer.close()
            self.writers[name] = self.logs.path(name).open("ab")
            return
        self.number += 1
        line = f"<{self.number:05}>\n"
        self.written.append(line)
        writer.write(line.encode())
        writer.flush()
        if line not in self.on_disk():
            self.may_miss.add(line)

    def synchronise(self, name: str, count: int) -> None:
        """As rsync does: a new file with the old content and more takes the place of the old one."""
        if not self.exists(name):
            return
        lines = self.lines(name)
        if sum(map(len, lines)) < 2048:  # too little to be known again for certain
            self.may_repeat.update(lines)
        self.lose()
        self.logs.copy(name, ".temporary")
        self.append(".temporary", count)
        self.logs.rename(".temporary", name)

    def poll(self, _: str, count: int) -> None:
        self.emptied.clear()
        self.take(self.reader.poll(step=count * 0.4))

    def restart(self, *_: object) -> None:
        # What was deleted or lost its name while held open cannot be found by a new process.
        self.may_miss.update(set(self.written) - set(self.on_disk()))
        offsets = json.loads(json.dumps(self.reader.follower.offsets()))
        self.reader.follower.close()
        now = self.reader.now
        self.reader = Reader(self.logs.root, limits=self.limits, offsets=offsets, now=now)

    # --- what is known --------------------------------------------------------------------

    def exists(self, name: str) -> bool:
        return (self.logs.root / name).is_file()

    def lines(self, name: str) -> list[str]:
        text = (self.logs.root / name).read_text() if self.exists(name) else ""
        return text.splitlines(keepends=True)

    def on_disk(self) -> list[str]:
        files = (path for path in self.logs.root.rglob("*") if path.is_file())
        return [line for path in files for line in path.read_text().splitlines(keepends=True)]

    def destroy(self, name: str, *, held: bool = True) -> None:
        """A file's content is about to vanish: what was not read yet may be missed."""
        if not (held and self.all_held and self.is_held(name)):
            self.may_miss.update(self.lines(name))

    def lose(self) -> None:
        """A file is about to go; if it was copied before, who can tell that but by its handle?"""
        if not self.all_held:
            self.may_repeat.update(self.written)

    def is_held(self, name: str) -> bool:
        path = self.logs.root / name
        if not path.exists():
            return False
        status = path.stat()
        held = self.reader.follower._files.tails
        return (status.st_dev, status.st_ino) not in self.emptied and any(
            tail.identity == (status.st_dev, status.st_ino) and tail.file is not None
            for tail in held.values()
        )

    def take(self, items: Sequence[SourceItem]) -> None:
        for item in items:
            if isinstance(item, Chunk):
                self.fed[item.file] = self.fed.get(item.file, b"") + item.data

    def finish(self) -> None:
        for _ in range(3):
            self.take(self.reader.drain())
            self.take(self.reader.poll(step=3))
        for data in self.fed.values():
            self.delivered.update(re.findall(r"<\d{5}>\n", data.decode()))
        self.reader.follower.close()
        for writer in self.writers.values():
            writer.close()
        assert self.reader.follower.problems == {}
        missing = set(self.written) - set(self.delivered) - self.may_miss
        assert not missing, f"lost: {sorted(missing)}"
        twice = {line for line, number in self.delivered.items() if number > 1} - self.may_repeat
        assert not twice, f"read twice: {sorted(twice)}"
        for file, data in self.fed.items():
            assert data.decode() == "".join(re.findall(r"<\d{5}>\n", data.decode())), file


STEPS = (
    "append", "append", "append", "poll", "poll", "poll", "rotate", "copytruncate", "copy_over",
    "truncate", "cut", "delete", "restart", "write_late", "write_late", "synchronise",
)  # fmt: skip
life = st.lists(
    st.tuples(st.sampled_from(STEPS), st.sampled_from(NAMES), st.integers(0, 5)), max_size=40
)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=life, max_open=st.sampled_from([2, 100]), max_bytes=st.sampled_from([200, 1 << 20]))
def test_every_line_comes_once(
    steps: list[tuple[str, str, int]], max_open: int, max_bytes: int
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        one = Life(Path(directory), max_open, max_bytes)
        for step, name, count in steps:
            getattr(one, step)(name, count)
        one.finish()


@pytest.mark.parametrize("seed", range(3))
def test_a_long_life(seed: int) -> None:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as directory:
        one = Life(Path(directory), 100, 1 << 20)
        for _ in range(400):
            step, name = chance.choice(STEPS), chance.choice(NAMES)
            getattr(one, step)(name, chance.randrange(6))
        one.finish()
