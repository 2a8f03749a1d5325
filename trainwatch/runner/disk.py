"""`python -m trainwatch.runner.disk RUN_DIR DIR …`: does the next checkpoint still fit?

A companion of the supervisor, because a look at a network file system may hang. It writes one line
into the journal when space becomes short, and again only after it was not.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from trainwatch.checkpoints import Saves, Survey, look
from trainwatch.supervise.journal import Happened, Journal
from trainwatch.supervise.paths import RunPaths

_EVERY = 120.0
"""Seconds between two looks."""


def main(run_dir: Path, roots: Sequence[str]) -> None:
    """Look until the parent has gone."""
    journal = Journal(RunPaths(run_dir).events)
    parent = os.getppid()
    short = False
    while os.getppid() == parent:
        try:
            found = look(roots, time.time())
        except OSError:
            found = Saves(Survey())
        newest = found.survey.newest
        if newest and found.short and not short:
            place = os.path.dirname(newest.path)  # noqa: PTH120
            journal.write(Happened.DISK, path=place, free=found.free, needed=found.needed)
        short = found.short
        time.sleep(_EVERY)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
