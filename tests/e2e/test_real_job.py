"""A real two-rank DDP training in a real terminal: watched, left, found again, killed, stopped."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.conftest import ROOT, TRAINWATCH, Open, wait_for

pytest.importorskip("torch")
pytestmark = pytest.mark.torchrun

OPTIONS = "--epochs 200 --samples 480 --val_samples 96 --val_log_interval 4 --step_delay 0.1"


def training(cwd: Path) -> str:
    launcher = f"{sys.executable} -m torch.distributed.run --standalone --nproc-per-node 2"
    return f"{launcher} {ROOT}/examples/train_ddp.py {OPTIONS} --output_dir {cwd}/out"


def record(run: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((run / "run.json").read_text())
    return document


def dashboards(tmp_path: Path) -> list[psutil.Process]:
    """The front ends that were started in this directory."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        words = process.info["cmdline"] or []
        if process.info["cwd"] == str(tmp_path) and "attach" in words and "bash" not in words[0]:
            found.append(process)
    return found


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Path]:
    """The run directory of a training that a test starts; ends it whatever the test did."""
    run_dir = tmp_path / "trainwatch_runs/e2e"
    yield run_dir
    if run_dir.exists():
        trainwatch(tmp_path, "stop", str(run_dir))


def trainwatch(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (*TRAINWATCH.split(), *arguments),
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(cwd / "state")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=115,
        check=False,
    )


def test_run_detach_attach_kill_stop(tmp_path: Path, run: Path, terminal: Open) -> None:
    screen = terminal(80, 24)
    screen.command(
        f"{TRAINWATCH} run --exp-id e2e --logs out --env OMP_NUM_THREADS=1 -- {training(tmp_path)}"
    )

    # Live, and readable at both sizes.
    screen.shows("RUNNING", "of 200", "2 active", "q detach", seconds=60)
    screen.resize(200, 50)
    wait_for(lambda: max(map(len, screen.screen().splitlines())) > 120, what="the wide layout")
    screen.shows("epochs", "ranks", "alerts", "logs", "Batch Loss")
    screen.resize(80, 24)
    for key, text in (("3", "last line"), ("5", "Training step"), ("6", "nothing found")):
        screen.type(key)
        screen.shows(text)
    screen.type("?")
    screen.shows("detach: the training goes on")
    screen.type("Escape")
    wait_for(lambda: "detach: the training goes on" not in screen.screen())

    # Leaving touches nothing; attach finds it again, without a path.
    screen.type("q")
    screen.shows("goes on")
    assert record(run)["exit_code"] is None
    screen.command(f"clear; {TRAINWATCH} attach")
    screen.shows("RUNNING", "e2e")

    # A dashboard that is killed takes nothing with it.
    (watching,) = wait_for(lambda: dashboards(tmp_path))
    watching.send_signal(signal.SIGKILL)
    size = (run / "console.log").stat().st_size
    wait_for(lambda: (run / "console.log").stat().st_size > size)
    assert record(run)["exit_code"] is None

    # What is read once says the same as what was shown.
    document = json.loads(trainwatch(tmp_path, "status", str(run), "--json").stdout)
    assert (document["status"], document["health"]) == ("running", "ok")
    assert [rank["state"] for rank in document["ranks"]] == ["active", "active"]

    # Stopping leaves nothing of it.
    stopped = trainwatch(tmp_path, "stop", str(run))
    assert stopped.returncode == 0, stopped.stderr
    assert record(run)["exit_code"] not in (None, 0)
    assert not [word for words in command_lines() for word in words if str(tmp_path) in word]


def command_lines() -> Iterator[list[str]]:
    """Of all processes that work for a training of these tests."""
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "--output_dir" in words:
            yield words


def test_demo_without_a_terminal_ends_by_itself(tmp_path: Path) -> None:
    done = trainwatch(tmp_path, "demo")  # fails after 115 seconds
    assert done.returncode == 0, done.stderr
    kinds = [line.split()[1] for line in done.stdout.splitlines()]
    assert kinds.count("epoch") == 4
    assert "alert" not in kinds
    assert kinds[-1] == "end"
    assert "\x1b" not in done.stdout
