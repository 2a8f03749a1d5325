"""What a script and a shell expect: pipes, destinations, strange places."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import SAMPLES, Run


def test_a_closed_pipe_is_no_failure(tmp_path: Path) -> None:
    for _ in range(5):
        command = f"{sys.executable} -m trainwatch export {SAMPLES / 'demo'} | head -1"
        done = subprocess.run(
            ("bash", "-c", f"{command}; exit ${{PIPESTATUS[0]}}"),
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(SAMPLES.parent)},
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")


def test_export_writes_through_a_link_and_honours_the_umask(
    trainwatch: Run, tmp_path: Path
) -> None:
    target, link = tmp_path / "target.jsonl", tmp_path / "link.jsonl"
    link.symlink_to(target)
    before = os.umask(0o022)
    try:
        assert trainwatch("export", SAMPLES / "demo", "-o", link).code == 0
    finally:
        os.umask(before)
    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o644


def test_export_into_a_pipe_leaves_it_a_pipe(trainwatch: Run, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    copy = tmp_path / "copy"
    with copy.open("wb") as out, subprocess.Popen(("cat", str(fifo)), stdout=out) as reader:
        assert trainwatch("export", SAMPLES / "chinese", "-o", fifo).code == 0
        reader.wait(timeout=20)
    assert fifo.is_fifo()
    assert copy.read_bytes().count(b"\n") == len(trainwatch("export", SAMPLES / "chinese").rows)


def test_the_run_here_is_not_one_from_elsewhere(
    trainwatch: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert trainwatch("run", "--no-tui", "--", "true").code == 0
    assert trainwatch("status").code == 0
    monkeypatch.chdir(tmp_path)
    assert trainwatch("status").code == 3


@pytest.mark.parametrize("moment", ["nan", "inf"])
def test_no_moment(trainwatch: Run, moment: str) -> None:
    assert trainwatch("status", SAMPLES / "demo", "--now", moment).code == 2


@pytest.mark.parametrize(
    "text", ["[stall]\nquantile = 5", "[stall]\nfactor = nan", "[health]\nstagnation_steps = 0.5"]
)
def test_impossible_thresholds(trainwatch: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "trainwatch.toml").write_text(text)
    answer = trainwatch("status", SAMPLES / "demo")
    assert (answer.code, answer.err.count("\n")) == (2, 1)


def test_a_selection_of_ranks_selects_alerts_too(trainwatch: Run) -> None:
    answer = trainwatch("status", SAMPLES / "nan", "--rank", "0")
    assert "rank 0: loss is NaN" in answer.out
    assert "rank 1" not in answer.out
