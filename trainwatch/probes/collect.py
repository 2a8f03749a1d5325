"""Writes what the probes of a run answer into its `stacks/`."""

import json
import os
import re
import socket
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from trainwatch.probes.find import attempt_of, of_run
from trainwatch.probes.look import looks
from trainwatch.temporary import open_beside

_KEPT = 20
"""Files of one node, the newest."""

_NOTHING: Mapping[str, object] = {}
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9.-]+")


def collect(
    run_dir: Path, pids: Iterable[int], reason: str, facts: Mapping[str, object] = _NOTHING
) -> Path | None:
    """As `trainwatch.probes.collect`."""
    workers = of_run(Path(run_dir), pids)
    if not workers:
        return None
    written = None
    began = time.time()
    for document in looks(workers, reason):  # the first alone, if no time is left for the second
        written = write(Path(run_dir), {**document, **facts}, reason, began)
    return written


def write(
    run_dir: Path, document: Mapping[str, object], reason: str, began: float | None = None
) -> Path | None:
    """One more file; the oldest of many are removed. None where it cannot be written."""
    directory = run_dir / "stacks"
    moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime(began))
    host, why = (_NOT_IN_A_NAME.sub("-", word)[:60] for word in (socket.gethostname(), reason))
    name = f"{moment}_{host}_{why}.json"
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        handle, part = open_beside(directory / name)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump({**document, "attempt": attempt_of(run_dir)}, file)
        part.replace(directory / name)
        for old in sorted(directory.glob(f"*_{host}_*.json"))[:-_KEPT]:
            old.unlink()
    except OSError:
        return None
    return directory / name
