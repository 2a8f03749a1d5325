"""This node: processors, memory, and the file systems that the run writes to."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import NamedTuple

import psutil

from trainwatch.samples import DiskSample


class HostFigures(NamedTuple):
    """As the attributes of `samples.Sample`."""

    cpu: float | None
    cores: int | None
    load: float | None
    memory_used: int | None
    memory_total: int | None


def host_figures() -> HostFigures:
    """The node as it is now; use of processors is that since the last call."""
    memory = psutil.virtual_memory()
    return HostFigures(
        cpu=psutil.cpu_percent(None),
        cores=psutil.cpu_count(),
        load=os.getloadavg()[0],
        memory_used=memory.total - memory.available,
        memory_total=memory.total,
    )


def disks(paths: Sequence[str]) -> tuple[DiskSample, ...]:
    """The file systems of some paths, each once; those that cannot be asked are left out."""
    found: dict[int, DiskSample] = {}
    for path in paths:
        with contextlib.suppress(OSError):
            device = os.stat(path).st_dev  # noqa: PTH116
            if device not in found:
                usage = psutil.disk_usage(path)
                found[device] = DiskSample(path, usage.free, usage.total)
    return tuple(found.values())
