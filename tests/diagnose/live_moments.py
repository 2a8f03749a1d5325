#!/usr/bin/env python3
"""Healthy jobs looked at while they run, from their first line to their end: false alarms are counted.

    python tests/diagnose/live_moments.py

Real gloo jobs of the example: start, epochs, validation, checkpoints, and one that resumes. They are
diagnosed by their logs alone, several times a second, and live every few seconds. Needs torch.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.diagnose.hang_matrix import stop
from tests.diagnose.moments import ALARMS
from trainwatch.cli.diagnosing import diagnose_now
from trainwatch.cli.options import Selection
from trainwatch.diagnose import Diagnosis
from trainwatch.errors import NothingToReadError
from trainwatch.probes import environment

ROOT = Path(__file__).resolve().parents[2]
BASE = "--samples 240 --val_samples 96 --val_log_interval 4 --checkpoint_every 20 --timeout 60"
JOBS = {
    "fast steps": (2, "--epochs 6 --step_delay 0.05"),
    "slow steps": (2, "--epochs 2 --step_delay 0.6"),
    "one rank": (1, "--epochs 3 --step_delay 0.2"),
    "resumed": (2, "--epochs 8 --step_delay 0.1 --resume"),
}
"""Ranks and arguments; the last goes on from what a run before it had saved."""

EVERY_SECONDS = 0.3
LIVE_EVERY = 8
"""Looks of which one is live."""


def look(target: Path, *, live: bool) -> Diagnosis | None:
    """What is said now; None before there is anything to read."""
    try:
        return diagnose_now([target], Selection((str(target),)), live=live)
    except NothingToReadError:
        return None


def watch(name: str, ranks: int, arguments: str, target: Path) -> tuple[Counter[str], list[str]]:
    """Run one job and look at it until it ends."""
    words = ["--standalone", "--nproc-per-node", str(ranks), "examples/train_ddp.py"]
    words += [*BASE.split(), *arguments.split(), "--output_dir", str(target)]
    env = os.environ | {"OMP_NUM_THREADS": "1", "TMPDIR": str(target)}
    env |= environment(target, env)
    verdicts: Counter[str] = Counter()
    alarms = []
    with (target / f"console_{name.replace(' ', '_')}.log").open("wb") as console:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("torchrun")), *words],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            env=env,
            start_new_session=True,
        )
    try:
        while process.poll() is None:
            live = verdicts.total() % LIVE_EVERY == LIVE_EVERY - 1
            found = look(target, live=live)
            if found is not None:
                verdicts[found.verdict.value] += 1
                if found.verdict in ALARMS or found.category is not None:
                    alarms.append(f"{name}{', live' if live else ''}: {found.summary}")
            time.sleep(EVERY_SECONDS)
    finally:
        stop(process)
    return verdicts, alarms


def main() -> int:
    verdicts: Counter[str] = Counter()
    alarms: list[str] = []
    with tempfile.TemporaryDirectory(prefix="tw", dir="/tmp") as root:
        for name, (ranks, arguments) in JOBS.items():
            target = Path(root) / ("fast steps" if name == "resumed" else name).replace(" ", "_")
            target.mkdir(exist_ok=True)
            seen, loud = watch(name, ranks, arguments, target)
            print(f"{name:<12} {dict(seen)}", flush=True)
            verdicts += seen
            alarms += loud
    for words in alarms:
        print(f"  alarm: {words}")
    print(f"{len(alarms)} alarms at {verdicts.total()} moments of {len(JOBS)} live healthy jobs")
    return int(bool(alarms))


if __name__ == "__main__":
    sys.exit(main())
