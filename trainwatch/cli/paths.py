"""Which run is meant, and what its record says; light, because a first frame waits for it."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from trainwatch.errors import NothingToReadError
from trainwatch.events import RunInfo

_RECORD = "run.json"


def chosen_paths(paths: Sequence[str]) -> list[str]:
    """The paths given, else the newest run here.

    Raises:
        NothingToReadError: where none is given and no run is known here.
    """
    if paths:
        return list(paths)
    from trainwatch.supervise.registry import runs_here  # noqa: PLC0415 - only without a path

    newest = next(iter(runs_here()), None)
    if newest is None:
        raise NothingToReadError(
            "no run is known here; name a log directory, a file or a glob, such as logs/"
        )
    return [str(newest)]


def run_info(paths: Sequence[str]) -> RunInfo:
    """What `run.json` says where the one path is a run directory; else only the path."""
    if len(paths) == 1 and os.path.isfile(os.path.join(paths[0], _RECORD)):  # noqa: PTH113, PTH118 - never raises
        from trainwatch.supervise.record import read_run  # noqa: PLC0415 - only for our own runs

        info = read_run(Path(paths[0]))
        if info.since is None:
            return info
        from trainwatch.cli.readbefore import shown_before  # noqa: PLC0415 - after a restart only

        return replace(info, before=shown_before(paths[0], info.attempt))
    return RunInfo(path=" ".join(paths))
