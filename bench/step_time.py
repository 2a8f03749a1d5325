"""Does `trainwatch run` slow a training down? Paired: the same steps with and without it, in turn.

    make bench-run            # or: python -m bench.step_time ROUNDS

Each run does fixed work on the CPU and prints a line a step into a file, as trainings do; `run` puts its
supervisor, sampler and health gate beside it. What is compared is the median step within the training, so
that neither its start nor the report at its end counts.

A round is three runs in an order that rotates: alone, watched, and alone once more. The second one alone
says how much two runs of the very same thing differ on this machine, which is the noise that the
difference is held against. Means of logarithms of ratios, with Student's 95 % interval.
"""

from __future__ import annotations

import math
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

STEPS = 2000
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

KINDS = ("alone", "watched", "again")
_T = (12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160)
"""Student's t of 0.975 for 1 to 13 degrees of freedom."""
_T_OF_MANY = 2.0


def step_seconds(place: Path, name: str, *, watched: bool) -> float:
    """The median step of one run, in seconds."""
    result = place / name
    command = [sys.executable, "-c", TRAINING, str(result)]
    if watched:
        options = ["--exp-id", name, "--no-tui", "--health-time", "300"]
        command = [sys.executable, "-m", "trainwatch", "run", *options, "--", *command]
    with (place / f"{name}.log").open("wb") as log:  # a log in both cases
        subprocess.run(command, cwd=place, check=True, stdout=log, stderr=subprocess.DEVNULL)
    return float(result.read_text())


def interval(of: Sequence[float], against: Sequence[float]) -> tuple[float, float]:
    """By how many per cent paired times differ, and half the width of the 95 % interval of that."""
    logs = [math.log(a / b) for a, b in zip(of, against, strict=True)]
    mean = statistics.mean(logs)
    spread = statistics.stdev(logs) / math.sqrt(len(logs))
    t = _T[len(logs) - 2] if len(logs) - 2 < len(_T) else _T_OF_MANY
    return 100 * math.expm1(mean), 100 * t * spread


def main(rounds: int) -> None:
    """Measure and print."""
    took: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory() as directory:
        for turn in range(rounds):
            for place in range(len(KINDS)):
                kind = KINDS[(turn + place) % len(KINDS)]
                name = f"{turn}-{kind}"
                seconds = step_seconds(Path(directory), name, watched=kind == "watched")
                took[kind].append(seconds)
    for kind in KINDS:
        print(f"step {kind:<8} {1000 * statistics.median(took[kind]):8.3f} ms")
    alone = [math.sqrt(a * b) for a, b in zip(took["alone"], took["again"], strict=True)]
    change, width = interval(took["watched"], alone)
    noise, noise_width = interval(took["again"], took["alone"])
    print(f"watched against alone  {change:+6.2f} % ± {width:.2f} (95 %, {rounds} rounds)")
    print(f"alone against alone    {noise:+6.2f} % ± {noise_width:.2f}")
    within = abs(change) <= max(width, abs(noise) + noise_width)
    print("within the noise" if within else "more than the noise")


if __name__ == "__main__":
    main(max(2, int(sys.argv[1])) if len(sys.argv) > 1 else 8)
