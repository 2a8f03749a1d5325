"""Waking up early is a convenience: it works with real inotify, and its absence is no error."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from log_life import Logs

from trainwatch.sources import Waker, watch
from trainwatch.sources.watchable import count_directories

DEADLINE = 5.0


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def quiet(waker: Waker) -> None:
    """Wait until nothing more is told of what happened before."""
    until(lambda: waker.reason is None)
    until(lambda: not waker.wait(0.1))


@pytest.fixture
def waker(logs: Logs) -> Iterator[Waker]:
    logs.append("sub/x.log", "one\n")
    with Waker([logs.root]) as waker:
        quiet(waker)
        yield waker


def test_a_write_wakes(logs: Logs, waker: Waker) -> None:
    changes: tuple[Callable[[], None], ...] = (
        lambda: logs.append("sub/x.log", "two\n"),
        lambda: logs.append("new.log", "one\n"),
        lambda: logs.rename("new.log", "new.log.1"),
        lambda: logs.truncate("sub/x.log"),
        lambda: logs.delete("sub/x.log"),
        lambda: logs.append("another/deep/x.log", "one\n"),
    )
    for change in changes:
        change()
        assert waker.wait(DEADLINE)
        quiet(waker)
    logs.append("another/deep/x.log", "two\n")
    assert waker.wait(DEADLINE)


def test_reading_does_not_wake(logs: Logs, waker: Waker) -> None:
    assert logs.path("sub/x.log").read_text() == "one\n"
    assert list(logs.root.iterdir())
    assert not waker.wait(0.1)


def test_a_burst_wakes_once(logs: Logs, waker: Waker) -> None:
    waker.debounce = 0.2
    for number in range(100):
        logs.append("sub/x.log", f"{number}\n")
    wakings = 0
    while waker.wait(0.1):
        wakings += 1
    assert 1 <= wakings <= 3  # once, unless this machine is so busy that the burst takes long


def test_a_wait_ends_with_its_timeout(waker: Waker) -> None:
    start = time.monotonic()
    assert not waker.wait(0.05)
    assert time.monotonic() - start < 1.0


def test_files_and_globs(logs: Logs) -> None:
    logs.append("a/x.log", "one\n")
    logs.append("b/x.log", "one\n")
    logs.append("b/sub/y.log", "one\n")
    with Waker([logs.path("a/x.log"), f"{logs.root}/b/*.log"]) as waker:
        quiet(waker)
        logs.append("b/sub/y.log", "two\n")
        assert not waker.wait(0.1), "what is below was not asked for"
        for name in ("a/x.log", "b/x.log"):
            logs.append(name, "two\n")
            assert waker.wait(DEADLINE)
            quiet(waker)


def test_a_directory_that_comes_later(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_RECHECK_SECONDS", 0.02)
    with Waker([logs.root / "run"]) as waker:
        assert waker.wait(0.0) in (True, False)
        (logs.root / "run").mkdir()
        quiet(waker)
        logs.append("run/x.log", "one\n")
        assert waker.wait(DEADLINE)
        shutil.rmtree(logs.root / "run")
        (logs.root / "run").mkdir()
        quiet(waker)
        until(lambda: _wakes(waker, lambda: logs.append("run/x.log", "one\n")))


def _wakes(waker: Waker, change: Callable[[], None]) -> bool:
    change()
    return waker.wait(0.1)


def test_further_directories(logs: Logs, waker: Waker, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    waker.watch([logs.root, tmp_path / "far"])
    until(lambda: _wakes(waker, (tmp_path / "far" / "x.log").touch))
    quiet(waker)
    logs.append("sub/x.log", "two\n")
    assert waker.wait(DEADLINE)


def test_a_link_to_a_directory(logs: Logs, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(logs.root)
    with Waker([tmp_path / "link"]) as waker:
        quiet(waker)
        logs.append("x.log", "one\n")
        assert waker.wait(DEADLINE)


def test_closing_ends_a_wait(logs: Logs) -> None:
    waker = Waker([logs.root])
    quiet(waker)
    before = time.monotonic()
    threading.Timer(0.05, waker.close).start()
    assert not waker.wait(60.0)
    assert time.monotonic() - before < DEADLINE
    waker.close()
    assert not waker.wait(60.0)
    until(lambda: not [one for one in threading.enumerate() if "trainwatch" in one.name])


def test_so_much_is_written_that_it_looks_all_the_time(
    logs: Logs, waker: Waker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_REST_SECONDS", 0.3)
    end = time.monotonic() + DEADLINE
    with (
        logs.path("a.log").open("ab", buffering=0) as one,
        logs.path("b.log").open("ab", buffering=0) as other,
    ):
        while not waker._resting.is_set():  # in turns, or the kernel merges the notifications
            one.write(b"x\n")
            other.write(b"x\n")
            assert time.monotonic() < end
    assert waker.wait(DEADLINE), "nobody must miss something because of the rest"
    until(lambda: not waker._resting.is_set())
    quiet(waker)
    logs.append("a.log", "x\n")
    assert waker.wait(DEADLINE)


# --- without notifications ------------------------------------------------------------------------


def test_an_observer_that_does_not_start(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError(24, "inotify instance limit reached")

    monkeypatch.setattr(watch, "Observer", fail)
    with Waker([logs.root]) as waker:
        until(lambda: waker.reason and "instance limit" in waker.reason)
        logs.append("x.log", "one\n")
        while waker.wait(0.05):
            pass


def test_too_many_directories(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        logs.append(f"{number}/x.log", "one\n")
    assert count_directories(str(logs.root), 100) == 6
    assert count_directories(str(logs.root), 3) == 4
    monkeypatch.setattr(watch, "_MAX_DIRECTORIES", 3)
    with Waker([logs.root]) as waker:
        until(lambda: waker.reason and "more than 3 directories" in waker.reason)


LIMITED = """
import sys, time
from pathlib import Path
from trainwatch.sources import Waker
root, limit = Path(sys.argv[1]), sys.argv[2]
Path("/proc/sys/user/max_inotify_watches").write_text(limit)
waker = Waker([root])
end = time.monotonic() + 5
while (waker.reason is None or "yet" in waker.reason) and time.monotonic() < end:
    time.sleep(0.01)
print(waker.reason)
while waker.wait(0.05): pass
(root / "x.log").write_text("one")
print(waker.wait(0.3))
"""


@pytest.mark.parametrize(
    ("limit", "woken", "words"),
    [
        (0, False, "cannot be watched (inotify watch limit reached)"),
        (3, True, "some are only polled"),
    ],
)
def test_inotify_is_exhausted(logs: Logs, limit: int, woken: bool, words: str) -> None:
    for number in range(5):
        logs.append(f"{number}/x.log", "one\n")
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-Ur", "true"], check=False).returncode != 0:
        pytest.skip("needs unshare -Ur: user namespaces are not permitted here")
    command = [unshare, "-Ur", sys.executable, "-c", LIMITED, str(logs.root), str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    reason, answer = done.stdout.splitlines()
    assert words in reason
    assert answer == str(woken)
    assert done.stderr == ""


def test_exit_does_not_wait(logs: Logs) -> None:
    code = "import sys; from trainwatch.sources import Waker; w = Waker(sys.argv[1:]); w.wait(0.2)"
    command = [sys.executable, "-c", code, str(logs.root)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    assert (done.stdout, done.stderr) == ("", "")
