"""Writers and a reader at the same time, as fast as they can: no order of events is arranged."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from log_life import Logs, Reader

from trainwatch.sources import Limits, Waker

COUNT = 8000
DEADLINE = 30.0

ROTATING = """
import logging, logging.handlers, sys
handler = logging.handlers.RotatingFileHandler(sys.argv[1], maxBytes=10_000, backupCount=60)
log = logging.getLogger("x")
log.addHandler(handler)
for number in range(int(sys.argv[2])):
    log.error("line %06d", number)
"""

RENAMING = """
import os, sys
path = sys.argv[1]
out = open(path, "ab", buffering=0)
for number in range(int(sys.argv[2])):
    out.write(b"line %06d\\n" % number)
    if number % 997 == 996:
        os.rename(path, f"{path}.{20231201 + number // 997}")
        out.write(b"written after the rename\\n")
        out.close()
        out = open(path, "ab", buffering=0)
"""

PLAIN = """
import os, sys
path = sys.argv[1]
out = open(path, "ab", buffering=0)
for number in range(int(sys.argv[2])):
    out.write(b"line %06d\\n" % number)
"""


def read_while(
    logs: Logs, script: str, polls: Callable[[Reader, Waker], object], names: int = 1
) -> Reader:
    """Poll until every writer has ended and all is read."""
    for number in range(names):  # that it is a log, and not only its rotated files, is known
        logs.append(f"{number}.log", "")
    with Waker([logs.root], debounce=0.0) as waker:
        reader = Reader(logs.root, limits=Limits(max_bytes=300_000, block_bytes=10_000))
        reader.poll()
        writers = [
            subprocess.Popen([sys.executable, "-c", script, str(logs.path(f"{n}.log")), str(COUNT)])
            for n in range(names)
        ]
        end = time.monotonic() + DEADLINE
        while any(writer.poll() is None for writer in writers):
            polls(reader, waker)
            assert time.monotonic() < end, "the writers do not end"
        reader.drain(polls=4)
    assert all(writer.returncode == 0 for writer in writers)
    return reader


def waking(reader: Reader, waker: Waker) -> None:
    reader.poll()
    waker.wait(0.02)


def without_pause(reader: Reader, _: Waker) -> None:
    reader.poll()


@pytest.mark.parametrize("polls", [waking, without_pause])
@pytest.mark.parametrize("script", [ROTATING, RENAMING], ids=["rotating", "renaming"])
def test_rotation_while_it_is_read(
    logs: Logs, script: str, polls: Callable[[Reader, Waker], object]
) -> None:
    reader = read_while(logs, script, polls)
    lines = [line for line in reader.everything().splitlines() if line.startswith("line")]
    assert lines == [f"line {number:06}" for number in range(COUNT)]
    assert reader.follower.problems == {}
    assert len(reader.ends()) >= COUNT // 997


def test_many_writers(logs: Logs) -> None:
    reader = read_while(logs, PLAIN, waking, names=4)
    wanted = "".join(f"line {number:06}\n" for number in range(COUNT))
    assert [reader[f"{number}.log"] for number in range(4)] == [[wanted]] * 4


def test_the_end_of_a_run_that_cleans_up(logs: Logs, tmp_path: Path) -> None:
    """The last lines are written, and the directory is removed at once."""
    logs.append("run/x.log", "one\n")
    reader = Reader(logs.root)
    reader.poll()
    logs.append("run/x.log", "the last words\n")
    (logs.root / "run").rename(tmp_path / "archive")
    reader.drain()
    assert reader["run/x.log"] == ["one\nthe last words\n"]
