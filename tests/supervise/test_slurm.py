"""On a real Slurm of one node: output, exit codes, signals, a requeue, and looking from elsewhere."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator

import pytest
from slurm import Slurm, missing
from supervision import FRONT, ROOT, Trainwatch, lives, until

from trainwatch.supervise.record import read_record

lacking = missing()
pytestmark = [
    pytest.mark.long,
    pytest.mark.torchrun,
    pytest.mark.skipif(bool(lacking), reason=f"needs {', '.join(lacking)}"),
]

WORKER = """
import os, sys, time, zipfile
rank, steps, code, start = os.environ["RANK"], int(sys.argv[1]), int(sys.argv[2]), 0
if len(sys.argv) > 3:
    start = int(sys.argv[3].rpartition("-")[2].partition(".")[0])
    print(f"[rank{rank}] goes on from {start}")
with open(f"rank{rank}", "w") as file:
    file.write(str(os.getpid()))
for step in range(start, start + steps):
    print(f"[DEBUG] [Rank {rank}] Training step {step}, loss=0.{step + 1}")
    if rank == "0" and step == start + 1:
        with zipfile.ZipFile("checkpoint.tmp", "w") as archive:
            archive.writestr("archive/data.pkl", b"x" * 100)
        os.replace("checkpoint.tmp", f"checkpoint-{step}.pt")
    time.sleep(0.5)
sys.exit(code)
"""
TORCHRUN = f"{sys.executable} -m torch.distributed.run --standalone --nproc-per-node 2"
RUN = f"{sys.executable} {FRONT} run --health-time 0 --no-report --no-probe"


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    cluster = Slurm(tmp_path_factory.mktemp("slurm"))
    yield cluster
    cluster.close()


@pytest.fixture
def job(tw: Trainwatch, slurm: Slurm) -> Iterator[Job]:
    (tw.home / "worker.py").write_text(WORKER)
    yield Job(tw, slurm)
    slurm("scancel", "--user=root")


class Job:
    """Submits job scripts in the test's directory."""

    def __init__(self, tw: Trainwatch, slurm: Slurm) -> None:
        self.tw = tw
        self.slurm = slurm
        self.out = tw.home / "job.out"

    def submit(self, script: str, *options: str) -> str:
        path = self.tw.home / "job.sh"
        path.write_text(script if script.startswith("#!") else f"#!/bin/bash\n{script}\n")
        env = {**self.tw.env, "OMP_NUM_THREADS": "1"}
        given = ("--output=job.out", "--open-mode=append", *options)
        return self.slurm.submit(path, *given, **env)

    def says(self, text: str, seconds: float = 60.0) -> str:
        """The job's output, once it holds a text."""
        return until(lambda: text in (said := self.said) and said, text, seconds)

    @property
    def said(self) -> str:
        return self.out.read_text() if self.out.exists() else ""


@pytest.mark.parametrize("step", ["", "srun "])
@pytest.mark.parametrize("code", [0, 3])
def test_output_and_exit_code_are_the_jobs(job: Job, step: str, code: int) -> None:
    number = job.submit(f"{step}{RUN} --exp-id x -- {TORCHRUN} worker.py 2 {code}")
    ended = job.slurm.ended(number)
    assert ended["ExitCode"] == ("0:0" if code == 0 else "1:0")
    said = job.said
    for rank in (0, 1):
        assert f"[DEBUG] [Rank {rank}] Training step 1, loss=0.2" in said
    assert "trainwatch: x ended with exit code" in said
    root = job.tw.run_dir("x")
    console = (root / "console.log").read_text()
    assert [line for line in said.splitlines() if line in console.splitlines()] == (
        console.splitlines()
    )
    assert read_record(root).job.id.endswith(number)


@pytest.mark.parametrize("step", ["", "srun "])
def test_scancel_leaves_nobody(job: Job, step: str) -> None:
    number = job.submit(f"{step}{RUN} --exp-id x --stop-timeout 2 -- {TORCHRUN} worker.py 99 0")
    job.says("Training step 3")
    workers = [job.tw.pid(f"rank{rank}") for rank in (0, 1)]
    job.slurm("scancel", number)
    assert job.slurm.ended(number)["JobState"] == "CANCELLED"
    until(lambda: not any(map(lives, workers)), "the end of the workers")
    record = until(lambda: (r := read_record(job.tw.run_dir("x"))).ended and r, "the record")
    assert record.stopped
    assert record.survivors == ()


def test_usr1_never_reaches_torchrun(job: Job) -> None:
    number = job.submit(f"srun {RUN} --exp-id x -- {TORCHRUN} worker.py 99 0")
    job.says("Training step 3")
    launcher = job.tw.record("x").launcher.pid
    job.slurm("scancel", "--signal=USR1", number)
    until(lambda: any(event["event"] == "signal" for event in job.tw.events("x")), "the signal")
    step = job.said.count("Training step")
    until(lambda: job.said.count("Training step") > step + 4, "further steps")
    assert lives(launcher)
    assert job.tw.call("stop", "x").returncode == 0
    assert job.slurm.ended(number)["ExitCode"] != "0:0"


def test_it_can_be_seen_and_stopped_from_another_shell(job: Job) -> None:
    number = job.submit(f"{RUN} --exp-id x -- {TORCHRUN} worker.py 99 0")
    job.says("Training step 3")
    assert [(run["id"], run["state"]) for run in job.tw.ps()] == [("x", "running")]
    status = json.loads(job.tw.call("status", "--json", job.tw.run_dir("x")).stdout)
    assert status["status"] == "running"
    assert job.tw.call("stop", "x").returncode == 0
    assert job.slurm.ended(number)["ExitCode"] == f"{read_record(job.tw.run_dir('x')).exit_code}:0"


def test_the_script_of_the_manual_goes_on_after_a_warning(job: Job) -> None:
    """As `docs/slurm.md` has it, but for its training and for the time of the warning."""
    manual = (ROOT / "docs" / "slurm.md").read_text()
    (script,) = re.findall(r"```bash\n(.*?)```", manual, re.DOTALL)
    script = script.replace("trainwatch run", RUN).replace("--checkpoints out", "--checkpoints .")
    command = "torchrun --standalone --nproc-per-node 8 train.py --resume {checkpoint}"
    assert command in script
    script = script.replace(command, f"{TORCHRUN} worker.py 99 0 {{checkpoint}}")
    script = script.replace("--exp-id lr3", "--exp-id x")
    number = job.submit(script, "--time=5")
    job.says("Training step 3")
    job.slurm("scancel", "--signal=USR1", "--batch", number)
    until(lambda: job.slurm.job(number).get("JobState") == "PENDING", "the requeue", 60)
    assert "goes on" not in job.said
    # At once Slurm would refuse it: the credential of the last start is revoked, to the second.
    job.slurm("scontrol", "update", f"JobId={number}", "StartTime=now+3")
    assert "[rank0] goes on from 1" in job.says("Training step 4", 90)
    record = read_record(job.tw.run_dir("x"))
    assert (record.job.restart, record.attempts[0].checkpoint) == (
        1,
        str(job.tw.home / "checkpoint-1.pt"),
    )
    (kept,) = job.tw.run_dir("x").parent.glob("x.*")
    assert read_record(kept).stopped
    assert job.tw.call("stop", "x").returncode == 0
    job.slurm.ended(number)


def test_a_time_limit_ends_the_training_in_order(job: Job) -> None:
    """A limit of one minute is Slurm's smallest, so that this takes that long."""
    number = job.submit(
        f"{RUN} --exp-id x --stop-timeout 3 -- {TORCHRUN} worker.py 999 0", "--time=1"
    )
    workers = [job.tw.pid(f"rank{rank}", seconds=60) for rank in (0, 1)]
    assert job.slurm.ended(number, seconds=180)["JobState"] == "TIMEOUT"
    assert not any(map(lives, workers))
    record = read_record(job.tw.run_dir("x"))
    assert record.stopped
    assert record.exit_code not in (0, None)
