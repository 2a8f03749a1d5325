"""GPUs and hosts as lines: what the driver did not tell is n/a, never 0."""

import math
from collections.abc import Sequence

from trainwatch.model.snapshot import RunView, Status
from trainwatch.model.system import GpuView, Series, SystemView
from trainwatch.tui.draw.line import EMPTY, Line, Part, Tone, join, line
from trainwatch.tui.draw.table import Column
from trainwatch.tui.draw.words import ago, brief, plural

NA = "n/a"
_BARS = "▁▂▃▄▅▆▇█"
_GIB = 1 << 30
_HOT, _FULL, _IDLE = 85.0, 0.97, 5.0
_OLD = 60.0
"""Seconds after which a sample is called old."""


def sparkline(values: Series, cells: int, top: float | None = None) -> str:
    """The newest values as bars, one a cell; a blank where nothing was told."""
    newest = values[-cells:]
    finite = [float(value) for value in newest if math.isfinite(value)]
    highest = top if top is not None else max(finite, default=0.0)
    return "".join(_bar(float(value), highest) for value in newest)


def _bar(value: float, top: float) -> str:
    if not math.isfinite(value):
        return " "
    share = value / top if top > 0 else 0.0
    return _BARS[min(max(int(share * len(_BARS)), 0), len(_BARS) - 1)]


def figure(value: float | None, unit: str) -> str:
    """A whole number with its unit."""
    return NA if value is None else f"{value:.0f}{unit}"


def heading(view: RunView, now: float) -> Line:
    """How many there are, and how old the newest sample is."""
    system = view.system
    if system is None:
        return line(("gpus", Tone.HEAD), (" · not sampled", Tone.DIM))
    gone = sum(gpu.lost for gpu in system.gpus)
    age = max(now - system.sampled, 0.0)
    old = line((f"sampled {ago(age)}", Tone.WARN if age > _OLD else Tone.DIM))
    if system.here and age <= _OLD:
        old = line(("this machine, now", Tone.DIM))
    parts = [
        line((plural(len(system.gpus), "GPU"), Tone.DIM)),
        line((plural(len(system.hosts), "host"), Tone.DIM)),
        line((f"{gone} lost", Tone.BAD)) if gone else EMPTY,
        old,
    ]
    return line(("gpus", Tone.HEAD), (" · ", Tone.DIM), join([part for part in parts if part]))


def empty(view: RunView) -> list[Line]:
    """Why there is nothing, and how to have it."""
    notes = view.system.notes if view.system is not None else ()
    if view.system is not None:
        return [line(" no GPU was seen"), *(line(" ", (note, Tone.DIM)) for note in notes)]
    over = view.status in (Status.COMPLETED, Status.FAILED)
    here = " none was written while it ran" if over else " no process of it was found here yet"
    return [
        line(" no sample of GPUs or hosts was found;", here),
        line((" trainwatch run samples them into system.jsonl, on every node", Tone.DIM)),
    ]


def columns(view: RunView, width: int) -> list[Column[GpuView]]:
    """What is known of each GPU."""
    many = len({gpu.host for gpu in view.system.gpus}) > 1 if view.system else False
    room = min(max((width - 84) // 2, 8), 40)
    host: Column[GpuView] = Column("host", 12, lambda gpu: (gpu.host, Tone.DIM), right=False)
    return [
        *([host] if many else []),
        Column("gpu", 3, lambda gpu: (str(gpu.index), Tone.STRONG)),
        Column("ranks", 7, _ranks),
        Column("use", 6, _utilization),
        Column(
            "", room, lambda gpu: _history(gpu, "utilization", 100.0, room), right=False, need=90
        ),
        Column("memory", 15, _memory),
        Column("temp", 5, _temperature),
        Column("power", 12, _power),
        Column("", room, lambda gpu: _history(gpu, "power", gpu.power_limit, room), False, 130),
        Column("", 0, _trouble, right=False),
    ]


def _ranks(gpu: GpuView) -> Part:
    """`3`, or `3?` where a container hides which device a worker opened."""
    doubt = "?" if gpu.assumed else ""
    return ",".join(f"{rank}{doubt}" for rank in gpu.ranks) or "-"


def _utilization(gpu: GpuView) -> Part:
    if gpu.utilization is None:
        return (NA, Tone.DIM)
    return (f"{gpu.utilization:.0f} %", Tone.WARN if idle(gpu) else Tone.PLAIN)


def idle(gpu: GpuView) -> bool:
    """Whether a rank's GPU has done nothing for some samples; between two epochs each does."""
    if gpu.utilization is None or not gpu.ranks:
        return False
    newest = gpu.history.get("utilization", ())[-_IDLE_SAMPLES:]
    return gpu.utilization < _IDLE and all(not value >= _IDLE for value in newest)


_IDLE_SAMPLES = 5


def _history(gpu: GpuView, name: str, top: float | None, room: int) -> Part:
    values = gpu.history.get(name)
    return (sparkline(values, room, top) if values is not None else "", Tone.CURVE)


def _memory(gpu: GpuView) -> Part:
    if gpu.memory_used is None:
        return (NA, Tone.DIM)
    total = f"/{gpu.memory_total / _GIB:.0f}" if gpu.memory_total else ""
    full = bool(gpu.memory_total) and gpu.memory_used > _FULL * (gpu.memory_total or 0)
    return (f"{gpu.memory_used / _GIB:.1f}{total} G", Tone.WARN if full else Tone.PLAIN)


def _temperature(gpu: GpuView) -> Part:
    hot = gpu.temperature is not None and gpu.temperature >= _HOT
    return (figure(gpu.temperature, "°"), Tone.WARN if hot else Tone.PLAIN)


def _power(gpu: GpuView) -> Part:
    limit = f"/{gpu.power_limit:.0f}" if gpu.power_limit is not None else ""
    return NA if gpu.power is None else f"{gpu.power:.0f}{limit} W"


def _trouble(gpu: GpuView) -> Part:
    if gpu.lost:
        return ("LOST: last known values", Tone.BAD)
    if gpu.silence is not None:
        return (f"the driver has not answered for {brief(gpu.silence)}", Tone.BAD)
    errors = " ".join(f"{name}={many}" for name, many in gpu.errors.items() if many)
    if errors:
        return (errors, Tone.BAD)
    if gpu.throttled:
        return (f"throttled: {', '.join(gpu.throttled)}", Tone.WARN)
    if idle(gpu):
        return ("idle", Tone.WARN)
    return (gpu.name or "", Tone.DIM)


def odd(gpu: GpuView) -> bool:
    """Whether somebody should look at it."""
    broken = gpu.lost or gpu.silence is not None or any(gpu.errors.values())
    return broken or idle(gpu) or bool(gpu.throttled)


def by_trouble(system: SystemView) -> Sequence[GpuView]:
    """Those that need a look first, then by host and number."""
    return sorted(system.gpus, key=lambda gpu: (not gpu.lost, not odd(gpu), gpu.host, gpu.index))
