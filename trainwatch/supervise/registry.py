"""The runs of this user: one small file a run, in the user's state directory.

`trainwatch ps` and `stop EXP_ID` find a run from any working directory by it. On a cluster the
home directory is shared, so the runs of all nodes are in it. It is a convenience: where it cannot
be written nothing fails, and runs below the working directory are found without it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from trainwatch.errors import RunError, TrainwatchError
from trainwatch.supervise import files
from trainwatch.supervise.files import PRIVATE_DIRECTORY
from trainwatch.supervise.paths import RunPaths, runs_above
from trainwatch.supervise.record import RunRecord, read_record
from trainwatch.supervise.standing import Standing, standing

_KEPT = 500
"""Entries; older ones are forgotten."""

_OVER = frozenset({Standing.ENDED, Standing.CUT_OFF})


def _directory() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "trainwatch" / "runs"


def register(root: Path) -> None:
    """Makes a run known; does nothing where the state directory cannot be written."""
    name = blake2b(os.fsencode(root), digest_size=12).hexdigest()
    with contextlib.suppress(OSError, RuntimeError):
        place = _directory()
        place.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        files.write_json(place / f"{name}.json", {"schema": 1, "path": str(root)})
        for old in _entries(place)[_KEPT:]:
            old.unlink()


def _entries(place: Path) -> list[Path]:
    """Newest first."""
    return sorted(place.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)


def _registered() -> Iterator[Path]:
    with contextlib.suppress(OSError, RuntimeError):
        for entry in _entries(_directory()):
            with contextlib.suppress(TrainwatchError):
                yield Path(files.read_json(entry).text("path"))


def _nearby() -> Iterator[Path]:
    with contextlib.suppress(OSError):
        for runs in runs_above(Path.cwd()):
            for child in runs.iterdir():
                if RunPaths(child).run.exists():
                    yield child


def known_runs() -> dict[Path, RunRecord]:
    """Every run that can be found and read, by its directory; newest first.

    A run directory that was moved or deleted, or whose record is damaged, is left out.
    """
    found: dict[Path, RunRecord] = {}
    for root in dict.fromkeys((*_nearby(), *_registered())):
        with contextlib.suppress(TrainwatchError):
            found[root] = read_record(root)
    return dict(sorted(found.items(), key=lambda item: item[1].started, reverse=True))


def runs_here() -> dict[Path, RunRecord]:
    """The runs below `trainwatch_runs` of this directory and those above it; newest first."""
    here = set(_nearby())
    return {root: record for root, record in known_runs().items() if root in here}


def find_run(text: str) -> Path:
    """The directory of the run that a user means by a directory or an exp id.

    A directory is preferred to an id, and a run that lives to one that is over.

    Raises:
        RunError: There is none, or there are several.
    """
    if RunPaths(Path(text)).run.exists():
        return Path(text)
    same = {root: record for root, record in known_runs().items() if record.id == text}
    living = [root for root, record in same.items() if standing(record) not in _OVER]
    if len(living) > 1:
        places = ", ".join(map(str, living))
        raise RunError(f"several runs are called {text}: name the directory of one ({places}).")
    if not same:
        raise RunError(f"no run {text} is known here; `trainwatch ps` lists those that are.")
    return living[0] if living else next(iter(same))
