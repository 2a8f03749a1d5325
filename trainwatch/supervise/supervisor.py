"""The process that owns one training: starts it, keeps its record, ends it and what it leaves.

It belongs to no terminal, reads nothing of what the training writes, and does little: it wakes
twice a second to remember the process tree, and when a signal comes. What it is at, at any
moment, is one of its stages: training → (examining → waiting → training)* → reporting → hook →
leaving.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from trainwatch.errors import TrainwatchError, UsageError
from trainwatch.supervise.companions import reap
from trainwatch.supervise.files import PRIVATE_DIRECTORY, remove_if_empty, write_json
from trainwatch.supervise.git import head_commit
from trainwatch.supervise.helpers import Helpers, Inspection
from trainwatch.supervise.journal import Happened, Journal
from trainwatch.supervise.machine import here
from trainwatch.supervise.openlogs import OpenLogs
from trainwatch.supervise.order import Answer, Order, decode_order, encode, read_all
from trainwatch.supervise.outcome import announce, hook_of, is_complete, seen, with_hook_facts
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.process import describe, identify
from trainwatch.supervise.record import RunRecord, claim, discard, write_record
from trainwatch.supervise.restarts import (
    Ending,
    Failure,
    Situation,
    ending,
    repeated,
    with_checkpoint,
)
from trainwatch.supervise.task import Task
from trainwatch.supervise.tree import RUN_VARIABLE, Tree, become_reaper
from trainwatch.supervise.wakeups import AGAIN, STOPPING, Wakeups

SAMPLE = 0.5
"""Seconds between two looks at the process tree."""

_SHARE = 0.005
"""Part of one core that these looks may take on a machine with very many processes."""

_SAVE = 5.0
"""Seconds between two writes of the process tree, at least."""

_LOOK = SAMPLE
"""Seconds between two looks for logs, at least."""

UNENDED = 1
"""Exit code when the training itself could not be ended, so that it has none."""

_NO_REUSE = "TORCH_DISABLE_SHARE_RDZV_TCP_STORE"
"""Set for later attempts: with it torchrun does not stumble over the dead attempt's port."""

Stage = Callable[[float], bool]
"""Does what is due, given a monotonic clock; False when the supervisor's work is done."""


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
        self._helpers = Helpers(paths, order, self._journal)
        self._tree.strangers = lambda: self._helpers.sessions
        self._logs = OpenLogs(paths.root, order.logs)
        self._task: Task | None = None
        self._stage: Stage = self._training
        self._due = 0.0
        self._again = False
        self._hurry = False
        self._gate: str | None = None
        self._before = seen(order.restarts.until)
        self._saved: tuple[float, object] = (0.0, None)
        self._sampled = self._looked = 0.0
        _claim(paths, self._record)

    def start(self, checkpoint: str | None) -> int:
        """Starts an attempt and returns its process id; raises UsageError when it cannot."""
        number = len(self._record.attempts)
        command = with_checkpoint(self._order.command, checkpoint)
        again = {_NO_REUSE: "1"} if number else {}
        environment = {
            "PYTHONUNBUFFERED": "1",
            **again,
            **os.environ,
            **self._order.environment,
            RUN_VARIABLE: self._record.token,
            "TRAINWATCH_RUN_DIR": str(self._paths.root),
            "TRAINWATCH_EXP_ID": self._record.id,
        }
        console = _size(self._paths.console)
        self._task = task = Task(
            self._tree, command, self._order.cwd, environment, self._paths.console
        )
        self._again = False
        self._keep(self._record.began(task.identity, time.time(), checkpoint, console))
        facts = {"checkpoint": checkpoint} if checkpoint else {}
        self._journal.write(
            Happened.START, attempt=number, pid=task.pid, command=list(command), **facts
        )
        self._helpers.attempt(number, time.monotonic())
        self._stage = self._training
        return task.pid

    def guard(self) -> int:
        """Waits for the end; returns the exit code of the run."""
        while (stage := self._stage)(time.monotonic()):
            if self._stage != stage:
                continue
            for number in self._wakeups.wait(self._pause):
                self._take(number)
            for pid, code in reap():
                self._helpers.collected(pid, code)
                if self._task:
                    self._task.collected(pid, code)
            self._helpers.tick(time.monotonic())
        self._journal.write(Happened.END, exit_code=self._record.exit_code)
        remove_if_empty(self._paths.crash)
        exit_code = self._record.exit_code
        return UNENDED if exit_code is None else exit_code

    @property
    def _pause(self) -> float:
        return (self._task.pause if self._task else None) or SAMPLE

    # --- signals --------------------------------------------------------------------------------

    def _take(self, number: int) -> None:
        """Acts on a signal; none but those of `STOPPING` ends the run."""
        name = "RESTART" if number == AGAIN else signal.Signals(number).name
        stops = number in STOPPING
        self._journal.write(Happened.SIGNAL, signal=name, stops=stops)
        if stops and not self._record.stopped:
            self._stop()
        elif number == AGAIN and self._record.ended is None:
            self._again = True
            self._due = 0.0
            self._end_task()
        elif name in self._order.guard.forward and self._task and self._task.exit_code is None:
            self._journal.write(Happened.FORWARD, signal=name, pid=self._task.pid)
            with contextlib.suppress(OSError):
                os.kill(self._task.pid, number)

    def _stop(self) -> None:
        over = self._record.ended is not None
        if not over:
            self._keep(replace(self._record, stopped=True))
            self._journal.write(Happened.STOP, timeout=self._order.stop_timeout)
        self._hurry = True
        if over or self._stage != self._training:
            self._helpers.end(time.monotonic())
        self._end_task()

    def _end_task(self) -> None:
        if self._task:
            self._task.end(
                self._order.stop_timeout, time.monotonic(), self._note, self._helpers.look
            )

    def _note(self, number: signal.Signals, pids: list[int]) -> None:
        event = Happened.KILL if number == signal.SIGKILL else Happened.TERMINATE
        self._journal.write(event, pids=pids)

    # --- stages ---------------------------------------------------------------------------------

    def _training(self, now: float) -> bool:
        """An attempt runs, or what it left is being ended."""
        task = self._task
        if task is None:
            return self._finish()
        if task.exit_code is not None and self._record.attempts[-1].ended is None:
            self._attempt_over(task.exit_code)
        if self._gate is None and (why := self._helpers.gate_failure()) is not None:
            if not task.ending:
                self._gate = why
            self._end_task()
        if task.over(now):
            return self._attempt_ended(task)
        self._sample(now)
        return True

    def _attempt_over(self, code: int) -> None:
        """The attempt is over as soon as its first process is."""
        self._keep(self._record.noted(ended=time.time(), exit_code=code))
        number = len(self._record.attempts) - 1
        self._journal.write(
            Happened.EXIT, attempt=number, exit_code=code, signal=_signal_name(code)
        )
        self._helpers.attempt_over()
        self._add_logs(self._logs.siblings(self._record.started))
        if left := [process.pid for process in self._tree.scan()]:
            self._journal.write(Happened.ORPHANS, pids=left)
        if self._order.restarts.attempts <= 1 and (end := self._ending(code)):
            self._close(end)
        self._end_task()

    def _ending(self, code: int) -> Ending | None:
        if self._again and not self._record.stopped and self._gate is None:
            return None
        return ending(
            Situation(
                number=len(self._record.attempts),
                code=code,
                stopped=self._record.stopped,
                gate=self._gate,
                complete=is_complete(self._order.restarts.until, self._before, code),
                survivors=bool(self._task and self._task.survivors),
            ),
            self._order.restarts,
        )

    def _attempt_ended(self, task: Task) -> bool:
        """The proof: nobody is left, or these are; then the next attempt, or the end."""
        left = tuple(map(describe, task.survivors))
        if left:
            self._journal.write(Happened.SURVIVORS, processes=left)
            self._keep(replace(self._record, survivors=left))
        if self._record.ended is None:
            code = task.exit_code
            if code is None:  # nobody knows how it will end
                self._keep(self._record.finished(None, time.time()))
                return self._finish()
            end = self._ending(code)
            if end is None:
                self._task = None
                self._helpers.inspect(len(self._record.attempts) - 1, self._order.cwd)
                self._stage = self._examining
                return True
            self._close(end)
        return self._finish()

    def _examining(self, now: float) -> bool:
        """Where and how the attempt failed is being read from its logs."""
        found = self._helpers.inspection()
        if found is None and not self._record.stopped:
            return True
        found = found or Inspection()
        self._keep(self._record.noted(epoch=found.epoch, step=found.step, failure=found.failure))
        for path, why in found.damaged:
            self._journal.write(Happened.CHECKPOINT, path=path, damaged=why)
        failures = [
            Failure(one.epoch, one.step, one.failure, one.exit_code)
            for one in self._record.attempts
        ]
        end = None if self._again else repeated(failures)
        if end:
            self._close(end)
            return self._finish()
        delay = 0.0 if self._again else self._order.restarts.delay
        self._journal.write(
            Happened.RESTART,
            attempt=len(self._record.attempts),
            delay=delay,
            checkpoint=found.checkpoint,
        )
        self._due = now + delay
        self._stage = lambda at: self._waiting(at, found.checkpoint)
        return True

    def _waiting(self, now: float, checkpoint: str | None) -> bool:
        """Until the next attempt is due."""
        if self._record.stopped:
            last = self._record.attempts[-1].exit_code
            self._close(Ending(UNENDED if last is None else last))
            return self._finish()
        if now < self._due:
            return True
        try:
            self.start(checkpoint)
        except TrainwatchError as error:
            self._close(Ending(self._record.attempts[-1].exit_code or UNENDED, str(error)))
            return self._finish()
        return True

    def _close(self, end: Ending) -> None:
        """The run is over; what remains is to write its results."""
        self._keep(self._record.finished(end.code, time.time(), end.reason))
        announce(self._paths, self._record)

    def _finish(self) -> bool:
        self._task = None
        self._helpers.end(time.monotonic())
        wanted = not self._hurry and self._helpers.report()
        self._stage = self._reporting if wanted else self._hook
        return True

    def _reporting(self, now: float) -> bool:
        del now
        if self._helpers.reported():
            self._stage = self._hook
        return True

    def _hook(self, now: float) -> bool:
        """Runs what `--then` or `--on-failure` asks for; its code changes nothing."""
        del now
        command = None if self._hurry else hook_of(self._record)
        self._stage = self._leaving
        if command is None:
            return True
        output = self._paths.results / self._record.id / "then.log"
        environment = with_hook_facts(
            {**os.environ, **self._order.environment}, self._paths, self._record
        )
        environment[RUN_VARIABLE] = self._record.token
        try:
            output.parent.mkdir(parents=True, exist_ok=True)
            self._task = Task(
                self._tree, ("/bin/sh", "-c", command), self._order.cwd, environment, output
            )
        except (TrainwatchError, OSError) as error:
            self._journal.write(Happened.HOOK, command=command, problem=str(error))
            return True
        self._journal.write(Happened.HOOK, command=command, pid=self._task.pid)
        self._stage = self._hooked
        return True

    def _hooked(self, now: float) -> bool:
        task = self._task
        if task is None:
            self._stage = self._leaving
            return True
        if task.exit_code is not None:
            self._end_task()
        if task.over(now):
            self._journal.write(Happened.HOOK, exit_code=task.exit_code)
            left = tuple(map(describe, task.survivors))
            if left:
                self._keep(replace(self._record, survivors=(*self._record.survivors, *left)))
            self._task = None
            self._stage = self._leaving
        return True

    def _leaving(self, now: float) -> bool:
        """Until the companions have ended."""
        self._helpers.end(now)
        return bool(self._helpers.sessions)

    # --- what is looked at meanwhile ------------------------------------------------------------

    def _sample(self, now: float) -> None:
        """Looks at the tree and writes it down when it has changed."""
        ending_now = self._task is None or self._task.ending
        if ending_now or now < self._sampled + max(SAMPLE, self._tree.cost / _SHARE):
            return
        self._sampled = now
        self._tree.scan(thorough=False)
        self._find_logs(now)
        when, what = self._saved
        if self._tree.known == what or now < when + _SAVE:
            return
        self._saved = (now, self._tree.known)
        with contextlib.suppress(OSError):
            write_json(self._paths.processes, {"schema": 1, "processes": sorted(self._tree.known)})

    def _find_logs(self, now: float) -> None:
        if now < self._looked + max(_LOOK, self._logs.cost / _SHARE):
            return
        self._looked = now
        self._add_logs(self._logs.look(identity.pid for identity in sorted(self._tree.known)))

    def _add_logs(self, new: list[str]) -> None:
        if new:
            self._keep(replace(self._record, logs=(*self._record.logs, *new)))
            self._journal.write(Happened.LOGS, paths=new)

    def _keep(self, record: RunRecord) -> None:
        """Writes the record down; a full disk must not end the guard."""
        self._record = record
        with contextlib.suppress(OSError):
            write_record(self._paths, record)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


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
        restarts=order.restarts,
        guard=order.guard,
        variables=tuple(order.environment),
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
        _answer(Answer(launcher=supervisor.start(order.checkpoint)))
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
