"""Starting a supervisor, and waiting until the training has started or cannot."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from trainwatch.errors import RunError, UsageError
from trainwatch.supervise.files import PRIVATE, PRIVATE_DIRECTORY
from trainwatch.supervise.order import Answer, Order, decode_answer, encode, read_all
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.registry import register
from trainwatch.supervise.reserve import Reservation, reserve

STOP_TIMEOUT = 30.0
"""Seconds from SIGTERM to SIGKILL, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for.

    Attributes:
        command: The program and its arguments.
        exp_id: Id of the experiment; None: made from the script's name and the time.
        run_dir: Run directory; None: `trainwatch_runs/<exp-id>`.
        logs: Further logs, relative to the working directory of trainwatch.
        cwd: Where the command starts; None: here.
        environment: What is added to the environment.
        stop_timeout: Seconds from SIGTERM to SIGKILL.
    """

    command: tuple[str, ...]
    exp_id: str | None = None
    run_dir: Path | None = None
    logs: tuple[Path, ...] = ()
    cwd: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_timeout: float = STOP_TIMEOUT


@dataclass(frozen=True, slots=True)
class Launched:
    """A training that was started.

    Attributes:
        id: Of the experiment.
        paths: The run directory, absolute.
        launcher: Process id of the training's first process.
        supervisor: The process that owns it; a child of this one.
        kept: Where an earlier run of the same directory was moved to.
    """

    id: str
    paths: RunPaths
    launcher: int
    supervisor: subprocess.Popen[bytes]
    kept: Path | None = None

    def let_go(self) -> None:
        """Leaves the supervisor alone, which Python would complain of at the end."""
        self.supervisor.returncode = 0


def launch(wish: Wish) -> Launched:
    """Starts a training under a supervisor of its own.

    Raises:
        UsageError: It cannot be started; nothing was, and no run directory is left.
        RunError: The supervisor itself failed.
    """
    cwd = _checked(wish)
    place = reserve(wish.command, wish.exp_id, wish.run_dir, time.time())
    order = Order(
        id=place.id,
        command=wish.command,
        cwd=str(cwd),
        stop_timeout=wish.stop_timeout,
        environment=wish.environment,
        logs=tuple(os.path.abspath(path) for path in wish.logs),  # noqa: PTH100
        owned=place.made,
    )
    supervisor, answer = _start_supervisor(place, order)
    if answer is None:
        raise RunError(_crashed(place.paths))
    if answer.launcher is None:
        supervisor.wait()
        place.release()
        raise UsageError(answer.problem)
    register(place.paths.root)
    return Launched(place.id, place.paths, answer.launcher, supervisor, place.kept)


def _checked(wish: Wish) -> Path:
    """The directory to start in, when the command can be found from there.

    The usual mistakes are seen here, before an earlier run is moved aside for nothing.
    """
    if not Path("/proc/self/stat").exists():
        raise UsageError("trainwatch run needs Linux's /proc, which is not there.")
    cwd = Path(os.path.abspath(wish.cwd or "."))  # noqa: PTH100
    if not cwd.is_dir():
        raise UsageError(f"{cwd} cannot be the working directory: it is no directory.")
    program = wish.command[0]
    where = wish.environment.get("PATH", os.environ.get("PATH"))
    if not shutil.which(cwd / program if "/" in program else program, path=where):
        raise UsageError(f"{program} {_why_not(cwd / program, program)}.")
    return cwd


def _why_not(path: Path, program: str) -> str:
    if "/" not in program:
        return "was not found on PATH"
    if path.is_dir():
        return "is a directory"
    return "is not executable" if path.exists() else "was not found"


def _start_supervisor(
    place: Reservation, order: Order
) -> tuple[subprocess.Popen[bytes], Answer | None]:
    package = Path(__file__).resolve().parents[2]
    # Never the user's working directory, where a `signal.py` would be found before Python's own.
    safe = ["-P"] if package.name in {"site-packages", "dist-packages"} else []
    errors = _open_crash(place)
    try:
        supervisor = subprocess.Popen(
            [sys.executable, *safe, "-m", "trainwatch.supervise", place.paths.root],
            cwd=package,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    finally:
        os.close(errors)
    try:
        return supervisor, _exchange(supervisor, order)
    except BaseException:
        # Ctrl+c at this moment means: do not start it.
        supervisor.terminate()
        raise


def _open_crash(place: Reservation) -> int:
    paths = place.paths
    try:
        paths.private.mkdir(mode=PRIVATE_DIRECTORY, exist_ok=True)
        return os.open(paths.crash, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE)
    except OSError as error:
        place.release()
        raise UsageError(f"{paths.root} cannot be written: {error.strerror}.") from None


def _exchange(supervisor: subprocess.Popen[bytes], order: Order) -> Answer | None:
    """Hands over the order and waits for the answer; None when the supervisor died."""
    if supervisor.stdin is None or supervisor.stdout is None:
        return None
    try:
        with supervisor.stdin as stdin:
            stdin.write(encode(order))
    except BrokenPipeError:
        return None
    with supervisor.stdout as stdout:
        return decode_answer(read_all(stdout.fileno()))


def _crashed(paths: RunPaths) -> str:
    lines = paths.crash.read_text("utf-8", "replace").split("\n") if paths.crash.exists() else []
    last = next((line for line in reversed(lines) if line.strip()), "it was killed")
    return (
        f"the supervisor failed before it could answer ({last.strip()}); see {paths.crash}. "
        f"`trainwatch stop {paths.root}` ends what it may have started."
    )
