"""What the tests of this directory share: waiting, and trainwatch in a directory of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from trainwatch.supervise.machine import here
from trainwatch.supervise.process import (
    Identity,
    Process,
    environment,
    identify,
    processes,
    read_process,
    send,
)
from trainwatch.supervise.record import RunRecord, read_record

ROOT = Path(__file__).resolve().parents[2]
FRONT = Path(__file__).with_name("front.py")
LONG = "397"
"""Seconds of a `sleep` that no test waits for."""


SLEEPING = ("bash", "-c", f"echo $$ > pid; exec sleep {LONG}")

NOBODY = Identity(2**22 + 1, 5)


def until(condition: Callable[[], Any], what: str = "condition", seconds: float = 20.0) -> Any:
    """Waits for something to be true, and returns it."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        time.sleep(0.01)
    return value


def lives(pid: int) -> bool:
    process = read_process(pid)
    return process is not None and not process.gone


def marked(mark: str) -> list[Process]:
    """Every living process that was started, however indirectly, by the test with this mark."""
    return [p for p in processes().values() if f"TW_TEST={mark}".encode() in environment(p.pid)]


class Spawn:
    """The fixture `spawn`: starts plain processes, and kills them in the end."""

    def __init__(self) -> None:
        self._children: list[subprocess.Popen[bytes]] = []
        self._others: list[Identity | None] = []

    def __call__(self, *argv: str, **options: Any) -> subprocess.Popen[bytes]:
        self._children.append(subprocess.Popen(argv, **options))
        return self._children[-1]

    def announced(self, child: subprocess.Popen[bytes]) -> int:
        """The process id that a child prints; that process is killed in the end too."""
        pid = int(child.stdout.readline())
        self._others.append(identify(pid))
        return pid

    def close(self) -> None:
        for child in self._children:
            child.kill()
            child.wait()
            for stream in (child.stdout, child.stderr):
                if stream:
                    stream.close()
        for other in filter(None, self._others):
            send(other, signal.SIGKILL)


class Trainwatch:
    """Runs trainwatch in a directory of the test's own."""

    def __init__(self, tmp_path: Path, mark: str) -> None:
        self.home = tmp_path
        self.env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "HOME": str(tmp_path),
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "TW_TEST": mark,
        }
        self.env.pop("PYTHONUNBUFFERED", None)
        self.started: list[subprocess.Popen[bytes]] = []

    def argv(self, *args: object) -> list[str]:
        words = list(map(str, args))
        if words[:1] == ["run"]:  # what reads logs has tests of its own, and takes time
            off = [name for name in ("probe", "report") if f"--{name}" not in words]
            words[1:1] = ["--health-time", "0", *(f"--no-{name}" for name in off)]
            words = [word for word in words if word not in {"--probe", "--report"}]
        return [sys.executable, str(FRONT), *words]

    def start(self, *args: object, **options: Any) -> subprocess.Popen[bytes]:
        """Starts a command and returns at once; stdout and stderr are pipes unless told."""
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        given = {"cwd": self.home, "env": self.env, **pipes, **options}
        process = subprocess.Popen(self.argv(*args), **given)
        self.started.append(process)
        return process

    def call(
        self, *args: object, patience: float = 40.0, **options: Any
    ) -> subprocess.CompletedProcess[bytes]:
        """Runs a command to its end."""
        process = self.start(*args, **options)
        out, err = process.communicate(timeout=patience)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def detach(self, *args: object) -> Path:
        """Starts a training in the background and returns its run directory."""
        done = self.call("run", "--detach", *args)
        assert done.returncode == 0, done.stderr
        return Path(done.stdout.decode().strip())

    def ps(self) -> list[dict[str, Any]]:
        done = self.call("ps", "--json")
        assert done.returncode == 0, done.stderr
        document = json.loads(done.stdout)
        assert document["schema"] == 1
        return list(document["runs"])

    def run_dir(self, name: str) -> Path:
        return self.home / "trainwatch_runs" / name

    def record(self, name: str) -> RunRecord:
        """The record once the training has started."""
        root = self.run_dir(name)
        until((root / "run.json").exists, "run.json")
        return until(lambda: (r := read_record(root)).attempts and r, "the start")

    def events(self, name: str) -> list[dict[str, Any]]:
        """What the supervisor wrote down, line by line."""
        lines = (self.run_dir(name) / "events.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def kill_supervisor(self, name: str) -> None:
        """Kills it and waits until it is dead."""
        supervisor = self.record(name).supervisor.pid
        os.kill(supervisor, signal.SIGKILL)
        until(lambda: not lives(supervisor), "the supervisor's death")

    def pid(self, name: str, *, seconds: float = 20.0) -> int:
        """The process id that a training wrote into the file `name`."""
        path = self.home / name
        text = until(lambda: path.exists() and path.read_text().strip(), name, seconds)
        return int(text)


def record(**changes: Any) -> RunRecord:
    base = RunRecord(
        id="x",
        token="t" * 32,
        command=("a", "b\udcff", "ü"),
        cwd="/",
        machine=here(),
        supervisor=NOBODY,
        started=100.5,
        stop_timeout=30.0,
        logs=("/a/b.log",),
    )
    return replace(base, **changes)
