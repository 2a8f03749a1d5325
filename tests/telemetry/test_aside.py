"""This machine beside a training that nobody samples, with the real pynvml on a driver made of C."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trainwatch.cli import machine
from trainwatch.cli.live import LiveReader
from trainwatch.cli.machine import ThisMachine
from trainwatch.cli.options import Selection
from trainwatch.events import RunInfo
from trainwatch.model.snapshot import RunView, Status
from trainwatch.model.system import SystemView

DEADLINE = 60.0
WORKER = """
import sys
log = open(sys.argv[1], "a")
log.write("step 1 loss 0.5\\n")
log.flush()
sys.stdin.read()
"""


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < end, f"not within {DEADLINE} s"
        time.sleep(0.05)


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process with a rank that holds its log open, as a training that nobody supervises."""
    log = tmp_path / "debug_rank0.log"
    environment = os.environ | {"RANK": "0", "LOCAL_RANK": "0", "MASTER_PORT": "29500"}
    command = [sys.executable, "-c", WORKER, str(log)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment)
    until(lambda: log.exists() and log.stat().st_size > 0)
    yield process
    process.kill()
    process.communicate()


@pytest.fixture
def here(
    tmp_path: Path, driver: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Status], SystemView | None]]:
    """Asks for what a snapshot of the run in `tmp_path` would hold."""
    monkeypatch.setenv("LD_LIBRARY_PATH", str(driver))
    monkeypatch.setattr(machine, "FIRST_LOOK", 0.1)
    looked = ThisMachine([str(tmp_path)])

    def beside(status: Status = Status.RUNNING) -> SystemView | None:
        return looked.beside(RunView(0.0, RunInfo(path="."), status=status)).system

    beside.looked = looked  # type: ignore[attr-defined]
    yield beside
    looked.stop()
    assert looked._thread is None or not looked._thread.join(DEADLINE)


def test_its_gpus_are_seen_while_the_training_runs_here(
    worker: subprocess.Popen[bytes], here: Callable[..., SystemView | None]
) -> None:
    until(lambda: here() is not None)
    system = here()
    assert system is not None
    assert system.here
    assert [gpu.name for gpu in system.gpus] == ["Stub H100", "Stub H100"]
    assert system.gpus[0].utilization == 97
    assert system.hosts[0].processes == 1
    assert here.looked.alive  # type: ignore[attr-defined]
    assert system.hosts[0].disks
    worker.kill()
    worker.wait()
    until(lambda: here() is None)
    assert not here.looked.alive  # type: ignore[attr-defined]


@pytest.mark.usefixtures("worker")
def test_a_training_that_lives_here_and_is_silent_is_stalled(
    tmp_path: Path, driver: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", str(driver))
    monkeypatch.setattr(machine, "FIRST_LOOK", 0.1)
    rows = [
        f"2026-11-23 01:38:{second:02} [Rank 0] Training step {second}, loss=0.5"
        for second in range(50)
    ]
    log = tmp_path / "debug_rank0.log"
    log.write_text("\n".join(rows) + "\n")
    old = time.time() - 3600
    os.utime(log, (old, old))
    views: list[RunView] = []
    reader = LiveReader([str(tmp_path)], Selection((str(tmp_path),)), ThisMachine([str(tmp_path)]))
    reader.start(views.append)
    try:
        until(lambda: bool(views) and views[-1].status is Status.STALLED)
        assert views[0].status is Status.UNKNOWN
    finally:
        reader.stop()


def test_nothing_is_said_of_a_machine_on_which_nothing_of_it_runs(
    tmp_path: Path, here: Callable[..., SystemView | None]
) -> None:
    (tmp_path / "debug_rank0.log").write_text("step 1 loss 0.5\\n")
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        assert here() is None


def test_a_training_that_is_over_is_not_looked_for(tmp_path: Path) -> None:
    looked = ThisMachine([str(tmp_path)])
    view = RunView(0.0, RunInfo(path="."), status=Status.COMPLETED)
    assert looked.beside(view) is view
    assert looked._thread is None


def test_what_was_sampled_for_the_run_goes_before(tmp_path: Path) -> None:
    looked = ThisMachine([str(tmp_path)])
    view = RunView(0.0, RunInfo(path="."), status=Status.RUNNING, system=SystemView(1.0))
    assert looked.beside(view) is view
    assert looked._thread is None


def test_it_ends_when_nobody_reads(worker: subprocess.Popen[bytes]) -> None:
    command = [sys.executable, "-m", "trainwatch.telemetry.aside", f"--pid={worker.pid}"]
    child = subprocess.Popen(
        [*command, "--interval=0.05"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stderr is not None
    assert child.stdout.readline().startswith(b"{")
    child.stdout.close()
    assert child.wait(DEADLINE) == 0
    assert child.stderr.read() == b""
    child.stderr.close()
