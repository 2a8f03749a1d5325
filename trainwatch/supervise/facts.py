"""What is known of a run and its attempts: the content of `run.json`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from trainwatch.supervise.batch import BatchJob
from trainwatch.supervise.machine import Machine
from trainwatch.supervise.order import Guard, Restarts
from trainwatch.supervise.process import Identity


@dataclass(frozen=True, slots=True)
class Attempt:
    """One start of the command.

    Attributes:
        launcher: The process that was started; None before and where it could not be read.
        started, ended: Epoch seconds.
        exit_code: The command's own; 128+N when signal N ended it.
        checkpoint: That its command was given; one may find its checkpoint by itself.
        console: Bytes that `console.log` held when it started; None where that is not known, or
            the console is cut into pieces.
        epoch, step: How far it came, as its logs print it; known once it has failed.
        failure: How it failed, in a few words of its logs.
    """

    started: float
    launcher: Identity | None = None
    ended: float | None = None
    exit_code: int | None = None
    checkpoint: str | None = None
    console: int | None = None
    epoch: float | None = None
    step: int | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What `run.json` says.

    Attributes:
        id: The experiment's id.
        token: Value of TRAINWATCH_RUN_ID in the training's environment; no other run has it.
        command, cwd: What was started, and where.
        logs: Absolute paths of further logs.
        stop_timeout: Seconds from SIGTERM to SIGKILL.
        owned: Whether trainwatch made the run directory.
        git_commit: Commit checked out in `cwd`, where that is a git work tree.
        machine: Where the process ids mean something.
        supervisor: The process that owns the training.
        started, ended: Epoch seconds; `ended` is the end of the last attempt.
        exit_code: Of `trainwatch run`, once the run is over: the last attempt's own, or 64 or 65.
        reason: Why it ended, where that is not the command's own doing.
        stopped: Whether a person or a signal asked for the end.
        survivors: Descriptions of processes that could not be ended.
        attempts: In order; the last is the current one.
        restarts: When it is started again.
        guard: What else is done for it.
        variables: Names of the variables that were added to the environment.
        job: The batch job that it is part of.
    """

    id: str
    token: str
    command: tuple[str, ...]
    cwd: str
    machine: Machine
    supervisor: Identity
    started: float
    stop_timeout: float
    logs: tuple[str, ...] = ()
    owned: bool = False
    git_commit: str | None = None
    ended: float | None = None
    exit_code: int | None = None
    stopped: bool = False
    survivors: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    reason: str | None = None
    restarts: Restarts = field(default_factory=Restarts)
    guard: Guard = field(default_factory=Guard)
    variables: tuple[str, ...] = ()
    job: BatchJob | None = None

    @property
    def launcher(self) -> Identity | None:
        """The current attempt's first process."""
        return self.attempts[-1].launcher if self.attempts else None

    @property
    def waiting(self) -> bool:
        """Whether one attempt has ended and the run goes on."""
        last = self.attempts[-1] if self.attempts else None
        return self.ended is None and last is not None and last.ended is not None

    def began(
        self,
        launcher: Identity | None,
        now: float,
        checkpoint: str | None = None,
        console: int | None = None,
    ) -> RunRecord:
        """With one more attempt."""
        attempt = Attempt(now, launcher, checkpoint=checkpoint, console=console)
        return replace(self, attempts=(*self.attempts, attempt))

    def noted(self, **facts: Any) -> RunRecord:  # noqa: ANN401 - fields of Attempt
        """With more known of the current attempt."""
        if not self.attempts:
            return self
        return replace(self, attempts=(*self.attempts[:-1], replace(self.attempts[-1], **facts)))

    def finished(self, exit_code: int | None, now: float, reason: str | None = None) -> RunRecord:
        """With the run at its end, and the current attempt where it has not ended yet."""
        record = self
        if self.attempts and self.attempts[-1].ended is None:
            record = self.noted(ended=now, exit_code=exit_code)
        return replace(record, ended=now, exit_code=exit_code, reason=reason)
