"""`python -m trainwatch.cli.inspection RUN_DIR ATTEMPT CWD [CHECKPOINTS ...]`: after a failed attempt.

Reads what the attempt wrote (of logs that hold earlier ones too only what is new since the last
inspection), and looks at the checkpoints. A companion of the supervisor, which reads no log itself.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from trainwatch.checkpoints import survey
from trainwatch.cli.options import Selection
from trainwatch.cli.reading import BLOCK, new_engine, run_info
from trainwatch.errors import TrainwatchError
from trainwatch.events import Chunk, LogFile, Severity
from trainwatch.model.snapshot import RunView
from trainwatch.sources import discover
from trainwatch.supervise.files import read_json, write_json
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.record import read_record


def inspect(root: Path, attempt: int, cwd: Path, checkpoints: list[str]) -> dict[str, Any]:
    """What `inspection.json` is to say."""
    offsets = read_before(RunPaths(root))
    view, sizes = _read(root, attempt, offsets)
    _write_sizes(RunPaths(root), {**offsets, **sizes})
    place = next((rank for rank in view.ranks if rank.step is not None), None)
    found = survey(checkpoints or [str(cwd)], time.time(), settled=True)
    return {
        "schema": 1,
        "epoch": place.epoch if place else None,
        "step": place.step if place else None,
        "failure": _failure(view),
        "checkpoint": found.newest.path if found.newest else None,
        "damaged": [{"path": one.path, "why": one.problem} for one in found.damaged],
    }


def _read(
    root: Path, attempt: int, offsets: Mapping[str, int]
) -> tuple[RunView, Mapping[str, int]]:
    """A snapshot of this attempt alone, and how far each log was read."""
    record = read_record(root)
    config = Path(record.guard.config) if record.guard.config else None
    paths = [str(root)]
    code = record.attempts[attempt].exit_code
    info = replace(run_info(paths), attempt=0, exit_code=code, alive=False)
    engine = new_engine(Selection((str(root),), config=config), info)
    sizes = {}
    for log in discover(paths, allow_empty=True).files:
        with contextlib.suppress(OSError), Path(log.path).open("rb") as stream:
            offset = offsets.get(log.path, 0)
            offset = offset if offset <= log.size else 0
            stream.seek(offset)
            while data := stream.read(BLOCK):
                engine.feed(Chunk(LogFile(log.name), offset, data, time.time()))
                offset += len(data)
            sizes[log.path] = offset
    engine.tick(time.time())
    return engine.snapshot(), sizes


def _failure(view: RunView) -> str | None:
    """The first critical finding, without what differs from one time to the next."""
    for finding in view.alerts:
        if finding.active and finding.severity >= Severity.CRITICAL:
            return finding.message.split(",")[0]
    return None


def read_before(paths: RunPaths) -> dict[str, int]:
    """How far the logs had been written when the last attempt was inspected, by path."""
    try:
        data = read_json(paths.private / "read.json").data.get("sizes")
    except TrainwatchError:
        return {}
    return {str(path): int(size) for path, size in data.items()} if isinstance(data, dict) else {}


def _write_sizes(paths: RunPaths, sizes: Mapping[str, int]) -> None:
    with contextlib.suppress(OSError):
        write_json(paths.private / "read.json", {"schema": 1, "sizes": dict(sizes)})


def main(arguments: list[str]) -> None:
    """Inspect and write it down."""
    root, attempt, cwd, *checkpoints = arguments
    found = inspect(Path(root), int(attempt), Path(cwd), checkpoints)
    write_json(RunPaths(Path(root)).inspection, found)


if __name__ == "__main__":
    main(sys.argv[1:])
