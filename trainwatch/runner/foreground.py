"""`trainwatch run` without a dashboard: under Slurm, in a pipe, with `--no-tui`.

The training's output passes through, a signal that would end this process stops the training, and
its exit code comes back. When the reader of stdout goes away (`| head -1`) the training and this
process go on: whoever closes a log must not end the training, and a job script that waits for this
process must not believe that it is over. What is not passed on is in `console.log`.

When the supervisor is killed this process says so and stays for as long as something of the
training lives, still passing on its output and able to end it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from trainwatch.errors import RunError, TrainwatchError
from trainwatch.runner.launch import Launched
from trainwatch.runner.passage import Passage
from trainwatch.runner.signals import StopSignals
from trainwatch.runner.tidings import Tidings
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.process import describe, identify
from trainwatch.supervise.record import read_record
from trainwatch.supervise.standing import remains
from trainwatch.supervise.stop import end_leftovers

Say = Callable[[str], None]

_POLL = 0.05
"""Seconds between two looks at a quiet console.log."""

_PATIENCE = 2.0
"""Seconds that a stopped run waits for a reader that takes nothing, and any run for a full disk."""

_LOOK = 1.0
"""Seconds between two looks at what a killed supervisor left."""


def stay(run: Launched, signals: StopSignals, say: Say, stdout: int = 1) -> int:
    """Stays with a run until nothing of it is left; returns the training's exit code.

    Args:
        run: The run.
        signals: Installed; they stop the training.
        say: Shows a sentence to the user.
        stdout: Descriptor that gets the training's output.

    Raises:
        RunError: Somebody survived, or nobody knows how the training ended.
    """
    signals.send_to(identify(run.supervisor.pid))
    with Passage(run.paths.console, stdout) as passage:
        front = _Front(passage, signals, say, run.paths)
        front.follow(lambda: run.supervisor.poll() is None)
        if run.supervisor.returncode < 0:
            front.follow(_Leftovers(run, signals, say))
        front.drain()
        front.hear()
    return conclusion(run)


def reason(run: Launched) -> str | None:
    """Why a run ended, where that is not the command's own doing."""
    try:
        return read_record(run.paths.root).reason
    except TrainwatchError:
        return None


def conclusion(run: Launched) -> int:
    """The training's exit code, once the supervisor has ended; waits for that.

    Raises:
        RunError: Somebody survived, or the supervisor was killed and nobody knows the code.
    """
    code = run.supervisor.wait()
    if code < 0:
        raise RunError(
            f"nobody knows how the training ended: {_orphaned(run, _left(run))} "
            f"Its output is in {run.paths.console}."
        )
    try:
        survivors = read_record(run.paths.root).survivors
    except TrainwatchError:
        # The code is known even where the record was deleted or never reached a full disk.
        survivors = ()
    if survivors:
        raise RunError(f"{run.id} was ended, but what survives: {'; '.join(survivors)}.")
    return code


_LISTEN = 0.5
"""Seconds between two looks at what the supervisor wrote down."""


class _Front:
    """Passes output on, and says what the user has to know meanwhile, once each."""

    def __init__(self, passage: Passage, signals: StopSignals, say: Say, paths: RunPaths) -> None:
        self._passage = passage
        self._signals = signals
        self._say = say
        self._console = paths.console
        self._tidings = Tidings(paths.events)
        self._heard = 0.0
        self._said: set[str] = set()

    def follow(self, lives: Callable[[], bool]) -> None:
        """Passes output on while something lives."""
        while lives():
            self._tell()
            if not self._passage.pump():
                self._passage.wait(_POLL)

    def drain(self) -> None:
        """Passes on what is left, however long a reader takes, unless he takes nothing."""
        moved = time.monotonic()
        while True:
            self._tell()
            if self._passage.pump():
                moved = time.monotonic()
            elif not self._passage.blocked:
                return
            elif (self._signals.came or self._passage.trouble) and (
                time.monotonic() > moved + _PATIENCE
            ):
                self._once(f"not everything could be passed on; it is in {self._console}.")
                return
            else:
                self._passage.wait(_POLL)

    def hear(self) -> None:
        """Says what the supervisor has written down since."""
        self._heard = time.monotonic()
        for news in self._tidings.news():
            self._say(news)

    def _tell(self) -> None:
        if time.monotonic() >= self._heard + _LISTEN:
            self.hear()
        if self._passage.dropped:
            self._once("pieces of the console were removed before they could be passed on.")
        if self._signals.came:
            self._once(f"{self._signals.came.name}: ending the training …")
        if self._passage.broken:
            self._once(
                f"stdout takes nothing any more ({self._passage.broken}); the training goes on, "
                f"its output is in {self._console}."
            )

    def _once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._say(text)


class _Leftovers:
    """What a killed supervisor left: true as long as something of it lives."""

    def __init__(self, run: Launched, signals: StopSignals, say: Say) -> None:
        self._run = run
        self._signals = signals
        self._say = say
        self._looked: float | None = None

    def __call__(self) -> bool:
        """Looks once a second, and ends them when a signal asks for it."""
        now = time.monotonic()
        if self._looked and now < self._looked + _LOOK and not self._signals.came:
            return True
        left = _left(self._run)
        if self._looked is None:
            self._say(_orphaned(self._run, left))
        self._looked = now
        if left and self._signals.came:
            end_leftovers(self._run.paths.root)
            return False
        return bool(left)


def _left(run: Launched) -> list[str]:
    root = run.paths.root
    return [describe(process) for process in remains(read_record(root), root)]


def _orphaned(run: Launched, left: list[str]) -> str:
    what = f"these processes remain: {'; '.join(left)}" if left else "nothing of the training lives"
    how = f" End them with `trainwatch stop {run.paths.root}`." if left else ""
    return f"the supervisor (process {run.supervisor.pid}) was killed; {what}.{how}"
