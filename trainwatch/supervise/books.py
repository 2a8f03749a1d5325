"""What a run writes down: its record, its journal, and the sign of its end."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from trainwatch.errors import UsageError
from trainwatch.supervise.batch import batch_job
from trainwatch.supervise.facts import RunRecord
from trainwatch.supervise.files import PRIVATE_DIRECTORY
from trainwatch.supervise.git import head_commit
from trainwatch.supervise.journal import Journal
from trainwatch.supervise.machine import here
from trainwatch.supervise.order import Order
from trainwatch.supervise.outcome import announce
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.process import identify
from trainwatch.supervise.record import claim, write_record
from trainwatch.supervise.restarts import Ending


class Books:
    """The record and the journal of one run, kept by its supervisor.

    Attributes:
        record: As it is now.
        journal: Of the run.
    """

    def __init__(self, paths: RunPaths, order: Order) -> None:
        """Claims the run directory; raises UsageError when another run has it."""
        self._paths = paths
        self.journal = Journal(paths.events)
        self.record = first_record(order)
        try:
            paths.private.mkdir(mode=PRIVATE_DIRECTORY, exist_ok=True)
            claim(paths, self.record)
        except FileExistsError:
            raise UsageError(
                f"{paths.root} was taken by another run at this very moment."
            ) from None
        except OSError as error:
            raise UsageError(f"{paths.root} cannot be written: {error.strerror}.") from None

    def keep(self, record: RunRecord) -> None:
        """Writes the record down; a full disk must not end the guard."""
        self.record = record
        with contextlib.suppress(OSError):
            write_record(self._paths, record)

    def close(self, end: Ending) -> None:
        """The run is over; what remains is to write its results."""
        self.keep(self.record.finished(end.code, time.time(), end.reason))
        announce(self._paths, self.record)


def first_record(order: Order) -> RunRecord:
    """What is known before the start; raises UsageError where there is no `/proc`."""
    me = identify(os.getpid())
    if me is None:
        raise UsageError("trainwatch run needs Linux's /proc, which is not there.")
    return RunRecord(
        id=order.id,
        token=os.urandom(16).hex(),
        command=order.command,
        cwd=order.cwd,
        machine=here(),
        supervisor=me,
        started=time.time(),
        stop_timeout=order.stop_timeout,
        logs=order.logs,
        owned=order.owned,
        git_commit=head_commit(Path(order.cwd)),
        restarts=order.restarts,
        guard=order.guard,
        variables=tuple(order.environment),
        job=batch_job(os.environ),
    )


def signal_name(code: int) -> str | None:
    """`SIGKILL` for 137; a program may also choose such a code by itself."""
    try:
        return signal.Signals(code - 128).name
    except ValueError:
        return None
