"""`python -m trainwatch.cli.gate RUN_DIR SECONDS`: the health gate, a companion of the supervisor.

Follows the logs of a run as a view does, and exits with 0 when the gate has passed, with 64 when it
has failed; then `gate.json` says why. It ends with its parent.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from trainwatch.cli.inspection import read_before
from trainwatch.cli.options import Selection
from trainwatch.cli.reading import new_engine, run_info
from trainwatch.errors import ExitCode, TrainwatchError
from trainwatch.events import Chunk, SourceItem
from trainwatch.health.gate import Gate, Judgement, Outcome
from trainwatch.signs import Sign, healthy, remove_sign, write_sign
from trainwatch.sources import Follower
from trainwatch.supervise.files import write_json
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.record import read_record

_POLL = 0.5
"""Seconds between two looks at the logs."""


def watch(root: Path, seconds: float) -> Judgement:
    """Follow a run until the gate is decided, or the supervisor has gone."""
    record = read_record(root)
    config = Path(record.guard.config) if record.guard.config else None
    engine = new_engine(Selection((str(root),), config=config), run_info([str(root)]))
    began = record.attempts[-1].started if record.attempts else time.time()
    gate = Gate(seconds, began)
    parent = os.getppid()
    # A later attempt is judged by what it writes itself.
    written_before = read_before(RunPaths(root))
    follower = Follower([str(root)])
    try:
        while True:
            now = time.time()
            for item in follower.poll(now):
                if not _is_old(item, follower, written_before):
                    engine.feed(item)
            with contextlib.suppress(TrainwatchError):
                engine.info = replace(run_info([str(root)]), attempt=0)
            engine.tick(now)
            said = gate.look(engine.snapshot())
            if said.outcome is not Outcome.PENDING or os.getppid() != parent:
                return said
            time.sleep(_POLL)
    finally:
        follower.close()


def _is_old(item: SourceItem, follower: Follower, before: Mapping[str, int]) -> bool:
    """Whether an earlier attempt wrote it."""
    if not isinstance(item, Chunk) or not before:
        return False
    path = follower.path_of(item.file)
    return item.offset + len(item.data) <= before.get(path or "", 0)


def main(root: Path, seconds: float) -> int:
    """Judge, write down what was judged, and say it by the exit code."""
    said = watch(root, seconds)
    paths, record = RunPaths(root), read_record(root)
    if said.outcome is Outcome.PENDING:
        return int(ExitCode.PROBLEM)
    document = {"schema": 1, "outcome": said.outcome, "reason": said.reason, "step": said.step}
    write_json(paths.gate, document)
    if said.outcome is Outcome.FAILED:
        remove_sign(paths.signals, record.id, Sign.HEALTHY)
        return int(ExitCode.GATE_FAILED)
    write_sign(paths.signals, record.id, healthy(said.step, said.loss, time.time()))
    return int(ExitCode.OK)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), float(sys.argv[2])))
