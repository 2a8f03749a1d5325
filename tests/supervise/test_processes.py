"""Identity and signals: nobody but the process that was meant is ever reached."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from supervision import LONG, ROOT, Spawn, until

from trainwatch.supervise.machine import Machine, here, is_here, was_rebooted
from trainwatch.supervise.process import (
    Delivery,
    Identity,
    describe,
    environment,
    find,
    identify,
    processes,
    read_process,
    send,
)


@pytest.mark.parametrize("handles", [True, False])
def test_another_owner_of_the_same_id_is_never_signalled(
    spawn: Spawn, monkeypatch: pytest.MonkeyPatch, handles: bool
) -> None:
    if not handles:
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    child = spawn("sleep", LONG)
    real = identify(child.pid)
    for wrong in (Identity(real.pid, real.start + 1), Identity(real.pid, real.start - 1)):
        assert find(wrong) is None
        assert send(wrong, signal.SIGKILL) is Delivery.GONE
    assert child.poll() is None
    assert send(real, signal.SIGKILL) is Delivery.SENT
    assert child.wait() == -signal.SIGKILL


@pytest.mark.parametrize("pid", [1, 0, -1])
def test_ids_that_mean_groups_or_init_are_refused(pid: int) -> None:
    assert send(Identity(pid, 1), signal.SIGTERM) is Delivery.REFUSED


def test_a_zombie_is_gone(spawn: Spawn) -> None:
    child = spawn("true")
    until(lambda: (p := read_process(child.pid)) and p.state == "Z", "zombie")
    assert read_process(child.pid).gone
    assert find(identify(child.pid)) is None
    assert child.pid not in processes()
    assert send(identify(child.pid), signal.SIGTERM) is Delivery.GONE


def test_a_process_whose_first_thread_has_ended_is_not_gone(spawn: Spawn) -> None:
    code = (
        "import ctypes, threading, time\n"
        f"threading.Thread(target=time.sleep, args=({LONG},)).start()\n"
        "ctypes.CDLL(None).syscall(60, 0)"
    )
    child = spawn(sys.executable, "-c", code)
    shown = until(lambda: (p := read_process(child.pid)) and p.state == "Z" and p, "exit")
    assert not shown.gone
    assert "sleeping" in describe(shown)


def test_names_with_brackets_and_blanks_are_read(spawn: Spawn, tmp_path: Path) -> None:
    odd = tmp_path / "a) R 1 (b"
    odd.symlink_to("/bin/sleep")
    child = spawn(str(odd), LONG)
    until(lambda: read_process(child.pid).name == "a) R 1 (b", "exec")
    assert read_process(child.pid).parent == os.getpid()


def test_a_command_line_cannot_write_to_the_terminal(spawn: Spawn) -> None:
    child = spawn("bash", "-c", "exec -a $'\\e[2J' sleep " + LONG)
    until(lambda: read_process(child.pid).name == "sleep", "exec")
    shown = until(lambda: (p := read_process(child.pid)).state == "S" and describe(p), "sleep")
    assert "\x1b" not in shown
    assert shown == f"{child.pid} (?[2J {LONG}), sleeping"


def test_a_stopped_process_is_said_to_be_stopped(spawn: Spawn) -> None:
    child = spawn("sleep", LONG)
    child.send_signal(signal.SIGSTOP)
    until(lambda: read_process(child.pid).stopped, "stop")
    assert f"{child.pid} (sleep {LONG}), stopped (T)" == describe(read_process(child.pid))


def test_the_environment_is_that_of_the_start(spawn: Spawn) -> None:
    child = spawn("sleep", LONG, env={"A": "1", "B": "x=y"})
    until(lambda: b"A=1" in environment(child.pid), "exec")
    assert b"B=x=y" in environment(child.pid)
    assert environment(2**22 + 7) == frozenset()


def test_where_ids_mean_something() -> None:
    mine = here()
    assert is_here(mine)
    assert is_here(mine._replace(host="renamed"))
    assert not is_here(mine._replace(namespace="pid:[1]"))
    rebooted = mine._replace(boot="another")
    assert not is_here(rebooted)
    assert was_rebooted(rebooted) is bool(mine.id)
    # Nodes of a cluster share one image: then only the name tells them apart.
    assert not was_rebooted(rebooted._replace(host="node17"))
    assert not was_rebooted(Machine("", "", "", ""))


def test_listing_finds_this_process_and_its_child(spawn: Spawn) -> None:
    child = spawn("sleep", LONG)
    table = processes()
    assert table[child.pid].parent == os.getpid()
    assert table[os.getpid()].session == os.getsid(0)


def test_a_process_of_somebody_else_is_refused() -> None:
    if os.getuid() != 0:
        pytest.skip("needs root, to be somebody else")
    code = (
        "import sys, os, signal\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from trainwatch.supervise.process import identify, send\n"
        "os.setuid(65534)\n"
        "print(send(identify(int(sys.argv[1])), signal.SIGTERM).value)"
    )
    argv = [sys.executable, "-c", code, str(os.getpid())]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "refused", done.stderr
