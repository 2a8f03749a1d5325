"""Starting again: until when, from where, and when it is no use."""

from __future__ import annotations

import json
import os
import signal
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from supervision import SLEEPING, Trainwatch, lives, until

from trainwatch.runner.control import restart
from trainwatch.supervise.order import Restarts
from trainwatch.supervise.record import read_record
from trainwatch.supervise.restarts import Failure, Situation, ending, repeated, with_checkpoint

COUNTING = """
import os, sys
done = int(open("done").read()) if os.path.exists("done") else 0
print("resumes from", sys.argv[1:], flush=True)
for step in range(done, done + 10):
    print(f"[DEBUG] [Rank 0] Training step {step}, loss=0.{step + 1}")
open("done", "w").write(str(done + 10))
if done + 10 >= 30:
    open("model.bin", "w").write("complete")
elif "fail" in os.environ.get("HOW", "fail"):
    raise RuntimeError("cut off")
"""


@pytest.fixture
def counting(tw: Trainwatch) -> tuple[str, ...]:
    (tw.home / "count.py").write_text(COUNTING)
    return (sys.executable, "count.py", "--resume", "{checkpoint}")


def sound(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"x" * 100)


def test_no_attempt_is_said_to_go_on_from_what_it_was_not_given(tw: Trainwatch) -> None:
    sound(tw.home / "checkpoint-7.pt")
    done = tw.call(
        *("run", "--exp-id", "x", "--max-attempts", "2", "--restart-delay", "0", "--no-report"),
        *("--", "bash", "-c", "exit 3"),
    )
    assert f"; the newest sound checkpoint is {tw.home / 'checkpoint-7.pt'}" in done.stderr.decode()
    assert [one.checkpoint for one in read_record(tw.run_dir("x")).attempts] == [None, None]


def test_it_is_started_again_until_its_model_exists(
    tw: Trainwatch, counting: tuple[str, ...]
) -> None:
    (tw.home / "out").mkdir()
    sound(tw.home / "out" / "checkpoint-7.pt")
    (tw.home / "out" / "checkpoint-9.pt").write_bytes(b"PK\x03\x04 cut off")
    os.utime(tw.home / "out" / "checkpoint-9.pt", (1, 1))
    done = tw.call(
        *("run", "--exp-id", "x", "--max-attempts", "5", "--restart-delay", "0"),
        *("--until-exists", "model.bin", "--then", "env > facts", "--on-failure", "touch wrong"),
        *("--", *counting),
    )
    assert done.returncode == 0, done.stderr
    newest = str(tw.home / "out" / "checkpoint-7.pt")
    assert done.stdout.decode().count(f"resumes from ['--resume', '{newest}']") == 3
    record = read_record(tw.run_dir("x"))
    assert [attempt.exit_code for attempt in record.attempts] == [1, 1, 0]
    assert [attempt.step for attempt in record.attempts] == [9, 19, None]
    assert (record.exit_code, record.reason) == (0, None)
    facts = (tw.home / "facts").read_text()
    assert "TRAINWATCH_STATUS=done\n" in facts
    assert "TRAINWATCH_ATTEMPTS=3\n" in facts
    assert not (tw.home / "wrong").exists()
    damaged = [event for event in tw.events("x") if event["event"] == "checkpoint"]
    assert damaged[0]["path"].endswith("checkpoint-9.pt")
    sign = (tw.run_dir("x") / "signals" / "x.done").read_text().splitlines()
    assert [line.split(":")[0] for line in sign] == [
        *("status", "return_code", "duration", "timestamp")
    ]


def test_the_same_failure_at_the_same_step_twice_is_the_end(tw: Trainwatch) -> None:
    script = "print('[DEBUG] [Rank 0] Training step 4, loss=0.5'); raise RuntimeError('boom')"
    done = tw.call(
        *("run", "--exp-id", "x", "--max-attempts", "5", "--restart-delay", "0"),
        *("--on-failure", "echo $TRAINWATCH_REASON > why", "--", sys.executable, "-c", script),
    )
    assert done.returncode == 65
    assert b"attempts 1 and 2 failed alike at step 4" in done.stderr
    assert "failed alike" in (tw.home / "why").read_text()
    assert len(read_record(tw.run_dir("x")).attempts) == 2
    assert "reason: attempts 1 and 2" in (tw.run_dir("x") / "signals" / "x.failed").read_text()
    # What the last attempt wrote was read by the supervisor, and is not an earlier attempt's for that.
    found = json.loads(tw.call("diagnose", str(tw.run_dir("x")), "--json").stdout)
    assert (found["verdict"], found["category"]) == ("failed", "user_exception")


LIMITED = """
import os, time
step = int(open("done").read()) if os.path.exists("done") else 0
while step < 30:
    print(f"[DEBUG] [Rank 0] Training step {step}, loss=0.{step + 1}", flush=True)
    step += 1
    open("done", "w").write(str(step))
    slow = step >= 15 and not os.path.exists("tried")
    if slow:
        open("tried", "w").close()
    time.sleep(600 if slow else 0.02)
open("model.bin", "w").write("complete")
"""


def test_it_goes_on_after_a_time_limit(tw: Trainwatch) -> None:
    (tw.home / "limited.py").write_text(LIMITED)
    done = tw.call(
        *("run", "--exp-id", "x", "--max-attempts", "3", "--restart-delay", "0"),
        *("--until-exists", "model.bin"),
        *("--", "timeout", "4", sys.executable, "limited.py", "--resume", "{checkpoint}"),
    )
    assert done.returncode == 0, done.stderr
    record = read_record(tw.run_dir("x"))
    assert [attempt.exit_code for attempt in record.attempts] == [124, 0]


def test_attempts_without_progress_count_only_against_their_number(tw: Trainwatch) -> None:
    done = tw.call(
        *("run", "--exp-id", "x", "--max-attempts", "3", "--restart-delay", "0"),
        *("--", "bash", "-c", "echo nothing; kill -9 $$"),
    )
    assert done.returncode == 65
    assert b"all 3 attempts are used up" in done.stderr
    assert [one.exit_code for one in read_record(tw.run_dir("x")).attempts] == [137] * 3


def test_stop_ends_the_wait_for_the_next_attempt(tw: Trainwatch) -> None:
    tw.detach("--exp-id", "x", "--max-attempts", "2", "--restart-delay", "300", "--", "false")
    until(lambda: tw.ps()[0]["state"] == "waiting", "the wait")
    assert tw.call("stop", "x").returncode == 0
    record = read_record(tw.run_dir("x"))
    assert (record.exit_code, record.stopped, len(record.attempts)) == (1, True, 1)


def test_restart_ends_the_attempt_and_starts_the_next(tw: Trainwatch) -> None:
    root = tw.detach("--exp-id", "x", "--", *SLEEPING)
    first = tw.pid("pid")
    assert "attempt 2" in restart(root)
    until(lambda: (tw.home / "pid").read_text().strip() not in {"", str(first)}, "the next one")
    assert not lives(first)
    record = until(lambda: len((r := read_record(root)).attempts) == 2 and r, "the record")
    assert (record.ended, record.stopped) == (None, False)
    assert tw.call("stop", "x").returncode == 0


def test_a_signal_reaches_the_command_only_when_asked_for(tw: Trainwatch) -> None:
    script = "trap 'echo warned; exit 7' USR1; echo $$ > pid; while :; do sleep 0.05; done"
    front = tw.start(
        *("run", "--exp-id", "x", "--forward-signal", "SIGUSR1", "--", "bash", "-c", script)
    )
    tw.pid("pid")
    until(lambda: read_record(tw.run_dir("x")).attempts, "the start")
    front.send_signal(signal.SIGUSR1)
    out, _ = front.communicate(timeout=20)
    assert (front.returncode, out) == (7, b"warned\n")


def test_files_held_open_for_writing_become_logs_of_the_run(tw: Trainwatch) -> None:
    script = (
        "import time; a = open('train.log', 'a'); b = open('weights.pt', 'wb'); c = open('own.py')\n"
        "a.write('[DEBUG] [Rank 0] Training step 4, loss=0.5\\n'); a.flush(); time.sleep(397)"
    )
    (tw.home / "own.py").write_text("")
    tw.detach("--exp-id", "x", "--", sys.executable, "-c", script)
    until(lambda: read_record(tw.run_dir("x")).logs, "a log")
    assert read_record(tw.run_dir("x")).logs == (str(tw.home / "train.log"),)
    status = tw.call("status", "--json", tw.run_dir("x"))
    assert b'"step": 4' in status.stdout
    assert tw.call("stop", "x").returncode == 0


def test_logs_that_are_open_only_for_moments_are_found_where_the_command_says(
    tw: Trainwatch,
) -> None:
    script = (
        "import os; os.makedirs('out/logs'); open('other.log', 'w').write('of somebody else')\n"
        "for step in range(9):\n"
        "    with open('out/log.txt', 'a') as log:\n"
        "        log.write('[DEBUG] [Rank 0] Training step %d, loss=0.5\\n' % step)\n"
        "open('out/events.out.tfevents.1.log', 'w').write('x'); open('out/logs/a.log', 'w').write('x')"
    )
    command = (sys.executable, "-c", script, "--output_dir=out", ".", "")
    assert tw.call("run", "--exp-id", "x", "--", *command).returncode == 0
    assert [Path(log).name for log in read_record(tw.run_dir("x")).logs] == ["log.txt", "a.log"]


LIMITS = Restarts(attempts=3)


@pytest.mark.parametrize(
    ("situation", "limits", "code"),
    [
        (Situation(1, 0), Restarts(), 0),
        (Situation(1, 5), Restarts(), 5),
        (Situation(1, 0, complete=False), Restarts(), 0),
        (Situation(1, 5), LIMITS, None),
        (Situation(1, 0, complete=False), LIMITS, None),
        (Situation(1, 1, complete=True), LIMITS, 0),
        (Situation(3, 5), LIMITS, 65),
        (Situation(3, 0, complete=False), LIMITS, 65),
        (Situation(1, 143, stopped=True), LIMITS, 143),
        (Situation(1, 143, gate="NaN"), LIMITS, 64),
        (Situation(1, 137, survivors=True), LIMITS, 65),
    ],
)
def test_how_a_run_ends(situation: Situation, limits: Restarts, code: int | None) -> None:
    end = ending(situation, limits)
    assert (end and end.code) == code


def test_only_known_steps_make_failures_alike() -> None:
    unknown = Failure(None, None, "exception", 1)
    known = Failure(1.0, 40, "exception", 1)
    assert repeated([unknown, unknown]) is None
    assert repeated([known, known._replace(step=41)]) is None
    assert repeated([known, known._replace(code=137)]) is None
    assert repeated([known]) is None
    assert (
        repeated([known._replace(what="rank 1 died"), known._replace(what="rank 1 hung")]) is None
    )
    assert repeated([known._replace(what="pid 12, 0x7f"), known._replace(what="pid 7, 0x1")])
    assert repeated([known, unknown, known]).code == 65
    share = Failure(1.375, None, "exception", 1)
    assert "at epoch 1.375 (" in repeated([share, share]).reason
    assert repeated([share._replace(epoch=1.0), share._replace(epoch=1.0)]) is None


@pytest.mark.parametrize(
    ("command", "without", "with_one"),
    [
        (("t", "--resume", "{checkpoint}", "x"), ("t", "x"), ("t", "--resume", "/c", "x")),
        (("t", "--resume={checkpoint}"), ("t",), ("t", "--resume=/c")),
        (("t", "{checkpoint}"), ("t",), ("t", "/c")),
        (("t", "a", "{checkpoint}"), ("t", "a"), ("t", "a", "/c")),
        (("{checkpoint}",), (), ("/c",)),
    ],
)
def test_the_checkpoint_stands_in_the_command(
    command: tuple[str, ...], without: tuple[str, ...], with_one: tuple[str, ...]
) -> None:
    assert with_checkpoint(command, None) == without
    assert with_checkpoint(command, "/c") == with_one


def test_who_ignores_sigterm_is_looked_at_before_it_is_killed(tw: Trainwatch) -> None:
    script = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "open('pid', 'w').write(str(os.getpid())); time.sleep(397)"
    )
    options = ("--probe", "--exp-id", "x", "--stop-timeout", "0.3", "--env", "RANK=0")
    tw.detach(*options, "--", sys.executable, "-c", script)
    pid = tw.pid("pid")
    assert tw.call("stop", "x").returncode == 0
    (stacks,) = (tw.run_dir("x") / "stacks").iterdir()
    assert str(pid) in stacks.read_text()
    assert not lives(pid)


TWO = """
import os, sys, time
first = not os.path.exists("first")
open("first", "w").close()
out = open("train.log", "a") if "log" in sys.argv else sys.stdout
if not first:
    while not os.path.exists("speak"):
        time.sleep(0.02)
print("imports are done", file=out, flush=True)
if not first:
    while not os.path.exists("go"):
        time.sleep(0.02)
print("[DEBUG] [Rank 0] Training step 7, loss=0.5", file=out, flush=True)
if first:
    time.sleep(1)
    raise ValueError("the first one")
time.sleep(397)
"""


@pytest.mark.parametrize("where", ["console", "log"])
def test_an_attempt_that_starts_is_not_the_one_that_failed(tw: Trainwatch, where: str) -> None:
    (tw.home / "two.py").write_text(TWO)
    options = ("--exp-id", "x", "--max-attempts", "3", "--restart-delay", "3", "--logs", "*.log")
    root = tw.detach(*options, "--", sys.executable, "two.py", where)

    def status() -> dict[str, Any]:
        return json.loads(tw.call("status", "--json", root).stdout)

    until(lambda: tw.ps()[0]["state"] == "waiting", "the end of the first attempt")
    said = status()
    assert (said["status"], said["health"], said["alerts"]) == ("starting", "ok", [])
    until(lambda: len(read_record(root).attempts) == 2, "the second attempt")
    said = status()
    assert (said["status"], said["health"], said["alerts"]) == ("starting", "ok", [])
    assert said["run"]["attempt"] == 1
    assert [rank["state"] for rank in said["ranks"]] == ["unknown"]
    diagnosis = json.loads(tw.call("diagnose", "--json", "--logs-only", root).stdout)
    assert diagnosis["verdict"] in ("undecided", "healthy")
    (tw.home / "speak").touch()
    log = root / "console.log" if where == "console" else tw.home / "train.log"
    until(lambda: log.read_text().count("imports are done") == 2, "the second attempt's word")
    assert status()["alerts"] == []
    (tw.home / "go").touch()
    until(lambda: log.read_text().count("step 7") == 2, "the second attempt's step")
    said = status()
    assert (said["status"], said["health"], said["alerts"]) == ("running", "ok", [])
    assert tw.call("stop", "x").returncode == 0
