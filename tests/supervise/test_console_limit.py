"""`--console-limit`: the console in pieces, and not a byte of it lost, whoever dies meanwhile."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from supervision import Trainwatch, lives, until

from trainwatch.events import Chunk
from trainwatch.runner.passage import Passage
from trainwatch.sources import Follower
from trainwatch.supervise import spool
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.pieces import is_piece, next_name, pieces
from trainwatch.supervise.process import processes
from trainwatch.supervise.record import read_record

WRITER = """
import itertools, os, sys, time
for step in itertools.count():
    sys.stdout.write(f"[DEBUG] [Rank 0] Training step {step}, loss=0.{step + 1}\\n")
    if step % 1000 == 999:
        time.sleep(0.005)
        if os.path.exists("enough"):
            break
open("last", "w").write(str(step))
"""
KILLS = 3


def whole(root: Path) -> bytes:
    return b"".join(path.read_bytes() for path in (*pieces(root), root / "console.log"))


def copiers(root: Path) -> list[int]:
    return [
        pid
        for pid in processes()
        if b"trainwatch.supervise.spool\0" + os.fsencode(root) in _command(pid)
    ]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.fixture
def run(tmp_path: Path) -> RunPaths:
    paths = RunPaths(tmp_path)
    paths.private.mkdir()
    spool.prepare(paths)
    return paths


def test_every_line_is_there_once_under_fast_writing(tw: Trainwatch) -> None:
    (tw.home / "writer.py").write_text(WRITER)
    command = ("--exp-id", "x", "--console-limit", "256K", "--", sys.executable, "writer.py")
    with (tw.home / "out").open("wb") as out:
        front = tw.start("run", *command, stdout=out)
    root = tw.run_dir("x")
    until((root / "run.json").exists, "the run")
    follower, seen, killed = Follower([str(root)]), bytearray(), 0
    while front.poll() is None or follower.backlog():
        for item in follower.poll(time.time()):
            if isinstance(item, Chunk) and Path(item.file.name).name.startswith("console.log"):
                seen += item.data
        if killed < KILLS and len(pieces(root)) > 3 * killed and (found := copiers(root)):
            os.kill(found[0], signal.SIGKILL)
            killed += 1
        elif killed == KILLS and len(pieces(root)) > 4 * KILLS:
            (tw.home / "enough").touch()
        time.sleep(0.02)
    seen += b"".join(item.data for item in follower.poll(time.time()) if isinstance(item, Chunk))
    follower.close()
    many = tw.pid("last") + 1
    expected = "".join(
        f"[DEBUG] [Rank 0] Training step {step}, loss=0.{step + 1}\n" for step in range(many)
    ).encode()
    assert whole(root) == expected
    assert bytes(seen) == expected
    assert (tw.home / "out").read_bytes() == expected
    assert all(path.read_bytes().endswith(b"\n") for path in pieces(root))
    assert not RunPaths(root).spool(0).exists()
    rotations = [event for event in tw.events("x") if event["event"] == "rotate"]
    assert [event["piece"] for event in rotations] == [path.name for path in pieces(root)]
    status = json.loads(tw.call("status", "--json", root).stdout)
    assert status["lines"] == many
    assert status["metrics"]["loss"]["count"] == many


def test_the_console_goes_on_when_the_supervisor_is_killed(tw: Trainwatch) -> None:
    script = "echo $$ > pid; n=0; while ! test -e enough; do echo $((n+=1)); done; echo $n > last"
    tw.detach("--exp-id", "x", "--console-limit", "4K", "--", "bash", "-c", script)
    root = tw.run_dir("x")
    until(lambda: len(pieces(root)) > 2, "some pieces")
    tw.kill_supervisor("x")
    before = len(pieces(root))
    until(lambda: len(pieces(root)) > before + 2, "more pieces")
    (tw.home / "enough").touch()
    last = tw.pid("last")
    until(lambda: not copiers(root), "the end of the copier")
    assert whole(root) == "".join(f"{n}\n" for n in range(1, last + 1)).encode()


def test_each_attempt_begins_a_piece(tw: Trainwatch) -> None:
    done = tw.call(
        *("run", "--exp-id", "x", "--console-limit", "4K", "--max-attempts", "3"),
        *("--restart-delay", "0", "--", "bash", "-c", "echo hello; exit 3"),
    )
    assert done.returncode == 65
    assert done.stdout == b"hello\n" * 3
    root = tw.run_dir("x")
    assert [path.read_bytes() for path in (*pieces(root), root / "console.log")] == [b"hello\n"] * 3
    assert [one.console for one in read_record(root).attempts] == [None] * 3


def test_what_is_not_kept_is_said(tw: Trainwatch) -> None:
    options = ("--exp-id", "x", "--console-limit", "4K", "--console-keep", "2")
    done = tw.call("run", *options, "--", "seq", "1", "4000")
    root = tw.run_dir("x")
    dropped = [event for event in tw.events("x") if event["event"] == "drop"]
    assert len(pieces(root)) == 2
    assert dropped
    lost = sum(event["bytes"] for event in dropped)
    assert lost + len(whole(root)) == len("".join(f"{n}\n" for n in range(1, 4001)))
    assert b"--console-keep asks for it" in done.stderr


def test_a_run_in_pieces_can_be_started_again(tw: Trainwatch) -> None:
    for _ in range(2):
        done = tw.call("run", "--exp-id", "x", "--console-limit", "4K", "--", "seq", "1", "3000")
        assert done.returncode == 0, done.stderr
    assert whole(tw.run_dir("x")) == "".join(f"{n}\n" for n in range(1, 3001)).encode()


@pytest.mark.parametrize("size", ["-1", "much", "1X", "100", ""])
def test_a_size_that_is_none_is_refused(tw: Trainwatch, size: str) -> None:
    done = tw.call("run", f"--console-limit={size}", "--", "true")
    assert done.returncode == 2
    assert b"--console-limit" in done.stderr


# --- the copier by itself -----------------------------------------------------------------------


class _DeathError(OSError):
    """The copier dies here."""


def _dies(at: int) -> Callable[..., None]:
    """A hook that lets the copier live through so many steps of a cut."""
    steps = iter(range(at + 1))

    def step() -> None:
        if next(steps, None) == at:
            raise _DeathError

    return step


lines = st.lists(st.text("ab\r", max_size=40).map(lambda t: t.encode() + b"\n"), max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(parts=st.lists(st.tuples(lines, st.integers(0, 30), st.integers(0, 12)), max_size=6))
def test_a_crash_at_any_moment_repeats_and_loses_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    parts: list[tuple[list[bytes], int, int]],
) -> None:
    paths = RunPaths(tmp_path_factory.mktemp("run"))
    paths.private.mkdir()
    spool.prepare(paths)
    written = b""
    for some, torn, at in parts:
        data = b"".join(some)[: -torn or None]
        written += data
        with paths.spool(0).open("ab") as file:
            file.write(data)
        with pytest.MonkeyPatch.context() as patch, contextlib.suppress(_DeathError):
            step = _dies(at)
            for name in ("rename", "unlink"):
                patch.setattr(Path, name, _after(step, getattr(Path, name)))
            patch.setattr(spool.files, "write_json", _after(step, spool.files.write_json))
            _copy(paths)
    _copy(paths)
    assert whole(paths.root) == written


def _copy(paths: RunPaths) -> None:
    """Copies everything; of what it opens nothing stays open, wherever it dies."""
    opened: list[int] = []
    really = os.open
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", lambda *args: opened.append(really(*args)) or opened[-1])
        try:
            copier = spool.Spool(paths, 0, 20, 0)
            while copier.pump():
                pass
        finally:
            for handle in opened:
                with contextlib.suppress(OSError):
                    os.close(handle)


def _after(step: Callable[[], None], function: Callable[..., object]) -> Callable[..., object]:
    def stepping(*args: object, **options: object) -> object:
        step()
        result = function(*args, **options)
        step()
        return result

    return stepping


def test_a_bar_that_never_ends_its_line_is_cut_at_a_return(
    run: RunPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "_PATIENCE", 50)
    bar = b"".join(b"%4d/1000\r" % n for n in range(300))
    copier = spool.Spool(run, 0, 40, 0)
    for at in range(0, len(bar), 7):
        with run.spool(0).open("ab") as file:
            file.write(bar[at : at + 7])
        copier.pump()
    assert whole(run.root) == bar
    assert len(pieces(run.root)) > 10
    assert all(path.read_bytes().endswith(b"\r") for path in pieces(run.root))


def test_what_was_copied_is_given_back_to_the_disk(run: RunPaths) -> None:
    copier = spool.Spool(run, 0, 1 << 20, 0)
    with run.spool(0).open("ab") as file:
        file.write(b"x" * 79 + b"\n")
        for _ in range(5):
            file.write((b"x" * 79 + b"\n") * 20_000)
            file.flush()
            while copier.pump():
                pass
        assert run.spool(0).stat().st_size > 8_000_000
        assert run.spool(0).stat().st_blocks * 512 < 2_200_000


def test_a_disk_that_gives_nothing_back_is_said_once(
    run: RunPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "_punch", lambda *_: "Operation not supported")
    copier = spool.Spool(run, 0, 1 << 20, 0)
    with run.spool(0).open("ab") as file:
        file.write((b"x" * 79 + b"\n") * 60_000)
    while copier.pump():
        pass
    assert run.events.read_text().count('"spool"') == 1


def test_the_passage_goes_from_piece_to_piece_and_counts_what_is_gone(
    run: RunPaths, tmp_path: Path
) -> None:
    copier = spool.Spool(run, 0, 10, 3)
    target = os.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT)
    with Passage(run.console, target) as passage:
        for n in range(9):
            with run.spool(0).open("ab") as file:
                file.write(b"line %d...\n" % n)
            copier.pump()
            if n in {2, 3}:
                while passage.pump():
                    pass
        while passage.pump():
            pass
    os.close(target)
    got = (tmp_path / "out").read_bytes()
    assert got == b"".join(b"line %d...\n" % n for n in (0, 1, 2, 3, 5, 6, 7, 8))
    assert passage.dropped == 1


def test_a_clock_that_was_set_back_leaves_the_order(tmp_path: Path) -> None:
    later = [tmp_path / next_name([], 1.9e9)]
    assert later[0].name < next_name(later, 1.0e9)
    assert is_piece(tmp_path / next_name(later, 1.0e9))
    assert not is_piece(tmp_path / "console.log")


def test_nobody_is_left_when_the_run_is_over(tw: Trainwatch) -> None:
    root = tw.detach("--exp-id", "x", "--console-limit", "1M", "--", "sleep", "397")
    (copier,) = until(lambda: copiers(root), "the copier")
    assert tw.call("stop", "x").returncode == 0
    assert not lives(copier)
