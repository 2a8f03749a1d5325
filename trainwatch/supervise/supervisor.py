"""The process that owns one training: starts it, keeps its record, ends it and what it leaves.

It belongs to no terminal, reads nothing of what the training writes, and does little: it wakes
twice a second to remember the process tree, and when a signal comes. What it is at, at any
moment, is one of its stages: training → (examining → waiting → training)* → those of `aftermath`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

from trainwatch.errors import TrainwatchError
from trainwatch.supervise.aftermath import Aftermath, Stage
from trainwatch.supervise.batch import unheard
from trainwatch.supervise.books import Books, signal_name
from trainwatch.supervise.companions import reap
from trainwatch.supervise.files import remove_if_empty
from trainwatch.supervise.helpers import Helpers, Inspection
from trainwatch.supervise.journal import Happened
from trainwatch.supervise.order import Order
from trainwatch.supervise.outcome import is_complete, seen
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.process import describe
from trainwatch.supervise.restarts import (
    Ending,
    Failure,
    Situation,
    ending,
    names_checkpoint,
    repeated,
    with_checkpoint,
)
from trainwatch.supervise.spool import prepare
from trainwatch.supervise.task import Task
from trainwatch.supervise.tree import RUN_VARIABLE, Tree, become_reaper
from trainwatch.supervise.wakeups import AGAIN, STOPPING, Wakeups
from trainwatch.supervise.watching import SAMPLE, Watching

UNENDED = 1
"""Exit code when the training itself could not be ended, so that it has none."""

_NO_REUSE = "TORCH_DISABLE_SHARE_RDZV_TCP_STORE"
"""Set for later attempts: with it torchrun does not stumble over the dead attempt's port."""


class Supervisor:
    """One training from its start to the proof that nothing of it is left."""

    def __init__(self, paths: RunPaths, order: Order) -> None:
        """Claims the run directory; raises UsageError when another run has it."""
        self._paths = paths
        self._order = order
        self._wakeups = Wakeups()
        self._books = books = Books(paths, order)
        reaper = os.getpid() if become_reaper() else None
        self._tree = Tree(books.record.token, reaper=reaper)
        self._helpers = Helpers(paths, order, books.journal)
        self._tree.strangers = lambda: self._helpers.sessions
        self._watching = Watching(paths, books, self._tree)
        self._aftermath = Aftermath(paths, order, books, self._tree, self._helpers)
        self._task: Task | None = None
        self._stage: Stage = self._training
        self._due = 0.0
        self._again = False
        self._gate: str | None = None
        self._before = seen(order.restarts.until)

    def start(self, checkpoint: str | None) -> int:
        """Starts an attempt and returns its process id; raises UsageError when it cannot."""
        number = len(self._books.record.attempts)
        command = with_checkpoint(self._order.command, checkpoint)
        console, held = self._console(number)
        environment = self._environment(number)
        ignore = unheard(environment, self._order.guard.forward)
        self._task = task = Task(self._tree, command, self._order.cwd, environment, console, ignore)
        self._again = False
        told = checkpoint if names_checkpoint(self._order.command) else None
        record = self._books.record.began(task.identity, time.time(), told, held)
        self._books.keep(record)
        facts = {"checkpoint": told} if told else {}
        self._books.journal.write(
            Happened.START, attempt=number, pid=task.pid, command=list(command), **facts
        )
        self._helpers.attempt(number, time.monotonic())
        self._stage = self._training
        return task.pid

    def _environment(self, number: int) -> dict[str, str]:
        again = {_NO_REUSE: "1"} if number else {}
        return {
            "PYTHONUNBUFFERED": "1",
            **again,
            **os.environ,
            **self._order.environment,
            RUN_VARIABLE: self._books.record.token,
            "TRAINWATCH_RUN_DIR": str(self._paths.root),
            "TRAINWATCH_EXP_ID": self._books.record.id,
        }

    def guard(self) -> int:
        """Waits for the end; returns the exit code of the run."""
        while (stage := self._stage)(time.monotonic()):
            if self._stage != stage:
                continue
            for number in self._wakeups.wait(self._pause):
                self._take(number)
            self._collect()
            self._helpers.tick(time.monotonic())
        exit_code = self._books.record.exit_code
        self._books.journal.write(Happened.END, exit_code=exit_code)
        remove_if_empty(self._paths.crash)
        return UNENDED if exit_code is None else exit_code

    def _collect(self) -> None:
        """Take note of children that have ended."""
        for pid, code in reap():
            self._helpers.collected(pid, code)
            for task in filter(None, (self._task, self._aftermath.task)):
                task.collected(pid, code)

    @property
    def _pause(self) -> float:
        task = self._task or self._aftermath.task
        return (task.pause if task else None) or SAMPLE

    def _console(self, number: int) -> tuple[Path, int | None]:
        """The file that the training writes to, and how much the console holds before it does."""
        if self._order.guard.console_limit:
            with contextlib.suppress(OSError):
                prepare(self._paths)
            return self._paths.spool(number), None
        try:
            return self._paths.console, self._paths.console.stat().st_size
        except OSError:
            return self._paths.console, 0

    # --- signals --------------------------------------------------------------------------------

    def _take(self, number: int) -> None:
        """Acts on a signal; none but those of `STOPPING` ends the run."""
        name = "RESTART" if number == AGAIN else signal.Signals(number).name
        stops = number in STOPPING
        self._books.journal.write(Happened.SIGNAL, signal=name, stops=stops)
        if stops and not self._books.record.stopped:
            self._stop()
        elif number == AGAIN and self._books.record.ended is None:
            self._start_again()
        elif name in self._order.guard.forward and self._task and self._task.exit_code is None:
            self._books.journal.write(Happened.FORWARD, signal=name, pid=self._task.pid)
            with contextlib.suppress(OSError):
                os.kill(self._task.pid, number)

    def _stop(self) -> None:
        if self._books.record.ended is not None:
            self._aftermath.hasten()
        else:
            self._books.keep(replace(self._books.record, stopped=True))
            self._books.journal.write(Happened.STOP, timeout=self._order.stop_timeout)
            if self._stage != self._training:
                self._helpers.end(time.monotonic())
        self._end_task()

    def _start_again(self) -> None:
        """A person wants another attempt: of what the gate thought of this one nothing is left."""
        self._again = True
        self._gate = None
        self._helpers.judge_anew()
        self._due = 0.0
        self._end_task()

    def _end_task(self) -> None:
        if self._task:
            now, note = time.monotonic(), self._books.journal.told
            self._task.end(self._order.stop_timeout, now, note, self._helpers.look)

    # --- stages ---------------------------------------------------------------------------------

    def _training(self, now: float) -> bool:
        """An attempt runs, or what it left is being ended."""
        task = self._task
        if task is None:
            return self._finish()
        over = task.over(now)
        if over and task.exit_code is None:
            self._collect()  # it has ended since they were
        if task.exit_code is not None and self._books.record.attempts[-1].ended is None:
            self._attempt_over(task.exit_code)
        if self._gate is None and (why := self._helpers.gate_failure()) is not None:
            if not task.ending:
                self._gate = why
            self._end_task()
        if over:
            return not self._helpers.drained(now) or self._attempt_ended(task)
        if not task.ending:
            self._watching.look(now)
        return True

    def _attempt_over(self, code: int) -> None:
        """The attempt is over as soon as its first process is."""
        books = self._books
        books.keep(books.record.noted(ended=time.time(), exit_code=code))
        number = len(books.record.attempts) - 1
        books.journal.write(Happened.EXIT, attempt=number, exit_code=code, signal=signal_name(code))
        self._helpers.attempt_over()
        self._watching.last_look()
        if left := [process.pid for process in self._tree.scan()]:
            books.journal.write(Happened.ORPHANS, pids=left)
        if self._order.restarts.attempts <= 1 and (end := self._ending(code)):
            books.close(end)
        self._end_task()

    def _ending(self, code: int) -> Ending | None:
        stopped = self._books.record.stopped
        if self._again and not stopped:
            return None
        return ending(
            Situation(
                number=len(self._books.record.attempts),
                code=code,
                stopped=stopped,
                gate=self._gate,
                complete=is_complete(self._order.restarts.until, self._before, code),
                survivors=bool(self._task and self._task.survivors),
            ),
            self._order.restarts,
        )

    def _attempt_ended(self, task: Task) -> bool:
        """The proof: nobody is left, or these are; then the next attempt, or the end."""
        books = self._books
        if left := tuple(map(describe, task.survivors)):
            books.journal.write(Happened.SURVIVORS, processes=left)
            books.keep(replace(books.record, survivors=left))
        if books.record.ended is None:
            code = task.exit_code
            if code is None:  # nobody knows how it will end
                books.keep(books.record.finished(None, time.time()))
                return self._finish()
            end = self._ending(code)
            if end is None:
                self._task = None
                self._helpers.inspect(len(books.record.attempts) - 1, self._order.cwd)
                self._stage = self._examining
                return True
            books.close(end)
        return self._finish()

    def _examining(self, now: float) -> bool:
        """Where and how the attempt failed is being read from its logs."""
        books = self._books
        found = self._helpers.inspection()
        if found is None and not books.record.stopped:
            return True
        found = found or Inspection()
        books.keep(books.record.noted(epoch=found.epoch, step=found.step, failure=found.failure))
        for path, why in found.damaged:
            books.journal.write(Happened.CHECKPOINT, path=path, damaged=why)
        failures = [
            Failure(one.epoch, one.step, one.failure, one.exit_code)
            for one in books.record.attempts
        ]
        if not self._again and (end := repeated(failures)):
            books.close(end)
            return self._finish()
        delay = 0.0 if self._again else self._order.restarts.delay
        number = len(books.record.attempts)
        told = names_checkpoint(self._order.command)
        facts = {"delay": delay, "checkpoint": found.checkpoint, "told": told}
        books.journal.write(Happened.RESTART, attempt=number, **facts)
        self._due = now + delay
        self._stage = lambda at: self._waiting(at, found.checkpoint)
        return True

    def _waiting(self, now: float, checkpoint: str | None) -> bool:
        """Until the next attempt is due."""
        last = self._books.record.attempts[-1].exit_code
        if self._books.record.stopped:
            self._books.close(Ending(UNENDED if last is None else last))
            return self._finish()
        if now < self._due:
            return True
        try:
            self.start(checkpoint)
        except TrainwatchError as error:
            self._books.close(Ending(last or UNENDED, str(error)))
            return self._finish()
        return True

    def _finish(self) -> bool:
        self._task = None
        self._aftermath.begin(hurry=self._books.record.stopped)
        self._stage = self._aftermath.step
        return True
