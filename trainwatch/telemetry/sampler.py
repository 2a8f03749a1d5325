"""The sampler: one line about this node every few seconds, until the run is over."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from trainwatch.samples import encode, file_name
from trainwatch.telemetry.journal import SampleFile
from trainwatch.telemetry.node import Node
from trainwatch.telemetry.record import Record, read_record

_NOTICE = 2.0
"""Seconds after which the end of the run is noticed at the latest."""


class Sampler:
    """Samples this node for one run.

    Args:
        run_dir: The run directory.
        interval: Seconds between two samples.
    """

    def __init__(self, run_dir: Path, interval: float) -> None:
        self._run_dir = run_dir
        self._interval = interval
        self._parent = os.getppid()
        self._node = Node(interval, self._parent)
        record = read_record(run_dir)
        self._file = SampleFile(run_dir / file_name(None if record.here else self._node.host))

    def run(self) -> None:
        """Sample until the run is over or the parent process is gone."""
        due = time.monotonic()
        while not self._over(record := read_record(self._run_dir)):
            if time.monotonic() >= due:
                due = max(due + self._interval, time.monotonic())
                # A full disk, or a directory that is gone for a while: the next one may be written.
                with contextlib.suppress(OSError):
                    self._file.append(encode(self._node.sample(record, self._paths(record))))
            time.sleep(max(0.0, min(_NOTICE, due - time.monotonic())))

    def _paths(self, record: Record) -> list[str]:
        return [str(self._run_dir), *([record.cwd] if record.cwd else [])]

    def _over(self, record: Record) -> bool:
        # Another node's record tells nothing of the part of the run on this one.
        return os.getppid() != self._parent or (record.here and record.over)
