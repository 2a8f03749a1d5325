#!/usr/bin/env python3
"""Hangs of the less usual kinds, on real gloo jobs with a probe: what live evidence says of them.

    python tests/diagnose/odd_matrix.py [CASE ...]

One row a job. Needs torch. One job runs at a time; all take some minutes.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.diagnose.cases import Expected
from tests.diagnose.hang_matrix import stop
from tests.diagnose.live_matrix import judged, row
from trainwatch.cli.diagnosing import diagnose_now
from trainwatch.cli.options import Selection
from trainwatch.diagnose import Diagnosis
from trainwatch.probes import environment

SCRIPT = Path(__file__).with_name("odd_training.py")
QUIET_SECONDS = 22.0
DEADLINE_SECONDS = 60.0


@dataclass(frozen=True)
class Odd:
    """One job, and what is right to say of it when it is looked at."""

    name: str
    live: Expected
    nodes: int = 1
    quiet: float = QUIET_SECONDS


def _hang(
    category: str | None = None, phase: str | None = None, rank: int = 1, *more: str | None
) -> Expected:
    return Expected(("hang",), (category, *more), (phase,) if phase else (), (rank,))


JOBS = (
    Odd("fifo", _hang("dataloader_hang", "data_loading")),
    Odd("uninterruptible", _hang("dataloader_hang", None, 1, "host_freeze", None)),
    Odd("fork", _hang("dataloader_hang", "data_loading")),
    Odd("save", _hang("checkpoint_stall", "checkpoint", 0)),
    Odd("lock", _hang()),
    Odd("c_call", _hang()),
    Odd("endless", _hang()),
    Odd("program", _hang()),
    Odd("barrier", _hang()),
    Odd("order", Expected(("hang", "failed"), ("collective_mismatch",), (), (1,))),
    Odd("groups", Expected(("hang",), ("collective_mismatch", None), (), (), (0, 1))),
    Odd("never_joins", _hang(None, "init", 1, "rendezvous_timeout"), quiet=65.0),
    Odd("teardown", _hang(None, "teardown")),
    Odd("exit", Expected(("hang", "finished"), (None,), (), (), (1,))),
    Odd("two_nodes", _hang("dataloader_hang", "data_loading"), nodes=2),
)  # fmt: skip


@contextmanager
def running(job: Odd, target: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The job, from its start until it has been silent for a while."""
    env = os.environ | {"OMP_NUM_THREADS": "1", "TMPDIR": str(target)}
    env |= environment(target, env)
    fault = "fifo" if job.nodes > 1 else job.name
    started = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "torch.distributed.run",
                *_launch(job, node),
                str(SCRIPT),
                fault,
                str(target),
            ],
            stdin=subprocess.DEVNULL,
            stdout=(target / f"console{node}.log").open("wb"),
            stderr=subprocess.STDOUT,
            env=env,
            start_new_session=True,
        )
        for node in range(job.nodes)
    ]
    try:
        _wait(job, started, target)
        yield started
    finally:
        for process in started:
            stop(process)
        _sweep(target)


def _launch(job: Odd, node: int) -> list[str]:
    if job.nodes == 1:
        return ["--standalone", "--nproc-per-node", "3"]
    place = ["--master-addr", "127.0.0.1", "--master-port", "29541", "--nproc-per-node", "2"]
    return ["--nnodes", str(job.nodes), "--node-rank", str(node), *place]


def _wait(job: Odd, started: list[subprocess.Popen[bytes]], target: Path) -> None:
    size, moved = -1, time.monotonic()
    until = moved + DEADLINE_SECONDS + job.quiet
    while all(one.poll() is None for one in started) and time.monotonic() < until:
        logs = list(target.glob("logs/*.log"))
        now = sum(path.stat().st_size for path in logs)
        if now != size:
            size, moved = now, time.monotonic()
        if logs and time.monotonic() - moved > job.quiet:
            return
        time.sleep(0.1)


def _sweep(target: Path) -> None:
    """End what no longer has its parent."""
    mark = f"TMPDIR={target}\0".encode()
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in path.read_bytes():
                os.kill(int(path.parent.name), signal.SIGKILL)
        except OSError:
            continue


def looked_at(job: Odd) -> Diagnosis:
    """What is said while it hangs."""
    target = Path(tempfile.mkdtemp(prefix="tw", dir="/tmp"))  # a socket's path is limited
    try:
        with running(job, target):
            return diagnose_now([target], Selection((str(target),)), live=True)
    finally:
        shutil.rmtree(target, ignore_errors=True)


def main() -> int:
    names = sys.argv[1:]
    missed = 0
    for job in JOBS:
        if names and job.name not in names:
            continue
        found = looked_at(job)
        faults = judged(found, job.live)
        missed += bool(faults)
        print(row(job.name, "live", found, faults), flush=True)
        if "-v" in names:
            print(found)
    print(f"\nwrong: {missed} live")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
