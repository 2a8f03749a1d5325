"""What a companion folds of a run: what this attempt writes, not the logs of runs long before."""

import os
import time
from pathlib import Path

from tests.supervise.supervision import record
from trainwatch.cli.attempt import Attempt
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.record import write_record


def test_logs_of_runs_long_before_are_not_folded(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    old, new = (logs / f"debug_rank0_202611{day}_100000.log" for day in (20, 21))
    line = "2026-11-21 10:00:00,000 [DEBUG] [Rank 0] Training step {}, loss=0.5\n"
    old.write_text(line.format(7) * 3)
    os.utime(old, (1e9, 1e9))
    run = tmp_path / "run"
    run.mkdir()
    write_record(RunPaths(run), record(started=time.time(), logs=(str(logs),)))
    attempt = Attempt(run)
    new.write_text(line.format(1))
    attempt.advance(time.time())
    assert attempt.engine.run.tally.lines == 1
    with old.open("a") as again:
        again.write(line.format(8))
    attempt.advance(time.time() + 1)
    attempt.close()
    assert attempt.engine.run.tally.lines == 2
