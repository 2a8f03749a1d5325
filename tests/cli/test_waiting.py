"""`attach` before there is anything: of a training that is about to start."""

import shutil
import subprocess
import sys
from pathlib import Path

SAMPLES = Path(__file__).parents[2] / "sample_logs"


def test_attach_waits_in_an_empty_directory_for_the_first_log(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    command = [sys.executable, "-m", "trainwatch", "attach", str(logs)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as attached:
        assert attached.stdout is not None
        assert "nothing recognised yet" in attached.stdout.readline()
        shutil.copytree(SAMPLES / "finished", logs, dirs_exist_ok=True)
        told = attached.stdout.read()
        assert attached.wait(60) == 0
    assert told.count(" epoch    epoch=") == 4
    assert " end " in told.splitlines()[-1]


def test_attach_does_not_wait_where_something_else_lies(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\0")
    command = [sys.executable, "-m", "trainwatch", "attach", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 3
    assert "holds no log that can be read" in ended.stderr


def test_attach_does_not_wait_for_a_path_that_is_empty_itself(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "trainwatch", "attach", ""]
    ended = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 3
    assert "An empty path was given" in ended.stderr
