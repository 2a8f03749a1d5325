"""The process that owns one training: starts it, keeps its record, ends it and what it leaves.

It belongs to no terminal, reads nothing of what the training writes, and does little: it wakes
twice a second to remember the process tree, and when a signal comes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path

from trainwatch.errors import TrainwatchError, UsageError
from trainwatch.supervise.files import PRIVATE_DIRECTORY, remove_if_empty, write_json
from trainwatch.supervise.git import head_commit
from trainwatch.supervise.journal import Happened, Journal
from trainwatch.supervise.ladder import Ladder
from trainwatch.supervise.launcher import Launcher
from trainwatch.supervise.machine import here
from trainwatch.supervise.order import Answer, Order, decode_order, encode, read_all
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.process import describe, identify
from trainwatch.supervise.record import RunRecord, claim, discard, write_record
from trainwatch.supervise.tree import RUN_VARIABLE, Tree, become_reaper
from trainwatch.supervise.wakeups import STOPPING, Wakeups

SAMPLE = 0.5
"""Seconds between two looks at the process tree."""

_SHARE = 0.005
"""Part of one core that these looks may take on a machine with very many processes."""

_SAVE = 5.0
"""Seconds between two writes of the process tree, at least."""

UNENDED = 1
"""Exit code when the training itself could not be ended, so that it has none."""


class Supervisor:
    """One training from its start to the proof that nothing of it is left."""

    def __init__(self, paths: RunPaths, order: Order) -> None:
        """Claims the run directory; raises UsageError when another run has it."""
        self._paths = paths
        self._order = order
        self._wakeups = Wakeups()
        self._journal = Journal(paths.events)
        self._record = _first_record(order)
        self._tree = Tree(self._record.token, reaper=os.getpid() if become_reaper() else None)
        self._launcher: Launcher | None = None
        self._ladder: Ladder | None = None
        self._saved: tuple[float, object] = (0.0, None)
        self._sampled = 0.0
        _claim(paths, self._record)

    def start(self) -> int:
        """Starts the command and returns its process id; raises UsageError when it cannot."""
        environment = {
            "PYTHONUNBUFFERED": "1",
            **os.environ,
            **self._order.environment,
            RUN_VARIABLE: self._record.token,
        }
        launcher = Launcher(self._order.command, self._order.cwd, environment, self._paths.console)
        self._launcher = launcher
        if launcher.identity:
            self._tree.remember(launcher.identity)
        self._keep(self._record.began(launcher.identity, time.time()))
        self._journal.write(
            Happened.START, attempt=0, pid=launcher.pid, command=list(self._order.command)
        )
        return launcher.pid

    def guard(self) -> int:
        """Waits for the end; returns the training's exit code."""
        while not self._over(time.monotonic()):
            for number in self._wakeups.wait(self._pause):
                self._take(number)
            self._collect()
            self._sample(time.monotonic())
        self._conclude()
        code = self._record.exit_code
        return UNENDED if code is None else code

    @property
    def _pause(self) -> float:
        return self._ladder.pause if self._ladder else SAMPLE

    def _take(self, number: signal.Signals) -> None:
        """Acts on a signal; none but the two of `STOPPING` ends anything."""
        stops = number in STOPPING
        self._journal.write(Happened.SIGNAL, signal=number.name, stops=stops)
        if stops and not self._record.stopped and self._record.ended is None:
            self._keep(replace(self._record, stopped=True))
            self._journal.write(Happened.STOP, timeout=self._order.stop_timeout)
            self._climb()

    def _climb(self) -> None:
        self._ladder = self._ladder or Ladder(
            self._tree,
            self._launcher.identity if self._launcher else None,
            timeout=self._order.stop_timeout,
            now=time.monotonic(),
            note=self._note,
        )

    def _note(self, number: signal.Signals, pids: list[int]) -> None:
        event = Happened.KILL if number == signal.SIGKILL else Happened.TERMINATE
        self._journal.write(event, pids=pids)

    def _collect(self) -> None:
        """Collects what has ended; the attempt is over as soon as the launcher is."""
        launcher = self._launcher
        if launcher is None:
            return
        launcher.collect()
        if launcher.exit_code is not None and self._record.ended is None:
            self._attempt_over(launcher.exit_code)

    def _attempt_over(self, code: int) -> None:
        self._keep(self._record.finished(code, time.time()))
        self._journal.write(Happened.EXIT, attempt=0, exit_code=code, signal=_signal_name(code))
        if left := [process.pid for process in self._tree.scan()]:
            self._journal.write(Happened.ORPHANS, pids=left)
        self._climb()

    def _over(self, now: float) -> bool:
        return self._ladder is not None and self._ladder.step(now)

    def _sample(self, now: float) -> None:
        """Looks at the tree and writes it down when it has changed."""
        if self._ladder or now < self._sampled + max(SAMPLE, self._tree.cost / _SHARE):
            return
        self._sampled = now
        self._tree.scan(thorough=False)
        when, what = self._saved
        if self._tree.known == what or now < when + _SAVE:
            return
        self._saved = (now, self._tree.known)
        with contextlib.suppress(OSError):
            write_json(self._paths.processes, {"schema": 1, "processes": sorted(self._tree.known)})

    def _conclude(self) -> None:
        """The proof: nobody is left, or these are."""
        left = tuple(map(describe, self._ladder.survivors)) if self._ladder else ()
        if left:
            self._journal.write(Happened.SURVIVORS, processes=left)
        self._keep(replace(self._record, survivors=left))
        self._journal.write(Happened.END, exit_code=self._record.exit_code)
        remove_if_empty(self._paths.crash)

    def _keep(self, record: RunRecord) -> None:
        """Writes the record down; a full disk must not end the guard."""
        self._record = record
        with contextlib.suppress(OSError):
            write_record(self._paths, record)


def _first_record(order: Order) -> RunRecord:
    me = identify(os.getpid())
    if me is None:
        raise UsageError("trainwatch run needs Linux's /proc, which is not there.")
    return RunRecord(
        id=order.id,
        token=os.urandom(16).hex(),
        command=order.command,
        cwd=order.cwd,
        machine=here(),
        supervisor=me,
        started=time.time(),
        stop_timeout=order.stop_timeout,
        logs=order.logs,
        owned=order.owned,
        git_commit=head_commit(Path(order.cwd)),
    )


def _claim(paths: RunPaths, record: RunRecord) -> None:
    try:
        paths.private.mkdir(mode=PRIVATE_DIRECTORY, exist_ok=True)
        claim(paths, record)
    except FileExistsError:
        raise UsageError(f"{paths.root} was taken by another run at this very moment.") from None
    except OSError as error:
        raise UsageError(f"{paths.root} cannot be written: {error.strerror}.") from None


def _signal_name(code: int) -> str | None:
    """`SIGKILL` for 137; a program may also choose such a code by itself."""
    try:
        return signal.Signals(code - 128).name
    except ValueError:
        return None


def main(root: Path) -> int:
    """The supervisor's whole life."""
    paths = RunPaths(root)
    order = decode_order(read_all(sys.stdin.fileno()))
    try:
        supervisor = Supervisor(paths, order)
    except TrainwatchError as error:
        return _refuse(error)
    try:
        _answer(Answer(launcher=supervisor.start()))
    except TrainwatchError as error:
        discard(paths)
        return _refuse(error)
    try:
        return supervisor.guard()
    except Exception:
        # An exit code would be taken for the training's; a death by signal cannot be.
        traceback.print_exc()
        os.kill(os.getpid(), signal.SIGKILL)
        raise


def _refuse(error: TrainwatchError) -> int:
    _answer(Answer(problem=str(error)))
    return int(error.exit_code)


def _answer(answer: Answer) -> None:
    """Sends it, and lets go of the pipes: nothing of the front end may stay open here."""
    # The front end may be dead already, which changes nothing.
    with contextlib.suppress(OSError):
        os.write(sys.stdout.fileno(), encode(answer))
    nothing = os.open(os.devnull, os.O_RDWR)
    for handle in (sys.stdin.fileno(), sys.stdout.fileno()):
        os.dup2(nothing, handle)
    os.close(nothing)
