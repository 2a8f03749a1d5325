"""Child processes that do for a run what its supervisor may not load: sampler, gate, report.

Each is a session of its own, so that it is told from the training; it dies with the supervisor
(the kernel sees to that), and its failure never hurts the training. What it writes to stdout and
stderr is kept in a hidden file, for the day on which it fails.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainwatch.supervise.files import PRIVATE
from trainwatch.supervise.launcher import ignore_signals
from trainwatch.supervise.paths import RunPaths

TERM_WAIT = 5.0
"""Seconds that a companion has to end by itself."""

UNENDABLE = 30.0
"""Seconds from SIGTERM after which one that SIGKILL does not end is left behind: it hangs in the
kernel, as in a driver or a dead file system, and the run need not wait for that."""

_PR_SET_PDEATHSIG = 1
_PACKAGE = Path(__file__).resolve().parents[2]


def module(name: str, *arguments: str | Path) -> list[str]:
    """The command that runs one of trainwatch's modules; to be started in `home`."""
    # Never the user's working directory, where a `signal.py` would be found before Python's own.
    safe = ["-P"] if _PACKAGE.name in {"site-packages", "dist-packages"} else []
    return [sys.executable, *safe, "-m", name, *map(str, arguments)]


def home() -> Path:
    """The working directory of `module`: where the package is found."""
    return _PACKAGE


@dataclass(slots=True)
class Companion:
    """One child process.

    Attributes:
        name: What it does, in one word.
        pid: Its process id, and that of its session and group.
        deadline: Of a monotonic clock; it is ended then.
        patience: Seconds that it has to end by itself.
        exit_code: None while it runs; negative when a signal ended it.
        asked: When it was asked to end.
    """

    name: str
    pid: int
    process: subprocess.Popen[bytes]
    deadline: float
    patience: float = TERM_WAIT
    exit_code: int | None = None
    asked: float | None = None

    def end(self, now: float) -> None:
        """SIGTERM at first, SIGKILL when that was a while ago; to be called until it has ended."""
        if self.exit_code is not None:
            return
        if self.asked is None:
            self.asked = now
            self._signal(signal.SIGTERM)
        elif now >= self.asked + self.patience:
            self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        # It is a child that was not collected yet, so nobody else can have its id.
        with contextlib.suppress(OSError):
            os.killpg(self.pid, number)


class Companions:
    """The companions of one run."""

    def __init__(self, paths: RunPaths, failed: Callable[[str, int], None]) -> None:
        """Starts none.

        Args:
            paths: Of the run.
            failed: Told the name and the exit code of one that failed by itself.
        """
        self._paths = paths
        self._failed = failed
        self._living: dict[int, Companion] = {}

    @property
    def sessions(self) -> frozenset[int]:
        """Their sessions: whoever is in one of them does not belong to the training."""
        return frozenset(self._living)

    @property
    def alive(self) -> bool:
        """Whether any of them runs."""
        return bool(self._living)

    def start(
        self,
        name: str,
        argv: Sequence[str],
        *,
        deadline: float = float("inf"),
        patience: float = TERM_WAIT,
        asks: bool = False,
    ) -> Companion | None:
        """Starts one; None where that is not possible, which is reported as a failure.

        Args:
            name: What it does.
            argv: The command.
            deadline: Of a monotonic clock; it is ended then.
            patience: Seconds that it has to end by itself.
            asks: Whether it asks for SIGTERM itself: until then the signal waits for it.
        """
        try:
            output = os.open(
                self._paths.private / f"{name}.log",
                os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW,
                PRIVATE,
            )
        except OSError:
            output = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        try:
            process = subprocess.Popen(
                argv,
                cwd=home(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=_hear_later if asks else _die_with_me,  # noqa: PLW1509 - no threads here
            )
        except (OSError, subprocess.SubprocessError):
            self._failed(name, -1)
            return None
        finally:
            os.close(output)
        companion = Companion(name, process.pid, process, deadline, patience)
        self._living[process.pid] = companion
        return companion

    def collected(self, pid: int, code: int) -> None:
        """Takes note of a child's end; `code` is negative when a signal ended it."""
        companion = self._living.pop(pid, None)
        if companion is None:
            return
        companion.process.returncode = code
        companion.exit_code = code
        # What it started may not outlive it.
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)
        if code < 0 and companion.asked is None:
            self._failed(companion.name, code)

    def tick(self, now: float) -> None:
        """Ends those whose time is over, and goes on ending those that were asked to."""
        for companion in list(self._living.values()):
            if companion.asked is not None or now >= companion.deadline:
                companion.end(now)
                self._leave(companion, now)

    def end(self, now: float) -> None:
        """Asks all of them to end."""
        for companion in list(self._living.values()):
            companion.end(now)
            self._leave(companion, now)

    def _leave(self, companion: Companion, now: float) -> None:
        if companion.asked is not None and now >= companion.asked + companion.patience + UNENDABLE:
            del self._living[companion.pid]
            companion.exit_code = -signal.SIGKILL
            self._failed(companion.name, companion.exit_code)


def _die_with_me() -> None:
    """In the child: the kernel ends it when its parent dies."""
    # Of a scheduler's warning to all processes of a job they would die.
    ignore_signals((signal.SIGUSR1, signal.SIGUSR2))
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _hear_later() -> None:
    """The same, for a child that SIGTERM must not end before it has begun."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    _die_with_me()


def reap() -> list[tuple[int, int]]:
    """Takes in every child that has ended: process id and code, negative for a signal.

    The kernel gives orphans of the training to the supervisor too.
    """
    ended: list[tuple[int, int]] = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended.append((pid, os.waitstatus_to_exitcode(status)))
