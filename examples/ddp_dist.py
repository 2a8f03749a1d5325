"""The process group of the example: one rank of many under torchrun, or a single plain process."""

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

T = TypeVar("T")


@dataclass(frozen=True)
class World:
    """This process's place among all, and the few collectives the training needs."""

    rank: int
    size: int
    local_rank: int
    device: torch.device
    distributed: bool

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    def wrap(self, model: nn.Module) -> nn.Module:
        if not self.distributed:
            return model
        devices = [self.local_rank] if self.device.type == "cuda" else None
        return DistributedDataParallel(model, device_ids=devices)

    def barrier(self) -> None:
        if self.distributed:
            dist.barrier()

    def sum(self, value: Tensor) -> Tensor:
        """The sum over all ranks, in place."""
        if self.distributed:
            dist.all_reduce(value)
        return value

    def broadcast(self, value: T) -> T:
        """Rank 0's value, on every rank."""
        if not self.distributed:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def gather(self, value: T) -> list[T]:
        """The values of all ranks in order, on rank 0; an empty list elsewhere."""
        if not self.distributed:
            return [value]
        box: list[T | None] | None = [None] * self.size if self.is_main else None
        dist.gather_object(value, box, dst=0)
        return cast("list[T]", box or [])

    def close(self) -> None:
        if self.distributed:
            dist.destroy_process_group()


def join_world(timeout: timedelta) -> World:
    """Join the process group torchrun prepared; without torchrun, a world of one."""
    local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    device = pick_device(local_rank)
    if "RANK" not in os.environ:
        return World(0, 1, 0, device, distributed=False)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=timeout)
    return World(dist.get_rank(), dist.get_world_size(), local_rank, device, distributed=True)


def pick_device(local_rank: int) -> torch.device:
    if not torch.cuda.is_available():
        return torch.device("cpu")
    device = torch.device("cuda", local_rank)
    torch.cuda.set_device(device)
    return device
