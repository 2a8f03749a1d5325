"""The state of a run's machines, folded from samples; bounded however long the run is."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trainwatch.events import Evidence
from trainwatch.model.system import GpuView, HostView, Series, SystemView
from trainwatch.samples import GpuSample, Sample, quoted, thinned

CAPACITY = 1024
"""Samples of a history; then it is thinned to half, its newest quarter untouched."""

HARD_LIMITS = frozenset(
    ("hw_slowdown", "hw_thermal_slowdown", "sw_thermal_slowdown", "hw_power_brake_slowdown")
)
"""Clock limits that are trouble; a power cap is usual at full load."""

_GPU_HISTORY = ("utilization", "memory_used", "temperature", "power")
_HOST_HISTORY = ("cpu", "memory_used", "training_cpu", "training_memory")
_NOTES = 20
_XIDS = 20
_QUOTED = 400
_UNCORRECTED = "ecc_uncorrected"


class History:
    """Some figures over time."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = tuple(names)
        self._rows: list[tuple[float, ...]] = []

    def add(self, time: float, of: object) -> None:
        """Take the attributes of a sample; NaN where it does not tell."""
        values = (getattr(of, name) for name in self._names)
        self._rows.append((time, *(math.nan if value is None else value for value in values)))
        if len(self._rows) > CAPACITY:
            kept = thinned([row[0] for row in self._rows], CAPACITY // 2)
            self._rows = [self._rows[index] for index in kept]

    def columns(self) -> tuple[Series, Mapping[str, Series]]:
        """Times, and one column a name."""
        table = np.array(self._rows, dtype=np.float64).reshape(-1, len(self._names) + 1)
        return table[:, 0], {name: table[:, i + 1] for i, name in enumerate(self._names)}


@dataclass(slots=True)
class GpuState:
    """One GPU as its samples tell it; places are those of the samples that show it.

    Attributes:
        last: Its newest sample.
        answered: The newest one in which it was not lost.
        ranks, assumed: Who computes on it, by the newest sample that says so.
        lost_at: Where it was first seen lost; None while it answers.
        ecc_rise, ecc_at: Uncorrected memory errors since the first sample, and where it last rose.
        xids: Driver errors, and where each was first reported.
        throttled_since, throttled_at: When the hardware began to hold its clocks down without a
            break in the samples.
    """

    last: GpuSample
    answered: GpuSample | None = None
    ranks: tuple[int, ...] = ()
    assumed: bool = False
    lost_at: Evidence | None = None
    ecc_rise: int = 0
    ecc_at: Evidence | None = None
    xids: dict[int, Evidence] = field(default_factory=dict)
    throttled_since: float | None = None
    throttled_at: Evidence | None = None
    history: History = field(default_factory=lambda: History(_GPU_HISTORY))
    _errors: int | None = None

    def add(self, gpu: GpuSample, time: float, where: Evidence) -> None:
        """Fold its next sample."""
        self.last = gpu
        self.history.add(time, gpu)
        if gpu.ranks:
            self.ranks, self.assumed = gpu.ranks, gpu.assumed
        for xid in gpu.xids:
            if len(self.xids) < _XIDS:
                self.xids.setdefault(xid, where)
        if gpu.lost:
            self.lost_at = self.lost_at or where
            return
        self.answered, self.lost_at = gpu, None
        self._count_errors(gpu.errors.get(_UNCORRECTED), where)
        if not HARD_LIMITS.intersection(gpu.throttled):
            self.throttled_since = self.throttled_at = None
        elif self.throttled_since is None:
            self.throttled_since, self.throttled_at = time, where

    def _count_errors(self, count: int | None, where: Evidence) -> None:
        # The counter holds what was there before the run, and begins anew with the driver.
        if count is None:
            return
        if self._errors is not None and count > self._errors:
            self.ecc_rise += count - self._errors
            self.ecc_at = where
        self._errors = count


@dataclass(slots=True)
class HostState:
    """One node as its samples tell it.

    Attributes:
        last, where: Its newest sample, and where it stands.
        notes: What could not be sampled.
        silent_at: Where the driver fell silent; None while it answers.
    """

    last: Sample
    where: Evidence
    gpus: dict[int, GpuState] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    silent_at: Evidence | None = None
    history: History = field(default_factory=lambda: History(_HOST_HISTORY))

    def add(self, sample: Sample, where: Evidence) -> None:
        """Fold the next sample of this node."""
        self.last, self.where = sample, where
        if sample.gpu_silence is None:
            self.silent_at = None
        elif self.silent_at is None:
            self.silent_at = where
        self.history.add(sample.time, sample)
        for note in sample.notes:
            if len(self.notes) < _NOTES:
                self.notes[note] = None
        for gpu in sample.gpus:
            state = self.gpus.get(gpu.index)
            if state is None:
                state = self.gpus[gpu.index] = GpuState(gpu)
            state.add(gpu, sample.time, where._replace(text=quoted(gpu)[:_QUOTED]))


class Machines:
    """All nodes that sample for a run, by the file that each writes."""

    def __init__(self) -> None:
        self._files: dict[str, dict[str, HostState]] = {}

    def add(self, sample: Sample, where: Evidence) -> None:
        """Fold one sample; those of one file come in their order."""
        hosts = self._files.setdefault(where.file, {})
        state = hosts.get(sample.host)
        if state is None:
            state = hosts[sample.host] = HostState(sample, where)
        state.add(sample, where)

    def forget(self, file: str) -> None:
        """A file was replaced and is read from its beginning."""
        self._files.pop(file, None)

    def hosts(self) -> Iterator[HostState]:
        """Every node, by name."""
        hosts = [host for file in self._files.values() for host in file.values()]
        yield from sorted(hosts, key=lambda host: host.last.host)

    def view(self) -> SystemView | None:
        """What views see; None where nothing was sampled."""
        hosts = list(self.hosts())
        if not hosts:
            return None
        several = len(hosts) > 1
        return SystemView(
            sampled=max(host.last.time for host in hosts),
            gpus=tuple(_gpu(host, index) for host in hosts for index in sorted(host.gpus)),
            hosts=tuple(map(_host, hosts)),
            notes=tuple(
                f"{host.last.host}: {note}" if several else note
                for host in hosts
                for note in _notes(host)
            ),
        )


def _gpu(host: HostState, index: int) -> GpuView:
    state = host.gpus[index]
    times, history = state.history.columns()
    known = {
        **_fields(state.answered or state.last),
        "ranks": state.ranks,
        "assumed": state.assumed,
        "lost": state.lost_at is not None,
    }
    return GpuView(
        **known, host=host.last.host, times=times, history=history, silence=host.last.gpu_silence
    )


def _host(host: HostState) -> HostView:
    times, history = host.history.columns()
    return HostView(**_fields(host.last), times=times, history=history)


def _fields(sample: GpuSample | Sample) -> dict[str, Any]:
    return {name: getattr(sample, name) for name in sample.__dataclass_fields__}


def _notes(host: HostState) -> Iterator[str]:
    silence = host.last.gpu_silence
    if silence is not None:
        old = "GPU figures are" if host.gpus else "the NVIDIA driver has not answered for"
        yield f"{old} {silence:.0f} s{' old: the driver does not answer' if host.gpus else ''}."
    yield from host.notes
