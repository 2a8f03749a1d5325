"""Names and directories of runs: nothing is overwritten, no two runs share a directory."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from supervision import NOBODY, Spawn, record

from trainwatch.errors import UsageError
from trainwatch.supervise.batch import BatchJob
from trainwatch.supervise.git import head_commit
from trainwatch.supervise.machine import Machine, here
from trainwatch.supervise.paths import RunPaths, check_exp_id, default_exp_id, runs_above
from trainwatch.supervise.process import identify
from trainwatch.supervise.record import read_record, write_record
from trainwatch.supervise.reserve import reserve

NOW = 1_700_000_000.0
COMMAND = ("torchrun", "--standalone", "train_ddp.py")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (COMMAND, "train_ddp"),
        (("python", "-m", "pkg.train", "--x"), "pkg.train"),
        (("torchrun", "--nproc-per-node=2", "-m", "train"), "train"),
        (("bash", "/a b/run it.sh"), "run_it"),
        (("/opt/bin/my-trainer", "--lr", "1"), "my-trainer"),
        (("...",), "run"),
        (("训练",), "run"),
    ],
)
def test_a_default_id_is_the_script_and_the_time(command: tuple[str, ...], name: str) -> None:
    exp_id = default_exp_id(command, NOW)
    assert exp_id.startswith(f"{name}-2023111")
    assert check_exp_id(exp_id) == exp_id


@pytest.mark.parametrize("text", ["", ".", "..", "a/b", "-x", ".x", "a b", "a\n", "x" * 101, "a\0"])
def test_an_id_that_cannot_name_files_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        check_exp_id(text)


def test_two_runs_of_one_second_get_two_directories(tmp_path: Path) -> None:
    first, second = (reserve(COMMAND, None, None, NOW) for _ in range(2))
    assert second.id == f"{first.id}-2"
    assert first.paths.root.parent == tmp_path / "trainwatch_runs"
    assert first.paths.root.stat().st_mode & 0o777 == 0o700
    assert list(runs_above(tmp_path / "trainwatch_runs" / "x")) == [tmp_path / "trainwatch_runs"]


def test_a_run_that_is_over_is_moved_aside_whole() -> None:
    place = reserve(COMMAND, "x", None, NOW)
    assert place.made
    write_record(place.paths, record(owned=True).began(NOBODY, 1.0).finished(0, 2.0))
    (place.paths.root / "of the training.log").write_text("old")
    again = reserve(COMMAND, "x", None, NOW)
    assert again.made
    assert list(again.paths.root.iterdir()) == []
    assert (again.kept / "of the training.log").read_text() == "old"
    again.release()
    assert (again.paths.root / "of the training.log").read_text() == "old"
    assert not again.kept.exists()


def test_one_that_was_cut_off_counts_as_over() -> None:
    place = reserve(COMMAND, "x", None, NOW)
    write_record(place.paths, record(owned=True).began(NOBODY, 1.0))
    assert reserve(COMMAND, "x", None, NOW).kept


@pytest.mark.parametrize(
    "changes",
    [
        {"supervisor": identify(os.getpid())},
        {"machine": here()._replace(host="node9", boot="other")},
    ],
)
def test_a_run_that_lives_or_may_live_is_refused(changes: dict[str, Any]) -> None:
    place = reserve(COMMAND, "x", None, NOW)
    write_record(place.paths, record(owned=True, **changes).began(NOBODY, 1.0))
    with pytest.raises(UsageError, match="x"):
        reserve(COMMAND, "x", None, NOW)
    assert place.paths.run.exists()


def test_a_directory_of_the_user_is_used_but_never_moved(tmp_path: Path) -> None:
    mine = tmp_path / "logs"
    mine.mkdir()
    (mine / "data.txt").write_text("mine")
    place = reserve(COMMAND, None, mine, NOW)
    assert not place.made
    write_record(place.paths, record().began(NOBODY, 1.0).finished(0, 2.0))
    with pytest.raises(UsageError, match=r"data\.txt"):
        reserve(COMMAND, None, mine, NOW)
    # With nothing but trainwatch's files in it there is nobody to surprise.
    (mine / "data.txt").unlink()
    assert reserve(COMMAND, None, mine, NOW).kept


def test_a_foreign_run_json_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(UsageError, match="cannot be used"):
        reserve(COMMAND, None, tmp_path, NOW)
    assert (tmp_path / "run.json").read_text() == "{}"


def test_a_place_that_cannot_be_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(UsageError):
            reserve(COMMAND, None, place, NOW)


def test_a_run_with_orphans_is_not_moved(spawn: Spawn) -> None:
    place = reserve(COMMAND, "x", None, NOW)
    child = spawn("sleep", "397", start_new_session=True)
    ended = replace(record(owned=True).began(identify(child.pid), 1.0), stopped=True)
    write_record(place.paths, ended.finished(1, 2.0))
    with pytest.raises(UsageError, match="still there"):
        reserve(COMMAND, "x", None, NOW)


def test_every_file_of_a_run_is_named_once(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path)
    names = [path.name for path in paths.own]
    assert len(set(names)) == len(names)
    assert paths.processes.parent == paths.crash.parent == paths.private


def git(directory: Path, *args: str) -> str:
    author = ["-c", "user.name=a", "-c", "user.email=a@b"]
    argv = ["git", "-C", str(directory), *author, *args]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


def test_the_commit_is_what_git_says(tmp_path: Path) -> None:
    assert head_commit(tmp_path) is None
    git(tmp_path, "init", "-q", "-b", "main", ".")
    assert head_commit(tmp_path) is None
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "one")
    (tmp_path / "deep").mkdir()
    head = git(tmp_path, "rev-parse", "HEAD")
    assert head_commit(tmp_path / "deep") == head
    git(tmp_path, "pack-refs", "--all")
    assert head_commit(tmp_path) == head
    git(tmp_path, "worktree", "add", "-q", "-b", "side", "tree")
    assert head_commit(tmp_path / "tree") == head
    git(tmp_path, "checkout", "-q", "--detach")
    assert head_commit(tmp_path) == head


def test_a_start_that_slurm_ended_on_another_node_is_no_obstacle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = Machine("node7", "another machine", "another boot", "another space")
    place = reserve(COMMAND, "x", None, NOW)
    write_record(place.paths, record(owned=True, machine=other, job=BatchJob("4711", 0)))
    for job, restart in (("4711", "0"), ("4712", "1")):
        monkeypatch.setenv("SLURM_JOB_ID", job)
        monkeypatch.setenv("SLURM_RESTART_COUNT", restart)
        with pytest.raises(UsageError, match="cannot be seen from here"):
            reserve(COMMAND, "x", None, NOW)
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    again = reserve(COMMAND, "x", None, NOW)
    assert again.kept is not None
    assert read_record(again.kept).job == BatchJob("4711", 0)
