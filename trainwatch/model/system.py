"""GPUs and hosts of a run as views see them: the newest sample of each, and a short history.

Units: bytes, percent from 0 to 100, degrees Celsius, watts, epoch seconds. None, and NaN in a
history, is what the driver or the system did not tell; a view shows it as "n/a", never as 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from trainwatch.samples import GpuSample, Sample

if TYPE_CHECKING:  # a view's first frame does without numpy
    import numpy as np
    from numpy.typing import NDArray

Series: TypeAlias = "NDArray[np.float64]"
"""One value a sample, oldest first."""


def no_values() -> NDArray[np.float64]:
    """An empty array."""
    import numpy as np  # noqa: PLC0415

    return np.empty(0)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class GpuView(GpuSample):
    """One GPU: its newest sample, or where it is lost the last one in which it answered.

    Attributes:
        host: The node that it is in, as its sampler names it.
        times: When its samples were taken.
        history: By the name of an attribute, as long as `times`: `utilization`, `memory_used`,
            `temperature`, `power`; every sample of late, fewer of long ago.
        silence: Seconds since the driver answered, where it does not: so old are the figures.
    """

    host: str
    times: Series = field(default_factory=no_values)
    history: Mapping[str, Series] = field(default_factory=dict)
    silence: float | None = None

    @property
    def ranks_assumed(self) -> bool:
        """As `GpuSample.assumed`."""
        return self.assumed


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class HostView(Sample):
    """One node: its newest sample.

    Attributes:
        times, history: As `GpuView`; histories of `cpu`, `memory_used`,
            `training_cpu`, `training_memory`.
    """

    times: Series = field(default_factory=no_values)
    history: Mapping[str, Series] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class SystemView:
    """All that is known of the machines of a run.

    Attributes:
        sampled: When the newest sample was taken.
        gpus: By host and index.
        notes: What could not be sampled and why, one sentence each, such as a missing driver.
        here: Whether nobody sampled for the run, and this is the machine that looks, now.
    """

    sampled: float
    gpus: tuple[GpuView, ...] = ()
    hosts: tuple[HostView, ...] = ()
    notes: tuple[str, ...] = ()
    here: bool = False
