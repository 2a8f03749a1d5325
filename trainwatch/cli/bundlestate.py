"""What a machine and the processes of a training are like at this moment, for a bug report."""

import contextlib
import importlib.metadata
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainwatch.probes.proc import Process

_PACKAGES = ("torch", "numpy", "lightning", "transformers", "accelerate", "deepspeed", "py-spy")
_COMMANDS = (
    ("nvidia-smi.txt", ["nvidia-smi"]),
    ("nvidia-smi-topology.txt", ["nvidia-smi", "topo", "-m"]),
    ("processes.txt", ["ps", "-eo", "pid,ppid,user,stat,etime,time,rss,wchan:24,comm"]),
    ("disks.txt", ["df", "-hT"]),
    ("kernel.txt", ["dmesg", "--time-format", "iso", "--level", "emerg,alert,crit,err,warn"]),
)
_MACHINE = (
    "meminfo",
    "loadavg",
    "version",
    "uptime",
    "pressure/cpu",
    "pressure/io",
    "pressure/memory",
)
_PROCESS = ("status", "wchan", "stat", "io", "limits", "cgroup", "oom_score")
_MOST = 1 << 20
_DISTRIBUTION = re.compile(r"([\w.]+)-([^-]+)\.dist-info")
_LIBRARY = re.compile(rb"/\S*?/(?:site|dist)-packages(?=/)")


def state(workers: Sequence["Process"]) -> Iterator[tuple[str, str]]:
    """GPUs, processes, memory, disks and the kernel's words, as far as they can be asked."""
    for name, command in _COMMANDS:
        if shutil.which(command[0]):
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                done = subprocess.run(command, capture_output=True, timeout=15, check=False)
                yield name, (done.stdout[-_MOST:] + done.stderr).decode("utf-8", "replace")
    for name in _MACHINE:
        with contextlib.suppress(OSError):
            yield f"{name.replace('/', '_')}.txt", Path("/proc", name).read_text(errors="replace")
    for worker in workers:
        yield f"process_{worker.pid}.txt", _process(worker)


def _process(worker: "Process") -> str:
    """What `/proc` shows of a worker and its threads; no memory, no environment."""
    from trainwatch.probes.proc import read  # noqa: PLC0415 - only for a live job

    found = {name: read(worker.pid, name) for name in _PROCESS}
    found["cmdline"] = read(worker.pid, "cmdline").replace(b"\0", b" ")
    parts = (f"--- {name}\n{data.decode('utf-8', 'replace')}\n" for name, data in found.items())
    return f"rank {worker.rank}, process {worker.pid}\n{''.join(parts)}"


def versions(workers: Sequence["Process"]) -> Iterator[str]:
    """Of what runs trainwatch, then of what the training has loaded."""
    yield f"trainwatch runs on python {sys.version.split()[0]}, {platform.platform()}"
    for name in ("trainwatch", *_PACKAGES):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            yield f"{name} {importlib.metadata.version(name)}"
    for directory in sorted({one for worker in workers for one in _libraries(worker)}):
        yield ""
        yield f"the training has loaded from {directory}"
        yield from _distributions(Path(directory))


def _libraries(worker: "Process") -> set[str]:
    """Where the compiled packages of a process come from; nothing of it is run."""
    from trainwatch.probes.proc import read  # noqa: PLC0415 - only for a live job

    maps = read(worker.pid, "maps", 16 << 20)
    return {found.decode("utf-8", "replace") for found in _LIBRARY.findall(maps)}


def _distributions(directory: Path) -> Iterator[str]:
    with contextlib.suppress(OSError):
        for path in sorted(directory.glob("*.dist-info")):
            if found := _DISTRIBUTION.fullmatch(path.name):
                yield f"{found[1]} {found[2]}"
