"""The stop ladder on real processes; time is real, but short."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from supervision import LONG, ROOT, Spawn, until

from trainwatch.supervise.ladder import KILL_WAIT, LOOK_WAIT, Ladder, climb, longest
from trainwatch.supervise.process import identify, read_process
from trainwatch.supervise.task import Task
from trainwatch.supervise.tree import Tree

DEAF = f"trap '' TERM; echo $$; while :; do sleep {LONG}; done"


class Notes(list[tuple[signal.Signals, list[int]]]):
    def __call__(self, number: signal.Signals, pids: list[int]) -> None:
        self.append((number, pids))

    def of(self, number: signal.Signals) -> list[int]:
        return [pid for told, pids in self for pid in pids if told == number]


def end(child: subprocess.Popen[bytes], timeout: float) -> tuple[Ladder, Notes]:
    notes = Notes()
    who = identify(child.pid)
    ladder = Ladder(Tree("no token", [who]), who, timeout=timeout, now=time.monotonic(), note=notes)
    climb(ladder, time.monotonic, time.sleep)
    return ladder, notes


def shell(spawn: Spawn, script: str) -> subprocess.Popen[bytes]:
    child = spawn("bash", "-c", script, stdout=subprocess.PIPE, start_new_session=True)
    child.stdout.readline()
    return child


def test_a_process_that_obeys_gets_no_sigkill(spawn: Spawn) -> None:
    child = shell(spawn, f"echo; exec sleep {LONG}")
    ladder, notes = end(child, timeout=20)
    assert child.wait() == -signal.SIGTERM
    assert notes == [(signal.SIGTERM, [child.pid])]
    assert ladder.survivors == ()


def test_a_process_that_ignores_sigterm_is_killed_with_its_group(spawn: Spawn) -> None:
    child = shell(spawn, DEAF)
    _, notes = end(child, timeout=0.2)
    assert child.wait() == -signal.SIGKILL
    assert notes.of(signal.SIGTERM) == [child.pid]
    assert child.pid in notes.of(signal.SIGKILL)


def test_a_stopped_process_is_continued_so_that_it_can_obey(spawn: Spawn) -> None:
    child = shell(spawn, f"trap 'exit 7' TERM; echo; while :; do sleep {LONG} & wait; done")
    os.kill(child.pid, signal.SIGSTOP)
    until(lambda: read_process(child.pid).stopped, "stop")
    ladder, _ = end(child, timeout=10)
    assert child.wait() == 7
    assert ladder.survivors == ()


def test_only_the_launcher_gets_sigterm_while_it_lives(spawn: Spawn) -> None:
    # The child would tell of a SIGTERM; the launcher needs it until its own end.
    script = (
        f"bash -c 'trap \"echo bad\" TERM; echo up; while :; do sleep {LONG} & wait; done' & "
        "C=$!; trap 'sleep 0.4; kill -9 $C; echo done; exit 5' TERM; wait"
    )
    child = shell(spawn, script)
    _, notes = end(child, timeout=20)
    assert child.wait() == 5
    assert child.stdout.read() == b"done\n"
    assert notes[0] == (signal.SIGTERM, [child.pid])


def test_what_a_dying_launcher_leaves_is_asked_from_the_top(spawn: Spawn) -> None:
    # bash dies of SIGTERM at once and leaves a "torchrun" that ends its own worker in order.
    inner = f"sleep {LONG} & W=$!; trap 'kill $W; echo in order; exit' TERM; echo up; wait"
    child = shell(spawn, f'bash -c "{inner.replace("$", chr(92) + "$")}"; true')
    ladder, notes = end(child, timeout=20)
    assert child.wait() == -signal.SIGTERM
    assert child.stdout.read() == b"in order\n"
    assert not notes.of(signal.SIGKILL)
    assert ladder.survivors == ()


def test_helpers_that_end_by_themselves_get_no_signal(spawn: Spawn) -> None:
    child = shell(spawn, "(sleep 0.2; echo by itself) & echo; exec sleep " + LONG)
    _, notes = end(child, timeout=20)
    assert child.stdout.read() == b"by itself\n"
    assert notes == [(signal.SIGTERM, [child.pid])]


def test_its_length_is_bounded() -> None:
    assert longest(0) == LOOK_WAIT + KILL_WAIT
    assert longest(30) == 53


def test_survivors_are_named(tmp_path: Path) -> None:
    """Somebody else's process cannot be killed: the one survivor that a test can have."""
    if os.getuid() != 0:
        pytest.skip("needs root, to start a process of somebody else")
    code = f"""
import sys, time
sys.path.insert(0, {str(ROOT)!r})
from trainwatch.supervise import ladder
from trainwatch.supervise.process import describe, identify
from trainwatch.supervise.task import Task
from trainwatch.supervise.tree import Tree
ladder.KILL_WAIT = 0.2
import os; os.setuid(65534)
who = identify(int(sys.argv[1]))
climber = ladder.Ladder(Tree("t", [who]), who, timeout=0.1, now=time.monotonic(), note=print)
ladder.climb(climber, time.monotonic, time.sleep)
print(*map(describe, climber.survivors))
"""
    victim = subprocess.Popen(["sleep", LONG])
    argv = [sys.executable, "-c", code, str(victim.pid)]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert victim.poll() is None
    victim.kill()
    victim.wait()
    assert f"{victim.pid} (sleep {LONG}), sleeping" in done.stdout, done.stderr


def test_a_task_is_not_over_before_its_first_process_was_collected(tmp_path: Path) -> None:
    tree = Tree("t" * 32)
    task = Task(tree, ("true",), str(tmp_path), dict(os.environ), tmp_path / "out")
    until(lambda: (p := read_process(task.pid)) and p.gone, "its death")
    task.end(5.0, time.monotonic(), lambda *_: None)
    assert not task.over(time.monotonic())  # nobody lives, and how it ended is not known yet
    _, status = os.waitpid(task.pid, 0)
    task.collected(task.pid, os.waitstatus_to_exitcode(status))
    assert task.over(time.monotonic())
    assert task.exit_code == 0
