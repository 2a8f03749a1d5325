"""`python -m trainwatch.cli.gate RUN_DIR SECONDS`: the health gate, a companion of the supervisor.

Follows the logs of a run as a view does, and exits with 0 when the gate has passed, with 64 when it
has failed; then `gate.json` says why. Meanwhile it keeps watch as `trainwatch.cli.vigil` does, which
comes after it. It ends with its parent.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from trainwatch.cli.attempt import Attempt
from trainwatch.cli.vigil import Keeper
from trainwatch.diagnose.live.read import read_document
from trainwatch.errors import ExitCode
from trainwatch.health.gate import Gate, Judgement, Outcome
from trainwatch.health.vigil import Why
from trainwatch.signs import Sign, healthy, remove_sign, write_sign
from trainwatch.supervise.files import write_json
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.record import read_record

_POLL = 0.5
"""Seconds between two looks at the logs."""


def watch(root: Path, seconds: float) -> Judgement:
    """Follow a run until the gate is decided, or the supervisor has gone."""
    attempt, record = Attempt(root), read_record(root)
    gate = Gate(seconds, record.attempts[-1].started if record.attempts else time.time())
    keeper = Keeper(root) if record.guard.probe else None
    engine = attempt.engine
    parent = os.getppid()
    try:
        while True:
            now = time.time()
            attempt.advance(now)
            view = engine.snapshot()
            said = gate.look(view, attempt.written)
            if keeper and said.silent and stepped(keeper.take(Why.STALL, engine.judge())):
                said = gate.seen_moving(view)
            if said.outcome is not Outcome.PENDING or os.getppid() != parent:
                return said
            if keeper:
                keeper.look(engine.judge(), engine.run.tally.bytes, now)
            time.sleep(_POLL)
    finally:
        attempt.close()


def stepped(stacks: Path | None) -> bool:
    """Whether any rank called a further collective between the two looks that were written down."""
    try:
        live = read_document("", stacks.read_bytes()) if stacks else None
    except OSError:
        return False
    return live is not None and any(stand.stepped for stand in live.stands)


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
