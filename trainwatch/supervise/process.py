"""One process as `/proc` shows it: identity, state, and signals that reach nobody else.

A process id alone is no identity, because the kernel uses it again. Together with the start time
in clock ticks since boot it is one, as long as the machine runs (see `machine`).
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

_AFTER_NAME = 52 - 2
"""At least so many fields follow the name in `/proc/PID/stat` since Linux 3.5."""

_SHOWN = 80
"""Characters of a command line."""

_STATES = {
    "R": "running",
    "S": "sleeping",
    "D": "in uninterruptible sleep (D): it waits for the kernel, mostly for a disk, a network file "
    "system or a GPU driver, and dies when that call returns",
    "T": "stopped (T)",
    "t": "stopped by a debugger (t)",
    "Z": "ended, not yet collected (Z)",
}


class Identity(NamedTuple):
    """Which process is meant, also after its id was given to another one.

    Attributes:
        pid: Process id.
        start: Start time in clock ticks since boot.
    """

    pid: int
    start: int


class Process(NamedTuple):
    """One process at one moment; `state` is the letter of `ps`, `threads` counts its tasks."""

    pid: int
    start: int
    parent: int
    group: int
    session: int
    state: str
    threads: int
    name: str

    @property
    def identity(self) -> Identity:
        """Who it is."""
        return Identity(self.pid, self.start)

    @property
    def gone(self) -> bool:
        """Whether it is dead: a zombie whose threads are dead too.

        A process whose first thread has ended is shown as Z while others, say one that hangs in a
        GPU driver, still hold its memory.
        """
        return self.state in "XZ" and self.threads <= 1

    @property
    def stopped(self) -> bool:
        """Whether SIGSTOP or a terminal holds it."""
        return self.state == "T"


class Delivery(Enum):
    """What became of a signal."""

    SENT = "sent"
    GONE = "gone"
    REFUSED = "refused"


def read_process(pid: int) -> Process | None:
    """The process with this id now, or None."""
    try:
        return _parse(_read(f"/proc/{pid}/stat"))
    except OSError:
        return None


def _read(path: str) -> bytes:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(handle, 1 << 20)
    finally:
        os.close(handle)


def _parse(stat: bytes) -> Process | None:
    """One line of `/proc/PID/stat`; the name in it may hold blanks and brackets."""
    head, _, tail = stat.rpartition(b")")
    pid, _, name = head.partition(b" (")
    field = tail.split()
    if len(field) < _AFTER_NAME:
        return None
    return Process(
        pid=int(pid),
        state=field[0].decode("ascii", "replace"),
        parent=int(field[1]),
        group=int(field[2]),
        session=int(field[3]),
        threads=int(field[17]),
        start=int(field[19]),
        name=os.fsdecode(name),
    )


def processes() -> dict[int, Process]:
    """Every process of this machine that is not dead, by id; kernel threads included."""
    found = (read_process(int(name)) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208
    return {process.pid: process for process in found if process and not process.gone}


def identify(pid: int) -> Identity | None:
    """The identity of the process that has this id now, dead ones included until collected."""
    process = read_process(pid)
    return process and process.identity


def find(identity: Identity | None) -> Process | None:
    """That very process if it lives, else None."""
    process = read_process(identity.pid) if identity else None
    if process is None or process.identity != identity or process.gone:
        return None
    return process


def environment(pid: int) -> frozenset[bytes]:
    """The `NAME=value` entries with which a process was started; empty where unreadable."""
    chunks = []
    with contextlib.suppress(OSError):
        handle = os.open(f"/proc/{pid}/environ", os.O_RDONLY | os.O_CLOEXEC)
        try:
            while chunk := os.read(handle, 1 << 17):
                chunks.append(chunk)
        finally:
            os.close(handle)
    return frozenset(b"".join(chunks).split(b"\0")) - {b""}


def send(target: Identity, number: int) -> Delivery:
    """Sends a signal to that very process, and to no later owner of its id."""
    if target.pid <= 1:
        return Delivery.REFUSED
    if find(target) is None:
        return Delivery.GONE
    try:
        with _held(target.pid) as handle:
            if find(target) is None:
                return Delivery.GONE
            if handle is None:
                os.kill(target.pid, number)
            else:
                signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return Delivery.GONE
    except PermissionError:
        return Delivery.REFUSED
    return Delivery.SENT


@contextlib.contextmanager
def _held(pid: int) -> Iterator[int | None]:
    """A handle that stays with one process even when its id is given away.

    None on kernels before 5.3, and on Pythons that were built for older ones, as conda's are:
    there a few microseconds lie between check and signal.
    """
    if not (hasattr(os, "pidfd_open") and hasattr(signal, "pidfd_send_signal")):
        yield None
        return
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        raise
    except OSError:
        yield None
        return
    try:
        yield handle
    finally:
        os.close(handle)


def describe(process: Process) -> str:
    """One process for people: `4711 (python train.py), sleeping`."""
    state = process.state
    if process.state == "Z":
        # The first thread has ended; the state that matters is that of the thread that has not.
        tasks = (_task_state(process.pid, task) for task in _tasks(process.pid))
        state = next((letter for letter in sorted(tasks) if letter != "Z"), "Z")
    return f"{process.pid} ({_command(process)}), {_STATES.get(state, f'in state {state}')}"


def _tasks(pid: int) -> list[str]:
    try:
        return os.listdir(f"/proc/{pid}/task")  # noqa: PTH208
    except OSError:
        return []


def _task_state(pid: int, task: str) -> str:
    try:
        thread = _parse(_read(f"/proc/{pid}/task/{task}/stat"))
    except OSError:
        return "Z"
    return thread.state if thread else "Z"


def _command(process: Process) -> str:
    """The command line, shortened; the kernel's name for it where that is empty."""
    try:
        line = os.fsdecode(_read(f"/proc/{process.pid}/cmdline").replace(b"\0", b" ").strip())
    except OSError:
        line = ""
    text = "".join(sign if sign.isprintable() else "?" for sign in line or process.name)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
