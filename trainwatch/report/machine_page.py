"""The page's part on GPUs and nodes."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import numpy as np
from numpy.typing import NDArray

from trainwatch.model.system import GpuView, HostView, SystemView
from trainwatch.report.safe import safe_text

_GIB = 1 << 30
_SHOWN = 256
_WIDTH, _HEIGHT, _POINTS = 150, 30, 150


def machine_parts(system: SystemView | None) -> Iterator[str]:
    """Tables of GPUs and nodes with the course of their use; nothing where nobody sampled."""
    if system is None:
        return
    if system.gpus:
        yield "<h2>GPUs</h2>\n"
        head = "<th>GPU</th><th>rank</th><th>use over the run</th>" + "".join(
            f'<th class="n">{name}</th>' for name in ("mean", "memory", "temperature", "power")
        )
        yield _table(head, "".join(map(_gpu, system.gpus[:_SHOWN])))
    if system.hosts:
        yield "<h2>Nodes</h2>\n"
        head = "<th>node</th><th>CPU over the run</th>" + "".join(
            f'<th class="n">{name}</th>'
            for name in ("mean", "memory", "training’s CPU", "training’s memory", "disk free")
        )
        yield _table(head, "".join(map(_host, system.hosts[:_SHOWN])))
    for note in system.notes:
        yield f'<p class="dim">{escape(safe_text(note))}</p>\n'


def _table(head: str, body: str) -> str:
    return (
        f'<div class="card scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody>'
        "</table></div>\n"
    )


def _gpu(gpu: GpuView) -> str:
    use = gpu.history.get("utilization", np.empty(0))
    ranks = ", ".join(map(str, gpu.ranks)) + ("?" if gpu.ranks_assumed and gpu.ranks else "")
    lost = ' <span class="bad">lost</span>' if gpu.lost else ""
    name = escape(safe_text(f"{gpu.host} {gpu.index} {gpu.name or ''}"))
    return (
        f"<tr><td>{name}{lost}</td><td>{ranks}</td><td>{_spark(gpu.times, use, 100.0)}</td>"
        f'<td class="n">{_unit(_mean(use), " %")}</td>'
        f'<td class="n">{_memory(gpu.memory_used, gpu.memory_total)}</td>'
        f'<td class="n">{_unit(gpu.temperature, " °C")}</td>'
        f'<td class="n">{_unit(gpu.power, " W")}</td></tr>'
    )


def _host(host: HostView) -> str:
    use = host.history.get("cpu", np.empty(0))
    disks = ", ".join(_memory(disk.free, disk.total) for disk in host.disks)
    return (
        f"<tr><td>{escape(safe_text(host.host))}</td><td>{_spark(host.times, use, 100.0)}</td>"
        f'<td class="n">{_unit(_mean(use), " %")}</td>'
        f'<td class="n">{_memory(host.memory_used, host.memory_total)}</td>'
        f'<td class="n">{_unit(host.training_cpu, " %")}</td>'
        f'<td class="n">{_gib(host.training_memory)}</td><td class="n">{disks or "n/a"}</td></tr>'
    )


def _mean(values: NDArray[np.float64]) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None


def _unit(value: float | None, unit: str) -> str:
    return "n/a" if value is None else f"{value:.0f}{unit}"


def _gib(value: int | None) -> str:
    return "n/a" if value is None else f"{value / _GIB:.1f} GiB"


def _memory(used: int | None, total: int | None) -> str:
    return (
        "n/a" if used is None or total is None else f"{used / _GIB:.1f} of {total / _GIB:.0f} GiB"
    )


def _spark(times: NDArray[np.float64], values: NDArray[np.float64], top: float) -> str:
    """A small curve; gaps where nothing was told."""
    if len(times) < 2 or not np.isfinite(values).any():  # noqa: PLR2004 - a curve has two points
        return "n/a"
    step = -(-len(times) // _POINTS)
    span = float(times[-1] - times[0]) or 1.0
    path, pen = "", False
    for time, value in zip(times[::step].tolist(), values[::step].tolist(), strict=True):
        if not np.isfinite(value):
            pen = False
            continue
        x = (time - times[0]) / span * _WIDTH
        y = 1 + (1 - min(value, top) / top) * (_HEIGHT - 2)
        path += f"{'L' if pen else 'M'}{x:.1f} {y:.1f}"
        pen = True
    return (
        f'<svg class="spark" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"><path d="{path}"/></svg>'
    )
