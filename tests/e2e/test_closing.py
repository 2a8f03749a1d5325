"""However the dashboard of `trainwatch run` ends, the training goes on, and `attach` shows it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import TRAINWATCH, Open, Terminal, wait_for
from trainwatch.supervise.process import processes

TRAINING = """
import itertools, time
for step in itertools.count():
    print(f"[DEBUG] [Rank 0] Training step {step}, loss=0.{step + 1}", flush=True)
    time.sleep(0.2)
"""


def _dashboard(root: Path) -> int:
    wanted = f"--run-dir\0{root}\0".encode()
    return next(pid for pid in processes() if wanted in Path(f"/proc/{pid}/cmdline").read_bytes())


ENDS: dict[str, Callable[[Terminal, int], object]] = {
    "the window is closed": lambda window, _pid: window.close(),
    "SIGHUP": lambda _window, pid: os.kill(pid, signal.SIGHUP),
    "SIGKILL": lambda _window, pid: os.kill(pid, signal.SIGKILL),
}


@pytest.mark.parametrize(
    "how",
    [
        "the window is closed",
        *(pytest.param(end, marks=pytest.mark.long) for end in ("SIGHUP", "SIGKILL")),
    ],
)
def test_the_training_outlives_its_dashboard(tmp_path: Path, terminal: Open, how: str) -> None:
    (tmp_path / "train.py").write_text(TRAINING)
    root = tmp_path / "run"
    window = terminal(120, 40)
    options = f"--exp-id x --run-dir {root} --health-time 0 --no-report --no-probe"
    window.command(f"{TRAINWATCH} run {options} -- {sys.executable} train.py")
    window.shows("Training step", seconds=60)
    pid = _dashboard(root)
    ENDS[how](window, pid)
    wait_for(lambda: pid not in processes(), what="the end of the dashboard")

    def status() -> dict[str, object]:
        command = [*TRAINWATCH.split(), "status", "--json", str(root)]
        return json.loads(subprocess.run(command, capture_output=True, check=False).stdout)

    first = status()
    assert first["status"] == "running"
    wait_for(lambda: status()["step"] > first["step"], what="further steps")
    once = [*TRAINWATCH.split(), "attach", "--once", str(root)]
    assert b"RUNNING" in subprocess.run(once, capture_output=True, check=False).stdout
    stop = [*TRAINWATCH.split(), "stop", str(root)]
    assert subprocess.run(stop, capture_output=True, check=False).returncode == 0
