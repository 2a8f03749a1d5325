"""GPUs and hosts of a run as views see them: the newest sample of each, and a short history.

Units: bytes, percent from 0 to 100, degrees Celsius, watts, epoch seconds. None, and NaN in a
history, is what the driver or the system did not tell; a view shows it as "n/a", never as 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:  # a view's first frame does without numpy
    import numpy as np
    from numpy.typing import NDArray

Series: TypeAlias = "NDArray[np.float64]"
"""One value a sample, oldest first."""


def no_values() -> NDArray[np.float64]:
    """An empty array."""
    import numpy as np  # noqa: PLC0415

    return np.empty(0)


@dataclass(frozen=True, slots=True, eq=False)
class GpuView:
    """One GPU.

    Attributes:
        host: The node that it is in, as its sampler names it.
        index: Its number on that node, as the driver counts.
        ranks: Global ranks that compute on it, where known.
        ranks_assumed: Whether they only follow from LOCAL_RANK, because a container hides which
            processes compute on it; a view marks them, for example `3?`.
        throttled: Why its clocks are held down, in the driver's terms; empty when they are not.
        errors: Counters that must be 0, such as `ecc_uncorrected`, by name.
        lost: Whether it no longer answers; its other values are then the last known ones.
        times: When its samples were taken.
        history: By the name of an attribute, as long as `times`: `utilization`, `memory_used`,
            `temperature`, `power`; every sample of late, fewer of long ago.
    """

    host: str
    index: int
    uuid: str | None = None
    name: str | None = None
    ranks: tuple[int, ...] = ()
    ranks_assumed: bool = False
    utilization: float | None = None
    memory_used: int | None = None
    memory_total: int | None = None
    temperature: float | None = None
    power: float | None = None
    power_limit: float | None = None
    throttled: tuple[str, ...] = ()
    errors: Mapping[str, int] = field(default_factory=dict)
    lost: bool = False
    times: Series = field(default_factory=no_values)
    history: Mapping[str, Series] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DiskView:
    """One file system that the run writes to."""

    path: str
    free: int
    total: int


@dataclass(frozen=True, slots=True, eq=False)
class HostView:
    """One node.

    Attributes:
        cpu: Use of all its cores together, 0 to 100.
        training_cpu: Use by the training's processes, 100 a core.
        training_memory: Resident bytes of the training's processes; what they share counts for each.
        processes: How many these are.
        times, history: As `GpuView`; histories of `cpu`, `memory_used`,
            `training_cpu`, `training_memory`.
    """

    host: str
    cpu: float | None = None
    cores: int | None = None
    load: float | None = None
    memory_used: int | None = None
    memory_total: int | None = None
    training_cpu: float | None = None
    training_memory: int | None = None
    processes: int | None = None
    disks: tuple[DiskView, ...] = ()
    times: Series = field(default_factory=no_values)
    history: Mapping[str, Series] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class SystemView:
    """All that is known of the machines of a run.

    Attributes:
        sampled: When the newest sample was taken.
        gpus: By host and index.
        notes: What could not be sampled and why, one sentence each, such as a missing driver.
    """

    sampled: float
    gpus: tuple[GpuView, ...] = ()
    hosts: tuple[HostView, ...] = ()
    notes: tuple[str, ...] = ()
