"""What a training consists of between two batches, and how it is saved and resumed."""

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from ddp_checkpoint import (
    CheckpointError,
    Progress,
    load,
    newest_sound,
    random_state,
    restore_random_state,
)
from ddp_dist import World
from ddp_model import ConvAutoencoder
from ddp_options import NEWEST, Options
from torch import nn
from torch.optim.lr_scheduler import LambdaLR


class UsageError(Exception):
    """The options do not fit this job; the text says why."""


@dataclass(frozen=True)
class Shape:
    """What must be the same for a checkpoint's position within an epoch to hold."""

    ranks: int
    workers: int
    batch_size: int
    batches: int
    accumulate: int
    seed: int


@dataclass
class TrainState:
    """`core` is the model itself, `model` the same wrapped for gradient synchronisation."""

    core: nn.Module
    model: nn.Module
    optimizer: torch.optim.Optimizer
    scheduler: LambdaLR
    scaler: torch.amp.GradScaler
    progress: Progress

    @property
    def lr(self) -> float:
        return float(self.optimizer.param_groups[0]["lr"])

    def set_lr(self, value: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = value

    def content(self, random_states: list[dict[str, Any]], shape: Shape) -> dict[str, Any]:
        return {
            "model": self.core.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "scaler": self.scaler.state_dict(),
            "progress": asdict(self.progress),
            "random": random_states,
            "shape": asdict(shape),
        }

    def restore(self, content: dict[str, Any]) -> None:
        self.core.load_state_dict(content["model"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.scheduler.load_state_dict(content["scheduler"])
        if self.scaler.is_enabled():
            self.scaler.load_state_dict(content["scaler"])
        self.progress = Progress(**content["progress"])


def build_state(options: Options, world: World, decay: Callable[[int], float]) -> TrainState:
    """A fresh training: the same weights on all ranks, random states of their own."""
    torch.manual_seed(options.seed)
    core = ConvAutoencoder().to(world.device)
    optimizer = torch.optim.Adam(core.parameters(), lr=options.lr)
    state = TrainState(
        core,
        world.wrap(core),
        optimizer,
        LambdaLR(optimizer, decay),
        torch.amp.GradScaler(
            world.device.type,
            enabled=options.amp and amp_type(world.device) is torch.float16,
        ),
        Progress(),
    )
    random.seed(f"{options.seed} {world.rank}")
    torch.manual_seed(options.seed * 10_007 + world.rank + 1)
    return state


def amp_type(device: torch.device) -> torch.dtype:
    if device.type == "cuda" and not torch.cuda.is_bf16_supported():
        return torch.float16
    return torch.bfloat16


def find_checkpoint(options: Options, world: World, complain: Callable[[str], None]) -> Path | None:
    """The checkpoint to continue from; rank 0 chooses for all."""
    if options.resume is None:
        return None
    if options.resume != NEWEST:
        return Path(options.resume)
    directory = options.output_dir / "checkpoints"
    return world.broadcast(newest_sound(directory, complain) if world.is_main else None)


def resume(
    path: Path, state: TrainState, shape: Shape, rank: int, complain: Callable[[str], None]
) -> None:
    """Continue exactly where the checkpoint was written, if the job has the same shape."""
    try:
        content = load(path)
    except CheckpointError as error:
        raise UsageError(f"cannot resume from {path}: {error}") from error
    state.restore(content)
    if content["shape"] != asdict(shape):
        complain(f"{path.name} is of a job of another shape: its epoch starts again")
        state.progress.start_epoch(state.progress.epoch)
    else:
        restore_random_state(content["random"][rank])


def capture(state: TrainState, world: World, shape: Shape) -> dict[str, Any]:
    """A checkpoint's content, with the random states of all ranks; whole on rank 0 only."""
    return state.content(world.gather(random_state()), shape)
