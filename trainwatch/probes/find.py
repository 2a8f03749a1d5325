"""Which processes of this machine are the workers of a training."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from trainwatch.probes.ask import rank_of
from trainwatch.probes.proc import Process, descendants, named_paths, open_files, processes

_TOKEN = "TRAINWATCH_RUN_ID"  # noqa: S105 - the name of a variable
_PYTHON = ("python", "pt_main")
_GROUP = ("TORCHELASTIC_RUN_ID", "MASTER_ADDR", "MASTER_PORT", "SLURM_JOB_ID")


def of_run(run_dir: Path, pids: Iterable[int] = ()) -> list[Process]:
    """The workers of a run of `trainwatch run` on this machine."""
    token = _token(run_dir)
    every = processes()
    roots = {pid for pid in pids if pid in every}
    if token:
        roots |= {one.pid for one in every.values() if one.environment.get(_TOKEN) == token}
    return _workers(roots, every)


def of_logs(paths: Iterable[str], places: Iterable[str] = ()) -> list[Process]:
    """The workers of the training that writes some files, on this machine.

    Its processes hold one of them open for writing. Where none does, because the file is opened
    anew for every line: those with a rank whose command line names a place of the logs.

    Args:
        paths: The logs.
        places: Directories in which they were looked for.
    """
    wanted = {os.path.realpath(path) for path in paths}
    every = processes()
    own = os.getpid()
    roots = {
        one.pid
        for one in every.values()
        if one.pid != own and wanted & set(open_files(one.pid)) and _writes(one, wanted)
    }
    if not roots and wanted:
        below = {os.path.realpath(place) for place in places if os.path.isdir(place)}  # noqa: PTH112
        ranked = (one for one in every.values() if one.rank is not None)
        roots = {one.pid for one in ranked if _names(one, below)}
    return _workers(roots, every)


def _names(process: Process, places: set[str]) -> bool:
    """Whether its command line names one of some directories, or what is in it."""
    for path in map(os.path.realpath, named_paths(process.pid)):
        if any(path == place or path.startswith(place + os.sep) for place in places - {os.sep}):
            return True
    return False


def _writes(process: Process, wanted: set[str]) -> bool:
    """Whether it holds one of the files open for writing: `tail -f` and we only read."""
    directory = Path("/proc", str(process.pid))
    for name in os.listdir(directory / "fd"):  # noqa: PTH208
        try:
            if os.readlink(directory / "fd" / name) not in wanted:  # noqa: PTH115
                continue
            flags = (directory / "fdinfo" / name).read_text().split("flags:", 1)[1].split()[0]
        except (OSError, IndexError):
            continue
        if int(flags, 8) & (os.O_WRONLY | os.O_RDWR):
            return True
    return False


def attempt_of(run_dir: Path) -> int | None:
    """The number of a run's newest attempt, from 0."""
    attempts = _record(run_dir).get("attempts")
    return len(attempts) - 1 if isinstance(attempts, list) and attempts else None


def _token(run_dir: Path) -> str | None:
    token = _record(run_dir).get("token")
    return token if isinstance(token, str) and token else None


def _record(run_dir: Path) -> dict[str, object]:
    try:
        document = json.loads((Path(run_dir) / "run.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _workers(roots: set[int], every: dict[int, Process]) -> list[Process]:
    """Those with a rank of their own; without any, the Pythons that compute."""
    below = {one.pid: one for root in roots for one in descendants(root, every)}
    below |= {pid: every[pid] for pid in roots}
    groups = {_group(one) for one in below.values() if one.rank is not None} - {None}
    for one in every.values():
        if groups and one.rank is not None and _group(one) in groups:
            below[one.pid] = one
    ranked = [one for one in below.values() if one.rank is not None]
    workers = [one for one in ranked if not _inherits(one, every) and not _launches(one, ranked)]
    chosen = workers or _told(below) or [one for one in below.values() if _is_python(one, below)]
    return sorted(chosen, key=lambda one: (one.rank is None, one.rank or 0, one.pid))


def _told(below: Mapping[int, Process]) -> list[Process]:
    """Without ranks in their environment: those that have joined a process group, and say so."""
    pythons = [one for one in below.values() if one.name.startswith(_PYTHON)]
    told = [(one, rank_of(one)) for one in pythons]
    if not any(type(rank) is int for _, rank in told):
        return []
    return [
        replace(one, told=None if rank is True else rank) for one, rank in told if rank is not False
    ]


def _group(process: Process) -> tuple[str | None, ...] | None:
    """What the workers of one launch have in common."""
    values = tuple(process.environment.get(name) for name in _GROUP)
    return values if values[0] or values[2] else None


def _identity(process: Process) -> tuple[str | None, ...]:
    return tuple(process.environment.get(name) for name in ("RANK", "LOCAL_RANK", *_GROUP))


def _inherits(process: Process, every: dict[int, Process]) -> bool:
    """Whether its parent is that worker already: a loader process, or a helper."""
    parent = every.get(process.parent)
    return parent is not None and _identity(parent) == _identity(process)


def _launches(process: Process, ranked: list[Process]) -> bool:
    """Whether it started workers with ranks of their own: an agent that has a node's rank."""
    return any(one.parent == process.pid and _identity(one) != _identity(process) for one in ranked)


def _is_python(process: Process, below: dict[int, Process]) -> bool:
    """Without ranks: a Python that is not the child of another one here."""
    python = process.name.startswith(_PYTHON)
    parent = below.get(process.parent)
    return python and not (parent is not None and parent.name.startswith(_PYTHON))
