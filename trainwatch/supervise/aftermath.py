"""What follows when a training is over: its results, and what the user wants done then."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace

from trainwatch.errors import TrainwatchError
from trainwatch.supervise.batch import unheard
from trainwatch.supervise.books import Books
from trainwatch.supervise.helpers import Helpers
from trainwatch.supervise.journal import Happened
from trainwatch.supervise.order import Order
from trainwatch.supervise.outcome import hook_of, with_hook_facts
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.process import describe
from trainwatch.supervise.task import Task
from trainwatch.supervise.tree import RUN_VARIABLE, Tree

Stage = Callable[[float], bool]
"""Does what is due, given a monotonic clock; False when the supervisor's work is done."""


class Aftermath:
    """The stages after a run's end: reporting → hook → leaving.

    Attributes:
        stage: What it is at.
        task: The hook's, while it runs.
    """

    def __init__(
        self, paths: RunPaths, order: Order, books: Books, tree: Tree, helpers: Helpers
    ) -> None:
        self._paths = paths
        self._order = order
        self._books = books
        self._tree = tree
        self._helpers = helpers
        self._hurry = False
        self.task: Task | None = None
        self.stage: Stage = self._reporting

    def begin(self, *, hurry: bool) -> None:
        """Ends the companions of the training and begins to report, unless somebody waits."""
        self._hurry = self._hurry or hurry
        self._helpers.end(time.monotonic())
        if self._hurry or not self._helpers.report():
            self.stage = self._hook

    def hasten(self) -> None:
        """Somebody asked for the end: the report is broken off, the hook too, or not begun."""
        self._hurry = True
        self._helpers.end(time.monotonic())
        self._end_hook()

    def step(self, now: float) -> bool:
        """Does what is due; False when the supervisor's work is done."""
        while (stage := self.stage)(now):
            if self.stage == stage:
                return True
        return False

    def _reporting(self, now: float) -> bool:
        del now
        if self._helpers.reported():
            self.stage = self._hook
        return True

    def _hook(self, now: float) -> bool:
        """Runs what `--then` or `--on-failure` asks for; its code changes nothing."""
        del now
        command = None if self._hurry else hook_of(self._books.record)
        self.stage = self._leaving
        if command is None:
            return True
        try:
            self.task = self._started(command)
        except (TrainwatchError, OSError) as error:
            self._books.journal.write(Happened.HOOK, command=command, problem=str(error))
            return True
        self._books.journal.write(Happened.HOOK, command=command, pid=self.task.pid)
        self.stage = self._hooked
        return True

    def _started(self, command: str) -> Task:
        record = self._books.record
        output = self._paths.results / record.id / "then.log"
        output.parent.mkdir(parents=True, exist_ok=True)
        given = {**os.environ, **self._order.environment}
        environment = with_hook_facts(given, self._paths, record)
        environment[RUN_VARIABLE] = record.token
        shell = ("/bin/sh", "-c", command)
        ignore = unheard(environment, self._order.guard.forward)
        return Task(self._tree, shell, self._order.cwd, environment, output, ignore)

    def _hooked(self, now: float) -> bool:
        task = self.task
        if task is None:
            self.stage = self._leaving
            return True
        if task.exit_code is not None:
            self._end_hook()
        if task.over(now):
            self._books.journal.write(Happened.HOOK, exit_code=task.exit_code)
            if left := tuple(map(describe, task.survivors)):
                record = self._books.record
                self._books.keep(replace(record, survivors=(*record.survivors, *left)))
            self.task = None
            self.stage = self._leaving
        return True

    def _end_hook(self) -> None:
        if self.task:
            note = self._books.journal.told
            self.task.end(self._order.stop_timeout, time.monotonic(), note, self._helpers.look)

    def _leaving(self, now: float) -> bool:
        """Until the companions have ended."""
        self._helpers.end(now)
        return bool(self._helpers.sessions)
