"""Measures on a run that is being written: first frames, the way of a line, floods, long runs."""

import fcntl
import json
import os
import pty
import queue
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench.data import STEPS, rank_lines

SIZE = (200, 50)
EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("first frame")
Empty().run(mouse=False)
"""
ANSWERS = {b"\x1b[?2026$p": b"\x1b[?2026;2$y", b"\x1b[?2048$p": b"\x1b[?2048;0$y"}
TRAINWATCH = [sys.executable, "-m", "trainwatch"]


@contextmanager
def terminal(command: list[str]) -> Iterator[tuple[psutil.Process, int]]:
    """A program in a pty; its process and our end of the pty."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
    environment = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    process = psutil.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    )
    os.close(theirs)
    try:
        yield process, ours
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        os.close(ours)


def listen(ours: int, seconds: float, until: bytes | None = None) -> int:
    """Read what a program draws, answering as a terminal does; how many bytes came."""
    got, count = b"", 0
    end = time.perf_counter() + seconds
    while (left := end - time.perf_counter()) > 0:
        if select.select([ours], [], [], left)[0]:
            data = os.read(ours, 1 << 16)
            count += len(data)
            got = (got + data)[-(1 << 17) :]
            for question, answer in ANSWERS.items():
                if question in data:
                    os.write(ours, answer)
            if until is not None and until in got:
                break
    return count


def first_frame(command: list[str], sign: bytes) -> float:
    """Seconds until a program has drawn a text."""
    began = time.perf_counter()
    with terminal(command) as (_, ours):
        listen(ours, 60, until=sign)
        return time.perf_counter() - began


def empty_app() -> float:
    """The same of an empty Textual app."""
    return first_frame([sys.executable, "-c", EMPTY], b"first frame")


def attach_frame(logs: Path, sign: bytes = b"Training step") -> float:
    """The same of the dashboard: until a line of the logs is on the screen."""
    return first_frame([*TRAINWATCH, "attach", str(logs)], sign)


def watched(seconds: float, ranks: int = 8, rate: float = 10.0) -> tuple[float, float, float]:
    """A dashboard while each rank writes `rate` lines a second.

    Returns:
        Share of one core, memory in MB, KiB a second to the terminal.
    """
    with (
        tempfile.TemporaryDirectory() as place,
        terminal([*TRAINWATCH, "attach", place]) as (
            process,
            ours,
        ),
    ):
        stop = threading.Event()
        writer = threading.Thread(target=_write_steadily, args=(Path(place), ranks, rate, stop))
        writer.start()
        listen(ours, 5)
        before = process.cpu_times()
        drawn = listen(ours, seconds)
        after = process.cpu_times()
        used = after.user + after.system - before.user - before.system
        memory = process.memory_info().rss / 1e6
        stop.set()
        writer.join()
    return used / seconds, memory, drawn / seconds / 1024


def _write_steadily(place: Path, ranks: int, rate: float, stop: threading.Event) -> None:
    logs = [(place / f"debug_rank{rank}_1.log").open("a") for rank in range(ranks)]
    sources = [rank_lines(rank, ranks, 1) for rank in range(ranks)]
    while not stop.wait(1 / rate):
        for log, source in zip(logs, sources, strict=True):
            log.write(next(source))
            log.flush()
    for log in logs:
        log.close()


class _Attached:
    """`trainwatch attach --json` on a directory, and when its documents came."""

    def __init__(self, place: str) -> None:
        self._process = subprocess.Popen(
            [*TRAINWATCH, "attach", "--json", place], stdout=subprocess.PIPE, text=True
        )
        self.documents: queue.Queue[tuple[float, dict[str, object]]] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.documents.put((time.perf_counter(), json.loads(line)))

    def until_lines(self, count: int, seconds: float = 120.0) -> tuple[float, int]:
        """When a document first said that so many lines were read, and how many there were."""
        end, seen = time.perf_counter() + seconds, 0
        while (left := end - time.perf_counter()) > 0:
            try:
                at, document = self.documents.get(timeout=left)
            except queue.Empty:
                break
            seen = int(str(document["lines"]))
            if seen >= count:
                return at, seen
        return float("inf"), seen

    def close(self) -> None:
        self._process.kill()
        self._reader.join()
        with self._process:
            pass


def way_of_a_line(times: int) -> list[float]:
    """Seconds from appending one line after quiet to the document that counts it."""
    with tempfile.TemporaryDirectory() as place:
        log = Path(place, "debug_rank0_1.log")
        source = rank_lines(0, 1, 1)
        log.write_text(next(source))
        attached = _Attached(place)
        attached.until_lines(1)
        waits = []
        for count in range(times):
            time.sleep(1.3 + 0.037 * (count % 17))  # quiet, and at no fixed moment of a poll
            began = time.perf_counter()
            with log.open("a") as stream:
                stream.write(next(source))
            waits.append(attached.until_lines(count + 2)[0] - began)
        attached.close()
    return waits


def flood(seconds: float, rate: int = 100_000) -> tuple[int, int]:
    """Lines written in so many seconds at a rate, and lines that an attached reader counted."""
    batch = rate // 50
    line = "2026-11-23 01:00:00,123 [DEBUG] [Rank 0] Training step 100, loss=0.1234\n"
    with tempfile.TemporaryDirectory() as place:
        attached = _Attached(place)
        written, began = 0, time.perf_counter()
        with Path(place, "debug_rank0_1.log").open("w") as log:
            while time.perf_counter() - began < seconds:
                log.write(line * batch)
                log.flush()
                written += batch
                time.sleep(max(0.0, began + written / rate - time.perf_counter()))
        _, seen = attached.until_lines(written)
        attached.close()
    return written, seen


def long_run(steps: int) -> tuple[float, float]:
    """Memory in MB of an engine after a tenth of so many steps, and after all."""
    code = f"""
import resource
from bench.data import rank_lines
from trainwatch.engine import Engine
from trainwatch.events import Chunk, LogFile, RunInfo
engine, offset, lines = Engine(RunInfo("x")), 0, 0
source = rank_lines(0, 1, 1, epochs=True)
text = "".join(next(source) for _ in range(20))
for turn in range({steps} // {STEPS * 20} + 1):
    data = text.encode()
    engine.feed(Chunk(LogFile("debug_rank0_1.log"), offset, data, float(turn), True))
    offset += len(data)
    if turn == {steps} // {STEPS * 200}:
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    if turn % 20 == 0:
        engine.tick(float(turn)); engine.snapshot()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=1200
    )
    first, last = map(float, done.stdout.split())
    return first, last
