"""Measures trainwatch and prints tables in Markdown: `make bench`, or `make bench ARGS=--quick`.

Rivals are measured in turn with trainwatch, round by round, so that what else the machine does
meets all of them alike; figures are medians.
"""

import argparse
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import live, rivals, screen
from bench.data import autoencoder, many_ranks
from trainwatch.cli.main import COMMANDS
from trainwatch.parsing.native import described


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the data, fewer rounds")
    parser.add_argument("--data", type=Path, default=Path("/var/tmp/trainwatch-bench"))
    parser.add_argument("--only", default="", help="names of parts, separated by commas")
    options = parser.parse_args()
    options.data.mkdir(parents=True, exist_ok=True)
    print(f"{_machine()}\n{described}; {'quick, ' if options.quick else ''}medians\n")
    for name, part in PARTS.items():
        if not options.only or name in options.only.split(","):
            print(f"## {part.__doc__}\n", flush=True)
            part(options.data, options.quick)
            print(flush=True)


def parsing(data: Path, quick: bool) -> None:
    """Full parse of 8 ranks' logs, on one core, in seconds of the processor"""
    size, rounds = (100_000_000, 3) if quick else (1_000_000_000, 3)
    logs = autoencoder(data, size)
    times: dict[str, list[float]] = {}
    with _one_core():
        _rounds(logs, rounds, times)
    times["trainwatch, plain engine"] = [0.0, _parse(logs, "plain")[0]]
    medians = {name: statistics.median(some[1:]) for name, some in times.items()}  # warm caches
    base = medians["the eight greps"]
    _table(
        (f"{size / 1e6:.0f} MB", "CPU seconds", "of the greps"),
        [(name, f"{one:.2f}", f"{one / base:.2f}") for name, one in medians.items()],
    )


def _rounds(logs: Path, rounds: int, times: dict[str, list[float]]) -> None:
    for _ in range(rounds + 1):
        for name, measure in (
            ("the eight greps", rivals.grep),
            ("ripgrep, the same eight", rivals.ripgrep),
            ("lnav, index only", rivals.lnav),
            ("`read()` alone", _read),
            ("trainwatch, native engine", lambda logs: _parse(logs, "native")[0]),
        ):
            seconds = measure(logs)
            if seconds is not None:
                times.setdefault(name, []).append(seconds)


def commands(data: Path, quick: bool) -> None:
    """Whole commands on the same logs"""
    logs = autoencoder(data, 100_000_000 if quick else 1_000_000_000)
    with tempfile.TemporaryDirectory(dir=data) as place:
        out = str(Path(place, "out"))
        rows = []
        for name in (
            *("status", "diagnose --logs-only", "report --print", f"export -o {out}"),
            *(f"export --format {form} -o {out}" for form in ("csv", "parquet")),
            *(f"export --table {table} -o {out}" for table in ("epochs", "events", "alerts")),
        ):
            wall, cpu, peak = screen.usage([*screen.TRAINWATCH, *name.split(), str(logs)])
            rows.append(
                (f"`{name.replace(out, 'FILE')}`", f"{wall:.1f}", f"{cpu:.1f}", f"{peak:.0f}")
            )
    _table(("command", "seconds", "CPU seconds", "peak MB"), rows)


def growth(data: Path, quick: bool) -> None:
    """How it grows with the size of the logs (×1, ×4, ×16)"""
    unit = 4_000_000 if quick else 16_000_000
    rows = []
    for times in (1, 4, 16):
        logs = autoencoder(data, unit * times)
        seconds, peak, lines = _parse(logs, "native")
        row = [
            f"×{times}",
            f"{unit * times / 1e6:.0f}",
            f"{lines:,}",
            f"{seconds:.2f}",
            f"{peak:.0f}",
        ]
        for name in ("diagnose --logs-only", "export -o /dev/null"):
            _, cpu, peak = screen.usage([*screen.TRAINWATCH, *name.split(), str(logs)])
            row += [f"{cpu:.2f}", f"{peak:.0f}"]
        frame, figures = _medians(lambda logs=logs: screen.attach_frames(logs), 3)
        rows.append((*row, f"{1000 * frame:.0f}", f"{1000 * figures:.0f}"))
    _table(
        (
            *("size", "MB", "lines", "parse, CPU s", "MB", "diagnose, CPU s", "MB"),
            *("export, CPU s", "MB", "first frame, ms", "first figures, ms"),
        ),
        rows,
    )


def ranks(data: Path, quick: bool) -> None:
    """How it grows with the number of rank files of 20 lines (×1, ×4, ×16, …)"""
    rows = []
    for count in (64, 256, 1024, 4096 if quick else 16_384):
        logs = many_ranks(data, count)
        seconds, peak, lines = _parse(logs, "native")
        row = [f"{count:,}", f"{lines:,}", f"{seconds:.2f}", f"{peak:.0f}"]
        if count <= 1024:
            frame, figures = _medians(lambda logs=logs: screen.attach_frames(logs), 3)
            row += [f"{1000 * frame:.0f}", f"{1000 * figures:.0f}"]
        rows.append((*row, *["-"] * (6 - len(row))))
    _table(
        ("files", "lines", "parse, CPU s", "peak MB", "first frame, ms", "first figures, ms"), rows
    )


def starting(data: Path, quick: bool) -> None:
    """Start-up, with --help"""
    del data
    rows = []
    for arguments in (["--version"], ["--help"], *([name, "--help"] for name in COMMANDS)):
        command = [*screen.TRAINWATCH, *arguments]
        wall, cpu, peak = _medians(lambda command=command: screen.usage(command), 3 if quick else 9)
        rows.append(
            (f"`{' '.join(arguments)}`", f"{1000 * wall:.0f}", f"{1000 * cpu:.0f}", f"{peak:.0f}")
        )
    _table(("command", "ms", "CPU ms", "peak MB"), rows)


def frames(data: Path, quick: bool) -> None:
    """`attach`: until the dashboard is drawn, and until a line of the logs stands in it"""
    sizes = (10_000_000, 100_000_000 if quick else 1_000_000_000)
    logs = {f"8 ranks, {size / 1e6:.0f} MB": autoencoder(data, size) for size in sizes}
    logs["1,024 ranks"] = many_ranks(data, 1024)
    times: dict[str, list[tuple[float, ...]]] = {"empty Textual app": []}
    for _ in range(3 if quick else 7):
        times["empty Textual app"].append((screen.empty_app(),))
        for name, place in logs.items():
            times.setdefault(name, []).append(screen.attach_frames(place))
    rows = []
    for name, some in times.items():
        figures = [f"{1000 * statistics.median(column):.0f}" for column in zip(*some, strict=True)]
        rows.append((name, *figures, *["-"] * (2 - len(figures))))
    _table(("what", "first frame, ms", "first figures, ms"), rows)


def lines(data: Path, quick: bool) -> None:
    """From appending to the screen, as a terminal in a pty sees it"""
    del data
    count = 16 if quick else 104
    rows = []
    for name, measure in (
        ("the first line after quiet", live.drawn_after_quiet),
        ("an alert, among 80 lines a second", live.drawn_alerts),
    ):
        waits = sorted(measure(count))
        last = waits[math.ceil(0.99 * len(waits)) - 1]
        median = statistics.median(waits)
        rows.append((name, f"{len(waits)}", f"{1000 * median:.0f}", f"{1000 * last:.0f}"))
    _table(("what", "times", "median ms", "99 % within ms"), rows)


def floods(data: Path, quick: bool) -> None:
    """100,000 lines a second"""
    del data
    seconds = 5 if quick else 60
    written, seen = live.flood(seconds)
    print(f"{written:,} lines written in {seconds} s, {written - seen} lost")


def hour(data: Path, quick: bool) -> None:
    """Watching 8 ranks (×1, ×4, ×16 of 10 lines/s each), and an hour of that within two minutes"""
    del data
    rows = []
    for name, seconds, rate in (
        *((f"{rate} lines/s a rank", 15 if quick else 60, float(rate)) for rate in (10, 40, 160)),
        ("an hour, compressed" if not quick else "a quarter", 30 if quick else 120, 300.0),
    ):
        share, memory, drawn = live.watched(seconds, rate=rate)
        rows.append((name, f"{seconds} s", f"{100 * share:.1f}", f"{memory:.0f}", f"{drawn:.1f}"))
    _table(("what", "for", "% of a core", "MB", "KiB/s to the terminal"), rows)


def steps(data: Path, quick: bool) -> None:
    """Memory after many steps"""
    del data
    count = 2_000_000 if quick else 20_000_000
    sizes = (count // 16, count // 4, count)
    rows = [(f"{n:,}", f"{mb:.0f}") for n, mb in zip(sizes, live.long_run(count), strict=True)]
    _table(("steps", "MB"), rows)


PARTS = {
    "parsing": parsing,
    "commands": commands,
    "growth": growth,
    "ranks": ranks,
    "starting": starting,
    "frames": frames,
    "lines": lines,
    "floods": floods,
    "hour": hour,
    "steps": steps,
}


def _medians(measure: Callable[[], tuple[float, ...]], rounds: int) -> list[float]:
    """Of each figure that is measured, the median of some rounds."""
    return [
        statistics.median(some) for some in zip(*(measure() for _ in range(rounds)), strict=True)
    ]


def _parse(logs: Path, engine: str) -> tuple[float, float, int]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.parse", str(logs)],
        env=os.environ | {"TRAINWATCH_ENGINE": engine},
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, peak, lines = done.stdout.split()
    return float(seconds), float(peak), int(lines)


def _read(logs: Path) -> float:
    began = time.process_time()
    for path in sorted(logs.glob("*.log")):
        with path.open("rb", buffering=0) as stream:
            while stream.read(1 << 20):
                pass
    return time.process_time() - began


@contextmanager
def _one_core() -> Iterator[None]:
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, [max(cores)])
    yield
    os.sched_setaffinity(0, cores)


def _machine() -> str:
    cpu = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return (
        f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release()}, "
        f"Python {platform.python_version()}; load {os.getloadavg()[0]:.1f}"
    )


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


if __name__ == "__main__":
    main()
