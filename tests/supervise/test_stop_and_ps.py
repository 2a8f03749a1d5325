"""`--detach`, `ps` and `stop`, and the supervisor they deal with."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from supervision import LONG, ROOT, Trainwatch, lives, until

from trainwatch.errors import RunError
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.process import read_process
from trainwatch.supervise.record import read_record, write_record
from trainwatch.supervise.stop import end_leftovers, request_stop, stop_run

SLEEP = ("bash", "-c", f"echo $$ > pid; exec sleep {LONG}")


def test_detach_holds_no_stream_of_its_caller(tw: Trainwatch) -> None:
    front = tw.start("run", "--detach", "--exp-id", "x", "--", *SLEEP)
    # Both pipes come to their end although the training lives.
    out, _ = front.communicate(timeout=20)
    assert out.decode() == f"{tw.run_dir('x')}\n"
    pid = tw.pid("pid")
    supervisor = tw.record("x").supervisor.pid
    assert lives(pid)
    for number, target in ((0, "/dev/null"), (1, "/dev/null"), (2, str(tw.run_dir("x")))):
        assert target in str(Path(f"/proc/{supervisor}/fd/{number}").readlink())
    assert str(Path(f"/proc/{pid}/fd/0").readlink()) == "/dev/null"
    assert read_process(supervisor).session == supervisor
    assert read_process(pid).session == pid
    assert tw.call("stop", "x").returncode == 0


def test_runs_are_listed_here_and_from_elsewhere(tw: Trainwatch, tmp_path: Path) -> None:
    assert tw.call("ps").stdout == b""
    tw.call("run", "--exp-id", "old", "--", "bash", "-c", "exit 3")
    tw.detach("--run-dir", tmp_path / "apart", "--exp-id", "new", "--", *SLEEP)
    pid = tw.pid("pid")
    new, old = tw.ps()
    assert (new["id"], new["state"], new["pid"], new["exit_code"]) == ("new", "running", pid, None)
    assert (old["id"], old["state"], old["exit_code"], old["alive"]) == ("old", "ended", 3, False)
    assert new["path"] == str(tmp_path / "apart")
    (tmp_path / "deep").mkdir()
    table = tw.call("ps", cwd=tmp_path / "deep").stdout.decode().splitlines()
    assert table[0].split() == ["RUN", "STATE", "STARTED", "TIME", "EXIT", "HOST", "DIRECTORY"]
    assert [line.split()[:2] for line in table[1:]] == [["new", "running"], ["old", "ended"]]
    # By its id from anywhere, by its directory, and a second time.
    done = tw.call("stop", "new", cwd="/")
    assert done.returncode == 0, done.stderr
    assert b"exit code 143" in done.stderr
    again = tw.call("stop", tmp_path / "apart")
    assert again.returncode == 0
    assert b"over already" in again.stderr
    assert not lives(pid)


def test_a_run_without_registry_and_with_a_broken_one(tw: Trainwatch) -> None:
    tw.env["XDG_STATE_HOME"] = "/proc/nowhere"
    assert tw.call("run", "--exp-id", "x", "--", "true").returncode == 0
    assert [run["id"] for run in tw.ps()] == ["x"]
    (tw.run_dir("x") / "run.json").write_text("{")
    assert tw.ps() == []
    broken = tw.call("stop", tw.run_dir("x"))
    assert (broken.returncode, broken.stdout) == (1, b"")
    assert b"damaged" in broken.stderr


def test_an_unknown_run_is_said_to_be_unknown(tw: Trainwatch) -> None:
    done = tw.call("stop", "nothing")
    assert done.returncode == 1
    assert b"no run nothing is known here" in done.stderr


def test_a_name_that_two_living_runs_have_must_be_told_apart(tw: Trainwatch) -> None:
    for place in ("a", "b"):
        (tw.home / place).mkdir()
        done = tw.call("run", "--detach", "--exp-id", "x", "--", *SLEEP, cwd=tw.home / place)
        assert done.returncode == 0
    done = tw.call("stop", "x", cwd="/")
    assert done.returncode == 1
    assert b"several runs" in done.stderr
    for place in ("a", "b"):
        assert tw.call("stop", f"{place}/trainwatch_runs/x").returncode == 0


@pytest.mark.parametrize("env", ["", "env -i "])
def test_stop_ends_what_a_killed_supervisor_left(tw: Trainwatch, env: str) -> None:
    script = f"{env}setsid sleep {LONG} & echo $! > child; echo $$ > pid; wait"
    root = tw.detach("--exp-id", "x", "--", "bash", "-c", script)
    pids = [tw.pid("pid"), tw.pid("child")]
    if env:
        # A worker without trainwatch's variable is known from what the supervisor wrote down.
        notes = root / ".supervisor" / "processes.json"
        until(lambda: notes.exists() and f"{pids[1]}" in notes.read_text(), "the tree on disk")
    tw.kill_supervisor("x")
    os.kill(pids[0], signal.SIGKILL)
    until(lambda: not lives(pids[0]), "the launcher's death")
    with pytest.raises(RunError, match="lost its supervisor"):
        request_stop(root)
    done = tw.call("stop", "x")
    assert done.returncode == 0, done.stderr
    assert not any(map(lives, pids))
    record = read_record(root)
    # The launcher had died before anybody asked: how, nobody knows.
    assert (record.exit_code, record.stopped) == (None, False)
    assert tw.call("stop", "x").returncode == 0


def test_stop_wakes_a_supervisor_that_is_held(tw: Trainwatch) -> None:
    root = tw.detach("--exp-id", "x", "--", *SLEEP)
    pid = tw.pid("pid")
    supervisor = tw.record("x").supervisor.pid
    os.kill(supervisor, signal.SIGSTOP)
    until(lambda: read_process(supervisor).stopped, "the stop")
    assert tw.call("stop", "x").returncode == 0
    assert not lives(pid)
    assert read_record(root).exit_code == 143


def test_a_supervisor_that_does_not_answer_goes_with_the_rest(tw: Trainwatch) -> None:
    root = tw.detach("--exp-id", "x", "--", *SLEEP)
    pid = tw.pid("pid")
    supervisor = tw.record("x").supervisor.pid
    stopped = end_leftovers(root, timeout=0.0)
    assert not lives(pid)
    assert not lives(supervisor)
    assert stopped.record.stopped


def test_a_dashboard_can_ask_for_the_end(tw: Trainwatch) -> None:
    root = tw.detach("--exp-id", "x", "--", *SLEEP)
    pid = tw.pid("pid")
    request_stop(root)
    record = until(lambda: (r := read_record(root)).ended and r, "the end")
    assert (record.exit_code, record.stopped) == (143, True)
    assert not lives(pid)
    until(lambda: not lives(record.supervisor.pid), "the supervisor's end")
    with pytest.raises(RunError, match="is over"):
        request_stop(root)
    assert stop_run(root).was_over


def test_a_run_of_another_machine_is_not_touched(tw: Trainwatch) -> None:
    root = tw.detach("--exp-id", "x", "--", *SLEEP)
    pid = tw.pid("pid")
    record = tw.record("x")
    there = replace(record, machine=record.machine._replace(host="node9", boot="other"))
    write_record(RunPaths(root), there)
    done = tw.call("stop", "x")
    assert done.returncode == 1
    assert b"node9" in done.stderr
    assert lives(pid)
    assert [run["state"] for run in tw.ps()] == ["unknown"]
    write_record(RunPaths(root), record)
    assert tw.call("stop", "x").returncode == 0


def test_an_id_used_again_is_not_taken_for_the_supervisor(tw: Trainwatch) -> None:
    """After a crash of everything, the recorded ids belong to somebody else."""
    bystander = subprocess.Popen(["sleep", LONG])
    tw.call("run", "--exp-id", "x", "--", "true")
    root = tw.run_dir("x")
    document = json.loads((root / "run.json").read_text())
    somebody = {"pid": bystander.pid, "start_ticks": 5}
    document |= {"ended": None, "exit_code": None, "supervisor": somebody}
    document["attempts"][0] |= {"launcher": somebody, "ended": None}
    (root / "run.json").write_text(json.dumps(document))
    assert [run["state"] for run in tw.ps()] == ["cut_off"]
    assert tw.call("stop", "x").returncode == 0
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_the_supervisor_is_small(tw: Trainwatch) -> None:
    tw.detach("--exp-id", "x", "--", *SLEEP)
    supervisor = tw.record("x").supervisor.pid
    status = Path(f"/proc/{supervisor}/status").read_text()
    kilobytes = int(status.split("VmRSS:")[1].split()[0])
    assert kilobytes < 40 * 1024
    maps = Path(f"/proc/{supervisor}/maps").read_text()
    assert not [name for name in ("numpy", "torch", "pandas") if name in maps]
    assert tw.call("stop", "x").returncode == 0


def test_the_supervisor_imports_nothing_heavy() -> None:
    code = "import sys, trainwatch.supervise.supervisor; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"numpy", "pandas", "textual", "torch", "rich", "click", "watchdog"}
    ours = {name for name in done.stdout.split() if name.startswith("trainwatch.")}
    others = {name.split(".")[1] for name in ours} - {"supervise"}
    assert others == {"errors", "signs", "temporary"}


def in_terminal(tw: Trainwatch, dashboard: str, *args: str) -> tuple[int, str]:
    """Runs a command with a terminal for stdin and stdout; returns exit code and stderr."""
    ours, theirs = pty.openpty()
    tw.env["FRONT_DASHBOARD"] = dashboard
    try:
        done = tw.call("run", "--exp-id", "x", "--", *args, stdin=theirs, stdout=theirs)
    finally:
        os.close(theirs)
        os.close(ours)
    return done.returncode, done.stderr.decode()


def test_leaving_the_dashboard_leaves_the_training(tw: Trainwatch) -> None:
    code, words = in_terminal(tw, "leave", *SLEEP)
    assert code == 0
    assert f"trainwatch attach {tw.run_dir('x')}" in words
    assert lives(tw.pid("pid"))
    assert tw.call("stop", "x").returncode == 0


def test_a_dashboard_that_saw_the_end_returns_the_exit_code(tw: Trainwatch) -> None:
    code, words = in_terminal(tw, "stay", "bash", "-c", "exit 9")
    assert code == 9
    assert "exit code 9" in words
