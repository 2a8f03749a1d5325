"""A supervisor's life as a process: the order comes in, the answer goes out, then the guard."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from pathlib import Path

from trainwatch.errors import TrainwatchError
from trainwatch.supervise.order import Answer, decode_order, encode, read_all
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.record import discard
from trainwatch.supervise.supervisor import Supervisor


def main(root: Path) -> int:
    """The supervisor's whole life."""
    paths = RunPaths(root)
    order = decode_order(read_all(sys.stdin.fileno()))
    try:
        supervisor = Supervisor(paths, order)
    except TrainwatchError as error:
        return _refuse(error)
    try:
        _answer(Answer(launcher=supervisor.start(order.checkpoint)))
    except TrainwatchError as error:
        discard(paths)
        return _refuse(error)
    try:
        return supervisor.guard()
    except Exception:
        # An exit code would be taken for the training's; a death by signal cannot be.
        traceback.print_exc()
        os.kill(os.getpid(), signal.SIGKILL)
        raise


def _refuse(error: TrainwatchError) -> int:
    _answer(Answer(problem=str(error)))
    return int(error.exit_code)


def _answer(answer: Answer) -> None:
    """Sends it, and lets go of the pipes: nothing of the front end may stay open here."""
    # The front end may be dead already, which changes nothing.
    with contextlib.suppress(OSError):
        os.write(sys.stdout.fileno(), encode(answer))
    nothing = os.open(os.devnull, os.O_RDWR)
    for handle in (sys.stdin.fileno(), sys.stdout.fileno()):
        os.dup2(nothing, handle)
    os.close(nothing)
