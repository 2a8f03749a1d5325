"""Writes what the probes of a run answer into its `stacks/`."""

import json
import os
import re
import socket
import time
from collections.abc import Iterable
from pathlib import Path

from trainwatch.probes.find import of_run
from trainwatch.probes.look import looks

_KEPT = 20
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9.-]+")


def collect(run_dir: Path, pids: Iterable[int], reason: str) -> Path | None:
    """As `trainwatch.probes.collect`."""
    workers = of_run(Path(run_dir), pids)
    if not workers:
        return None
    written = None
    began = time.time()
    for document in looks(workers, reason):  # the first alone, if no time is left for the second
        written = write(Path(run_dir), document, reason, began)
    return written


def write(
    run_dir: Path, document: dict[str, object], reason: str, began: float | None = None
) -> Path | None:
    """One more file; the oldest of many are removed. None where it cannot be written."""
    directory = run_dir / "stacks"
    moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime(began))
    words = [moment, socket.gethostname(), reason]
    name = "_".join(_NOT_IN_A_NAME.sub("-", word)[:60] for word in words) + ".json"
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        part = directory / f".{name}.{os.getpid()}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        with os.fdopen(os.open(part, flags, 0o600), "w", encoding="ascii") as file:
            json.dump(document, file)
        part.replace(directory / name)
        for old in sorted(directory.glob("*.json"))[:-_KEPT]:
            old.unlink()
    except OSError:
        return None
    return directory / name
