#!/usr/bin/env python3
"""Record the hang matrix: real gloo jobs of the example, one for each injected fault.

    python tests/diagnose/hang_matrix.py DIR [CASE ...]

Each case leaves DIR/<case>/ with the logs and the console, as they were when the job had ended or
had written nothing for some seconds; `bench_diagnose.py DIR` prints what `diagnose` makes of them.
Needs torch and psutil. One job runs at a time.
"""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
SMALL = (
    "--epochs 4 --samples 480 --val_samples 96 --val_log_interval 4 --checkpoint_every 30"
    " --step_delay 0.02"
)
QUIET_SECONDS = 7.0
TIMEOUT_SECONDS = 30.0
DEADLINE_SECONDS = 90.0


@dataclass(frozen=True)
class Fault:
    """One job.

    Attributes:
        name: Of the case.
        arguments: Of the example, beside the small training's.
        verdicts: That are right for logs alone.
        categories: Likewise; None stands for none.
        accused: The ranks that may be accused; the guilty one among them.
        ranks: World size.
    """

    name: str
    arguments: str
    verdicts: tuple[str, ...]
    categories: tuple[str | None, ...]
    accused: tuple[int, ...] = ()
    ranks: int = 3


HANG = ("hang", "undecided")
FAULTS = (
    Fault("healthy", "", ("finished",), (None,)),
    Fault("loader_sleep", "--inject loader_sleep", HANG, (None, "dataloader_hang"), (1,)),
    Fault("loader_sleep_timeout", "--inject loader_sleep --timeout 8", ("failed",),
          ("gloo_timeout", "dataloader_hang"), (1,)),
    Fault("loader_sleep_timeout_2", "--inject loader_sleep --timeout 8", ("failed",),
          ("gloo_timeout", "dataloader_hang"), (1,), 2),
    Fault("loader_child_hang", "--inject loader_child_hang --num_workers 1", HANG,
          (None, "dataloader_hang"), (1,)),
    Fault("loader_worker_kill", "--inject loader_worker_kill --num_workers 1", ("failed",),
          ("dataloader_worker_killed",), (1,)),
    Fault("bad_shard", "--inject bad_shard --inject_step 2", ("finished",), (None,)),
    Fault("skip_collective", "--inject skip_collective", ("failed", "hang", "undecided"),
          ("collective_mismatch", None), (1,)),
    Fault("skip_collective_2", "--inject skip_collective", ("failed", "hang", "undecided"),
          ("collective_mismatch", None), (0, 1), 2),
    Fault("skip_last_collective", "--inject skip_last_collective",
          ("failed", "hang", "undecided"), ("collective_mismatch", None), (1,)),
    Fault("skip_last_timeout", "--inject skip_last_collective --timeout 8",
          ("failed",), ("collective_mismatch", "gloo_timeout"), (1,)),
    Fault("uneven", "--inject uneven --inject_step 50", HANG, ("uneven_inputs", None), (1,)),
    Fault("uneven_2", "--inject uneven --inject_step 50", HANG, ("uneven_inputs", None), (0, 1), 2),
    Fault("uneven_timeout", "--inject uneven --inject_step 50 --timeout 8", ("failed",),
          ("uneven_inputs", "gloo_timeout", "collective_mismatch"), (1,)),
    Fault("checkpoint_hang", "--inject checkpoint_hang", HANG, ("checkpoint_stall", None), (0,)),
    Fault("checkpoint_hang_2", "--inject checkpoint_hang", HANG, ("checkpoint_stall", None),
          (0, 1), 2),
    Fault("exception", "--inject exception", ("failed",), ("user_exception",), (1,)),
    Fault("exception_2", "--inject exception", ("failed",), ("user_exception",), (1,), 2),
    Fault("sigkill", "--inject sigkill", ("failed",), ("host_oom_kill",), (1,)),
    Fault("sigkill_2", "--inject sigkill", ("failed",), ("host_oom_kill",), (1,), 2),
    Fault("sigstop", "--inject sigstop", HANG, (None,), (1,)),
    Fault("straggler", "--inject straggler --epochs 2", ("finished", "straggler"),
          (None, "straggler"), (1,)),
    Fault("nan", "--inject nan --inject_step 30", ("failed",), ("loss_nan_or_spike",), (1,)),
    Fault("explosion", "--inject explosion --inject_step 30", ("failed", "undecided"),
          ("loss_nan_or_spike",)),
    Fault("lr_zero", "--inject lr_zero --inject_step 30", ("failed", "undecided"), ("lr_zero",)),
    Fault("gil", "--inject gil", HANG, (None,), (1,)),
    Fault("scheduler_hang", "--inject scheduler_hang", HANG, (None,), (1,)),
    Fault("sync_hang", "--inject sync_hang", HANG, (None,), (1,)),
    Fault("silent", "--inject silent", HANG, (None, "dataloader_hang"), (1,)),
    Fault("silent_2", "--inject silent", HANG, (None, "dataloader_hang"), (0, 1), 2),
    Fault("oom", "--inject oom", ("failed",), ("cuda_oom",), (1,)),
    Fault("cuda_error", "--inject cuda_error", ("failed",), ("cuda_kernel_fault",), (1,)),
)  # fmt: skip


def record(fault: Fault, target: Path) -> None:
    """Run one job and keep what it wrote."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    words = ["--standalone", "--nproc-per-node", str(fault.ranks), "examples/train_ddp.py"]
    words += [*SMALL.split(), *fault.arguments.split(), "--output_dir", str(target)]
    with (target / "console.log").open("wb") as console:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("torchrun")), *words],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            env=os.environ | {"OMP_NUM_THREADS": "1", "TMPDIR": str(target)},
            start_new_session=True,
        )
    wait(process, target, TIMEOUT_SECONDS if "--timeout" in words else QUIET_SECONDS)
    for name in ("data", "checkpoints"):
        shutil.rmtree(target / name, ignore_errors=True)
    for path in target.glob("torchelastic_*"):
        shutil.rmtree(path, ignore_errors=True)


def wait(process: subprocess.Popen[bytes], target: Path, quiet: float) -> None:
    """Until it ended or is quiet; then its files are frozen by a copy, and it is ended."""
    began = time.monotonic()
    size, moved = -1, began
    while process.poll() is None and time.monotonic() - began < DEADLINE_SECONDS:
        now = sum(path.stat().st_size for path in logs(target))
        if now != size:
            size, moved = now, time.monotonic()
        if time.monotonic() - moved > quiet and len(logs(target)) > 1:
            break
        time.sleep(0.1)
    kept = {path: path.read_bytes() for path in logs(target)}
    stop(process)
    for path, content in kept.items():
        path.write_bytes(content)


def logs(target: Path) -> list[Path]:
    """What the job writes for readers."""
    return [*target.glob("*.log"), *target.glob("log*/*"), *target.glob("metrics/*")]


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the launcher, its workers and their children."""
    try:
        tree = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        tree = []
    for one in tree:
        one.kill()
    if process.poll() is None:
        process.kill()
    psutil.wait_procs(tree, timeout=10)
    process.wait(10)


def main() -> None:
    root, *names = sys.argv[1:]
    for fault in FAULTS:
        if not names or fault.name in names:
            print(fault.name, flush=True)
            record(fault, Path(root) / fault.name)


if __name__ == "__main__":
    main()
