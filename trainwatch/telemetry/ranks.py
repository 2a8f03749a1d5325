"""Which rank computes on which GPU."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from trainwatch.samples import GpuSample


@dataclass(frozen=True, slots=True)
class Worker:
    """A process of the training that has a rank in its environment.

    Attributes:
        local_rank: As torchrun numbers the workers of this node.
        visible: CUDA_VISIBLE_DEVICES; None where it is not set.
        uses_gpu: Whether it holds a device of the driver open.
    """

    pid: int
    rank: int
    local_rank: int | None = None
    visible: str | None = None
    uses_gpu: bool = False


def assign(
    gpus: Sequence[GpuSample], workers: Sequence[Worker], *, same_numbers: bool
) -> tuple[GpuSample, ...]:
    """The GPUs with the ranks that compute on them.

    The driver names processes by the host's numbers. In a container these are not ours; then the
    usual `cuda:LOCAL_RANK` is assumed of workers that hold a device open, and marked as assumed.

    Args:
        gpus: As the driver tells.
        workers: Those of this node.
        same_numbers: Whether the driver's process ids are those of this process.
    """
    if same_numbers and any(gpu.processes for gpu in gpus):
        by_pid = {worker.pid: worker.rank for worker in workers}
        return tuple(_with_ranks(gpu, by_pid) for gpu in gpus)
    ranks: dict[int, list[int]] = {}
    for worker in workers:
        index = _usual_device(worker, gpus) if worker.uses_gpu else None
        if index is not None:
            ranks.setdefault(index, []).append(worker.rank)
    return tuple(
        replace(gpu, ranks=tuple(sorted(set(ranks[gpu.index]))), assumed=True)
        if gpu.index in ranks
        else gpu
        for gpu in gpus
    )


def _with_ranks(gpu: GpuSample, by_pid: Mapping[int, int]) -> GpuSample:
    processes = tuple(replace(process, rank=by_pid.get(process.pid)) for process in gpu.processes)
    return replace(gpu, processes=processes, ranks=_sorted(process.rank for process in processes))


def _sorted(ranks: Iterable[int | None]) -> tuple[int, ...]:
    return tuple(sorted({rank for rank in ranks if rank is not None}))


def _usual_device(worker: Worker, gpus: Sequence[GpuSample]) -> int | None:
    """The GPU that `cuda:LOCAL_RANK` is, or the only visible one."""
    known = {gpu.index for gpu in gpus}
    if worker.visible is None:
        return worker.local_rank if worker.local_rank in known else None
    entries = [entry.strip() for entry in worker.visible.split(",")]
    place = 0 if len(entries) == 1 else worker.local_rank
    if place is None or place >= len(entries):
        return None
    entry = entries[place]
    if entry.isascii() and entry.isdigit():
        return int(entry) if int(entry) in known else None
    named = [gpu.index for gpu in gpus if _is_named(entry, gpu)]
    return named[0] if len(named) == 1 else None


def _is_named(entry: str, gpu: GpuSample) -> bool:
    """Whether an entry means a GPU or one of its instances, by a UUID or the beginning of one."""
    if entry.startswith(_OLD_INSTANCE):  # MIG-GPU-UUID/instance/part, before driver 470
        return gpu.uuid is not None and gpu.uuid == entry.removeprefix("MIG-").partition("/")[0]
    return bool(entry) and any(uuid.startswith(entry) for uuid in (gpu.uuid or "", *gpu.instances))


_OLD_INSTANCE = "MIG-GPU-"
