"""Whatever happens to a log: every record once, with its value and its line, and none that is not there.

Each fault is done to a log while it is read by what `attach` reads with: a follower and an engine, in
turns. The records of `good` lines are counted exactly; what surrounds them may be anything.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trainwatch.cli.live import LiveReader
from trainwatch.cli.options import Selection
from trainwatch.engine import Engine
from trainwatch.events import FileEnded, Parsed, RunInfo, StepBlock
from trainwatch.model.snapshot import RunView
from trainwatch.sources import Follower, watch

NAME = "debug_rank0_1.log"
NOBODY = 65534
SPARE_MB = 30


def good(step: int) -> bytes:
    """A line that states a record; the loss tells its step."""
    return f"2026-11-23 01:00:00,{step % 1000:03d} [DEBUG] [Rank 0] Training step {step}, loss={step}.5\n".encode()


class Watched:
    """A directory in which one log is written and read in turns."""

    def __init__(self, root: Path) -> None:
        self.root, self.log = root, root / NAME
        self.written: list[int] = []
        self.seen: list[tuple[int, float]] = []
        self.lines: list[int] = []
        self.now = 1000.0
        self._engine = Engine(RunInfo(str(root)), listener=self._listen)
        self._follower = Follower([str(root)])

    def _listen(self, parsed: Parsed) -> None:
        for item in parsed.items:
            if isinstance(item, StepBlock):
                losses = item.metrics["loss"].tolist()
                self.seen += zip(item.step.tolist(), losses, strict=True)
                self.lines += item.line.tolist()

    def write(self, count: int = 50, *, between: bytes = b"", path: Path | None = None) -> None:
        """Append lines with records, and something in the middle of them."""
        with (path or self.log).open("ab") as log:
            for at in range(count):
                log.write(between * (at == count // 2) + self.next())

    def next(self) -> bytes:
        """The next line, which will have been written."""
        self.written.append(len(self.written))
        return good(self.written[-1])

    def look(self, times: int = 3) -> None:
        """Poll, as a reader does; twice more, for what is only believed the second time."""
        for _ in range(times):
            self.now += 0.5
            for item in self._follower.poll(self.now):
                self._engine.feed(item)
        self._engine.tick(self.now)
        self._engine.snapshot(problems=tuple(self._follower.problems.values()))

    def finish(self) -> None:
        """Read to the end, and hold it against what was written."""
        self.now += 60
        self.look(6)
        self._follower.close()
        assert self.seen == [(step, step + 0.5) for step in self.written]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield Watched(tmp_path)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < SPARE_MB << 10


# --- what happens to the file ---------------------------------------------------------------------


def renamed(run: Watched) -> None:
    run.log.rename(run.root / f"{NAME}.1")
    run.write()


def copied_and_truncated(run: Watched) -> None:
    shutil.copyfile(run.log, run.root / f"{NAME}.1")
    os.truncate(run.log, 0)
    run.write()


def deleted_and_made_anew(run: Watched) -> None:
    run.log.unlink()
    run.look()
    run.write()


def emptied(run: Watched) -> None:
    os.truncate(run.log, 0)
    run.write()


def cut_in_the_middle(run: Watched) -> None:
    """What was read stays read; what is written behind the cut is new."""
    os.truncate(run.log, len(b"".join(map(good, run.written[:60]))))
    run.look()
    run.write()


def a_directory_for_a_while(run: Watched) -> None:
    _something_else_for_a_while(run, Path.mkdir)


def a_fifo_for_a_while(run: Watched) -> None:
    _something_else_for_a_while(run, os.mkfifo)


def a_loop_of_links_for_a_while(run: Watched) -> None:
    _something_else_for_a_while(run, lambda path: path.symlink_to(path))


def _something_else_for_a_while(run: Watched, make: Callable[[Path], None]) -> None:
    run.log.unlink()
    make(run.log)
    run.look()
    run.log.rmdir() if run.log.is_dir() else run.log.unlink()
    run.write()


def a_clock_that_is_set_back(run: Watched) -> None:
    for now in (5000.0, 10.0, -3.0, 1e9, 1000.0):
        run.now = now
        run.write(10)
        run.look(1)


def torn_at_every_byte(run: Watched) -> None:
    """A line that comes byte by byte, so also in the middle of its number."""
    with run.log.open("ab", buffering=0) as log:
        for byte in run.next():
            log.write(bytes([byte]))
            run.look(1)


FILE_FAULTS = (
    renamed,
    copied_and_truncated,
    deleted_and_made_anew,
    emptied,
    cut_in_the_middle,
    a_directory_for_a_while,
    a_fifo_for_a_while,
    a_loop_of_links_for_a_while,
    a_clock_that_is_set_back,
    torn_at_every_byte,
)


@pytest.mark.parametrize("fault", FILE_FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("times", [1, 3])
def test_what_happens_to_the_file(
    fault: Callable[[Watched], None], times: int, watched: Watched
) -> None:
    watched.write(100)
    watched.look()
    for _ in range(times):
        fault(watched)
        watched.look()
    watched.finish()


def test_permission_lost_and_regained() -> None:
    """By a user for whom permissions count; root gives up its rights."""
    root = Path(tempfile.mkdtemp(prefix="trainwatch-"))
    is_root = os.geteuid() == 0
    if is_root:
        os.chown(root, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    try:
        run = Watched(root)
        run.write()
        run.look()
        for path, closed, opened in ((run.log, 0, 0o600), (root, 0, 0o700)):
            run.write()
            path.chmod(closed)
            run.look()
            path.chmod(opened)
            run.look()
        run.finish()
    finally:
        if is_root:
            os.seteuid(0)
        shutil.rmtree(root)


# --- what stands in the file ----------------------------------------------------------------------

WORD = "Epoch 1 训练完成, 损失 0.5"
CONTENTS = {
    "half a character of UTF-8": "损".encode()[:2] + b"\n",
    "a line of NULs": b"\0" * 4096 + b"\n",
    "NULs of a hole before a line": b"\0" * 4096,
    "GBK": (WORD + "\n").encode("gbk"),
    "UTF-16 in the middle": (WORD + "\r\n").encode("utf-16-le") + b"\n",
    "binary": bytes(range(256)) * 16 + b"\n",
    "every escape": b"".join(b"\x1b%c" % byte for byte in range(32, 127)) + b"\n",
    "a million carriage returns": b"\r" * 1_000_000 + b"\n",
    "a long line": b"x" * (4 << 20) + b"\n",
    "empty lines": b"\n" * 10_000,
}


@pytest.mark.parametrize("content", CONTENTS)
def test_what_stands_in_the_file(content: str, watched: Watched) -> None:
    watched.write(between=CONTENTS[content])
    watched.look()
    if content != "NULs of a hole before a line":  # then that record may not be there
        watched.write(between=CONTENTS[content])
        watched.finish()
        newlines = watched.log.read_bytes().split(b"\n")
        assert all(b"loss=" in newlines[line - 1] for line in watched.lines)
        assert len(set(watched.lines)) == len(watched.lines)
    else:
        assert {step for step, _ in watched.seen} >= set(watched.written) - {25}
        assert all(loss == step + 0.5 for step, loss in watched.seen)


@pytest.mark.parametrize("codec", ["utf-16", "utf-8-sig", "gbk"])
def test_a_file_in_another_encoding(codec: str, watched: Watched) -> None:
    text = b"".join(watched.next() for _ in range(50)).decode()
    data = (f"{WORD[8:12]}\n" + text).encode(codec)
    for at in range(0, len(data), 997):
        with watched.log.open("ab") as log:
            log.write(data[at : at + 997])
        watched.look(1)
    watched.finish()


def test_a_file_of_carriage_returns_only(watched: Watched) -> None:
    with watched.log.open("ab") as log:
        log.write(b"".join(watched.next().replace(b"\n", b"\r") for _ in range(20)))
        watched.look()
        log.write(b"\n")
    watched.finish()


@pytest.mark.parametrize("place", range(len(good(7)) - 1))
def test_a_file_that_ends_at_any_byte_of_a_line_gives_no_wrong_value(
    place: int, watched: Watched
) -> None:
    watched.write(3)
    with watched.log.open("ab") as log:
        log.write(good(3)[: place + 1])
    watched.look()
    for item in (FileEnded(item.file, "gone") for item in watched._follower.poll(1.0)):
        watched._engine.feed(item)
    watched.finish()


# --- what tells of it -----------------------------------------------------------------------------


def read_to(path: Path, lines: int) -> RunView:
    """Watch as `attach` does until so many lines are counted."""
    reader, complete, views = (
        LiveReader([str(path)], Selection((str(path),))),
        threading.Event(),
        [],
    )

    def post(view: RunView) -> None:
        views.append(view)
        if view.tally.lines >= lines:
            complete.set()

    reader.start(post)
    with (path / NAME).open("ab", buffering=0) as log:
        for step in range(lines):
            log.write(good(step))
            if step % 50 == 0:
                complete.wait(0.02)
    assert complete.wait(60)
    reader.stop()
    return views[-1]


def assert_all_read(view: RunView, lines: int) -> None:
    assert view.tally.lines == lines
    assert view.tally.unparsed == 0
    assert view.step == lines - 1
    loss = view.metrics["loss"]
    assert (loss.last, loss.count) == (lines - 0.5, lines)


def test_a_file_system_that_tells_of_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """inotify is silent on network file systems: the observer is there, and never says a word."""
    monkeypatch.setattr(watch._Watch, "dispatch", lambda _self, _event: None)
    assert_all_read(read_to(tmp_path, 400), 400)


EXHAUSTED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
for limit in ("watches", "instances"):
    Path(f"/proc/sys/user/max_inotify_{limit}").write_text("0")
from tests.faults.test_every_fault import assert_all_read, read_to
assert_all_read(read_to(Path(sys.argv[1]), 400), 400)
"""


def test_no_watch_of_inotify_is_left(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-Ur", "true"], check=False).returncode != 0:
        pytest.skip("needs unshare -Ur: user namespaces are not permitted here")
    root = str(Path(__file__).resolve().parents[2])
    command = [unshare, "-Ur", sys.executable, "-c", EXHAUSTED, str(tmp_path), root]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
