"""Every process is killed at a random moment; what it leaves is whole, or is not there."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "sample_logs"
LOGS = SAMPLES / "healthy_4ranks"
TRAINWATCH = [sys.executable, "-m", "trainwatch"]
WORK = 'for i in $(seq 200); do echo "[Rank 0] Training step $i, loss=0.5"; sleep 0.01; done'


def killed_after(command: list[str], seconds: float, place: Path) -> None:
    process = subprocess.Popen(
        command, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()


def kill_exports(place: Path, times: int, chance: random.Random) -> None:
    """An export that is killed writes all of its file, or leaves the old one."""
    whole = place / "whole"
    subprocess.run([*TRAINWATCH, "export", str(LOGS), "-o", str(whole)], check=True)
    for _ in range(times):
        target = place / "steps"
        target.write_text("old")
        command = [*TRAINWATCH, "export", str(LOGS), "-o", str(target)]
        killed_after(command, chance.uniform(0.05, 0.8), place)
        assert target.read_bytes() in (b"old", whole.read_bytes())


def kill_supervisors(place: Path, times: int, chance: random.Random) -> None:
    """Whatever moment its supervisor dies at, the run can be read, listed and stopped."""
    environment = os.environ | {"XDG_STATE_HOME": str(place / "state")}

    def trainwatch(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*TRAINWATCH, *arguments],
            cwd=place,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    for turn in range(times):
        name = f"run{turn}"
        started = trainwatch("run", "--detach", "--exp-id", name, "--", "bash", "-c", WORK)
        assert started.returncode == 0, started.stderr
        run = place / "trainwatch_runs" / name
        time.sleep(chance.uniform(0.0, 1.0))
        record = json.loads((run / "run.json").read_text())
        pid = record["supervisor"]["pid"]
        os.kill(pid, signal.SIGKILL)

        json.loads((run / "run.json").read_text())
        for line in (run / "events.jsonl").read_text().splitlines():
            json.loads(line)
        assert "Traceback" not in trainwatch("ps", "--json").stderr
        stopped = trainwatch("stop", name)
        assert stopped.returncode == 0, stopped.stderr
        console = (run / "console.log").read_text().splitlines()
        assert console == [
            f"[Rank 0] Training step {at + 1}, loss=0.5" for at in range(len(console))
        ]


def test_a_few_kills(tmp_path: Path) -> None:
    kill_exports(tmp_path, 5, random.Random(7))


@pytest.mark.long
def test_a_hundred_exports_are_killed(tmp_path: Path) -> None:
    kill_exports(tmp_path, 100, random.Random(11))


@pytest.mark.long
def test_a_hundred_supervisors_are_killed(tmp_path: Path) -> None:
    kill_supervisors(tmp_path, 100, random.Random(13))
