"""The training's processes on this node: what they use, and which ranks they are."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import psutil

from trainwatch.samples import RankProcess
from trainwatch.telemetry.ranks import Worker
from trainwatch.telemetry.record import Record

RUN_VARIABLE = "TRAINWATCH_RUN_ID"
"""The supervisor sets it for the training (`supervise.tree`)."""

RESCAN = 10.0
"""Seconds between two looks for new processes; one a sample until ranks are found."""

_SHARE = 0.003
"""Part of one core that these looks may take on a machine with very many processes."""

_FAILURES = (psutil.Error, OSError)


class Use(NamedTuple):
    """What all processes use together, as the attributes of `samples.Sample`."""

    cpu: float | None
    memory: int | None
    processes: int


class _Member:
    """One process: its rank, and its use since the look before (100 a core; None at the first)."""

    def __init__(self, process: psutil.Process) -> None:
        self.process = process
        self.worker = _worker(process)
        self.parent: int | None = None
        self.cpu: float | None = None
        self.memory = 0
        self._spent: float | None = None

    def measure(self, elapsed: float | None) -> bool:
        """Whether it still lives."""
        try:
            with self.process.oneshot():
                times, memory = self.process.cpu_times(), self.process.memory_info()
                self.parent = self.process.ppid()
                if self.process.status() == psutil.STATUS_ZOMBIE:
                    return False
        except _FAILURES:
            return False
        spent = times.user + times.system
        if self._spent is not None and elapsed:
            self.cpu = round(max(0.0, spent - self._spent) / elapsed * 100, 1)
        self._spent, self.memory = spent, memory.rss
        return True


class Training:
    """The process tree of one training; a process that was seen belongs until it ends.

    Args:
        parent: Process id of the supervisor, to which orphans fall.
    """

    def __init__(self, parent: int) -> None:
        self._parent = parent
        self._members: dict[int, _Member] = {}
        self._looked: float | None = None
        self._rescan = 0.0

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The ranks on this node, in order."""
        return tuple(worker for worker, _ in self._leaders())

    @property
    def ranks(self) -> tuple[RankProcess, ...]:
        """The same with what their own processes use."""
        return tuple(
            RankProcess(worker.rank, worker.pid, worker.local_rank, member.cpu, member.memory)
            for worker, member in self._leaders()
        )

    def look(self, record: Record) -> Use:
        """Find who belongs, and what they use since the last look."""
        now = time.monotonic()
        if now >= self._rescan:
            begin = time.thread_time()
            self._scan(record)
            cost = time.thread_time() - begin
            self._rescan = now + max(RESCAN if self.workers else 0.0, cost / _SHARE)
        elapsed = None if self._looked is None else now - self._looked
        self._looked = now
        for pid, member in list(self._members.items()):
            if not member.measure(elapsed):
                del self._members[pid]
        members = self._members.values()
        used = [member.cpu for member in members if member.cpu is not None]
        return Use(
            cpu=round(sum(used), 1) if used else None,
            memory=sum(member.memory for member in members) if members else None,
            processes=len(members),
        )

    def _leaders(self) -> list[tuple[Worker, _Member]]:
        """Of the processes with one rank that below which the others are: not its loaders."""
        ranks = {pid: m.worker.rank for pid, m in self._members.items() if m.worker}
        found = [
            (member.worker, member)
            for member in self._members.values()
            if member.worker and ranks.get(member.parent or 0) != member.worker.rank
        ]
        return sorted(found, key=lambda pair: (pair[0].rank, pair[0].pid))

    def _scan(self, record: Record) -> None:
        for process in self._found(record):
            if process.pid not in self._members:
                self._members[process.pid] = _Member(process)
        for member in self._members.values():
            # A launcher's child has its final environment and its devices only after a while.
            if member.worker is None or not member.worker.uses_gpu:
                member.worker = _worker(member.process)

    def _found(self, record: Record) -> Iterator[psutil.Process]:
        """Everything below the launcher, and what has lost its launcher."""
        for root in self._roots(record):
            yield root
            with contextlib.suppress(*_FAILURES):
                yield from root.children(recursive=True)

    def _roots(self, record: Record) -> Iterator[psutil.Process]:
        launchers = () if record.launcher is None else (record.launcher,)
        for pid in (*launchers, *record.workers):
            with contextlib.suppress(*_FAILURES):
                yield psutil.Process(pid)
        if record.token is not None and self._parent > 1:
            with contextlib.suppress(*_FAILURES):
                for child in psutil.Process(self._parent).children():
                    if _environment(child).get(RUN_VARIABLE) == record.token:
                        yield child


def _environment(process: psutil.Process) -> Mapping[str, str]:
    """That with which it was started; empty where it cannot be read."""
    try:
        return process.environ()
    except _FAILURES:
        return {}


def _worker(process: psutil.Process) -> Worker | None:
    environment = _environment(process)
    rank = _number(environment.get("RANK"))
    if rank is None:
        return None
    return Worker(
        pid=process.pid,
        rank=rank,
        local_rank=_number(environment.get("LOCAL_RANK")),
        visible=environment.get("CUDA_VISIBLE_DEVICES"),
        uses_gpu=_holds_device(process.pid),
    )


def _number(text: str | None) -> int | None:
    plain = text is not None and text.isascii() and text.isdigit() and len(text) <= 7  # noqa: PLR2004 - ranks of no cluster are longer
    return int(text) if text is not None and plain else None


def _holds_device(pid: int) -> bool:
    """Whether a process has a device of the NVIDIA driver open."""
    with contextlib.suppress(OSError), os.scandir(f"/proc/{pid}/fd") as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if os.readlink(entry.path).startswith("/dev/nvidia"):  # noqa: PTH115
                    return True
    return False
