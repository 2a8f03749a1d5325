"""Which companions a run has, and what their endings mean to it.

The sampler runs as long as the training; the gate until it has decided, and then the vigil, which
takes the stacks of a training that falls silent; after a failed attempt an
inspection reads from the logs how far it came; at the end a report is written.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from importlib.util import find_spec

from trainwatch.errors import ExitCode, RunError
from trainwatch.supervise import files
from trainwatch.supervise.companions import Companion, Companions, module
from trainwatch.supervise.journal import Happened, Journal
from trainwatch.supervise.ladder import LOOK_WAIT
from trainwatch.supervise.order import Order
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.process import Process

_GATE_DELAY = 1.0
"""Seconds before the gate starts: what fails at once, such as a typing error, needs none."""

_VIGIL_DELAY = 10.0
"""Seconds before the vigil starts where there is no gate: no stall is that short."""

_DISK_DELAY = 60.0
"""Seconds before the free space is watched: a training that short saves little."""

_AGAIN = 1.0
"""Seconds between two starts of the process that copies the console."""

_DRAIN = 15.0
"""Seconds in which the console is to catch up with what an attempt wrote."""

_INSPECTION = 300.0
_REPORT = 1800.0
"""Seconds that these may take."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the logs and the disk say after a failed attempt.

    Attributes:
        epoch, step: How far it came.
        failure: How it failed.
        checkpoint: The newest sound checkpoint.
        damaged: Newer ones that are not, each with the reason.
    """

    epoch: float | None = None
    step: int | None = None
    failure: str | None = None
    checkpoint: str | None = None
    damaged: tuple[tuple[str, str], ...] = ()


class Helpers:
    """The companions of one run."""

    def __init__(self, paths: RunPaths, order: Order, journal: Journal) -> None:
        self._paths = paths
        self._order = order
        self._journal = journal
        self._companions = Companions(paths, self._failed)
        self._gate: Companion | None = None
        self._gate_due: float | None = None
        self._gate_judged = False
        self._vigil: Companion | None = None
        self._vigil_due: float | None = None
        self._disk_due: float | None = None
        self._sampler: Companion | None = None
        self._inspector: Companion | None = None
        self._reporter: Companion | None = None
        self._looker: Companion | None = None
        self._copier: Companion | None = None
        self._copies: int | None = None
        self._copied = -_AGAIN

    @property
    def sessions(self) -> frozenset[int]:
        """Sessions that do not belong to the training."""
        return self._companions.sessions

    def collected(self, pid: int, code: int) -> None:
        """Takes note of a child's end."""
        self._companions.collected(pid, code)

    def tick(self, now: float) -> None:
        """Does what is due."""
        self._companions.tick(now)
        if self._has_more_to_copy():
            self._copy(now)
        if self._disk_due is not None and now >= self._disk_due:
            self._disk_due = None
            roots = self._order.restarts.checkpoints or (self._order.cwd,)
            self._start("disk", "trainwatch.runner.disk", str(self._paths.root), *roots)
        if self._gate_due is not None and now >= self._gate_due:
            self._gate_due = None
            seconds = str(self._order.guard.health_time)
            self._gate = self._start("gate", "trainwatch.cli.gate", str(self._paths.root), seconds)
        if self._vigil_due is not None and now >= self._vigil_due:
            self._vigil_due = None
            self._vigil = self._start("vigil", "trainwatch.cli.vigil", str(self._paths.root))

    def end(self, now: float) -> None:
        """Asks all of them to end."""
        self._gate_due = self._disk_due = self._vigil_due = None
        self._companions.end(now)

    # --- while it runs --------------------------------------------------------------------------

    def attempt(self, number: int, now: float) -> None:
        """An attempt has started."""
        if number == 0:
            self._disk_due = now + _DISK_DELAY
        self._looker = None
        if self._order.guard.console_limit:
            self._copies, self._copier, self._copied = number, None, -_AGAIN
            self._copy(now)
        if self._order.guard.sample and self._sampler is None and _exists("trainwatch.telemetry"):
            self._sampler = self._start("sampler", "trainwatch.telemetry", str(self._paths.root))
        if self._order.guard.health_time > 0 and not self._gate_judged:
            self._gate_due = now + _GATE_DELAY
        else:
            self._keep_vigil(now + _VIGIL_DELAY)

    def _keep_vigil(self, due: float) -> None:
        if self._order.guard.probe and _exists("trainwatch.cli.vigil"):
            self._vigil_due = due

    def attempt_over(self) -> None:
        """An attempt has ended, and with it the gate's question; there is nothing to watch."""
        self._gate_due = self._vigil_due = None
        for companion in (self._gate, self._vigil):
            if companion and companion.exit_code is None:
                companion.end(time.monotonic())

    def judge_anew(self) -> None:
        """The next attempt is to pass the gate itself."""
        self.attempt_over()
        self._gate = None
        self._gate_judged = False

    def _has_more_to_copy(self) -> bool:
        """Whether nobody copies a spool that is still there: who has copied all of it removes it."""
        if self._copies is None or (self._copier and self._copier.exit_code is None):
            return False
        return self._paths.spool(self._copies).exists()

    def _copy(self, now: float) -> None:
        """Starts the process that copies the spool to the console; again when somebody killed it."""
        if now < self._copied + _AGAIN:
            return
        attempt = str(self._copies)
        self._copied = now
        if self._copier and (self._copier.exit_code or 0) > 0:
            self._failed("console", self._copier.exit_code or 0)
        guard = self._order.guard
        size, keep = str(guard.console_limit), str(guard.console_keep)
        command = module("trainwatch.supervise.spool", self._paths.root, attempt, size, keep)
        self._copier = self._companions.start("console", command, patience=_DRAIN, asks=True)

    def drained(self, now: float) -> bool:
        """Whether the console holds all that the attempt wrote, or cannot be made to."""
        copier = self._copier
        if self._copies is None or copier is None:
            return True
        if copier.exit_code is None:
            copier.end(now)
        elif copier.asked is not None or not self._paths.spool(self._copies).exists():
            if copier.exit_code:
                self._failed("console", copier.exit_code)
            self._copies = None
        return self._copies is None

    def gate_failure(self) -> str | None:
        """Why the gate wants the training ended, told once; None while it does not."""
        gate = self._gate
        if gate is None or gate.exit_code is None:
            return None
        self._gate = None
        if gate.exit_code != ExitCode.GATE_FAILED and gate.asked is None:
            self._keep_vigil(0.0)
        if gate.exit_code not in (ExitCode.OK, ExitCode.GATE_FAILED):
            if gate.asked is None and gate.exit_code > 0:  # of a signal it was told already
                self._failed("gate", gate.exit_code)
            return None
        self._gate_judged = True
        passed = gate.exit_code == ExitCode.OK
        reason = "" if passed else self._gate_reason()
        self._journal.write(Happened.GATE, passed=passed, reason=reason or None)
        return None if passed else reason

    def _gate_reason(self) -> str:
        try:
            return files.read_json(self._paths.gate).text("reason")
        except RunError:
            return "the health gate failed"

    def look(self, processes: tuple[Process, ...]) -> bool:
        """Has the probes asked where processes stand that are about to be killed."""
        if not self._order.guard.probe or not _exists("trainwatch.probes"):
            return True
        if self._looker is None:
            pids = [f"--pid={process.pid}" for process in processes]
            command = ("trainwatch.probes", str(self._paths.root), "--reason", "kill", *pids)
            self._looker = self._start("stacks", *command, seconds=LOOK_WAIT)
        return self._looker is None or self._looker.exit_code is not None

    # --- afterwards -----------------------------------------------------------------------------

    def inspect(self, attempt: int, cwd: str) -> None:
        """Begins to find out how far an attempt came, and what it may go on from."""
        with contextlib.suppress(OSError):
            self._paths.inspection.unlink()
        self._inspector = self._start(
            *("inspection", "trainwatch.cli.inspection", str(self._paths.root), str(attempt), cwd),
            *self._order.restarts.checkpoints,
            seconds=_INSPECTION,
        )

    def inspection(self) -> Inspection | None:
        """What was found; None while it is being looked for. Nothing known is an answer too."""
        if self._inspector and self._inspector.exit_code is None:
            return None
        if self._inspector and self._inspector.exit_code != 0:
            self._failed("inspection", self._inspector.exit_code or 0)
        try:
            found = files.read_json(self._paths.inspection)
            return Inspection(
                epoch=found.get("epoch", found.number),
                step=found.get("step", found.integer),
                failure=found.get("failure", found.text),
                checkpoint=found.get("checkpoint", found.text),
                damaged=tuple((p.text("path"), p.text("why")) for p in found.parts("damaged")),
            )
        except RunError:
            return Inspection()

    def report(self) -> bool:
        """Begins to write the results, where they are wanted; whether it did."""
        if not self._order.guard.report or not _exists("trainwatch.cli.report"):
            return False
        self._reporter = self._start(
            "report", "trainwatch", "report", str(self._paths.root), seconds=_REPORT
        )
        return self._reporter is not None

    def reported(self) -> bool:
        """Whether that has ended."""
        reporter = self._reporter
        if reporter is None or reporter.exit_code is None:
            return reporter is None
        self._reporter = None
        self._journal.write(Happened.REPORT, exit_code=reporter.exit_code)
        return True

    def _start(
        self,
        name: str,
        what: str,
        *arguments: str,
        seconds: float = float("inf"),
    ) -> Companion | None:
        deadline = time.monotonic() + seconds
        return self._companions.start(name, module(what, *arguments), deadline=deadline)

    def _failed(self, name: str, code: int) -> None:
        self._journal.write(Happened.COMPANION, name=name, exit_code=code)


def _exists(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ImportError:
        return False
