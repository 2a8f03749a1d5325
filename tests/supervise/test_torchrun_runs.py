"""Real torchrun jobs: the ladder, a killed rank, and what is left when all in charge are killed."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

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


ENDING = """
import os, sys
rank = os.environ["RANK"]
with open(f"rank{rank}", "w") as file:
    file.write(str(os.getpid()))
if sys.argv[1] == "wait":
    import time
    time.sleep(397)
if sys.argv[1] == "raise" and rank == "1":
    raise RuntimeError("a worker's exception")
"""


@pytest.mark.torchrun
@pytest.mark.parametrize(
    ("how", "code"), [pytest.param("end", 0, marks=pytest.mark.long), ("raise", 1)]
)
def test_torchruns_own_exit_code_passes_through(
    tw: Trainwatch, torchrun: tuple[str, ...], how: str, code: int
) -> None:
    (tw.home / "worker.py").write_text(ENDING)
    done = tw.call("run", "--exp-id", "x", "--", *torchrun, how, patience=60)
    assert done.returncode == read_record(tw.run_dir("x")).exit_code == code
    assert not any(map(lives, [tw.pid(f"rank{rank}") for rank in (0, 1)]))


@pytest.mark.torchrun
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_torchrun_that_a_signal_ends_is_128_and_more(
    tw: Trainwatch, torchrun: tuple[str, ...], number: signal.Signals
) -> None:
    # Before it has handlers; later it answers both with 1.
    front = tw.start("run", "--exp-id", "x", "--", *torchrun)
    launcher = tw.record("x").launcher.pid
    loading = f"/proc/{launcher}/maps"
    until(lambda: b"libtorch" in Path(loading).read_bytes(), "its imports", seconds=60)
    os.kill(launcher, number)
    front.communicate(timeout=60)
    assert front.returncode == read_record(tw.run_dir("x")).exit_code == 128 + number


@pytest.mark.torchrun
def test_a_killed_torchrun_is_137_and_leaves_nobody(
    tw: Trainwatch, torchrun: tuple[str, ...]
) -> None:
    (tw.home / "worker.py").write_text(ENDING)
    front = tw.start("run", "--exp-id", "x", "--stop-timeout", "2", "--", *torchrun, "wait")
    workers = ranks(tw)
    os.kill(tw.record("x").launcher.pid, signal.SIGKILL)
    front.communicate(timeout=60)
    record = read_record(tw.run_dir("x"))
    assert front.returncode == record.exit_code == 137
    assert (record.stopped, record.survivors) == (False, ())
    assert not any(map(lives, workers))
    orphans = next(event for event in tw.events("x") if event["event"] == "orphans")
    assert set(workers) <= set(orphans["pids"])


@pytest.mark.torchrun
def test_stop_ends_a_torchrun_whose_supervisor_was_killed(
    tw: Trainwatch, torchrun: tuple[str, ...]
) -> None:
    (tw.home / "worker.py").write_text(ENDING)
    tw.detach("--exp-id", "x", "--stop-timeout", "5", "--", *torchrun, "wait")
    workers = ranks(tw)
    tw.kill_supervisor("x")
    assert [run["state"] for run in tw.ps()] == ["unguarded"]
    assert all(map(lives, workers))
    assert tw.call("stop", "x").returncode == 0
    assert not any(map(lives, [*workers, tw.record("x").launcher.pid]))
