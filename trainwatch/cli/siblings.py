"""Other runs of the same job beside the one that is diagnosed: whether they failed in the same way.

A GPU that is broken, a host that is short of memory or a shard that is damaged shows by repetition.
Siblings are the directories beside the run's that hold a run of the same command or, where nothing
says what the command was, whose names differ by their numbers only.
"""

import contextlib
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from trainwatch.cli.evidence import gather_files
from trainwatch.cli.options import Selection
from trainwatch.cli.reading import local_offset, new_engine, read_logs, run_info
from trainwatch.diagnose import Diagnosis, Gathering, Other, Role, Verdict, diagnose
from trainwatch.diagnose.words import ranks_words
from trainwatch.errors import TrainwatchError
from trainwatch.events import RankId, RunInfo
from trainwatch.model.moments import Viewpoint
from trainwatch.sources import discover

_MOST = 3
_LISTED = 500
_BYTES = 32 << 20
"""Logs of a sibling that are larger than this are not read: the answer is wanted in seconds."""

_TROUBLE = (Verdict.FAILED, Verdict.HANG, Verdict.STRAGGLER)
_ACCUSED = (Role.GUILTY, Role.SUSPECT)
_NUMBER = re.compile(r"\d+")
_PART = re.compile(
    r"(?i)(?:rank|node|host|worker|attempt|local|default|gpu|task|checkpoint|epoch|step)[_\-.]?#"
)
"""Names of directories that are parts of one run."""


def with_repeats(found: Diagnosis, chosen: Sequence[str]) -> Diagnosis:
    """The diagnosis with a word on runs of the same job that failed in the same way."""
    if found.verdict not in _TROUBLE or found.category is None or len(chosen) != 1:
        return found
    notes = tuple(_repeats(found, Path(chosen[0])))
    return replace(found, others=(*notes, *found.others))


def _repeats(found: Diagnosis, root: Path) -> Iterator[Other]:
    own = run_info([str(root)])
    accused = _accused(found)
    for path in list(siblings(root))[:_MOST]:
        with contextlib.suppress(TrainwatchError, OSError):
            other = _diagnosed(path)
            if other is None or other[0].category is not found.category:
                continue
            both = accused & _accused(other[0])
            where = f", on {ranks_words(both)} too" if both else ""
            host = own.host if own.host is not None and own.host == other[1].host else None
            on = f", on the same host {host}" if host else ""
            yield Other(found.category, f"The same in another run of it, {path.name}{where}{on}")


def _accused(found: Diagnosis) -> set[RankId]:
    return {rank.who for rank in found.ranks if rank.role in _ACCUSED}


def siblings(root: Path) -> Iterator[Path]:
    """Directories that hold other runs of the same job, the newest first."""
    if not root.is_dir():
        return
    root = root.resolve()
    command = _job(root)
    beside = []
    with contextlib.suppress(OSError):
        for at, path in enumerate(root.parent.iterdir()):
            if at >= _LISTED:
                break
            if path != root and path.is_dir() and _is_sibling(path, root, command):
                beside.append((path.stat().st_mtime, path))
    yield from (path for _, path in sorted(beside, reverse=True))


def _is_sibling(path: Path, root: Path, command: str | None) -> bool:
    if command is not None:
        return _job(path) == command
    stem = _NUMBER.sub("#", root.name)
    return "#" in stem and not _PART.match(stem) and _NUMBER.sub("#", path.name) == stem


def _job(path: Path) -> str | None:
    """The command of a run without its numbers: ports, seeds and outputs differ from run to run."""
    with contextlib.suppress(TrainwatchError):
        command = run_info([str(path)]).command
        return None if command is None else _NUMBER.sub("#", "\0".join(command))
    return None


def _diagnosed(path: Path) -> tuple[Diagnosis, RunInfo] | None:
    """What the logs of a sibling alone say; None where they are large."""
    sizes = [Path(log.path).stat().st_size for log in discover([str(path)], allow_empty=True).files]
    if not sizes or sum(sizes) > _BYTES:
        return None
    info, gathering = run_info([str(path)]), Gathering()
    gather_files([str(path)], gathering)
    engine = new_engine(Selection((str(path),)), info, gathering.take)
    engine.witness = gathering.see
    read_logs(engine, [str(path)])
    now = time.time()
    view = Viewpoint(now, local_offset())
    return diagnose(engine.run, engine.info, view, engine.config, gathering), info
