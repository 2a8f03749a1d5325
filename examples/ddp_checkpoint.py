"""Checkpoints that a training can continue from exactly.

A checkpoint is written to a temporary file, flushed to disk and renamed, so that a file under its
final name is whole, unless something damaged it later. A damaged one is found by its checksums
(torch.load alone does not look at them), and the next older one is used.
"""

import os
import random
import re
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

NAME = re.compile(r"checkpoint-(\d+)\.pt")
REQUIRED = {"model", "optimizer", "scheduler", "scaler", "progress", "random", "shape"}
KEEP = 3


class CheckpointError(Exception):
    """A checkpoint that cannot be used; the text says why."""


@dataclass
class Progress:
    """The position of a training, and the running figures of its current epoch.

    `batch` is the next batch of the epoch, `step` counts optimizer updates of the whole run.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    loss_min: float = float("inf")
    loss_max: float = float("-inf")
    seconds: float = 0.0

    def add(self, loss: float) -> None:
        self.batch += 1
        self.loss_sum += loss
        # A NaN must stay visible in the epoch's summary; min() and max() would drop it.
        self.loss_min = loss if loss != loss else min(self.loss_min, loss)  # noqa: PLR0124
        self.loss_max = loss if loss != loss else max(self.loss_max, loss)  # noqa: PLR0124

    @property
    def mean(self) -> float:
        return self.loss_sum / self.batch if self.batch else float("nan")

    def start_epoch(self, epoch: int) -> None:
        fresh = Progress(epoch=epoch, step=self.step)
        self.__dict__.update(asdict(fresh))


def random_state() -> dict[str, Any]:
    """This rank's random states."""
    return {
        "python": random.getstate(),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
    }


def restore_random_state(state: dict[str, Any]) -> None:
    random.setstate(state["python"])
    torch.set_rng_state(state["torch"])
    if state["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])


def write_atomically(content: object, path: Path, before_rename: Callable[[], None]) -> None:
    """Save `content` so that `path` never names half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".tmp")
    with part.open("wb") as file:
        torch.save(content, file)
        before_rename()
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


def step_of(path: Path) -> int:
    match = NAME.fullmatch(path.name)
    return int(match[1]) if match else -1


def list_checkpoints(directory: Path) -> list[Path]:
    """The checkpoints of a run, newest first."""
    found = [path for path in directory.glob("checkpoint-*.pt") if step_of(path) >= 0]
    return sorted(found, key=step_of, reverse=True)


def prune(directory: Path) -> None:
    for path in list_checkpoints(directory)[KEEP:]:
        path.unlink()


def load(path: Path) -> dict[str, Any]:
    """The content of a checkpoint, on the CPU.

    Raises:
        CheckpointError: it is missing, damaged, or not a checkpoint of this example.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # the ways in which a damaged file fails to load have no common base
        raise CheckpointError(str(error).splitlines()[0] if str(error) else repr(error)) from error
    if broken is not None:
        raise CheckpointError(f"checksum of {broken} is wrong")
    if not isinstance(content, dict) or not content.keys() >= REQUIRED:
        raise CheckpointError("not a checkpoint of this training")
    return content


def newest_sound(directory: Path, complain: Callable[[str], None]) -> Path | None:
    """The newest checkpoint that loads; each damaged one is told to `complain`."""
    for path in list_checkpoints(directory):
        try:
            load(path)
        except CheckpointError as error:
            complain(f"{path.name} is damaged ({error}), trying the next older one")
        else:
            return path
    return None
