"""Signal files from within a training."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from trainwatch.hooks.surroundings import exp_id_of, rank_of, signals_directory
from trainwatch.signs import Value, done, failed, healthy, write_sign


class TrainingHooks:
    """Says how a training stands, to whoever waits for its signal files; only rank 0 writes.

    Args:
        exp_id: Names the files; None: as `trainwatch run` named the run.
        directory: Where they go; None: `signals` of the run, else of the working directory.
        rank: This process's global rank; None: as the environment says.
    """

    def __init__(
        self,
        exp_id: str | None = None,
        directory: str | os.PathLike[str] | None = None,
        rank: int | None = None,
    ) -> None:
        self._exp_id = exp_id or exp_id_of()
        self._directory = signals_directory() if directory is None else Path(directory)
        self._rank = rank_of() if rank is None else rank
        self._began = time.time()

    def mark_healthy(self, step: int, loss: float) -> None:
        """The first steps were sound: whoever waits may go home."""
        self._write(healthy(int(step), float(loss), time.time()))

    def mark_failed(self, reason: str) -> None:
        """The training has failed, and why."""
        self._write(failed(str(reason), time.time()))

    def mark_done(self, return_code: int = 0) -> None:
        """The training is complete."""
        now = time.time()
        self._write(done(return_code, now - self._began, now))

    def _write(self, fields: dict[str, Value]) -> None:
        if self._rank == 0:
            with contextlib.suppress(OSError):
                write_sign(self._directory, self._exp_id, fields)
