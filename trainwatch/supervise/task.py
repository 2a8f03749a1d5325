"""One command from its start to the proof that nothing of it is left."""

from __future__ import annotations

import signal
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from trainwatch.supervise.ladder import Ladder, Look
from trainwatch.supervise.launcher import Launcher
from trainwatch.supervise.process import Identity, Process
from trainwatch.supervise.tree import Tree

Note = Callable[[signal.Signals, list[int]], None]


class Task:
    """A command and its process tree."""

    def __init__(
        self,
        tree: Tree,
        command: Sequence[str],
        cwd: str,
        environment: Mapping[str, str],
        output: Path,
        ignore: Collection[signal.Signals] = (),
    ) -> None:
        """Starts it, ignoring some signals; its stdout and stderr are the file `output`. Raises UsageError."""
        self._tree = tree
        self._launcher = Launcher(command, cwd, environment, output, ignore)
        self._ladder: Ladder | None = None
        if self._launcher.identity:
            tree.remember(self._launcher.identity)

    @property
    def pid(self) -> int:
        """Of its first process."""
        return self._launcher.pid

    @property
    def identity(self) -> Identity | None:
        """Of its first process."""
        return self._launcher.identity

    @property
    def exit_code(self) -> int | None:
        """None while the first process runs; 128+N when signal N ended it."""
        return self._launcher.exit_code

    @property
    def ending(self) -> bool:
        """Whether it is being ended."""
        return self._ladder is not None

    @property
    def survivors(self) -> tuple[Process, ...]:
        """Who could not be ended, once `over` has said True."""
        return self._ladder.survivors if self._ladder else ()

    @property
    def pause(self) -> float | None:
        """Seconds until the next look while it is being ended."""
        return self._ladder.pause if self._ladder else None

    def collected(self, pid: int, code: int) -> None:
        """Takes note of a child's end."""
        self._launcher.collected(pid, code)

    def end(self, timeout: float, now: float, note: Note, look: Look = lambda _: True) -> None:
        """Begins to end it and what it left; `timeout` seconds from SIGTERM to SIGKILL."""
        self._ladder = self._ladder or Ladder(
            self._tree, self.identity, timeout=timeout, now=now, note=note, look=look
        )

    def over(self, now: float) -> bool:
        """Does what is due; True when nobody is left, or cannot be ended.

        The first process may be dead and not collected yet: then its exit code is yet to come.
        """
        if self._ladder is None or not self._ladder.step(now):
            return False
        return self.exit_code is not None or bool(self.survivors)
