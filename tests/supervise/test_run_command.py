"""`trainwatch run` without a terminal: output, exit codes, signals, and who outlives whom."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from supervision import LONG, Trainwatch, lives, until

from trainwatch.cli.run import command as run_command
from trainwatch.errors import UsageError
from trainwatch.supervise.process import read_process
from trainwatch.supervise.record import read_record
from trainwatch.supervise.standing import Standing, standing

EVERY_BYTE = bytes(range(256)) * 40 + b"a\0b\r\xff\xfe no newline at the end"
SLEEP = ("bash", "-c", f"echo $$ > pid; echo up; exec sleep {LONG}")
DEAF = ("bash", "-c", f"trap '' TERM; echo $$ > pid; while :; do sleep {LONG}; done")


def test_output_passes_through_byte_for_byte(tw: Trainwatch) -> None:
    (tw.home / "bytes").write_bytes(EVERY_BYTE)
    done = tw.call("run", "--exp-id", "x", "--", "bash", "-c", "cat bytes; cat bytes >&2")
    assert done.returncode == 0
    assert done.stdout == EVERY_BYTE * 2
    assert (tw.run_dir("x") / "console.log").read_bytes() == EVERY_BYTE * 2
    assert all(line.startswith(b"trainwatch: ") for line in done.stderr.splitlines())


def test_much_output_arrives_whole_and_in_a_file_too(tw: Trainwatch) -> None:
    many = ("seq", "1", "600000")
    expected = "".join(f"{n}\n" for n in range(1, 600001)).encode()
    assert tw.call("run", "--", *many).stdout == expected
    with (tw.home / "out").open("wb") as out:
        tw.call("run", "--", *many, stdout=out)
    assert (tw.home / "out").read_bytes() == expected


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("exit 0", 0),
        ("exit 1", 1),
        ("exit 3", 3),
        ("kill -INT $$", 130),
        ("kill -KILL $$", 137),
        ("kill -TERM $$", 143),
    ],
)
def test_exit_codes_pass_through(tw: Trainwatch, script: str, code: int) -> None:
    done = tw.call("run", "--exp-id", "x", "--", "bash", "-c", script)
    assert done.returncode == code
    record = read_record(tw.run_dir("x"))
    assert (record.exit_code, record.stopped) == (code, False)
    assert record.ended >= record.started
    events = tw.events("x")
    assert [event["event"] for event in events] == ["start", "exit", "end"]
    assert events[1]["exit_code"] == code


@pytest.mark.parametrize(
    ("options", "command", "word"),
    [
        ((), "no-such-program", "not found"),
        ((), "./no-such-program", "not found"),
        ((), "./plain", "not executable"),
        ((), "./no-shebang", "no program"),
        ((), "./no-interpreter", "the program in its first line"),
        ((), ".", "not found"),
        ((), "./", "is a directory"),
        (("--cwd", "nowhere"), "true", "nowhere"),
        (("--exp-id", "a/b"), "true", "exp id"),
        (("--run-dir", "plain"), "true", "cannot be a run directory"),
        (("--env", "=3"), "true", "NAME=VALUE"),
        (("--stop-timeout", "nan"), "true", "seconds"),
    ],
)
def test_what_cannot_be_started_leaves_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    command: str,
    word: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain").write_text("text")
    (tmp_path / "no-shebang").write_text("echo hello")
    (tmp_path / "no-shebang").chmod(0o755)
    (tmp_path / "no-interpreter").write_text("#!/no/such/program\n")
    (tmp_path / "no-interpreter").chmod(0o755)
    with pytest.raises((UsageError, click.UsageError), match=word) as caught:
        run_command.main(["--exp-id", "x", *options, "--", command], standalone_mode=False)
    assert caught.value.exit_code == 2
    assert not (tmp_path / "trainwatch_runs" / "x").exists()


def test_a_command_that_is_not_there_is_one_sentence_on_stderr(tw: Trainwatch) -> None:
    done = tw.call("run", "--", "no-such-program")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"trainwatch: no-such-program was not found on PATH.\n"
    assert tw.ps() == []


@pytest.mark.parametrize("args", [[], ["--"]])
def test_no_command_is_wrong_usage(args: list[str]) -> None:
    with pytest.raises(click.UsageError):
        run_command.main(args, standalone_mode=False)


def test_the_training_gets_its_surroundings(tw: Trainwatch) -> None:
    (tw.home / "work").mkdir()
    code = (
        "import os, signal, sys\n"
        "print(os.getcwd(), os.environ['PYTHONUNBUFFERED'], os.environ['K'], sys.stdin.read())\n"
        "print(os.getsid(0) == os.getpid(), signal.getsignal(signal.SIGHUP).name,\n"
        "      signal.getsignal(signal.SIGTERM).name, signal.pthread_sigmask(0, []))\n"
        "print(sorted(os.listdir('/proc/self/fd'))[:3], oct(os.umask(0)))"
    )
    done = tw.call(
        *("run", "--cwd", "work", "--env", "K=a=b", "--logs", "l/x.log", "--logs", "/y"),
        *("--exp-id", "x", "--", sys.executable, "-c", code),
        umask=0o027,
    )
    first, second, third = done.stdout.decode().splitlines()
    assert first == f"{tw.home}/work 1 a=b "
    assert second == "True SIG_DFL SIG_DFL set()"
    assert third == "['0', '1', '2'] 0o27"
    assert read_record(tw.run_dir("x")).logs == (str(tw.home / "l" / "x.log"), "/y")
    again = tw.call("run", "--env", "PYTHONUNBUFFERED=", "--", "printenv", "PYTHONUNBUFFERED")
    assert again.stdout == b"\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_to_the_front_end_end_the_training(tw: Trainwatch, number: signal.Signals) -> None:
    front = tw.start("run", "--exp-id", "x", "--", *SLEEP)
    pid = tw.pid("pid")
    front.send_signal(number)
    _, err = front.communicate(timeout=20)
    assert front.returncode == 143
    assert number.name in err.decode()
    record = read_record(tw.run_dir("x"))
    assert not lives(pid)
    assert not lives(record.supervisor.pid)
    assert (record.stopped, record.exit_code, record.survivors) == (True, 143, ())


def test_nohup_and_the_user_signals_are_let_be(tw: Trainwatch) -> None:
    def nohup() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    front = tw.start("run", "--exp-id", "x", "--", *SLEEP, preexec_fn=nohup)
    pid = tw.pid("pid")
    supervisor = tw.record("x").supervisor
    until(lambda: front.stdout.readline() == b"up\n", "the output")
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        front.send_signal(number)
        os.kill(supervisor.pid, number)
    events = tw.run_dir("x") / "events.jsonl"
    until(lambda: events.read_text().count('"stops": false') == 3, "three signals noted")
    assert front.poll() is None
    assert lives(pid)
    front.terminate()
    assert front.wait(20) == 143


def test_a_killed_front_end_leaves_the_training(tw: Trainwatch) -> None:
    front = tw.start("run", "--exp-id", "x", "--", *SLEEP)
    pid = tw.pid("pid")
    front.kill()
    front.wait()
    assert lives(pid)
    assert [run["state"] for run in tw.ps()] == ["running"]
    done = tw.call("stop", "x")
    assert done.returncode == 0, done.stderr
    assert not lives(pid)
    assert read_record(tw.run_dir("x")).exit_code == 143


def test_a_reader_that_goes_away_does_not_end_the_training(tw: Trainwatch) -> None:
    script = "echo first; while ! test -e go; do sleep 0.02; echo more; done; exit 4"
    front = tw.start("run", "--exp-id", "x", "--", "bash", "-c", script)
    assert front.stdout.readline() == b"first\n"
    front.stdout.close()
    words = until(lambda: b"stdout" in (line := front.stderr.readline()) and line, "the words")
    assert b"the training goes on" in words
    (tw.home / "go").touch()
    assert front.wait(20) == 4
    assert (tw.run_dir("x") / "console.log").read_bytes().startswith(b"first\nmore\n")


def test_a_reader_that_stands_still_does_not_keep_it_from_ending(tw: Trainwatch) -> None:
    front = tw.start("run", "--exp-id", "x", "--", "bash", "-c", "echo $$ > pid; exec yes")
    pid = tw.pid("pid")
    log = tw.run_dir("x") / "console.log"
    until(lambda: log.stat().st_size > 1 << 20, "a full pipe")
    front.terminate()
    until(lambda: not lives(pid), "the end of the training")
    assert front.wait(20) == 143
    assert b"not everything could be passed on" in front.stderr.read()


def test_closed_standard_streams_are_no_trouble(tw: Trainwatch) -> None:
    argv = " ".join(tw.argv("run", "--exp-id", "x", "--", "echo", "hi"))
    done = subprocess.run(
        ["bash", "-c", f"{argv} <&- >&- 2>&-"], env=tw.env, cwd=tw.home, check=False
    )
    assert done.returncode == 0
    assert (tw.run_dir("x") / "console.log").read_bytes() == b"hi\n"


def test_a_training_that_ignores_sigterm_is_killed(tw: Trainwatch) -> None:
    front = tw.start("run", "--exp-id", "x", "--stop-timeout", "0.3", "--", *DEAF)
    pid = tw.pid("pid")
    front.terminate()
    assert front.wait(20) == 137
    assert not lives(pid)
    text = (tw.run_dir("x") / "events.jsonl").read_text()
    assert text.index('"terminate"') < text.index('"kill"') < text.index('"exit"')


def test_a_daemon_with_another_environment_is_found_and_ended(tw: Trainwatch) -> None:
    # Own session, parent gone, environment empty: what no sign but the supervisor's own shows.
    daemon = f"env -i setsid bash -c 'echo $$ > {tw.home}/daemon; exec sleep {LONG}' & exit"
    front = tw.start("run", "--exp-id", "x", "--", "bash", "-c", f"({daemon}); exec sleep {LONG}")
    pid = tw.pid("daemon")
    supervisor = tw.record("x").supervisor.pid
    until(lambda: read_process(pid).parent == supervisor, "the orphan's new parent")
    front.terminate()
    assert front.wait(20) == 143
    assert not lives(pid)


@pytest.mark.parametrize("who", ["launcher", "child"])
def test_a_stopped_process_does_not_defeat_the_end(tw: Trainwatch, who: str) -> None:
    script = f"echo $$ > launcher; sleep {LONG} & echo $! > child; wait"
    front = tw.start("run", "--exp-id", "x", "--", "bash", "-c", script)
    launcher, child = tw.pid("launcher"), tw.pid("child")
    stopped = {"launcher": launcher, "child": child}[who]
    os.kill(stopped, signal.SIGSTOP)
    until(lambda: read_process(stopped).stopped, "the stop")
    front.terminate()
    assert front.wait(20) == 143
    assert not lives(launcher)
    assert not lives(child)


def test_a_killed_launcher_ends_the_attempt_and_its_orphans(tw: Trainwatch) -> None:
    script = f"setsid sleep {LONG} & echo $! > child; echo $$ > pid; wait"
    front = tw.start("run", "--exp-id", "x", "--", "bash", "-c", script)
    launcher, child = tw.pid("pid"), tw.pid("child")
    os.kill(launcher, signal.SIGKILL)
    assert front.wait(20) == 137
    assert not lives(child)
    record = read_record(tw.run_dir("x"))
    assert (record.exit_code, record.stopped) == (137, False)
    assert '"orphans"' in (tw.run_dir("x") / "events.jsonl").read_text()


def test_a_killed_supervisor_is_told_and_what_remains_can_be_ended(tw: Trainwatch) -> None:
    script = f"echo up; setsid sleep {LONG} & echo $$ > pid; wait; echo down"
    front = tw.start("run", "--exp-id", "x", "--", "bash", "-c", script)
    until(lambda: b"runs as process" in front.stderr.readline(), "the start to be told")
    launcher = tw.pid("pid")
    record = tw.record("x")
    tw.kill_supervisor("x")
    words = until(lambda: b"was killed" in (line := front.stderr.readline()) and line, "the words")
    assert str(launcher) in words.decode()
    assert f"trainwatch stop {tw.run_dir('x')}" in words.decode()
    assert standing(record) is Standing.UNGUARDED
    assert front.poll() is None
    front.terminate()
    out, err = front.communicate(timeout=20)
    assert front.returncode == 1
    assert out == b"up\n"
    assert b"nobody knows how the training ended" in err
    assert not lives(launcher)


def test_an_exp_id_that_runs_is_refused_and_one_that_ended_is_kept(tw: Trainwatch) -> None:
    front = tw.start("run", "--exp-id", "x", "--", *SLEEP)
    tw.pid("pid")
    refused = tw.call("run", "--exp-id", "x", "--", "true")
    assert refused.returncode == 2
    assert b"still there" in refused.stderr
    front.terminate()
    front.wait(20)
    again = tw.call("run", "--exp-id", "x", "--", "echo", "second")
    assert again.returncode == 0
    assert (tw.run_dir("x") / "console.log").read_bytes() == b"second\n"
    (kept,) = tw.run_dir("x").parent.glob("x.*")
    assert (kept / "console.log").read_bytes() == b"up\n"
    assert str(kept) in again.stderr.decode()


def test_of_two_at_the_same_moment_one_wins(tw: Trainwatch) -> None:
    fronts = [tw.start("run", "--exp-id", "x", "--", *SLEEP) for _ in range(4)]
    pid = tw.pid("pid")
    losers = until(lambda: len(f := [f for f in fronts if f.poll() is not None]) == 3 and f)
    assert [front.returncode for front in losers] == [2, 2, 2]
    assert lives(pid)
    assert tw.call("stop", "x").returncode == 0


def test_the_record_can_be_read_at_every_moment(tw: Trainwatch, tmp_path: Path) -> None:
    root = tmp_path / "here"
    front = tw.start("run", "--run-dir", root, "--exp-id", "x", "--", *SLEEP)
    until((root / "run.json").exists, "run.json")
    reads = 0
    while front.poll() is None:
        assert read_record(root).id == "x"
        assert json.loads((root / "run.json").read_bytes())["schema"] == 1
        reads += 1
        if reads == 200:
            front.terminate()
    assert reads > 200
    assert {path.name for path in root.iterdir()} == {
        "run.json",
        "console.log",
        "events.jsonl",
        "signals",
        ".supervisor",
    }
