"""Measures on a run that is being written: the way of a line, floods, an hour, long runs."""

import itertools
import json
import queue
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench.data import STEPS, rank_lines
from bench.screen import TRAINWATCH, Recorder, listen, terminal


def watched(seconds: float, ranks: int = 8, rate: float = 10.0) -> tuple[float, float, float]:
    """A dashboard while each rank writes `rate` lines a second.

    Returns:
        Share of one core, memory in MB, KiB a second to the terminal.
    """
    stop = threading.Event()
    with tempfile.TemporaryDirectory() as place:
        writer = threading.Thread(target=_write_steadily, args=(Path(place), ranks, rate, stop))
        writer.start()
        time.sleep(0.5)  # there must be something to attach to
        with terminal([*TRAINWATCH, "attach", place]) as (process, ours):
            used, memory, drawn = _used(process, ours, seconds)
        stop.set()
        writer.join()
    return used / seconds, memory, drawn / seconds / 1024


def _used(process: psutil.Process, ours: int, seconds: float) -> tuple[float, float, int]:
    """Seconds of the processor, memory in MB and bytes drawn, once it has begun."""
    listen(ours, 5)
    before = process.cpu_times()
    drawn = listen(ours, seconds)
    after = process.cpu_times()
    used = after.user + after.system - before.user - before.system
    return used, process.memory_info().rss / 1e6, drawn


def _write_steadily(
    place: Path,
    ranks: int,
    rate: float,
    stop: threading.Event,
    broken: Collection[int] = (),
) -> None:
    """Ten times a second the lines that are due; those of `broken` ranks have no finite loss."""
    logs = [(place / f"debug_rank{rank}_1.log").open("a") for rank in range(ranks)]
    sources = [rank_lines(rank, ranks, 1) for rank in range(ranks)]
    count = max(1, round(rate / _BURSTS))
    while not stop.wait(count / rate):
        for rank, (log, source) in enumerate(zip(logs, sources, strict=True)):
            text = "".join(itertools.islice(source, count))
            log.write(_LOSS.sub("loss=nan", text) if rank in broken else text)
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


def drawn_after_quiet(times: int) -> list[float]:
    """Seconds from appending one line after quiet to the moment at which it stands on the screen."""
    chance = random.Random(7)
    with tempfile.TemporaryDirectory() as place, _screen_of(Path(place)) as recorder:
        written: dict[str, float] = {}
        for count in range(times):
            time.sleep(chance.uniform(1.3, 2.0))  # quiet, and at no fixed moment of a poll
            sign = f"loss=7.{count:04d}"
            line = f"{_NOW} [DEBUG] [Rank {count % 8}] Training step {9000 + count}, {sign}\n"
            written[sign] = time.perf_counter()
            with Path(place, f"debug_rank{count % 8}_1.log").open("a") as log:
                log.write(line)
        time.sleep(2)
    return _waits(recorder, written)


def drawn_alerts(times: int) -> list[float]:
    """Seconds from writing what is an alert, among 80 other lines a second, to its being drawn."""
    chance, waits = random.Random(7), list[float]()
    while len(waits) < times:
        broken: set[int] = set()
        stop = threading.Event()
        written: dict[str, float] = {}
        with tempfile.TemporaryDirectory() as place, _screen_of(Path(place)) as recorder:
            writer = threading.Thread(
                target=_write_steadily, args=(Path(place), 8, 10.0, stop, broken)
            )
            writer.start()
            for rank in range(8):
                time.sleep(chance.uniform(1.3, 2.3))
                line = f"{_NOW} [DEBUG] [Rank {rank}] Training step 9000, loss=nan\n"
                broken.add(rank)
                written["1 alert now" if not rank else f"{rank + 1} alerts now"] = (
                    time.perf_counter()
                )
                with Path(place, f"debug_rank{rank}_1.log").open("a") as log:
                    log.write(line)
            time.sleep(2)
            stop.set()
            writer.join()
        waits += _waits(recorder, written)
    return waits


_NOW = "2026-11-23 02:00:00,000"
_BURSTS = 10
_LOSS = re.compile(r"loss=[\d.]+")


@contextmanager
def _screen_of(place: Path) -> Iterator[Recorder]:
    """A dashboard that has read eight short logs, and is recorded from then on."""
    for rank in range(8):
        source = rank_lines(rank, 8, 1)
        text = "".join(next(source) for _ in range(100))
        Path(place, f"debug_rank{rank}_1.log").write_text(text)
    with terminal([*TRAINWATCH, "attach", str(place)]) as (_, ours):
        recorder = Recorder(ours)
        time.sleep(4)
        yield recorder
        recorder.stop()


def _waits(recorder: Recorder, written: dict[str, float]) -> list[float]:
    seen = recorder.seen(list(written))
    return [at - began for at, began in zip(seen, written.values(), strict=True)]


def flood(seconds: float, rate: int = 100_000) -> tuple[int, int]:
    """Lines written in so many seconds at a rate, and lines that an attached reader counted."""
    batch = rate // 50
    line = "2026-11-23 01:00:00,123 [DEBUG] [Rank 0] Training step 100, loss=0.1234\n"
    with tempfile.TemporaryDirectory() as place:
        with Path(place, "debug_rank0_1.log").open("w") as log:
            log.write(line)  # there must be something to attach to
        attached = _Attached(place)
        written, began = 1, time.perf_counter()
        with Path(place, "debug_rank0_1.log").open("a") as log:
            while time.perf_counter() - began < seconds:
                log.write(line * batch)
                log.flush()
                written += batch
                time.sleep(max(0.0, began + written / rate - time.perf_counter()))
        _, seen = attached.until_lines(written)
        attached.close()
    return written, seen


def long_run(steps: int) -> list[float]:
    """Memory in MB of an engine after a sixteenth of so many steps, after a quarter, and after all."""
    code = f"""
import resource
from bench.data import rank_lines
from trainwatch.engine import Engine
from trainwatch.events import Chunk, LogFile, RunInfo
engine, offset, lines = Engine(RunInfo("x")), 0, 0
source = rank_lines(0, 1, 1, epochs=True)
text = "".join(next(source) for _ in range(20))
turns = {steps} // {STEPS * 20}
for turn in range(1, turns + 1):
    data = text.encode()
    engine.feed(Chunk(LogFile("debug_rank0_1.log"), offset, data, float(turn), True))
    offset += len(data)
    if turn in (turns // 16, turns // 4, turns):
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    if turn % 20 == 0:
        engine.tick(float(turn)); engine.snapshot()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=1200
    )
    return list(map(float, done.stdout.split()))
