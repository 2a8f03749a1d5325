#!/usr/bin/env python3
"""A training that hangs in one of the less usual ways; see FAULTS. For `odd_matrix.py`.

torchrun … odd_training.py FAULT DIRECTORY
"""

import ctypes
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
import torch.distributed as dist
from torch.utils.data import DataLoader, IterableDataset

FAULT, TARGET = sys.argv[1], Path(sys.argv[2])
RANK = int(os.environ["RANK"])
AT = 12
FOREVER = 86400.0

log = logging.getLogger("train")


class Numbers(IterableDataset[torch.Tensor]):
    """Batches without an end; one of rank 1 may take a while."""

    def __iter__(self) -> Iterator[torch.Tensor]:
        for index in range(10**9):
            self._make(index)
            yield torch.randn(4, 8)

    def _make(self, index: int) -> None:
        if index == AT and RANK == 1 and FAULT in LOADING:
            LOADING[FAULT]()


def read_fifo() -> None:
    """A file system that does not answer: interruptible, as NFS with `intr` or FUSE."""
    path = TARGET / "never"
    os.mkfifo(path)
    path.read_bytes()


def wait_in_the_kernel() -> None:
    """State D, whatever signal comes: the parent of a vfork waits so."""
    path = TARGET / "never"
    os.mkfifo(path)
    action = (os.POSIX_SPAWN_OPEN, 0, str(path), os.O_RDONLY, 0)
    os.posix_spawn("/bin/true", ["true"], {}, file_actions=[action])


def fork_and_wait() -> None:
    """A child made by a plain fork, which waits for a lock that another thread held."""
    lock = threading.Lock()
    lock.acquire()
    child = os.fork()
    if child == 0:
        lock.acquire()
    os.waitpid(child, 0)


LOADING: dict[str, Callable[[], None]] = {
    "fifo": read_fifo,
    "uninterruptible": wait_in_the_kernel,
    "fork": fork_and_wait,
}


def save_to_a_full_pipe() -> None:
    """`torch.save` to storage that takes no more."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as file:
        log.info("Saving checkpoint")
        torch.save({"weights": torch.zeros(1 << 20)}, file)
    os.close(reader)


def lock_twice() -> None:
    """A deadlock of threads of the training's own."""
    one, two = threading.Lock(), threading.Lock()

    def other() -> None:
        with two:
            time.sleep(0.2)
            one.acquire()

    thread = threading.Thread(target=other, daemon=True)
    with one:
        thread.start()
        time.sleep(0.1)
        two.acquire()


def call_c() -> None:
    """A C function that releases the lock of the interpreter, as ctypes does, and does not return."""
    ctypes.CDLL(None).sleep(86400)


def compute_for_ever() -> None:
    """A loop whose end is never reached."""
    number = 27
    while number:
        number = 3 * number + 1 if number % 2 else number // 2 or 1


def run_a_program() -> None:
    """A program that was started does not end."""
    os.system("sleep 86400")


STEP: dict[str, tuple[int, Callable[[], None]]] = {
    "save": (0, save_to_a_full_pipe),
    "lock": (1, lock_twice),
    "c_call": (1, call_c),
    "endless": (1, compute_for_ever),
    "program": (1, run_a_program),
}


def set_up() -> None:
    TARGET.joinpath("logs").mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=TARGET / "logs" / f"debug_rank{RANK}_20261121_100000.log",
        format="%(asctime)s [%(levelname)s] %(message)s",
        level=logging.DEBUG,
    )
    log.info("Starting training...")
    if FAULT == "never_joins" and RANK == 1:
        time.sleep(FOREVER)
    dist.init_process_group("gloo")
    log.debug("[Rank %d] init done world=%d pid=%d", RANK, dist.get_world_size(), os.getpid())


def train(steps: int) -> None:
    """The loop."""
    log.debug("[Rank %d] ========== EPOCH 0 TRAINING START ==========", RANK)
    model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(8, 8))
    workers = 1 if FAULT == "fork" else 0
    loader = iter(DataLoader(Numbers(), batch_size=None, num_workers=workers))
    for step in range(steps):
        batch = next(loader)
        loss = model(batch).square().mean()
        loss.backward()
        rank, act = STEP.get(FAULT, (None, None))
        if step == AT and rank == RANK and act is not None:
            act()
        if step == AT:
            meet()
        log.debug("[Rank %d] Training step %d, loss=%.4f", RANK, step, loss.item())
        time.sleep(0.05)
    log.debug("[Rank %d] ========== EPOCH 0 TRAINING END ==========", RANK)


def meet() -> None:
    """Where ranks meet, or do not."""
    one = torch.ones(4)
    if FAULT == "barrier":
        if RANK == 1:
            time.sleep(FOREVER)
        dist.barrier()
    elif FAULT == "order":
        first, second = (dist.all_reduce, lambda x: dist.broadcast(x, 0))
        for call in (second, first) if RANK == 1 else (first, second):
            call(one)
    elif FAULT == "groups":  # two groups entered in opposite order
        a, b = dist.new_group([0, 1]), dist.new_group([0, 1, 2])
        for group in (b, a) if RANK == 1 else (a, b):
            if RANK != 2 or group is b:
                dist.all_reduce(one, group=group)


def leave() -> None:
    """The end, which may take for ever."""
    if FAULT == "teardown" and RANK == 1:
        time.sleep(FOREVER)
    dist.barrier()
    dist.destroy_process_group()
    if FAULT == "exit" and RANK == 1:
        threading.Thread(target=time.sleep, args=(FOREVER,)).start()


if __name__ == "__main__":
    set_up()
    short = FAULT in ("teardown", "exit")
    train(40 if short else 10**9)
    log.info("Training complete")
    leave()
