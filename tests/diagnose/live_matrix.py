#!/usr/bin/env python3
"""The live half of the hang matrix: real gloo jobs with a probe, diagnosed while they hang.

    python tests/diagnose/live_matrix.py [CASE ...]

Each job is diagnosed by its logs alone and then by looking at its processes; one row each. Needs
torch. One job runs at a time; all take some minutes.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.diagnose.cases import Expected, accused, wrong
from tests.diagnose.hang_matrix import SMALL, logs, stop
from trainwatch.cli.diagnosing import diagnose_now
from trainwatch.cli.options import Selection
from trainwatch.diagnose import Diagnosis, Role
from trainwatch.probes import environment

ROOT = Path(__file__).resolve().parents[2]
ROW = "{:<22} {:<6} {:<12} {:<25} {:<20} {:<9} {}"
QUIET_SECONDS = 22.0
"""Longer than the shortest silence that is one for logs alone."""
DEADLINE_SECONDS = 90.0


@dataclass(frozen=True)
class Job:
    """One job, and what is right to say of it: live, and by its logs alone."""

    name: str
    arguments: str
    live: Expected
    alone: Expected
    ranks: int = 3


def _hang(category: str | None, phase: str | None, rank: int = 1) -> Expected:
    return Expected(("hang",), (category,), (phase,), (rank,))


def _open(*categories: str | None, accusable: tuple[int, ...] = (1,)) -> Expected:
    return Expected(("hang", "undecided"), (None, *categories), (), (), accusable)


def _dead(category: str, phase: str | None = None) -> Expected:
    return Expected(("failed",), (category,), (phase,) if phase else (), (1,))


_MISMATCH = ("failed", "hang", "undecided")
_BOTH = Expected(("hang",), ("collective_mismatch", "uneven_inputs", None), (), (), (0, 1))
KILLED, RAISED = _dead("host_oom_kill"), _dead("user_exception")
FINE = Expected(("healthy", "finished"), (None,))

JOBS = (
    Job("healthy", "--epochs 40", FINE, FINE),
    Job("loader_sleep", "--inject loader_sleep", _hang("dataloader_hang", "data_loading"),
        _open("dataloader_hang")),
    Job("loader_child_hang", "--inject loader_child_hang --num_workers 1",
        _hang("dataloader_hang", "data_loading"), _open("dataloader_hang")),
    Job("loader_worker_kill", "--inject loader_worker_kill --num_workers 1",
        _dead("dataloader_worker_killed", "data_loading"), _dead("dataloader_worker_killed")),
    Job("skip_collective", "--inject skip_collective",
        Expected(_MISMATCH, ("collective_mismatch",), (), (1,)),
        Expected(_MISMATCH, ("collective_mismatch", None), (), (), (1,))),
    Job("skip_last", "--inject skip_last_collective",
        Expected(_MISMATCH, ("collective_mismatch",), (), (1,)),
        Expected(_MISMATCH, ("collective_mismatch", None), (), (), (1,))),
    Job("uneven", "--inject uneven --inject_step 50", Expected(("hang",), ("uneven_inputs",), (), (1,)),
        _open("uneven_inputs")),
    Job("uneven_2", "--inject uneven --inject_step 50", _BOTH, _open("uneven_inputs", accusable=(0, 1)),
        2),
    Job("checkpoint_hang", "--inject checkpoint_hang", _hang("checkpoint_stall", "checkpoint", 0),
        _open("checkpoint_stall", accusable=(0,))),
    Job("checkpoint_hang_2", "--inject checkpoint_hang", _hang("checkpoint_stall", "checkpoint", 0),
        _open("checkpoint_stall", accusable=(0, 1)), 2),
    Job("exception", "--inject exception", RAISED, RAISED),
    Job("sigkill", "--inject sigkill", KILLED, KILLED),
    Job("straggler", "--inject straggler --epochs 40",
        Expected(("straggler",), ("straggler",), (), (1,)),
        Expected(("undecided", "finished", "straggler"), (None, "straggler"), (), (), (1,))),
    Job("nan", "--inject nan --inject_step 30", _dead("loss_nan_or_spike"),
        _dead("loss_nan_or_spike")),
    Job("gil", "--inject gil", Expected(("hang",), ("host_freeze",), (), (1,)), _open()),
    Job("sigstop", "--inject sigstop", Expected(("hang",), ("external_signal",), (), (1,)), _open()),
    Job("scheduler_hang", "--inject scheduler_hang", _hang(None, "after_validation"), _open()),
    Job("sync_hang", "--inject sync_hang", _hang(None, "train_to_validation"), _open()),
    Job("silent", "--inject silent", Expected(("hang",), (None,), (), (1,)), _open("dataloader_hang")),
    Job("silent_2", "--inject silent", Expected(("hang",), (None,), (), (1,)),
        _open("dataloader_hang", accusable=(0, 1)), 2),
)  # fmt: skip


@contextmanager
def running(
    job: Job, target: Path, quiet: float = QUIET_SECONDS
) -> Iterator[subprocess.Popen[bytes]]:
    """The job, from its start until it hangs, has ended, or runs evenly."""
    words = ["--standalone", "--nproc-per-node", str(job.ranks), "examples/train_ddp.py"]
    words += [*SMALL.split(), *job.arguments.split(), "--output_dir", str(target)]
    env = os.environ | {"OMP_NUM_THREADS": "1", "TMPDIR": str(target)}
    env |= environment(target, env)
    with (target / "console.log").open("wb") as console:
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
        wait(job, process, target, quiet)
        yield process
    finally:
        stop(process)


def wait(job: Job, process: subprocess.Popen[bytes], target: Path, quiet_seconds: float) -> None:
    """Until it ended, was silent for a while, or (where it goes on) has made many steps."""
    goes_on = "--epochs" in job.arguments
    size, moved = -1, time.monotonic()
    until = time.monotonic() + DEADLINE_SECONDS
    while process.poll() is None and time.monotonic() < until:
        now = sum(path.stat().st_size for path in logs(target))
        if now != size:
            size, moved = now, time.monotonic()
        quiet = time.monotonic() - moved > quiet_seconds and len(logs(target)) > 1
        if quiet or (goes_on and size > 30_000):
            return
        time.sleep(0.1)


def both(job: Job, quiet: float = QUIET_SECONDS) -> tuple[Diagnosis, Diagnosis]:
    """By the logs alone, and live, after some seconds of silence."""
    target = Path(tempfile.mkdtemp(prefix="tw", dir="/tmp"))  # a socket's path is limited
    try:
        with running(job, target, quiet):
            selection = Selection((str(target),))
            alone = diagnose_now([target], selection, live=False)
            return alone, diagnose_now([target], selection, live=True)
    finally:
        shutil.rmtree(target, ignore_errors=True)


def judged(found: Diagnosis, expected: Expected) -> list[str]:
    """What is wrong; whoever must be named must be guilty."""
    guilty = {rank.who.rank for rank in found.ranks if rank.role is Role.GUILTY}
    faults = wrong(found, expected)
    if found.verdict.value == "undecided" and not found.missing:
        faults.append("nothing named that would decide it")
    if not set(expected.guilty) <= guilty and expected.guilty and "failed" not in expected.verdicts:
        faults.append("not called guilty")
    return faults


def row(name: str, how: str, found: Diagnosis, faults: list[str]) -> str:
    blamed = ",".join(map(str, sorted(accused(found)))) or "-"
    category = found.category.value if found.category else "-"
    phase = found.phase.value if found.phase else "-"
    note = "right" if not faults else "WRONG: " + "; ".join(faults)
    words = [name, how, found.verdict.value, category, phase, blamed, note]
    return ROW.format(*words) + ("" if not faults else f"\n    {found.summary}")


def main() -> int:
    names = sys.argv[1:]
    missed = {"logs": 0, "live": 0}
    print(ROW.format("case", "by", "verdict", "category", "phase", "accused", ""))
    for job in JOBS:
        if names and job.name not in names:
            continue
        alone, live = both(job)
        for how, found, expected in (("logs", alone, job.alone), ("live", live, job.live)):
            faults = judged(found, expected)
            missed[how] += bool(faults)
            print(row(job.name, how, found, faults), flush=True)
    print(f"\nwrong: {missed['logs']} by logs alone, {missed['live']} live")
    return int(any(missed.values()))


if __name__ == "__main__":
    sys.exit(main())
