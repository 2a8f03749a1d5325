"""Stopping at awkward moments, stopping twice, and starting again what is over."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from supervision import SLEEPING, Trainwatch, lives, marked, until

from trainwatch.runner.control import restart
from trainwatch.supervise.process import read_process
from trainwatch.supervise.record import read_record

SICK = """
import time
for step in range(400):
    print(f"[DEBUG] [Rank 0] Training step {step}, loss=nan", flush=True)
    time.sleep(0.1)
"""


@pytest.fixture
def here(tw: Trainwatch, monkeypatch: pytest.MonkeyPatch) -> Trainwatch:
    """The same surroundings for what this process itself starts."""
    for name in ("HOME", "XDG_STATE_HOME", "TW_TEST"):
        monkeypatch.setenv(name, tw.env[name])
    monkeypatch.chdir(tw.home)
    return tw


def companion(tw: Trainwatch, module: str) -> Callable[[], int | None]:
    """Finds a companion of the run."""

    def find() -> int | None:
        for process in marked(tw.env["TW_TEST"]):
            words = Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")
            if module.encode() in words[1:4]:
                return process.pid
        return None

    return find


@pytest.mark.long
def test_a_stop_breaks_the_report_off(tw: Trainwatch) -> None:
    front = tw.start(
        "run", "--report", "--exp-id", "x", "--on-failure", "touch hook", "--", "false"
    )
    report = until(companion(tw, "report"), "the report")
    os.kill(report, signal.SIGSTOP)
    until(lambda: read_process(report).stopped, "a report that takes long")
    assert tw.ps()[0]["state"] == "stopping"
    done = tw.call("stop", "x")
    assert done.returncode == 0, done.stderr
    assert b"nothing of it is left" in done.stderr
    assert front.wait(20) == 1
    record = read_record(tw.run_dir("x"))
    assert (record.exit_code, record.stopped) == (1, False)  # it had ended by itself before
    assert not lives(report)
    assert not (tw.home / "hook").exists()


def test_two_stops_at_once_both_return(tw: Trainwatch) -> None:
    deaf = "trap '' TERM; echo $$ > pid; while :; do sleep 397; done"
    tw.detach("--exp-id", "x", "--stop-timeout", "1.5", "--", "bash", "-c", deaf)
    pid = tw.pid("pid")
    stops = [tw.start("stop", "x") for _ in range(3)]
    for stop in stops:
        _, words = stop.communicate(timeout=40)
        assert stop.returncode == 0, words
    assert not lives(pid)
    again = tw.call("stop", "x")
    assert again.returncode == 0
    assert b"is over already (exit code 137)" in again.stderr


@pytest.mark.parametrize(
    ("command", "options", "code"),
    [
        (("true",), (), 0),
        (("bash", "-c", "exit 3"), (), 3),
        ((sys.executable, "-c", SICK), ("--health-time", "60"), 64),
    ],
)
def test_what_is_over_is_started_anew(
    here: Trainwatch, command: tuple[str, ...], options: tuple[str, ...], code: int
) -> None:
    tw = here
    done = tw.call("run", "--exp-id", "x", *options, "--", *command)
    assert done.returncode == code, done.stderr
    first = tw.record("x")
    assert "was started again as process" in restart(tw.run_dir("x"))
    second = until(lambda: (r := tw.record("x")).supervisor != first.supervisor and r, "the next")
    assert (second.command, second.guard, second.id) == (first.command, first.guard, first.id)
    (kept,) = tw.run_dir("x").parent.glob("x.*")
    assert read_record(kept).exit_code == code
    again = until(lambda: (r := tw.record("x")).ended and r, "its end", 60)
    assert again.exit_code == code
    until(lambda: not lives(second.supervisor.pid), "the end of its supervisor")


@pytest.mark.long
def test_a_restart_while_the_gate_is_ending_it_is_another_try(tw: Trainwatch) -> None:
    slow = SICK.replace("import time", "import signal, time; signal.signal(15, signal.SIG_IGN)")
    (tw.home / "train.py").write_text(slow)
    options = ("--exp-id", "x", "--health-time", "60", "--stop-timeout", "4")
    root = tw.detach(*options, "--", sys.executable, "train.py")
    until(lambda: '"gate"' in (root / "events.jsonl").read_text(), "the gate", 60)
    (tw.home / "train.py").write_text("import time; time.sleep(397)")
    assert "attempt 2" in restart(root)
    record = until(lambda: len((r := read_record(root)).attempts) == 2 and r, "attempt 2", 60)
    assert record.ended is None
    assert tw.call("stop", "x").returncode == 0


def test_a_restart_of_what_is_between_two_attempts_waits_no_longer(tw: Trainwatch) -> None:
    root = tw.detach(
        "--exp-id", "x", "--max-attempts", "2", "--restart-delay", "300", "--", "false"
    )
    until(lambda: tw.ps()[0]["state"] == "waiting", "the wait")
    restart(root)
    until(lambda: len(read_record(root).attempts) == 2, "the second attempt")
    until(lambda: read_record(root).ended, "its end")
    assert read_record(root).exit_code == 65


def test_a_run_that_is_stopped_is_not_started_again(tw: Trainwatch) -> None:
    root = tw.detach(
        "--exp-id", "x", "--max-attempts", "5", "--restart-delay", "0", "--", *SLEEPING
    )
    tw.pid("pid")
    assert tw.call("stop", "x").returncode == 0
    assert len(read_record(root).attempts) == 1
