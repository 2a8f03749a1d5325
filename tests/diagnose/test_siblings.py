"""Runs of the same job, each in a directory of its own, that fail in the same way."""

import subprocess
import sys
from pathlib import Path

from tests.diagnose.scenarios import rank_logs, table, traceback
from trainwatch.cli.diagnosing import diagnose_now
from trainwatch.cli.options import Selection
from trainwatch.cli.siblings import siblings
from trainwatch.diagnose import Diagnosis

OOM = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB."


def run(root: Path, name: str, rank: int, what: str) -> Path:
    """A run directory in which a rank raised something."""
    (root / name).mkdir(parents=True)
    files = {**rank_logs(3), "console.log": traceback(rank, what) + table((rank, 1))}
    for file, text in files.items():
        (root / name / file).write_text(text)
    return root / name


def others(path: Path) -> list[str]:
    return [other.summary for other in diagnosed(path).others]


def diagnosed(path: Path) -> Diagnosis:
    return diagnose_now([path], Selection((str(path),)), live=False)


def test_the_same_failure_in_another_run_is_mentioned(tmp_path: Path) -> None:
    run(tmp_path, "exp_001", 1, OOM)
    assert others(run(tmp_path, "exp_002", 1, OOM)) == [
        "The same in another run of it, exp_001, on rank 1 too"
    ]


def test_the_same_on_another_rank_names_none(tmp_path: Path) -> None:
    run(tmp_path, "exp_001", 2, OOM)
    assert others(run(tmp_path, "exp_002", 1, OOM)) == ["The same in another run of it, exp_001"]


def test_another_failure_is_not_mentioned(tmp_path: Path) -> None:
    run(tmp_path, "exp_001", 1, "ValueError: bad sample")
    assert others(run(tmp_path, "exp_002", 1, OOM)) == []


def test_parts_of_one_run_and_other_jobs_are_no_siblings(tmp_path: Path) -> None:
    for name in ("node-1", "node-2", "rank0", "rank1", "exp_1", "eval_1", "logs"):
        run(tmp_path, name, 1, OOM)
    for name in ("node-1", "rank0", "exp_1", "logs"):
        assert list(siblings(tmp_path / name)) == []


def test_runs_of_one_command_are_siblings_whatever_they_are_called(tmp_path: Path) -> None:
    """Ports and seeds may differ; another script is another job."""
    for name in ("train", "other"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('CUDA error: out of memory')\n")
    for name, words in (("a", ("train.py", "1")), ("b", ("train.py", "22")), ("c", ("other.py",))):
        command = [sys.executable, "-m", "trainwatch", "run", "--no-tui", "--no-probe",
                   "--health-time", "0", "--exp-id", name, "--", sys.executable, *words]  # fmt: skip
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60, check=False)
        assert done.returncode == 1, done.stderr
    runs = tmp_path / "trainwatch_runs"
    assert [path.name for path in siblings(runs / "a")] == ["b"]
    (words,) = others(runs / "a")
    assert words.startswith("The same in another run of it, b, on the same host ")


def test_a_file_has_no_siblings(tmp_path: Path) -> None:
    run(tmp_path, "exp_1", 1, OOM)
    path = run(tmp_path, "exp_2", 1, OOM) / "console.log"
    assert list(siblings(path)) == []
