"""File systems that fail, and things that stand where a log should be."""

from __future__ import annotations

import errno
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from log_life import Logs, Reader

from trainwatch.events import FileEnded
from trainwatch.sources import Limits, Reason, fs, tree


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


@pytest.mark.parametrize(
    ("make", "kind"),
    [(Path.mkdir, "a directory"), (make_fifo, "a fifo"), (make_socket, "a socket")],
)
def test_a_log_is_replaced(logs: Logs, make: Callable[[Path], None], kind: str) -> None:
    logs.append("x.log", "one\n")
    reader = Reader([logs.path("x.log")])
    reader.poll()
    logs.append("x.log", "two\n")
    logs.delete("x.log")
    make(logs.path("x.log"))
    reader.drain()  # does not block
    assert reader.follower.problems == {"x.log": f"x.log is {kind} and not read."}
    shutil.rmtree(logs.path("x.log")) if kind == "a directory" else logs.delete("x.log")
    logs.append("x.log", "three\n")
    reader.poll(step=3)
    reader.drain()
    assert reader["x.log"] == ["one\ntwo\n", "three\n"]
    assert reader.follower.problems == {}


def test_a_fifo_among_the_logs(logs: Logs) -> None:
    os.mkfifo(logs.path("fifo.log"))
    logs.append("x.log", "one\n")
    reader = Reader(logs.root)
    reader.drain()
    assert reader.everything() == "one\n"
    assert [skipped.reason for skipped in reader.follower.skipped] == [Reason.SPECIAL]


def test_a_file_that_turns_out_to_be_binary(logs: Logs) -> None:
    logs.append("x.log", "")
    reader = Reader(logs.root)
    reader.drain()
    logs.append("x.log", bytes(range(256)))
    reader.drain()
    assert reader.items == []
    assert [skipped.name for skipped in reader.follower.skipped] == ["x.log"]
    logs.write("x.log", "text after all\n")
    reader.drain()
    assert reader.everything() == "text after all\n"
    assert reader.follower.skipped == ()


def test_a_sparse_start(logs: Logs) -> None:
    """A writer without O_APPEND goes on at its old offset after a copytruncate: NULs before it."""
    with logs.path("x.log").open("wb", buffering=0) as writer:
        writer.write(b"one\n" * 300)
        reader = Reader(logs.root)
        reader.drain()
        logs.copytruncate("x.log")
        writer.write(b"two\n")
        reader.drain()
    assert reader["x.log"] == ["one\n" * 300, "\0" * 1200 + "two\n"]


# --- permissions ----------------------------------------------------------------------------------


def test_permission_lost_and_regained(unprivileged: Logs) -> None:
    logs = unprivileged
    logs.append("a.log", "one\n")
    logs.append("b.log", "one\n")
    logs.append("c.log", "one\n")
    reader = Reader(logs.root, limits=Limits(max_open=2))  # a.log is not held open
    reader.drain()
    logs.append("a.log", "two\n")
    logs.path("a.log").chmod(0)
    reader.drain()
    said = "a.log cannot be read (permission denied); it is tried again."
    assert reader.follower.problems == {"a.log": said}
    assert reader.follower.backlog() == 0, "a reader that waits for the backlog would wait for ever"
    logs.path("a.log").chmod(0o600)
    reader.drain()
    assert reader["a.log"] == ["one\ntwo\n"]
    assert reader.follower.problems == {}


def test_a_file_that_becomes_readable(unprivileged: Logs) -> None:
    logs = unprivileged
    logs.append("a.log", "one\n")
    logs.path("a.log").chmod(0)
    reader = Reader(logs.root)
    reader.drain()
    assert list(reader.follower.problems) == ["a.log"]
    logs.path("a.log").chmod(0o600)
    reader.drain()
    assert reader["a.log"] == ["one\n"]
    assert reader.follower.problems == {}


def test_a_directory_that_is_closed_for_a_while(unprivileged: Logs) -> None:
    logs = unprivileged
    logs.append("sub/a.log", "one\n")
    reader = Reader(logs.root)
    reader.drain()
    logs.append("sub/a.log", "two\n")
    logs.path("sub").chmod(0)
    try:
        reader.poll(step=3)
        reader.drain()
        assert set(reader.follower.problems) >= {"sub/a.log"}
        assert reader.ends() == []
    finally:
        logs.path("sub").chmod(0o755)
    logs.append("sub/b.log", "three\n")
    reader.poll(step=3)
    reader.drain()
    assert (reader["sub/a.log"], reader["sub/b.log"]) == (["one\ntwo\n"], ["three\n"])
    assert reader.follower.problems == {}


# --- errors of the file system --------------------------------------------------------------------


def failing(error: int) -> Callable[..., Any]:
    def call(*_: object, **__: object) -> Any:
        raise OSError(error, os.strerror(error))

    return call


@pytest.mark.parametrize("call", ["stat", "open_to_read", "read_at", "scan"])
@pytest.mark.parametrize("error", [errno.EIO, errno.ESTALE, errno.EACCES, errno.ETIMEDOUT])
def test_a_file_system_that_fails_for_a_while(
    logs: Logs, call: str, error: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.log", "b.log", "sub/c.log"):
        logs.append(name, "one\n")
    reader = Reader(logs.root, limits=Limits(max_open=2))
    reader.drain()
    for name in ("a.log", "b.log", "sub/c.log"):
        logs.append(name, "two\n")
    with monkeypatch.context() as patch:
        patch.setattr(fs, call, failing(error))
        for _ in range(3):
            reader.poll(step=3)
        if call != "open_to_read":  # what is open needs not be opened
            assert reader.follower.problems
    logs.append("late.log", "three\n")
    reader.poll(step=3)
    reader.drain()
    assert reader.ends() == []
    assert reader.follower.problems == {}
    for name in ("a.log", "b.log", "sub/c.log"):
        assert reader[name] == ["one\ntwo\n"]
    assert reader["late.log"] == ["three\n"]


@pytest.mark.parametrize("call", ["stat", "stat_open", "open_to_read", "read_at", "scan"])
def test_a_file_system_that_fails_from_the_first_look(
    logs: Logs, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.log", "a.log.1", "sub/c.log"):
        logs.append(name, f"{name}\n")
    reader = Reader(logs.root)
    with monkeypatch.context() as patch:
        patch.setattr(fs, call, failing(errno.EIO))
        for _ in range(3):
            reader.poll(step=3)
    reader.poll(step=3)
    reader.drain()
    assert sorted(reader.texts().values()) == ["a.log\n", "a.log.1\n", "sub/c.log\n"]


def test_an_error_in_the_middle_of_reading(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(f"{number}\n" for number in range(50_000))
    logs.append("a.log", text)
    logs.append("b.log", "fine\n")
    reader = Reader(logs.root, limits=Limits(block_bytes=10_000))
    real = fs.read_at

    def read(fd: int, length: int, offset: int) -> bytes:
        if offset >= 100_000:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(fd, length, offset)

    with monkeypatch.context() as patch:
        patch.setattr(fs, "read_at", read)
        reader.drain()
        said = "a.log cannot be read (input/output error); it is tried again."
        assert reader.follower.problems == {"a.log": said}
        assert reader["b.log"] == ["fine\n"]
    reader.drain()
    assert reader["a.log"] == [text]
    assert reader.follower.problems == {}


def test_nothing_is_there_in_spite_of_the_size(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Truncated between the look and the read, or shown too large by a network file system."""
    logs.append("a.log", "one\n")
    reader = Reader(logs.root)
    reader.drain()
    logs.append("a.log", "two\n")
    with monkeypatch.context() as patch:
        real = fs.read_at
        patch.setattr(fs, "read_at", lambda fd, n, at: real(fd, n, at) if at < 4 else b"")
        reader.drain()
        assert reader["a.log"] == ["one\n"]
    reader.drain()
    assert reader["a.log"] == ["one\ntwo\n"]


def test_going_on_while_the_file_system_fails(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where reading stopped is not forgotten because a file cannot be looked at just now."""
    for name in ("a.log", "sub/b.log"):
        logs.append(name, "one\n")
    first = Reader(logs.root)
    first.drain()
    for call in ("stat", "open_to_read", "read_at", "scan"):
        second = Reader(logs.root, offsets=first.follower.offsets())
        with monkeypatch.context() as patch:
            patch.setattr(fs, call, failing(errno.EIO))
            second.drain()
        third = Reader(logs.root, offsets=second.follower.offsets())
        for reader in (second, third):
            reader.poll(step=3)
            assert reader.drain() == []
            assert reader.items == [], call


def test_more_directories_than_anybody_meant(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        logs.append(f"{number}/x.log", "one\n")
    monkeypatch.setattr(tree, "MAX_DIRECTORIES", 4)
    reader = Reader(logs.root)
    reader.drain()
    assert len(reader.texts()) == 3
    assert "there are more than 4 directories" in next(iter(reader.follower.problems.values()))


def test_no_descriptors_left(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        logs.append(f"{number}.log", f"{number}\n")
    reader = Reader(logs.root, limits=Limits(max_open=100))
    opened: list[int] = []

    def open_some(path: str, real: Callable[[str], int] = fs.open_to_read) -> int:
        if len(reader.follower._files.descriptors) >= 5:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        opened.append(real(path))
        return opened[-1]

    monkeypatch.setattr(fs, "open_to_read", open_some)
    reader.drain()
    assert len(reader.texts()) == 20
    assert reader.follower.problems == {}
    reader.follower.close()
    assert len(reader.follower._files.descriptors) == 0


def test_a_directory_that_vanishes_and_comes_back(logs: Logs) -> None:
    for number in range(5):
        logs.append(f"sub/{number}.log", "one\n")
    reader = Reader(logs.root)
    reader.drain()
    shutil.rmtree(logs.root)
    reader.drain()
    assert len(reader.ends()) == 5
    logs.append("sub/0.log", "two\n")
    reader.poll(step=3)
    reader.drain()
    assert reader["sub/0.log"] == ["one\n", "two\n"]
    assert reader.follower.problems == {}


def test_nothing_is_left_of_files_that_came_and_went(logs: Logs) -> None:
    reader = Reader(logs.root)
    for number in range(50):
        logs.append(f"{number}.log", "x\n")
        reader.poll(step=3)
        logs.delete(f"{number}.log")
        reader.poll(step=3)
    reader.poll(step=60)
    reader.poll(step=60)
    files = reader.follower._files
    assert len(reader.ends()) == 50
    assert (len(files.slots), len(files.tails), len(files.loose), len(files.descriptors)) == (
        0,
    ) * 4
    assert not files.busy
    assert all(isinstance(item, FileEnded) for item in reader.items[1::2])
