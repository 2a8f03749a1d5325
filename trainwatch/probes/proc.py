"""Processes as `/proc` shows them; whatever cannot be read is None or empty."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_AFTER_NAME = 22
_ENVIRONMENT = 1 << 20
MAX_FILES = 2000
_SHOWN = 20


@dataclass(frozen=True)
class Process:
    """One process; `cpu` in seconds, `start` in clock ticks since boot; `told`: its rank, as it says."""

    pid: int
    parent: int
    name: str
    state: str
    cpu: float
    start: int
    told: int | None = None

    @cached_property
    def environment(self) -> dict[str, str]:
        """With which it was started."""
        entries = read(self.pid, "environ", _ENVIRONMENT).split(b"\0")
        pairs = (os.fsdecode(entry).partition("=") for entry in entries)
        return {name: value for name, sign, value in pairs if sign}

    @property
    def rank(self) -> int | None:
        """The global rank that it was given, or says that it has."""
        if self.told is not None:
            return self.told
        text = self.environment.get("RANK", "")
        return int(text) if text.isdecimal() and len(text) < 8 else None  # noqa: PLR2004


def read(pid: int, name: str, most: int = 1 << 16) -> bytes:
    """A file of a process; empty where it cannot be read."""
    try:
        with Path("/proc", str(pid), name).open("rb") as file:
            return file.read(most)
    except OSError:
        return b""


def process(pid: int) -> Process | None:
    """The process of that id, unless it is gone."""
    head, _, tail = read(pid, "stat").rpartition(b")")
    field = tail.split()
    if len(field) < _AFTER_NAME or field[0] in (b"Z", b"X"):
        return None
    return Process(
        pid=pid,
        parent=int(field[1]),
        name=os.fsdecode(head.partition(b" (")[2]),
        state=field[0].decode("ascii", "replace"),
        cpu=(int(field[11]) + int(field[12])) / _TICKS,
        start=int(field[19]),
    )


def processes() -> dict[int, Process]:
    """All that live, by id."""
    found = (process(int(name)) for name in os.listdir("/proc") if name.isdecimal())  # noqa: PTH208
    return {one.pid: one for one in found if one is not None}


def wchan(pid: int) -> str:
    """Where it sleeps in the kernel; "" where that is not shown."""
    text = read(pid, "wchan", 100).decode("ascii", "replace").strip()
    return "" if text == "0" else text.partition(".")[0]  # the compiler's copies: x.constprop.0


def moved_bytes(pid: int) -> int | None:
    """Bytes that it has read and written so far, through any system call."""
    counts = {}
    for line in read(pid, "io").splitlines():
        name, _, count = line.partition(b":")
        counts[name] = int(count) if count.strip().isdigit() else 0
    return counts[b"rchar"] + counts[b"wchar"] if b"rchar" in counts else None


def open_files(pid: int) -> list[str]:
    """Paths of the regular files that it holds open."""
    found = []
    directory = f"/proc/{pid}/fd"
    try:
        for name in os.listdir(directory)[:MAX_FILES]:  # noqa: PTH208
            try:
                path = os.readlink(f"{directory}/{name}")  # noqa: PTH115
            except OSError:
                continue
            if path.startswith("/") and not path.startswith(("/dev/", "/proc/", "/sys/")):
                found.append(path)
    except OSError:
        return []
    return found


def named_paths(pid: int) -> list[str]:
    """What the words of its command line are as paths, options' values too."""
    try:
        place = os.readlink(f"/proc/{pid}/cwd")  # noqa: PTH115
    except OSError:
        return []
    words = [os.fsdecode(word) for word in read(pid, "cmdline").split(b"\0")[1:] if word]
    values = [word.partition("=")[2] if word.startswith("-") else word for word in words]
    return [os.path.join(place, value) for value in values if value]  # noqa: PTH118


def catches(pid: int, number: int) -> bool:
    """Whether a process has a handler for a signal."""
    for line in read(pid, "status").splitlines():
        if line.startswith(b"SigCgt:"):
            return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return False


def descendants(root: int, every: dict[int, Process]) -> list[Process]:
    """All below a process, nearest first."""
    found: list[Process] = []
    front = {root}
    while front:
        below = [one for one in every.values() if one.parent in front]
        found += below
        front = {one.pid for one in below}
    return found
