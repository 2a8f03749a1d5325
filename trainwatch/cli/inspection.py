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
from trainwatch.cli.diagnosing import viewpoint
from trainwatch.cli.options import Selection
from trainwatch.cli.readbefore import ReadBefore, read_before, write_before
from trainwatch.cli.reading import BLOCK, new_engine, run_info
from trainwatch.diagnose import Gathering, Verdict, diagnose
from trainwatch.engine import Engine
from trainwatch.events import Chunk, FileEnded, LogFile
from trainwatch.sources import discover
from trainwatch.supervise.files import write_json
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.record import read_record


def inspect(root: Path, attempt: int, cwd: Path, checkpoints: list[str]) -> dict[str, Any]:
    """What `inspection.json` is to say."""
    before = read_before(RunPaths(root), attempt)
    gathering = Gathering()
    engine, sizes = _read(root, attempt, before, gathering)
    write_before(RunPaths(root), attempt, before, before.with_sizes(sizes))
    view = engine.snapshot()
    places = [rank for rank in view.ranks if rank.step is not None]
    places += [rank for rank in view.ranks if rank.epoch is not None]
    # Only their tracebacks may name the ranks; how far they came, a console without ranks says.
    place = next(iter(places), view)
    found = survey(checkpoints or [str(cwd)], time.time(), settled=True)
    return {
        "schema": 1,
        "epoch": place.epoch,
        "step": place.step,
        "failure": _failure(engine, gathering),
        "checkpoint": found.newest.path if found.newest else None,
        "damaged": [{"path": one.path, "why": one.problem} for one in found.damaged],
    }


def _read(
    root: Path, attempt: int, before: ReadBefore, gathering: Gathering
) -> tuple[Engine, Mapping[str, int]]:
    """The state of this attempt alone, and how far each log was read."""
    record = read_record(root)
    config = Path(record.guard.config) if record.guard.config else None
    paths = [str(root)]
    code = record.attempts[attempt].exit_code
    info = replace(run_info(paths), attempt=0, exit_code=code, alive=False, since=None)
    engine = new_engine(Selection((str(root),), config=config), info, gathering.take)
    engine.witness = gathering.see
    sizes = {}
    for log in discover(paths, allow_empty=True).files:
        with contextlib.suppress(OSError), Path(log.path).open("rb") as stream:
            offset = before.size(log.path)
            stream.seek(offset)
            while data := stream.read(BLOCK):
                engine.feed(Chunk(LogFile(log.name), offset, data, time.time()))
                offset += len(data)
            engine.feed(FileEnded(LogFile(log.name), "read to its end"))
            sizes[log.path] = offset
    engine.tick(time.time())
    return engine, sizes


def _failure(engine: Engine, gathering: Gathering) -> str | None:
    """The first cause, as `diagnose` says it; None where the logs do not tell."""
    found = diagnose(engine.run, engine.info, viewpoint(None), engine.config, gathering)
    return found.summary if found.verdict in _TELLING and found.category else None


_TELLING = (Verdict.FAILED, Verdict.HANG, Verdict.INTERRUPTED)


def main(arguments: list[str]) -> None:
    """Inspect and write it down."""
    root, attempt, cwd, *checkpoints = arguments
    found = inspect(Path(root), int(attempt), Path(cwd), checkpoints)
    write_json(RunPaths(Path(root)).inspection, found)


if __name__ == "__main__":
    main(sys.argv[1:])
