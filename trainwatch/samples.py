"""One sample of one node's GPUs and processes, and the JSON line in `system.jsonl` that holds it.

The sampler writes these lines, the readers fold them; both meet here. Units: bytes, percent from 0 to
100, degrees Celsius, watts, epoch seconds. None is what the driver or the system did not tell; it is
never written as 0. Standard library only, because the sampler must stay small.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

SCHEMA = 1

NAME = "system.jsonl"
"""The file of the node on which the run was started."""

NAMES = re.compile(r"system(?:[._-].+)?\.jsonl")
"""The files of all nodes of a run."""

T = TypeVar("T")

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_TEXT = 500
_LONGEST_LIST = 4096
_LARGEST = 2**63


def file_name(host: str | None = None) -> str:
    """The file that a node writes; `host` where the run was started on another one."""
    return NAME if host is None else f"system-{_NOT_IN_A_NAME.sub('_', host)[:100]}.jsonl"


@dataclass(frozen=True, slots=True)
class GpuProcess:
    """A process that computes on a GPU; `pid` as the driver counts, in the host's numbers."""

    pid: int
    memory: int | None = None
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class GpuSample:
    """One GPU at one moment.

    Attributes:
        index: Its number on its node, as the driver counts.
        throttled: Why its clocks are held down, in the driver's terms; empty when they are not.
        errors: Counters that must be 0, such as `ecc_uncorrected`, by name.
        xids: Driver errors reported since the sample before.
        lost: Whether it no longer answers.
        mig: Whether it is split into instances, so that it has no utilisation of its own.
        instances: UUIDs of these.
        ranks: Global ranks that compute on it, where known.
        assumed: Whether `ranks` only follows from LOCAL_RANK and CUDA_VISIBLE_DEVICES, because a
            container hides which processes compute on it; a view marks them, for example `3?`.
        processes: That compute on it.
    """

    index: int
    uuid: str | None = None
    name: str | None = None
    utilization: float | None = None
    memory_used: int | None = None
    memory_total: int | None = None
    temperature: float | None = None
    power: float | None = None
    power_limit: float | None = None
    throttled: tuple[str, ...] = ()
    errors: Mapping[str, int] = field(default_factory=dict)
    xids: tuple[int, ...] = ()
    lost: bool = False
    mig: bool = False
    instances: tuple[str, ...] = ()
    ranks: tuple[int, ...] = ()
    assumed: bool = False
    processes: tuple[GpuProcess, ...] = ()


@dataclass(frozen=True, slots=True)
class RankProcess:
    """The process of one rank: its CPU use, 100 a core, and its resident bytes."""

    rank: int
    pid: int
    local_rank: int | None = None
    cpu: float | None = None
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class DiskSample:
    """One file system that the run writes to; `path` is where it was looked at."""

    path: str
    free: int
    total: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One node at one moment.

    Attributes:
        host: The node, as its sampler names it.
        cpu: Use of all its cores together, 0 to 100.
        training_cpu: Use by the training's processes, 100 a core.
        training_memory: Resident bytes of the training's processes; what they share counts for each.
        processes: How many these are.
        marked: Whether something happened that must outlive the thinning of the file.
        gpu_silence: Seconds since the driver answered, where it does not; `gpus` is then empty.
        notes: What could not be sampled and why; each is said once.
    """

    time: float
    host: str
    marked: bool = False
    cpu: float | None = None
    cores: int | None = None
    load: float | None = None
    memory_used: int | None = None
    memory_total: int | None = None
    training_cpu: float | None = None
    training_memory: int | None = None
    processes: int | None = None
    disks: tuple[DiskSample, ...] = ()
    ranks: tuple[RankProcess, ...] = ()
    gpus: tuple[GpuSample, ...] = ()
    gpu_silence: float | None = None
    notes: tuple[str, ...] = ()


def encode(sample: Sample) -> str:
    """The line, without its end; `HEAD` finds its time without parsing it."""
    return json.dumps({"schema": SCHEMA, **_plain(sample)}, allow_nan=False)


def quoted(gpu: GpuSample) -> str:
    """The part of a line that tells of one GPU, as it stands there."""
    return json.dumps(_plain(gpu), allow_nan=False)


HEAD = re.compile(
    rb'\{"schema": \d+, "time": (?P<time>[\d.e+]+), "host": "[^"\\]*", "marked": (?P<marked>t?)'
)


def decode(line: bytes) -> Sample | None:
    """The sample of a line; None where it holds none, as after a crash."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    taken = _Taken(document)
    time, host = taken.number("time"), taken.text("host")
    if time is None or not host:
        return None
    return Sample(
        time=time,
        host=host,
        marked=taken.flag("marked"),
        cpu=taken.number("cpu"),
        cores=taken.whole("cores"),
        load=taken.number("load"),
        memory_used=taken.whole("memory_used"),
        memory_total=taken.whole("memory_total"),
        training_cpu=taken.number("training_cpu"),
        training_memory=taken.whole("training_memory"),
        processes=taken.whole("processes"),
        disks=taken.parts("disks", _disk),
        ranks=taken.parts("ranks", _rank),
        gpus=taken.parts("gpus", _gpu),
        gpu_silence=taken.number("gpu_silence"),
        notes=taken.texts("notes"),
    )


def thinned(times: Sequence[float], keep: int) -> list[int]:
    """Which of many samples stay when only about `keep` may: indices in order, at most `keep`.

    The newest half of those that stay is untouched; what is older is thinned evenly over time, so
    that the whole run stays visible however long it was.
    """
    if len(times) <= keep:
        return list(range(len(times)))
    recent = len(times) - keep // 2
    older = keep - keep // 2
    gap = (times[recent - 1] - times[0]) / max(1, older - 1)
    kept: list[int] = []
    if gap > 0:
        for index in range(recent):
            slot = int((times[index] - times[0]) / gap)
            if not kept or slot > int((times[kept[-1]] - times[0]) / gap):
                kept.append(index)
    else:  # a clock that stood still or went back
        kept = list(range(0, recent, -(-recent // older)))
    return [*kept[-older:], *range(recent, len(times))]


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON is what it is
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return dict(value)
    names = getattr(value, "__dataclass_fields__", None)
    if names is None:
        return value
    return {name: _plain(getattr(value, name)) for name in names}


def _disk(taken: _Taken) -> DiskSample | None:
    path, free, total = taken.text("path"), taken.whole("free"), taken.whole("total")
    if path is None or free is None or total is None:
        return None
    return DiskSample(path, free, total)


def _rank(taken: _Taken) -> RankProcess | None:
    rank, pid = taken.whole("rank"), taken.whole("pid")
    if rank is None or pid is None:
        return None
    return RankProcess(
        rank, pid, taken.whole("local_rank"), taken.number("cpu"), taken.whole("memory")
    )


def _process(taken: _Taken) -> GpuProcess | None:
    pid = taken.whole("pid")
    return None if pid is None else GpuProcess(pid, taken.whole("memory"), taken.whole("rank"))


def _gpu(taken: _Taken) -> GpuSample | None:
    index = taken.whole("index")
    if index is None:
        return None
    return GpuSample(
        index=index,
        uuid=taken.text("uuid"),
        name=taken.text("name"),
        utilization=taken.number("utilization"),
        memory_used=taken.whole("memory_used"),
        memory_total=taken.whole("memory_total"),
        temperature=taken.number("temperature"),
        power=taken.number("power"),
        power_limit=taken.number("power_limit"),
        throttled=taken.texts("throttled"),
        errors=taken.counts("errors"),
        xids=taken.wholes("xids"),
        lost=taken.flag("lost"),
        mig=taken.flag("mig"),
        instances=taken.texts("instances"),
        ranks=taken.wholes("ranks"),
        assumed=taken.flag("assumed"),
        processes=taken.parts("processes", _process),
    )


class _Taken:
    """A JSON object whose values are taken out by type; what is of another type is not known."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def number(self, name: str) -> float | None:
        return _number(self._document.get(name))

    def whole(self, name: str) -> int | None:
        return _whole(self._document.get(name))

    def text(self, name: str) -> str | None:
        value = self._document.get(name)
        return value[:_LONGEST_TEXT] if isinstance(value, str) else None

    def flag(self, name: str) -> bool:
        return self._document.get(name) is True

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(item[:_LONGEST_TEXT] for item in self._list(name) if isinstance(item, str))

    def wholes(self, name: str) -> tuple[int, ...]:
        return tuple(item for item in map(_whole, self._list(name)) if item is not None)

    def counts(self, name: str) -> dict[str, int]:
        value = self._document.get(name)
        items = value.items() if isinstance(value, dict) else ()
        counts = {key[:_LONGEST_TEXT]: _whole(count) for key, count in items}
        return {key: count for key, count in counts.items() if count is not None}

    def parts(self, name: str, take: Callable[[_Taken], T | None]) -> tuple[T, ...]:
        found = (take(_Taken(item)) for item in self._list(name) if isinstance(item, dict))
        return tuple(item for item in found if item is not None)

    def _list(self, name: str) -> list[Any]:
        value = self._document.get(name)
        return value[:_LONGEST_LIST] if isinstance(value, list) else []


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _whole(value: object) -> int | None:
    plain = isinstance(value, int) and not isinstance(value, bool)
    return value if plain and 0 <= value < _LARGEST else None  # type: ignore[operator, return-value]
