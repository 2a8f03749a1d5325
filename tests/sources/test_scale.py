"""Thousands of files: all are read, few are open, and looking again costs little."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from log_life import Logs, Reader, chunks

from trainwatch.sources import Limits, discover, fs
from trainwatch.sources.descriptors import default_limit

COUNT = 3000


@pytest.fixture
def many(logs: Logs) -> Logs:
    for rank in range(COUNT):
        logs.append(f"node{rank % 7}/debug_rank{rank}.log", f"[Rank {rank}]\n")
    return logs


@pytest.fixture
def few_descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.usefixtures("few_descriptors")
def test_three_thousand_files(many: Logs) -> None:
    assert default_limit() == 32
    assert len(discover([many.root]).files) == COUNT
    reader = Reader(many.root, limits=Limits())
    before = open_files()
    reader.drain()
    assert open_files() <= before + 32
    ranks = [chunk.data.decode() for chunk in chunks(reader.items)]
    assert sorted(ranks) == sorted(f"[Rank {rank}]\n" for rank in range(COUNT))
    for rank in range(0, COUNT, 3):
        many.append(f"node{rank % 7}/debug_rank{rank}.log", "more\n")
    many.append("node0/late.log", "late\n")
    more = chunks(reader.drain())
    assert len(more) == COUNT // 3 + 1
    assert reader.follower.problems == {}
    resumed = Reader(many.root, offsets=json.loads(json.dumps(reader.follower.offsets())))
    assert resumed.drain() == []


def test_idle_files_are_neither_listed_nor_opened_again(
    many: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Reader(many.root, limits=Limits())
    reader.drain()
    reader.poll()
    calls = {"stat": 0, "scan": 0, "open_to_read": 0, "read_at": 0}
    for name in calls:

        def counted(*args: object, _name: str = name, _real: object = getattr(fs, name)) -> object:
            calls[_name] += 1
            return _real(*args)  # type: ignore[operator]

        monkeypatch.setattr(fs, name, counted)
    reader.poll(step=0.1)
    assert calls == {"stat": COUNT + 8, "scan": 0, "open_to_read": 0, "read_at": 0}


def test_a_line_without_an_end(logs: Logs) -> None:
    """What is read is handed on in blocks: nothing grows with the length of a line."""
    with logs.path("x.log").open("wb") as file:
        file.truncate(200 << 20)  # sparse: 200 MB of NULs, no newline
    reader = Reader(logs.root)
    size = 0
    while True:
        items = chunks(list(reader.follower.poll(1.0)))
        size += sum(len(chunk.data) for chunk in items)
        assert all(len(chunk.data) <= 1 << 16 for chunk in items)
        if not reader.follower.backlog():
            break
    assert size == 200 << 20
