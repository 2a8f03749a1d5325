"""Starting a command whose output is a file itself."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from trainwatch.errors import UsageError
from trainwatch.supervise.files import PRIVATE
from trainwatch.supervise.process import Identity, identify


class Launcher:
    """A command's first process, a child of this one.

    Attributes:
        pid: Its process id.
        identity: Kept for the time after its death.
        exit_code: None while it runs; 128+N when signal N ended it.
    """

    def __init__(
        self,
        command: Sequence[str],
        cwd: str,
        environment: Mapping[str, str],
        console: Path,
        ignore: Collection[signal.Signals] = (),
    ) -> None:
        """Starts the command in a session of its own, ignoring some signals.

        Its stdout and stderr are the file `console` itself, opened for appending: no pipe that
        could break, no process in between that could fall behind.

        Raises:
            UsageError: It cannot be started.
        """
        try:
            self._process = _start(command, cwd, environment, console, ignore)
        except OSError as error:
            raise UsageError(_sentence(command[0], cwd, error)) from None
        self.pid = self._process.pid
        self.identity: Identity | None = identify(self.pid)
        self.exit_code: int | None = None

    def collected(self, pid: int, code: int) -> None:
        """Takes note of a child's end; `code` is negative when a signal ended it."""
        if pid == self.pid:
            self._process.returncode = code
            self.exit_code = 128 - code if code < 0 else code


def _start(
    command: Sequence[str],
    cwd: str,
    environment: Mapping[str, str],
    console: Path,
    ignore: Collection[signal.Signals],
) -> subprocess.Popen[bytes]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    output = os.open(console, flags, PRIVATE)
    try:
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=partial(ignore_signals, ignore),  # noqa: PLW1509 - there are no threads
        )
    finally:
        os.close(output)


def ignore_signals(numbers: Iterable[signal.Signals]) -> None:
    """In a child, before its program begins: that inherits it."""
    for number in numbers:
        signal.signal(number, signal.SIG_IGN)


def _sentence(program: str, cwd: str, error: OSError) -> str:
    """Why a command did not start."""
    if error.filename == cwd and program != cwd:
        return f"{cwd} cannot be the working directory: {error.strerror}."
    if error.errno == errno.ENOENT and Path(cwd, program).is_file():
        return f"{program} cannot be started: the program in its first line (#!) was not found."
    if error.errno == errno.ENOENT:
        return f"{program} was not found."
    if error.errno == errno.ENOEXEC:
        return f"{program} is no program: a script needs a first line such as #!/bin/sh."
    return f"{program} cannot be started: {error.strerror}."
