"""Faults that the example can inject into itself, on its real code paths.

Each kind of fault is one row of KINDS: where in the training it strikes, what it does there, and
how it looks to the other ranks. `Faults.reach` runs those that are an action; those that change
the training's own flow (a collective skipped, a learning rate of 0) are asked for with `strikes`.
"""

import ctypes
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import NoReturn

import torch

FOREVER = 365 * 86400.0


class Point(Enum):
    """Where a fault strikes."""

    START = "after the process group is up, before the model is built"
    LOADER = "in the data set, as it makes the batch"
    BATCH = "at the start of the batch, before the forward pass"
    METRICS = "after the batch's collectives, before its log line"
    TRAIN_END = "between TRAINING END and the barrier before VALIDATION START"
    SCHEDULER = "inside the learning-rate scheduler's step"
    CHECKPOINT = "while rank 0 writes a checkpoint"


# Points that are not passed in every batch: the fault strikes at the first one after its batch.
ONCE_AN_EPOCH = {Point.TRAIN_END, Point.SCHEDULER, Point.CHECKPOINT}


class InjectedError(RuntimeError):
    """What the fault `exception` raises."""


def _sleep(seconds: float, _rank: int) -> None:
    time.sleep(seconds)


def _hold_gil(seconds: float, _rank: int) -> None:
    # PyDLL keeps the GIL during the call. Locking a mutex twice blocks, and unlike sleep()
    # it goes on blocking after a signal handler has run.
    libc = ctypes.PyDLL(None)
    mutex = ctypes.create_string_buffer(64)
    until = (ctypes.c_long * 2)(int(time.time() + seconds), 0)
    libc.pthread_mutex_lock(mutex)
    libc.pthread_mutex_timedlock(mutex, until)


def _send(number: signal.Signals) -> Callable[[float, int], None]:
    return lambda _seconds, _rank: os.kill(os.getpid(), number)


def _raise(_seconds: float, rank: int) -> NoReturn:
    raise InjectedError(f"injected failure on rank {rank}")


def _out_of_memory(_seconds: float, rank: int) -> NoReturn:
    raise torch.OutOfMemoryError(
        f"CUDA out of memory. Tried to allocate 2.50 GiB. GPU {rank} has a total capacity of "
        f"79.15 GiB of which 1.31 GiB is free. Process {os.getpid()} has 77.83 GiB memory in use. "
        "Of the allocated memory 75.02 GiB is allocated by PyTorch, and 1.97 GiB is reserved by "
        "PyTorch but unallocated. (injected by --inject oom: no GPU was involved)"
    )


def _cuda_error(_seconds: float, _rank: int) -> NoReturn:
    raise torch.AcceleratorError(
        "CUDA error: an illegal memory access was encountered "
        "(injected by --inject cuda_error: no GPU was involved)\n"
        "CUDA kernel errors might be asynchronously reported at some other API call, so the "
        "stacktrace below might be incorrect.\n"
        "For debugging consider passing CUDA_LAUNCH_BLOCKING=1"
    )


@dataclass(frozen=True)
class Kind:
    """A kind of fault. Without an action it is a matter of the training's own flow."""

    help: str
    point: Point | None = None
    act: Callable[[float, int], None] | None = None
    seconds: float = FOREVER
    repeats: bool = False
    all_ranks: bool = False
    needs_workers: bool | None = None
    rank: int = 1


KINDS: dict[str, Kind] = {
    "loader_sleep": Kind(
        "the data set sleeps in the training process itself (needs --num_workers 0)",
        Point.LOADER, _sleep, needs_workers=False,
    ),
    "loader_child_hang": Kind(
        "the data set sleeps in a DataLoader worker process (needs --num_workers)",
        Point.LOADER, _sleep, needs_workers=True,
    ),
    "loader_worker_kill": Kind(
        "a DataLoader worker process is killed with SIGKILL (needs --num_workers)",
        Point.LOADER, _send(signal.SIGKILL), needs_workers=True,
    ),
    "bad_shard": Kind(
        "one file of this rank's training data cannot be read; the training goes on",
    ),
    "skip_collective": Kind("the rank leaves out the all-reduce of the loss in one batch"),
    "skip_last_collective": Kind("the same in the epoch's last batch", repeats=True),
    "uneven": Kind("the rank's data end at this batch, before the others', without Join"),
    "checkpoint_hang": Kind(
        "rank 0 sleeps in the next checkpoint's save", Point.CHECKPOINT, _sleep, rank=0
    ),
    "exception": Kind("the rank raises an exception", Point.BATCH, _raise),
    "sigkill": Kind("the rank kills itself with SIGKILL", Point.BATCH, _send(signal.SIGKILL)),
    "sigstop": Kind("the rank stops itself with SIGSTOP", Point.BATCH, _send(signal.SIGSTOP)),
    "straggler": Kind(
        "the rank is slow in every batch from this one on",
        Point.BATCH, _sleep, seconds=0.1, repeats=True,
    ),
    "nan": Kind("the rank's batch holds a NaN, so its loss is NaN, and then everybody's"),
    "explosion": Kind(
        "the learning rate is 10,000 times too high from this batch on",
        repeats=True, all_ranks=True,
    ),
    "lr_zero": Kind("the learning rate is 0 from this batch on", repeats=True, all_ranks=True),
    "gil": Kind("the rank holds the GIL in a C call that does not return", Point.BATCH, _hold_gil),
    "scheduler_hang": Kind(
        "the rank sleeps in the scheduler's next step", Point.SCHEDULER, _sleep
    ),
    "sync_hang": Kind(
        "the rank never reaches the barrier between TRAINING END and VALIDATION START",
        Point.TRAIN_END, _sleep,
    ),
    "silent": Kind(
        "the rank falls silent in the loop, just before it logs the batch", Point.METRICS, _sleep
    ),
    "oom": Kind("the rank raises torch.OutOfMemoryError", Point.BATCH, _out_of_memory),
    "cuda_error": Kind("the rank raises a CUDA error", Point.BATCH, _cuda_error),
    "slow_start": Kind(
        "the rank sleeps before it builds the model", Point.START, _sleep, seconds=30.0
    ),
}  # fmt: skip


@dataclass
class Faults:
    """The fault injected into this process, if any.

    `at` counts the batches of the whole run from 0, whatever the accumulation. With a `marker`
    file a fault strikes in one attempt only: the file is written as it strikes, and an attempt
    that finds it there at its start is not `armed`.
    """

    name: str | None
    rank: int
    at: int
    seconds: float | None = None
    marker: Path | None = None
    armed: bool = True
    _done: bool = False

    def reach(self, point: Point, batch: int) -> None:
        """Do what the fault does at this point, if it is due."""
        kind = KINDS.get(self.name or "")
        if kind is None or kind.act is None or kind.point is not point:
            return
        if self.armed and self._is_due(kind, batch):
            self._strike()
            kind.act(kind.seconds if self.seconds is None else self.seconds, self.rank)

    def strikes(self, name: str, batch: int) -> bool:
        """Whether the fault `name`, one of the training's own flow, holds for this batch."""
        if self.name != name or not self.armed or not self._is_due(KINDS[name], batch):
            return False
        self._strike()
        return True

    def _is_due(self, kind: Kind, batch: int) -> bool:
        if kind.point is Point.START:
            return True
        if kind.repeats:
            return batch >= self.at
        if kind.point in ONCE_AN_EPOCH:
            return batch >= self.at and not self._done
        return batch == self.at

    def _strike(self) -> None:
        self._done = True
        if self.marker is not None:
            self.marker.touch()


def table() -> str:
    """The kinds, for --help."""
    rows = [f"  {name:<21}{kind.help}" for name, kind in KINDS.items()]
    return "\n".join(["kinds of --inject:", *rows])
