"""A run directory of one's own: nothing is overwritten, and no two runs share one.

* A directory that is not there is made.
* One that holds no run (say a `logs/` of the user) is used as it is.
* One that holds an earlier run which is over is moved aside whole, to `<name>.<its start>`, when
  trainwatch made it or nothing but trainwatch's files is in it; so the same job can be started
  again under the same exp id. Where the user keeps other files in it, it is refused.
* One whose run lives, or may live (on another host), is refused.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainwatch.errors import TrainwatchError, UsageError
from trainwatch.supervise.batch import batch_job, is_superseded
from trainwatch.supervise.files import PRIVATE_DIRECTORY, remove_if_empty
from trainwatch.supervise.paths import RUNS, RunPaths, check_exp_id, default_exp_id
from trainwatch.supervise.pieces import is_piece
from trainwatch.supervise.record import RunRecord, alive, guarded, read_record
from trainwatch.supervise.standing import remains


@dataclass(frozen=True, slots=True)
class Reservation:
    """A directory for one run.

    Attributes:
        id: The exp id.
        paths: The directory, absolute.
        made: Whether it was made just now.
        kept: Where an earlier run was moved to.
    """

    id: str
    paths: RunPaths
    made: bool
    kept: Path | None = None

    def release(self) -> None:
        """Puts everything back, when nothing was started; the supervisor has removed its files.

        Only what is empty goes: another run may just have taken the directory.
        """
        remove_if_empty(self.paths.crash)
        with contextlib.suppress(OSError):
            self.paths.private.rmdir()
        if not self.made:
            return
        with contextlib.suppress(OSError):
            self.paths.root.rmdir()
            if self.kept:
                self.kept.rename(self.paths.root)


def reserve(
    command: Sequence[str], exp_id: str | None, run_dir: Path | None, now: float
) -> Reservation:
    """Finds a place for a run.

    Args:
        command: Names the run when `exp_id` is None.
        exp_id: As the user gave it.
        run_dir: As the user gave it; None for `trainwatch_runs/<exp-id>`.
        now: Epoch seconds.

    Raises:
        UsageError: The id or the directory cannot be used.
    """
    name = default_exp_id(command, now) if exp_id is None else check_exp_id(exp_id)
    try:
        if exp_id is None and run_dir is None:
            return _unused(Path.cwd() / RUNS, name)
        root = Path(os.path.abspath(run_dir or Path(RUNS, name)))  # noqa: PTH100
        root.parent.mkdir(parents=True, exist_ok=True)
        with _alone(root.parent):
            return _take(root, name)
    except OSError as error:
        raise UsageError(
            f"{error.filename or run_dir or RUNS} cannot be a run directory: {error.strerror}."
        ) from None


def _unused(runs: Path, name: str) -> Reservation:
    """The first name that is free: several runs may start in one second."""
    runs.mkdir(parents=True, exist_ok=True)
    for number in itertools.count(1):
        free = name if number == 1 else f"{name}-{number}"
        with contextlib.suppress(FileExistsError):
            (runs / free).mkdir(mode=PRIVATE_DIRECTORY)
            return Reservation(free, RunPaths(runs / free), made=True)
    raise AssertionError


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Keeps a second `trainwatch run` from moving aside what this one has just made."""
    handle = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        # Not every network file system has locks; the supervisor's claim still is exclusive there.
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _take(root: Path, name: str) -> Reservation:
    kept = _move_aside(root) if RunPaths(root).run.exists() else None
    try:
        root.mkdir(mode=PRIVATE_DIRECTORY)
    except FileExistsError:
        if not root.is_dir():
            raise UsageError(f"{root} cannot be a run directory: it is a file.") from None
        return Reservation(name, RunPaths(root), made=False)
    return Reservation(name, RunPaths(root), made=True, kept=kept)


def _move_aside(root: Path) -> Path:
    """Moves an earlier run, when it is certain that it is over; returns where it is now."""
    try:
        record = read_record(root)
    except TrainwatchError as error:
        raise UsageError(f"{root} cannot be used: {error}") from None
    _refuse_living(root, record)
    others = set(root.iterdir()) - set(RunPaths(root).own)
    strangers = {path for path in others if not is_piece(path)}
    if strangers and not record.owned:
        raise UsageError(
            f"{root} holds an earlier run, {record.id}, beside files that are not trainwatch's "
            f"(such as {min(strangers).name}): choose another --run-dir."
        )
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(record.started))
    for number in itertools.count(1):
        kept = root.with_name(f"{root.name}.{stamp}" + (f"-{number}" if number > 1 else ""))
        if not kept.exists():
            return root.rename(kept)
    raise AssertionError


def _refuse_living(root: Path, record: RunRecord) -> None:
    state = (alive(record), guarded(record))
    if True in state or (False in state and remains(record, root)):
        raise UsageError(
            f"the run {record.id} in {root} is still there: end it with "
            f"`trainwatch stop {root}`, or choose another --exp-id or --run-dir."
        )
    if is_superseded(record.job, batch_job(os.environ)):
        return  # it ran on another node of a job that was requeued since
    if record.ended is None and None in state:
        raise UsageError(
            f"the run {record.id} in {root} was started on {record.machine.host}, and whether it "
            f"lives cannot be seen from here: choose another --exp-id or --run-dir, or move that "
            f"directory away when it is over."
        )
