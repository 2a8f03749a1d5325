"""The GPUs of the overview in a few lines: those that need a look, then the others."""

from collections.abc import Sequence

from trainwatch.model.system import GpuView, SystemView
from trainwatch.tui.draw.gpus import NA, by_trouble, figure, idle, odd
from trainwatch.tui.draw.line import Line, Part, Tone, line, packed
from trainwatch.tui.draw.words import count

_GIB = 1 << 30


def strip(system: SystemView, width: int, most: int) -> list[Line]:
    """Each GPU in a few words where there is room, else those that need a look and a sum of the rest.

    Args:
        system: The machines.
        width: Cells of a line.
        most: Lines at most.
    """
    several = len(system.hosts) > 1
    order = by_trouble(system)
    shown = packed([_short(gpu, several=several) for gpu in order], width, indent=1)
    if len(shown) <= most:
        return shown
    kept: list[Line] = []
    for place, gpu in enumerate(order):
        with_it = [*kept, _short(gpu, several=several), *_rest(order[place + 1 :])]
        if not odd(gpu) or len(packed(with_it, width, indent=1)) > most:
            return packed([*kept, *_rest(order[place:])], width, indent=1)[:most]
        kept = with_it[: place + 1]
    return packed(kept, width, indent=1)[:most]


def _short(gpu: GpuView, *, several: bool) -> Line:
    use = NA if gpu.utilization is None else f"{gpu.utilization:.0f}%"
    mem = NA if gpu.memory_used is None else f"{gpu.memory_used / _GIB:.0f}G"
    name = f"{gpu.host}:{gpu.index}" if several else str(gpu.index)
    tone = Tone.WARN if odd(gpu) else Tone.PLAIN
    figures = f"{use} {mem} {figure(gpu.temperature, '°')}"
    return line((f"{name} ", Tone.DIM), (figures, tone), _word(gpu))


def _word(gpu: GpuView) -> Part:
    if gpu.lost or gpu.silence is not None:
        return (" lost" if gpu.lost else " silent", Tone.BAD)
    if any(gpu.errors.values()):
        return (" errors", Tone.BAD)
    return (" throttled" if gpu.throttled else " ◂ idle" if idle(gpu) else "", Tone.WARN)


def _rest(gpus: Sequence[GpuView]) -> list[Line]:
    """How many others there are, and between which figures."""
    if not gpus:
        return []
    use = [gpu.utilization for gpu in gpus if gpu.utilization is not None]
    heat = [gpu.temperature for gpu in gpus if gpu.temperature is not None]
    bad = sum(odd(gpu) for gpu in gpus)
    text = f"{count(len(gpus))} {'more' if bad else 'others'}"
    text += f" {min(use):.0f}–{max(use):.0f}%" if use else ""
    text += f" {min(heat):.0f}–{max(heat):.0f}°" if heat else ""
    alarm = (f" {count(bad)} need a look", Tone.WARN) if bad else ""
    return [line((text, Tone.DIM), alarm, (" [4]", Tone.KEY))]
