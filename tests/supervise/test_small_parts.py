"""Passing bytes on, the order that travels to the supervisor, and the word about logout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from supervision import LONG, Spawn, record

from trainwatch.errors import RunError
from trainwatch.runner.foreground import conclusion
from trainwatch.runner.launch import Launched
from trainwatch.runner.logout import warning
from trainwatch.runner.passage import Passage
from trainwatch.supervise.companions import UNENDABLE, Companions
from trainwatch.supervise.order import Answer, Order, decode_answer, decode_order, encode
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.process import identify
from trainwatch.supervise.record import write_record


def test_an_order_arrives_as_it_was_sent() -> None:
    order = Order("x", ("a", "b\udcff"), "/", 3.5, {"K": "v\n"}, ("/l",), owned=True)
    assert decode_order(encode(order)) == order
    assert decode_answer(encode(Answer(launcher=5))) == Answer(launcher=5)
    assert decode_answer(b"") is None


def test_bytes_pass_and_wait_for_a_slow_reader(tmp_path: Path) -> None:
    log = tmp_path / "log"
    data = os.urandom(300_000)
    log.write_bytes(data)
    read, write = os.pipe()
    got = b""
    with Passage(log, write) as passage:
        while passage.pump() or passage.blocked:
            if passage.blocked:
                got += os.read(read, 4096)
        while len(got) < len(data):
            got += os.read(read, 1 << 16)
        assert not passage.pump()
        log.write_bytes(b"emptied")
        assert not passage.pump()
        assert passage.pump()
    os.close(write)
    assert got + os.read(read, 100) == data + b"emptied"
    os.close(read)


def test_a_full_disk_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"x")
    with Path("/dev/full").open("wb") as full, Passage(tmp_path / "log", full.fileno()) as passage:
        assert not passage.pump()
        assert passage.blocked
        assert "No space" in passage.trouble
        assert passage.broken is None


def test_a_closed_reader_is_told_once_and_the_rest_counted(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"x" * 10)
    read, write = os.pipe()
    os.close(read)
    with Passage(tmp_path / "log", write) as passage:
        assert passage.pump()
        assert passage.broken == "Broken pipe"
        while passage.pump():
            pass
        assert passage.missed == 10
    os.close(write)


def launched(root: Path, supervisor: subprocess.Popen[bytes]) -> Launched:
    supervisor.wait()
    return Launched("x", RunPaths(root), 1, supervisor)


def test_a_code_is_returned_and_survivors_are_an_error(tmp_path: Path, spawn: Spawn) -> None:
    # Without a record, as on a full disk, the supervisor's own exit code still is the training's.
    assert conclusion(launched(tmp_path, spawn("bash", "-c", "exit 7"))) == 7
    write_record(RunPaths(tmp_path), record(survivors=("17 (python), in state D",)))
    with pytest.raises(RunError, match=r"17 \(python\), in state D"):
        conclusion(launched(tmp_path, spawn("false")))


def test_a_killed_supervisor_leaves_the_code_unknown(tmp_path: Path, spawn: Spawn) -> None:
    left = spawn("sleep", LONG, start_new_session=True)
    write_record(RunPaths(tmp_path), record().began(identify(left.pid), 1.0))
    with pytest.raises(RunError, match=rf"remain: {left.pid} \(.*trainwatch stop {tmp_path}"):
        conclusion(launched(tmp_path, spawn("bash", "-c", "kill -9 $$")))


SESSION = "1:name=systemd:/user.slice/user-7.slice/session-3.scope\n"
SERVICE = "0::/user.slice/user-7.slice/user@7.service/tmux.scope\n"


@pytest.mark.parametrize(
    ("group", "settings", "lingers", "word"),
    [
        (SESSION, "[Login]\nKillUserProcesses=yes\n", False, "systemd-run"),
        (SESSION, "#KillUserProcesses=yes\n", False, "systemd-run"),
        (SESSION, "#KillUserProcesses=yes\nKillUserProcesses=no\n", False, None),
        (SESSION, "#KillUserProcesses=no\n", False, None),
        (SESSION, None, False, None),
        (SERVICE, "#KillUserProcesses=no\n", False, "enable-linger"),
        (SERVICE, None, True, None),
        ("0::/system.slice/slurmd.service\n", "KillUserProcesses=yes\n", False, None),
        (None, None, False, None),
    ],
)
def test_the_word_about_logout(
    tmp_path: Path, group: str | None, settings: str | None, lingers: bool, word: str | None
) -> None:
    for place in ("proc/self", "etc/systemd/logind.conf.d", "var/lib/systemd/linger"):
        (tmp_path / place).mkdir(parents=True)
    if group:
        (tmp_path / "proc/self/cgroup").write_text(group)
    if settings:
        (tmp_path / "etc/systemd/logind.conf").write_text(settings)
    if lingers:
        (tmp_path / "var/lib/systemd/linger/ann").touch()
    text = warning(tmp_path, "ann")
    assert (text is None) if word is None else (word in (text or ""))


def test_a_later_setting_wins(tmp_path: Path) -> None:
    for place in ("proc/self", "etc/systemd/logind.conf.d"):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(SESSION)
    (tmp_path / "etc/systemd/logind.conf").write_text("KillUserProcesses=yes\n")
    (tmp_path / "etc/systemd/logind.conf.d/9.conf").write_text("KillUserProcesses=no\n")
    assert warning(tmp_path, "ann") is None
    assert warning() is None or isinstance(warning(), str)


def test_a_companion_that_nothing_ends_is_left_behind(tmp_path: Path) -> None:
    """As one that hangs in the kernel: here nobody tells that it has ended."""
    failed: list[str] = []
    paths = RunPaths(tmp_path)
    paths.private.mkdir()
    companions = Companions(paths, lambda name, _code: failed.append(name))
    companion = companions.start("sampler", [sys.executable, "-c", "import time; time.sleep(600)"])
    assert companion
    companions.end(0.0)
    companions.tick(companion.patience + UNENDABLE - 1)
    assert companions.alive
    companions.tick(companion.patience + UNENDABLE)
    assert not companions.alive
    assert failed == ["sampler"]
    assert companion.process.wait(60) < 0
