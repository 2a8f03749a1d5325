"""A command that leaves its training in the background: it is ended, and the user is told."""

import os
import subprocess
import sys
from pathlib import Path


def run(tmp_path: Path, script: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        (sys.executable, "-m", "trainwatch", "run", "--no-tui", "--", "bash", "-c", script),
        cwd=tmp_path,
        env=os.environ
        | {
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            "XDG_STATE_HOME": str(tmp_path / "state"),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_what_is_left_in_the_background_is_not_ended_silently(tmp_path: Path) -> None:
    done = run(tmp_path, "nohup sleep 300 >/dev/null 2>&1 & exit 0")
    assert done.returncode == 0
    assert "left processes running in the background" in done.stderr


def test_a_command_that_waits_is_told_nothing(tmp_path: Path) -> None:
    assert "background" not in run(tmp_path, "sleep 0.1 & wait").stderr
