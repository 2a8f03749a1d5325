"""Does `trainwatch run` slow a training down? Paired: the same steps with and without it, in turn.

    make bench-run            # or: python -m bench.step_time PAIRS

Each run does fixed work on the CPU and prints a line a step, as trainings do. What is compared is the
median step time within the training, so that neither its start nor the report at its end counts.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

STEPS = 3000
TRAINING = f"""
import statistics, sys, time
def work():
    return sum(i * i for i in range(60_000))
work()
times = []
for step in range({STEPS}):
    begin = time.perf_counter()
    work()
    print(f"[DEBUG] [Rank 0] Training step {{step}}, loss=0.{{step + 1}}", flush=True)
    times.append(time.perf_counter() - begin)
open(sys.argv[1], "w").write(repr(statistics.median(times)))
"""


def step_seconds(place: Path, name: str, *, watched: bool) -> float:
    """The median step of one run, in seconds."""
    result = place / name
    command = [sys.executable, "-c", TRAINING, str(result)]
    if watched:
        options = ["--exp-id", name, "--no-tui", "--health-time", "300"]
        command = [sys.executable, "-m", "trainwatch", "run", *options, "--", *command]
    subprocess.run(
        command, cwd=place, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return float(result.read_text())


def main(pairs: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        alone, watched = [], []
        for pair in range(pairs):
            # Either goes first as often: a machine that warms up favours nobody.
            for is_watched in (False, True) if pair % 2 == 0 else (True, False):
                seconds = step_seconds(place, f"{pair}-{is_watched}", watched=is_watched)
                (watched if is_watched else alone).append(seconds)
    differences = [100 * (b / a - 1) for a, b in zip(alone, watched, strict=True)]
    noise = 100 * statistics.stdev(alone) / statistics.mean(alone)
    print(f"step alone    {1000 * statistics.median(alone):8.3f} ms (spread {noise:.1f} %)")
    print(f"step watched  {1000 * statistics.median(watched):8.3f} ms")
    print(f"difference    {statistics.median(differences):+8.2f} % (median of {pairs} pairs)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8)
