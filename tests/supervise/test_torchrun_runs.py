"""Real torchrun jobs: the ladder, a killed rank, and what is left when all in charge are killed."""

from __future__ import annotations

import os
import signal
import sys

import pytest
from supervision import Trainwatch, lives, until

from trainwatch.supervise.process import read_process
from trainwatch.supervise.record import read_record

pytest.importorskip("torch", reason="needs torch")

WORKER = """
import os, signal, sys, time
import torch.distributed as dist
dist.init_process_group("gloo")
rank = dist.get_rank()
if rank == 1:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(f"[rank{rank}] up", flush=True)
with open(f"rank{rank}", "w") as file:
    file.write(str(os.getpid()))
time.sleep(397)
"""


KILLED_ONCE = """
import os, signal
import torch.distributed as dist
dist.init_process_group("gloo")
first = not os.path.exists("killed")
dist.barrier()
if first and dist.get_rank() == 1:
    open("killed", "w").close()
    os.kill(os.getpid(), signal.SIGKILL)
dist.barrier()
dist.destroy_process_group()
"""


@pytest.fixture
def torchrun(tw: Trainwatch) -> tuple[str, ...]:
    (tw.home / "worker.py").write_text(WORKER)
    tw.env["OMP_NUM_THREADS"] = "1"
    options = ("--standalone", "--nproc-per-node", "2")
    return (sys.executable, "-m", "torch.distributed.run", *options, "worker.py")


def ranks(tw: Trainwatch) -> list[int]:
    """The workers' process ids; each is a session of its own."""
    pids = [tw.pid(f"rank{rank}", seconds=60) for rank in (0, 1)]
    sessions = [process and process.session for process in map(read_process, pids)]
    assert sessions == pids
    return pids


@pytest.mark.torchrun
def test_a_worker_that_ignores_sigterm_dies_with_the_rest(
    tw: Trainwatch, torchrun: tuple[str, ...]
) -> None:
    front = tw.start("run", "--exp-id", "x", "--stop-timeout", "1.5", "--", *torchrun)
    workers = ranks(tw)
    front.terminate()
    out, _ = front.communicate(timeout=40)
    assert b"[rank0] up" in out
    assert out == (tw.run_dir("x") / "console.log").read_bytes()
    record = read_record(tw.run_dir("x"))
    assert front.returncode == record.exit_code != 0
    assert (record.stopped, record.survivors) == (True, ())
    assert not any(map(lives, workers))


@pytest.mark.torchrun
def test_stop_ends_workers_whose_torchrun_and_supervisor_were_killed(
    tw: Trainwatch, torchrun: tuple[str, ...]
) -> None:
    tw.detach("--exp-id", "x", "--stop-timeout", "1", "--", *torchrun)
    workers = ranks(tw)
    launcher = tw.record("x").launcher
    tw.kill_supervisor("x")
    os.kill(launcher.pid, signal.SIGKILL)
    until(lambda: not lives(launcher.pid), "torchrun's death")
    assert all(map(lives, workers))
    assert [run["state"] for run in tw.ps()] == ["cut_off"]
    done = tw.call("stop", "x")
    assert done.returncode == 0, done.stderr
    assert not any(map(lives, workers))


@pytest.mark.torchrun
def test_a_killed_rank_ends_the_attempt_and_the_next_one_may_succeed(
    tw: Trainwatch, torchrun: tuple[str, ...]
) -> None:
    (tw.home / "worker.py").write_text(KILLED_ONCE)
    done = tw.call(
        *("run", "--exp-id", "x", "--max-attempts", "3", "--restart-delay", "0", "--", *torchrun),
        patience=120,
    )
    assert done.returncode == 0, done.stderr
    record = read_record(tw.run_dir("x"))
    assert [attempt.exit_code for attempt in record.attempts] == [1, 0]
    assert record.attempts[0].failure
    assert record.survivors == ()
