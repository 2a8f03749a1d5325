"""Where reading begins, how much at a time, which times chunks carry, and going on after a restart."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from log_life import Logs, Reader, chunks

from trainwatch.events import Chunk, LogFile
from trainwatch.sources import Follower, Limits, Start
from trainwatch.sources.tail import line_start

LINES = "".join(f"line {number:06}\n" for number in range(20_000))


# --- how much, in which order ---------------------------------------------------------------------


def test_a_poll_is_bounded_and_fair(logs: Logs) -> None:
    for name in ("a.log", "b.log", "c.log"):
        logs.append(name, LINES)
    logs.append("d.log", "short\n")
    reader = Reader(logs.root, limits=Limits(max_bytes=60_000, block_bytes=10_000))
    first = chunks(reader.poll())
    assert sum(len(chunk.data) for chunk in first) <= 60_000
    assert max(len(chunk.data) for chunk in first) <= 10_000
    assert {chunk.file.name for chunk in first} == {"a.log", "b.log", "c.log", "d.log"}
    reader.drain()
    assert reader["a.log"] == reader["b.log"] == reader["c.log"] == [LINES]


def test_what_is_not_fetched_comes_with_the_next_poll(logs: Logs) -> None:
    logs.append("a.log", LINES)
    follower = Follower([logs.root], limits=Limits(block_bytes=1000))
    first = next(iter(follower.poll(1.0)))
    rest = [*follower.poll(2.0), *follower.poll(3.0)]
    data = b"".join(item.data for item in [first, *rest] if isinstance(item, Chunk))
    assert data.decode() == LINES


def test_progress(logs: Logs) -> None:
    logs.append("a.log", LINES)
    logs.append("b.log", LINES)
    reader = Reader(logs.root, limits=Limits(max_bytes=100_000, block_bytes=10_000))
    assert reader.follower.progress().share == 1.0
    reader.poll()
    assert reader.follower.progress() == (100_000, 2 * len(LINES))
    assert reader.follower.backlog() == 2 * len(LINES) - 100_000
    reader.drain()
    assert reader.follower.progress() == (2 * len(LINES), 2 * len(LINES))


def test_the_same_file_system_and_times_give_the_same(logs: Logs) -> None:
    for name in ("b.log", "a.log", "sub/a.log", "a.log.1"):
        logs.append(name, f"{name}\n" * 100)
    one, other = Reader(logs.root), Reader(logs.root)
    for number in range(3):
        logs.append("a.log", f"{number}\n")
        assert one.poll() == other.poll()


# --- times ----------------------------------------------------------------------------------------


def test_times(logs: Logs) -> None:
    logs.append("x.log", "old\n")
    os.utime(logs.path("x.log"), (500.0, 500.25))
    reader = Reader(logs.root, now=1000.0)
    (old,) = chunks(reader.poll())
    assert (old.time, old.live) == (500.25, False)
    logs.append("x.log", "new\n")
    (new,) = chunks(reader.poll())
    assert (new.time, new.live) == (1001.0, True)
    logs.append("late.log", "late\n")
    (late,) = chunks(reader.drain())
    assert late.live
    logs.rotate("x.log")
    logs.append("x.log", "rotated\n")
    (rotated,) = chunks(reader.poll())
    assert (rotated.time, rotated.live) == (reader.now, True)


def test_lines_that_arrive_while_the_beginning_is_read_keep_their_time(logs: Logs) -> None:
    logs.append("x.log", "0" * 10_000)
    os.utime(logs.path("x.log"), (500.0, 500.0))
    reader = Reader(logs.root, now=1000.0, limits=Limits(max_bytes=5000))
    for number in "12":
        reader.poll()
        logs.append("x.log", number * 1000)
    reader.poll()
    reader.drain()
    times = {chr(chunk.data[0]): (chunk.time, chunk.live) for chunk in chunks(reader.items)}
    assert times == {"0": (500.0, False), "1": (1001.0, True), "2": (1001.5, True)}
    assert all(len(set(chunk.data)) == 1 for chunk in chunks(reader.items))


def test_a_clock_that_is_stepped_back(logs: Logs) -> None:
    reader = Reader(logs.root)
    logs.append("a.log", "1\n")
    reader.poll()
    reader.now -= 3600
    logs.append("a.log", "2\n")
    logs.append("b.log", "3\n")
    reader.drain()
    assert (reader["a.log"], reader["b.log"]) == (["1\n2\n"], ["3\n"])


# --- the tail first -------------------------------------------------------------------------------


def test_a_tail_begins_with_a_whole_line(logs: Logs) -> None:
    logs.append("x.log", LINES)
    reader = Reader(logs.root, start=Start.TAIL, tail_bytes=1000)
    (chunk,) = chunks(reader.poll())
    assert chunk.offset == chunk.file.start == len(LINES) - 996  # 83 lines of 12 bytes
    assert reader["x.log"] == [LINES[-996:]]
    logs.append("x.log", "more\n")
    logs.append("late.log", LINES)
    reader.drain()
    assert reader["x.log"] == [LINES[-996:] + "more\n"]
    assert reader["late.log"] == [LINES]


def test_a_short_file_is_read_whole(logs: Logs) -> None:
    logs.append("x.log", "one\ntwo\n")
    reader = Reader(logs.root, start=Start.TAIL, tail_bytes=8)
    (chunk,) = chunks(reader.poll())
    assert (chunk.file, chunk.data) == (LogFile("x.log"), b"one\ntwo\n")


def test_the_tail_of_a_log_includes_its_rotated_files(logs: Logs) -> None:
    logs.append("x.log.2", LINES)
    logs.append("x.log.1", LINES)
    logs.append("x.log", "one\n")
    reader = Reader(logs.root, start=Start.TAIL, tail_bytes=1000)
    reader.drain()
    assert list(reader.texts().values()) == [LINES[-996:], "one\n"]  # 83 lines of 12 bytes
    logs.append("x.log.2", "very late\n")
    reader.drain()
    assert reader["x.log.2"] == ["very late\n"]


@given(st.text("ab\n", max_size=40), st.integers(0, 45))
def test_line_starts(text: str, wanted: int) -> None:
    data = text.encode()
    fd = os.memfd_create("log")
    try:
        os.write(fd, data)
        start = line_start(fd, min(wanted, len(data)), len(data), data)
    finally:
        os.close(fd)
    starts = [0, *(at + 1 for at, byte in enumerate(data[:-1]) if byte == ord("\n"))]
    wanted = min(wanted, len(data))
    assert start == next((at for at in starts if at >= wanted), wanted)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_the_tail_of_utf_16_begins_with_a_whole_character(logs: Logs, encoding: str) -> None:
    text = "\ufeff" + "損失 0.5 Ċ\n" * 100  # U+010A: its bytes look like half a newline
    logs.append("x.log", text.encode(encoding))
    for tail_bytes in range(30, 60):
        reader = Reader(logs.root, start=Start.TAIL, tail_bytes=tail_bytes)
        (chunk,) = chunks(reader.poll())
        assert chunk.data.decode(encoding).startswith("損失")


# --- going on after a restart ---------------------------------------------------------------------


def restart(reader: Reader, paths: Path, **options: Any) -> Reader:
    offsets = json.loads(json.dumps(reader.follower.offsets()))
    reader.follower.close()
    return Reader(paths, offsets=offsets, now=reader.now, **options)


def test_going_on_reads_only_what_is_new(logs: Logs) -> None:
    logs.append("x.log", "one\n")
    logs.append("y.log", LINES)
    first = Reader(logs.root)
    first.drain()
    logs.append("x.log", "two\n")
    logs.append("z.log", "three\n")
    second = restart(first, logs.root)
    second.drain()
    assert {file.name: text for file, text in second.texts().items()} == {
        "x.log": "two\n",
        "z.log": "three\n",
    }
    (chunk,) = (chunk for chunk in chunks(second.items) if chunk.file.name == "x.log")
    assert (chunk.file, chunk.offset, chunk.live) == (LogFile("x.log"), 4, False)


def test_going_on_in_the_middle(logs: Logs) -> None:
    logs.append("x.log", LINES)
    first = Reader(logs.root)
    first.poll(max_bytes=100_001)
    second = restart(first, logs.root)
    second.drain()
    assert first.everything() + second.everything() == LINES


def test_rotated_while_nobody_read(logs: Logs) -> None:
    logs.append("x.log", "one\n")
    first = Reader(logs.root)
    first.drain()
    logs.append("x.log", "two\n")
    logs.rotate("x.log")
    logs.append("x.log", "three\n")
    logs.rotate("x.log")
    logs.append("x.log", "four\n")
    second = restart(first, logs.root)
    second.drain()
    assert second.everything() == "two\nthree\nfour\n"
    assert second.items[0].file == LogFile("x.log", 0)
    assert second["x.log"][-1] == "four\n"
    assert second.ends()[0] == ("x.log", 0, "rotated to x.log.2")
    third = restart(second, logs.root)
    assert third.drain() == []


def test_copied_and_truncated_while_nobody_read(logs: Logs) -> None:
    logs.append("x.log", "one\n" * 100)
    first = Reader(logs.root)
    first.drain()
    logs.append("x.log", "two\n")
    logs.copytruncate("x.log")
    logs.append("x.log", "three\n")
    second = restart(first, logs.root)
    second.drain()
    assert second.everything() == "two\nthree\n"


def test_a_copy_is_still_known_for_one_after_a_restart(logs: Logs) -> None:
    logs.append("x.log", "one\n")
    first = Reader(logs.root)
    first.drain()
    logs.copy("x.log", "x.log.1")
    first.drain()
    logs.append("x.log", "two\n")
    first.drain()
    logs.truncate("x.log")
    second = restart(first, logs.root)
    second.drain()
    logs.append("x.log", "three\n")
    second.drain()
    assert second.everything() == "three\n"


def test_deleted_and_created_while_nobody_read(logs: Logs) -> None:
    logs.append("x.log", "one\n")
    logs.append("y.log", "one\n")
    first = Reader(logs.root)
    first.drain()
    logs.delete("x.log")
    logs.delete("y.log")
    logs.append("x.log", "two and more\n")
    second = restart(first, logs.root)
    second.drain()
    assert second["x.log"] == ["two and more\n"]
    assert second.items[-1].file.generation == 1 or second.items[0].file.generation == 1
    gone = "gone before reading was resumed"
    assert sorted(second.ends()) == [("x.log", 0, gone), ("y.log", 0, gone)]


def test_another_device_number(logs: Logs) -> None:
    """A network file system may have another number after it was mounted anew."""
    logs.append("x.log", "one\n")
    first = Reader(logs.root)
    first.drain()
    offsets: Any = first.follower.offsets()
    offsets["files"][0]["dev"] += 1
    logs.append("x.log", "two\n")
    second = Reader(logs.root, offsets=offsets)
    second.drain()
    assert second.everything() == "two\n"


def test_a_named_file_is_followed_through_what_happened_meanwhile(logs: Logs) -> None:
    logs.append("x.log.1", "before\n")
    logs.append("x.log", "one\n")
    first = Reader(logs.root / "x.log")
    first.drain()
    logs.rotate("x.log")
    logs.append("x.log", "two\n")
    logs.rotate("x.log")
    logs.append("x.log", "three\n")
    second = restart(first, logs.root / "x.log")
    second.drain()
    assert second.everything() == "two\nthree\n"


@pytest.mark.parametrize(
    "offsets",
    [
        {},
        {"schema": 2, "files": []},
        {"schema": 1, "files": None},
        {"schema": 1, "files": [None, {}, {"name": "x.log"}, {"name": 1, "generation": "a"}]},
    ],
)
def test_damaged_offsets_are_as_none(logs: Logs, offsets: dict[str, object]) -> None:
    logs.append("x.log", "one\n")
    reader = Reader(logs.root, offsets=offsets)
    reader.drain()
    assert reader.everything() == "one\n"


def test_a_path_that_becomes_a_directory_later_is_no_problem(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "console.log").write_bytes(b"x\n")
    named = json.dumps({"schema": 1, "logs": [str(tmp_path / "out")]})
    (run / "run.json").write_text(named)
    with Follower([str(run)]) as follower:
        list(follower.poll(1000.0))
        (tmp_path / "out").mkdir()
        seen = []
        for now in range(1001, 1009):
            if now == 1004:
                (tmp_path / "out" / "debug_rank0.log").write_bytes(b"late\n")
            seen += [item.data for item in follower.poll(float(now)) if isinstance(item, Chunk)]
            assert dict(follower.problems) == {}
    assert seen == [b"late\n"]
