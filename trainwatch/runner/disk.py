"""`python -m trainwatch.runner.disk RUN_DIR DIR …`: does the next checkpoint still fit?

A companion of the supervisor, because a look at a network file system may hang. It writes one line
into the journal when space becomes short, and again only after it was not.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trainwatch.checkpoints import Checkpoint, survey
from trainwatch.supervise.journal import Happened, Journal
from trainwatch.supervise.paths import RunPaths

_EVERY = 120.0
"""Seconds between two looks."""

_MARGIN = 1.1
"""Times the newest checkpoint's size: the next one is written before the oldest is removed."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """Too little space for the next checkpoint: bytes."""

    path: str
    free: int
    needed: int


def shortage(newest: Checkpoint | None, free: int) -> Shortage | None:
    """Whether another checkpoint of that size would not fit."""
    if newest is None or free >= newest.size * _MARGIN:
        return None
    return Shortage(os.path.dirname(newest.path), free, newest.size)  # noqa: PTH120


def look(roots: Sequence[str]) -> Shortage | None:
    """The shortage of this moment."""
    newest = survey(roots, time.time()).newest
    free = shutil.disk_usage(Path(newest.path).parent).free if newest else 0
    return shortage(newest, free)


def main(run_dir: Path, roots: Sequence[str]) -> None:
    """Look until the parent has gone."""
    journal = Journal(RunPaths(run_dir).events)
    parent = os.getppid()
    short = False
    while os.getppid() == parent:
        try:
            found = look(roots)
        except OSError:
            found = None
        if found and not short:
            journal.write(Happened.DISK, path=found.path, free=found.free, needed=found.needed)
        short = found is not None
        time.sleep(_EVERY)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
