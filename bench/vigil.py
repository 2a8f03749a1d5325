"""What the companion costs that watches a run while nobody looks.

    python -m bench.vigil [SECONDS]

Eight ranks write ten lines a second each; the processor time and the memory of `trainwatch.cli.vigil`
and, before it, of the health gate are read from `/proc`.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import psutil

RANKS, LINES = 8, 10
WRITER = f"""
import sys, time
from pathlib import Path
names = [Path(sys.argv[1], f"debug_rank{{rank}}_20261121_100000.log") for rank in range({RANKS})]
files = [open(name, "a", buffering=1) for name in names]
for step in range(1_000_000):
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    for rank, file in enumerate(files):
        print(f"{{stamp}},000 [DEBUG] [Rank {{rank}}] Training step {{step}}, loss=0.{{step + 1}}", file=file)
    time.sleep(1 / {LINES})
"""


def cost(place: Path, gate: float, module: str, seconds: float) -> tuple[float, float]:
    """Share of one core and MB of a companion, after it has settled."""
    command = [sys.executable, "-m", "trainwatch", "run", "--exp-id", module, "--no-tui"]
    command += ["--no-report", "--health-time", str(gate), "--logs", str(place), "--"]
    command += [sys.executable, "-c", WRITER, str(place)]
    run = psutil.Popen(command, cwd=place)
    try:
        while not (found := _companion(run, module, place)):
            time.sleep(0.5)
        time.sleep(10)
        began, before = time.perf_counter(), found.cpu_times()
        time.sleep(seconds)
        after = found.cpu_times()
        used = after.user + after.system - before.user - before.system
        return used / (time.perf_counter() - began), found.memory_info().rss / 1e6
    finally:
        run.terminate()
        run.wait(60)


def _companion(run: psutil.Process, module: str, place: Path) -> psutil.Process | None:
    del run  # the supervisor is in a session of its own
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if f"trainwatch.cli.{module}" in words and str(place) in " ".join(words):
            return process
    return None


def main(seconds: float) -> None:
    """Measure and print."""
    for module, gate in (("vigil", 0.0), ("gate", 3600.0)):
        with tempfile.TemporaryDirectory() as directory:
            share, memory = cost(Path(directory), gate, module, seconds)
        print(f"{module:<6} {100 * share:5.2f} % of a core, {memory:.0f} MB", flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0)
