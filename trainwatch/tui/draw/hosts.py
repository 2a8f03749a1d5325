"""Hosts as lines: the machine, the training on it, and its disks."""

from trainwatch.model.snapshot import RunView
from trainwatch.model.system import HostView
from trainwatch.tui.draw.gpus import NA, figure, sparkline
from trainwatch.tui.draw.line import EMPTY, Line, Tone, line, packed
from trainwatch.tui.draw.words import count, plural, size

_LONGEST_HISTORY = 40


def host_lines(view: RunView, width: int) -> list[Line]:
    """Each host in one line or several, as there is room; then what could not be sampled."""
    if view.system is None:
        return []
    lines = [made for host in view.system.hosts for made in _host(host, width)]
    # Without GPUs the notes say why, in their place.
    notes = view.system.notes if view.system.gpus else ()
    return lines + [line(" ", (note, Tone.DIM)) for note in notes]


def _host(host: HostView, width: int) -> list[Line]:
    cpu = host.history.get("cpu")
    history = sparkline(cpu, min(width // 5, _LONGEST_HISTORY), 100.0) if cpu is not None else ""
    parts = [
        line((host.host, Tone.STRONG)),
        line(("cpu ", Tone.DIM), figure(host.cpu, " %"), (f" of {count(host.cores)}", Tone.DIM)),
        line((history, Tone.CURVE)) if history else EMPTY,
        line(("load ", Tone.DIM), NA if host.load is None else f"{host.load:.1f}"),
        line(("memory ", Tone.DIM), f"{size(host.memory_used)} of {size(host.memory_total)}"),
        *_training(host),
        *(_disk(disk.path, disk.free, disk.total) for disk in host.disks),
    ]
    return packed([part for part in parts if part], width)


def _training(host: HostView) -> list[Line]:
    if host.processes is None:
        return [line(("training n/a", Tone.DIM))]
    many = plural(host.processes, "process", "processes")
    use = f" cpu {figure(host.training_cpu, ' %')} memory {size(host.training_memory)}"
    return [line(("training ", Tone.DIM), many, (use, Tone.PLAIN))]


def _disk(path: str, free: int, total: int) -> Line:
    low = total > 0 and free < total / 20
    return line(
        ("disk ", Tone.DIM), path, " ", (f"{size(free)} free", Tone.WARN if low else Tone.PLAIN)
    )
