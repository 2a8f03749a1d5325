"""The stacks of one process: from its probe, by faulthandler's signal, or with py-spy."""

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from trainwatch.probes.place import DIRECTORY, is_private
from trainwatch.probes.proc import MAX_FILES, Process, catches, process

ANSWER = 3.0
"""Seconds that a probe has for its answer; it needs milliseconds unless its interpreter is locked."""

_MOST = 64 << 20
_SPY = 10.0
_SIGNALLED = 2.0
_THREAD = re.compile(r"(?:Current thread|Thread) (0x[0-9a-f]+)")
_MEMORY = re.compile(r"/memfd:trainwatch-stacks-(\d{1,3}) ")
_LINE = re.compile(r'  File "(.+)", line (\d+|\?\?\?) in (.+)')

Threads = list[dict[str, Any]]


@dataclass
class Answer:
    """What could be had of one process; frames innermost first, as [function, file, line]."""

    threads: Threads
    source: str = ""
    problem: str = ""
    silent: bool = False


def ask(one: Process, owner: Process) -> Answer:
    """The stacks of a process.

    Args:
        one: The process.
        owner: The worker that it belongs to: itself, or the parent of a loader process.
    """
    if one.state in "Tt":
        return Answer([], problem="it is stopped, so it cannot answer")
    answer = Answer([])
    base = _base(owner)
    if base is not None and one.pid == owner.pid:
        text = talk(base.with_suffix(".sock"), b"stacks")
        found = _parsed(text)
        if found is not None:
            return Answer(found["threads"], "probe")
        answer.silent = text is not None
    if base is not None and (threads := _signalled(one, base)):
        return Answer(threads, "signal", silent=answer.silent)
    threads, problem = _spied(one.pid)
    return Answer(threads, "py-spy" if threads else "", problem, answer.silent)


def recorder(one: Process) -> bytes | None:
    """The flight recorder of a worker, as JSON; None where its probe does not have it."""
    base = _base(one)
    text = talk(base.with_suffix(".sock"), b"recorder") if base is not None else None
    return text if text and text != b"null" else None


def rank_of(one: Process) -> int | bool:
    """The rank that a process says it has; True where its probe is there and does not answer.

    False where it has none, or no probe.
    """
    base = _base(one)
    text = talk(base.with_suffix(".sock"), b"rank") if base is not None else None
    if text == b"":
        return True
    number = text.decode("ascii", "replace") if text else ""
    return int(number) if number.isdecimal() and len(number) < 8 else False  # noqa: PLR2004


def talk(path: Path, question: bytes) -> bytes | None:
    """The answer on a socket; b"" when it is there and does not answer, None when it is not."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(ANSWER)
            connection.connect(str(path))
            connection.sendall(question)
            found = bytearray()
            while chunk := connection.recv(1 << 16):
                found += chunk
                if len(found) > _MOST:
                    return b""
            return bytes(found)
    except TimeoutError:
        return b""
    except OSError:
        return None


def _base(owner: Process) -> Path | None:
    """The files of a worker's probe, without their suffix."""
    directory = owner.environment.get(DIRECTORY)
    if not directory or not is_private(Path(directory)):
        return None
    return Path(directory, str(owner.pid))


def _parsed(text: bytes | None) -> dict[str, Any] | None:
    try:
        found = json.loads(text or b"null")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("threads"), list) else None


def _signalled(one: Process, base: Path) -> Threads:
    """Let faulthandler write, into the file of a worker or into the memory of a spawned process.

    A forked loader process has what its parent had.
    """
    place = _memory(one.pid) or _file(base)
    if place is None:
        return []
    number, path = place
    now = process(one.pid)
    if not signal.SIGRTMIN < number < signal.SIGRTMAX or not catches(one.pid, number):
        return []
    if now is None or now.start != one.start:
        return []
    try:
        with path.open("rb") as file:
            # Worker and forked loaders write into one place: one at a time, or nobody knows whose.
            fcntl.flock(file, fcntl.LOCK_EX)
            before = path.stat().st_size
            os.kill(one.pid, number)
            return _written(file, before)
    except OSError:
        return []


def _file(base: Path) -> tuple[int, Path] | None:
    """The signal of a worker's probe, and where it writes."""
    try:
        number = int(json.loads(base.with_suffix(".json").read_bytes())["signal"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return number, base.with_suffix(".stacks")


def _memory(pid: int) -> tuple[int, Path] | None:
    """The same of a process that multiprocessing spawned: the name of the memory says the signal."""
    directory = Path("/proc", str(pid), "fd")
    try:
        for name in os.listdir(directory)[:MAX_FILES]:  # noqa: PTH208 - as text
            found = _MEMORY.match(os.readlink(directory / name))  # noqa: PTH115
            if found:
                return int(found[1]), directory / name
    except OSError:
        pass
    return None


def _written(file: BinaryIO, before: int) -> Threads:
    """What is added to a file, when it has come to rest."""
    until = time.monotonic() + _SIGNALLED
    size = before
    while time.monotonic() < until:
        time.sleep(0.05)
        now = os.fstat(file.fileno()).st_size
        if now > before and now == size:
            break
        size = now
    file.seek(before)
    return dumped(file.read(1 << 20).decode("utf-8", "replace"))


def dumped(text: str) -> Threads:
    """Threads from what faulthandler wrote; the main thread is its last one."""
    threads: Threads = []
    for line in text.splitlines():
        if _THREAD.match(line):
            threads.append({"main": False, "name": "", "frames": []})
        elif threads and (found := _LINE.fullmatch(line)):
            number = int(found[2]) if found[2].isdecimal() else 0
            threads[-1]["frames"].append([found[3], found[1], number])
    if threads:
        threads[-1].update(main=True, name="MainThread")
    return threads


def _spied(pid: int) -> tuple[Threads, str]:
    """What py-spy sees, without stopping the process; else why not."""
    beside = Path(sys.executable).with_name("py-spy")
    program = str(beside) if beside.exists() else shutil.which("py-spy")
    if program is None:
        return [], "it has no probe, and py-spy is not installed: pip install py-spy"
    try:
        done = subprocess.run(
            [program, "dump", "--json", "--nonblocking", "--pid", str(pid)],
            capture_output=True,
            timeout=_SPY,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        found = json.loads(done.stdout) if not done.returncode else None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        found = None
    if not isinstance(found, list):
        return [], "py-spy could not read it: it needs the right to trace (same user, ptrace_scope)"
    return [_spied_thread(pid, thread) for thread in found if isinstance(thread, dict)], ""


def _spied_thread(pid: int, thread: dict[str, Any]) -> dict[str, Any]:
    frames = [frame for frame in thread.get("frames") or () if isinstance(frame, dict)]
    main = thread.get("thread_name") == "MainThread" or thread.get("os_thread_id") == pid
    return {
        "main": main,
        "name": str(thread.get("thread_name") or ""),
        "gil": bool(thread.get("owns_gil")),
        "frames": [[f.get("name"), f.get("filename"), f.get("line")] for f in frames],
    }
