"""Starting a supervisor, and waiting until the training has started or cannot."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from trainwatch.checkpoints import survey
from trainwatch.errors import RunError, UsageError
from trainwatch.supervise.companions import home, module
from trainwatch.supervise.files import PRIVATE, PRIVATE_DIRECTORY
from trainwatch.supervise.order import (
    Answer,
    Guard,
    Order,
    Restarts,
    decode_answer,
    encode,
    read_all,
)
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.registry import register
from trainwatch.supervise.reserve import Reservation, reserve
from trainwatch.supervise.restarts import names_checkpoint

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
        restarts: When it is started again; paths relative to the working directory of trainwatch.
        guard: What else is done for it.
    """

    command: tuple[str, ...]
    exp_id: str | None = None
    run_dir: Path | None = None
    logs: tuple[Path, ...] = ()
    cwd: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_timeout: float = STOP_TIMEOUT
    restarts: Restarts = field(default_factory=Restarts)
    guard: Guard = field(default_factory=Guard)


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
    restarts = _absolute(wish.restarts)
    checkpoint = _checkpoint(wish, cwd, restarts.checkpoints)
    place = reserve(wish.command, wish.exp_id, wish.run_dir, time.time())
    order = Order(
        id=place.id,
        command=wish.command,
        cwd=str(cwd),
        stop_timeout=wish.stop_timeout,
        environment=_with_probe(wish, place.paths.root),
        restarts=restarts,
        guard=wish.guard,
        checkpoint=checkpoint,
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


def _absolute(restarts: Restarts) -> Restarts:
    return replace(
        restarts,
        until=tuple(map(os.path.abspath, restarts.until)),
        checkpoints=tuple(map(os.path.abspath, restarts.checkpoints)),
    )


def _checkpoint(wish: Wish, cwd: Path, roots: Sequence[str]) -> str | None:
    """What the first attempt goes on from, where the command asks for it."""
    if not names_checkpoint(wish.command):
        return None
    newest = survey(roots or [str(cwd)], time.time(), settled=True).newest
    return newest.path if newest else None


def _with_probe(wish: Wish, root: Path) -> Mapping[str, str]:
    """The environment asked for, and what puts a probe into the workers."""
    if not wish.guard.probe or find_spec("trainwatch.probes") is None:
        return wish.environment
    surroundings = {**os.environ, **wish.environment}
    try:
        added = import_module("trainwatch.probes").environment(root, surroundings)
    except Exception:  # noqa: BLE001 - a probe that cannot be set up must not keep it from starting
        return wish.environment
    changed = {name: text for name, text in added.items() if surroundings.get(name) != text}
    return {**wish.environment, **changed}


def _why_not(path: Path, program: str) -> str:
    if "/" not in program:
        return "was not found on PATH"
    if path.is_dir():
        return "is a directory"
    return "is not executable" if path.exists() else "was not found"


def _start_supervisor(
    place: Reservation, order: Order
) -> tuple[subprocess.Popen[bytes], Answer | None]:
    errors = _open_crash(place)
    try:
        supervisor = subprocess.Popen(
            module("trainwatch.supervise", place.paths.root),
            cwd=home(),
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
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        return os.open(paths.crash, flags, PRIVATE)
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
