"""Measures trainwatch and prints tables in Markdown: `make bench`, or `make bench ARGS=--quick`.

Rivals are measured in turn with trainwatch, round by round, so that what else the machine does
meets all of them alike; figures are medians.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench import live, rivals
from bench.data import autoencoder, many_ranks
from trainwatch.parsing.native import described

COMMANDS = ("run", "ps", "stop", "attach", "diagnose", "status", "export", "report", "formats")


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
    _one_core()
    times: dict[str, list[float]] = {}
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
    times["trainwatch, plain engine"] = [0.0, _parse(logs, "plain")[0]]
    medians = {name: statistics.median(some[1:]) for name, some in times.items()}  # warm caches
    base = medians["the eight greps"]
    _table(
        (f"{size / 1e6:.0f} MB", "CPU seconds", "of the greps"),
        [(name, f"{one:.2f}", f"{one / base:.2f}") for name, one in medians.items()],
    )
    for command in ("status", "diagnose", "export"):
        seconds = _command([command, str(logs)])
        print(f"`trainwatch {command}`: {seconds:.1f} s")


def growth(data: Path, quick: bool) -> None:
    """How a full parse grows"""
    unit = 4_000_000 if quick else 32_000_000
    rows = []
    for times in (1, 4, 16):
        seconds, peak, lines = _parse(autoencoder(data, unit * times), "native")
        rows.append((f"×{times}", f"{lines:,}", f"{seconds:.2f}", f"{peak:.0f}"))
    _table(("size", "lines", "CPU seconds", "peak MB"), rows)


def starting(data: Path, quick: bool) -> None:
    """Start-up, with --help"""
    del data
    rounds = 3 if quick else 9
    rows = []
    for arguments in (["--version"], ["--help"], *([name, "--help"] for name in COMMANDS)):
        times = [_command(arguments) for _ in range(rounds)]
        rows.append((f"`{' '.join(arguments)}`", f"{1000 * statistics.median(times):.0f}"))
    _table(("command", "ms"), rows)


def frames(data: Path, quick: bool) -> None:
    """First frame of `attach`, until a line of the logs is on the screen"""
    rounds = 3 if quick else 5
    cases: list[tuple[str, Callable[[], float]]] = [("empty Textual app", live.empty_app)]
    sizes = (10_000_000, 100_000_000 if quick else 1_000_000_000)
    for size in sizes:
        logs = autoencoder(data, size)
        cases.append((f"8 ranks, {size / 1e6:.0f} MB", lambda logs=logs: live.attach_frame(logs)))
    many = many_ranks(data, 1024)
    cases.append(("1,024 ranks", lambda: live.attach_frame(many)))
    times: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, measure in cases:
            times.setdefault(name, []).append(measure())
    _table(
        ("what", "ms"),
        [(name, f"{1000 * statistics.median(some):.0f}") for name, some in times.items()],
    )


def lines(data: Path, quick: bool) -> None:
    """The way of one line after quiet, from appending to the document of `attach --json`"""
    del data
    waits = sorted(live.way_of_a_line(20 if quick else 60))
    print(f"median {1000 * statistics.median(waits):.0f} ms, ", end="")
    print(f"99th percentile {1000 * waits[int(0.99 * (len(waits) - 1))]:.0f} ms")


def floods(data: Path, quick: bool) -> None:
    """100,000 lines a second"""
    del data
    seconds = 5 if quick else 60
    written, seen = live.flood(seconds)
    print(f"{written:,} lines written in {seconds} s, {written - seen} lost")


def hour(data: Path, quick: bool) -> None:
    """Watching 8 ranks at 10 lines a second each, compressed to a minute"""
    del data
    share, memory, drawn = live.watched(15 if quick else 60)
    print(f"{100 * share:.1f} % of a core, {memory:.0f} MB, {drawn:.1f} KiB/s to the terminal")


def steps(data: Path, quick: bool) -> None:
    """Memory after many steps"""
    del data
    count = 2_000_000 if quick else 20_000_000
    first, last = live.long_run(count)
    print(f"{first:.0f} MB after {count // 10:,} steps, {last:.0f} MB after {count:,}")


def files(data: Path, quick: bool) -> None:
    """Very many rank files"""
    count = 4096 if quick else 16_384
    seconds, peak, lines = _parse(many_ranks(data, count), "native")
    print(f"{count:,} files, {lines:,} lines: {seconds:.1f} s CPU, peak {peak:.0f} MB")


PARTS = {
    "parsing": parsing,
    "growth": growth,
    "starting": starting,
    "frames": frames,
    "lines": lines,
    "floods": floods,
    "hour": hour,
    "steps": steps,
    "files": files,
}


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


def _command(arguments: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(
        [*live.TRAINWATCH, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return time.perf_counter() - began


def _one_core() -> None:
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[-1:])


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
