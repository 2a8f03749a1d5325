"""Two looks at the workers of a training, as one document."""

import json
import os
import socket
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from trainwatch.probes.ask import ask, recorder
from trainwatch.probes.proc import (
    Process,
    descendants,
    moved_bytes,
    open_files,
    process,
    processes,
    wchan,
)

SCHEMA = 1
WHAT = "trainwatch stacks"
BETWEEN = 2.5
"""Seconds between the two looks."""

_AT_ONCE = 16
_CHILDREN = 32
_FILES = 20


def look_twice(workers: Sequence[Process], reason: str, between: float = BETWEEN) -> dict[str, Any]:
    """The document of `stacks/`: what the workers and their children showed, seconds apart."""
    *_, both = looks(workers, reason, between)
    return both


def looks(
    workers: Sequence[Process], reason: str, between: float = BETWEEN
) -> Iterator[dict[str, Any]]:
    """The document after the first look, for whoever may be ended soon, and after both."""
    samples: list[dict[str, Any]] = []
    document = {
        "schema": SCHEMA,
        "what": WHAT,
        "reason": reason,
        "host": socket.gethostname(),
        "samples": samples,
    }
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        samples.append(_look(workers, pool))
        yield document
        time.sleep(between)
        _lighten(samples[0])
        samples.append(_look(workers, pool))
        yield document


def _lighten(sample: dict[str, Any]) -> None:
    """Of the first look's flight recorders the newest entry is enough: whether it moved on.

    A full one is 1 MB a rank.
    """
    for one in sample["processes"]:
        entries = one["recorder"].get("entries") if isinstance(one["recorder"], dict) else None
        if isinstance(entries, list):
            one["recorder"]["entries"] = entries[-1:]


def _look(workers: Sequence[Process], pool: ThreadPoolExecutor) -> dict[str, Any]:
    every = processes()
    own = {one.pid for one in workers}
    pairs = [
        (one, owner)
        for owner in workers
        if owner.pid in every and every[owner.pid].start == owner.start
        for one in (every[owner.pid], *_children(owner, every, own))
    ]
    began = time.time()
    found = list(pool.map(lambda pair: _one(*pair), pairs))
    return {"time": began, "processes": found}


def _children(owner: Process, every: dict[int, Process], workers: set[int]) -> list[Process]:
    """Its loader processes; not the programs that it started, nor other workers and theirs."""
    others = workers - {owner.pid}
    below = descendants(owner.pid, {pid: one for pid, one in every.items() if pid not in others})
    return [one for one in below if one.name.startswith(("python", "pt_"))][:_CHILDREN]


def _one(one: Process, owner: Process) -> dict[str, Any]:
    answer = ask(one, owner)
    worker = one.pid == owner.pid
    now = process(one.pid) or one
    return {
        "pid": one.pid,
        "start": one.start,
        "rank": owner.rank,
        "owner": owner.pid,
        "name": one.name,
        "state": now.state,
        "wchan": wchan(one.pid),
        "cpu": now.cpu,
        "at": time.time(),
        "bytes": moved_bytes(one.pid),
        "files": open_files(one.pid)[:_FILES],
        "source": answer.source,
        "problem": answer.problem,
        "silent": answer.silent,
        "threads": answer.threads,
        "recorder": _recorder(one) if worker and not answer.silent else None,
    }


def _recorder(one: Process) -> Any:  # noqa: ANN401 - as torch gives it
    try:
        return json.loads(recorder(one) or b"null")
    except (ValueError, RecursionError):
        return None


def this_user_may_look() -> bool:
    """Whether there is a `/proc` to look into."""
    return os.path.isdir("/proc/self/fd")  # noqa: PTH112
