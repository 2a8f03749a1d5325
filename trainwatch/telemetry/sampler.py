"""The sampler: one line about this node every few seconds, until the run is over."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from pathlib import Path

from trainwatch.samples import GpuSample, Sample, encode, file_name
from trainwatch.telemetry.driver import Driver
from trainwatch.telemetry.gpus import Gpus
from trainwatch.telemetry.host import disks, host_figures
from trainwatch.telemetry.journal import SampleFile
from trainwatch.telemetry.notes import Notes
from trainwatch.telemetry.ranks import assign
from trainwatch.telemetry.record import Record, read_record
from trainwatch.telemetry.training import Training

_NOTICE = 2.0
"""Seconds after which the end of the run is noticed at the latest."""

_PATIENCE = 1.0
"""Seconds for which the driver may think about a sample, at least."""

_FIRST_NAMESPACE = "pid:[4026531836]"
"""The machine's own process numbers (PROC_PID_INIT_INO of the kernel); a container has others."""


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
        self._host = socket.gethostname()
        self._notes = Notes()
        patience = max(_PATIENCE, interval / 2)
        self._driver = Driver(lambda: Gpus(self._notes), self._notes, patience)
        self._silent = False
        self._training = Training(self._parent)
        self._began = (time.time(), time.monotonic())
        self._happened: tuple[object, ...] = ()
        record = read_record(run_dir)
        self._file = SampleFile(run_dir / file_name(None if record.here else self._host))

    def run(self) -> None:
        """Sample until the run is over or the parent process is gone."""
        due = time.monotonic()
        while not self._over(record := read_record(self._run_dir)):
            if time.monotonic() >= due:
                due = max(due + self._interval, time.monotonic())
                # A full disk, or a directory that is gone for a while: the next one may be written.
                with contextlib.suppress(OSError):
                    self._file.append(encode(self.sample(record)))
            time.sleep(max(0.0, min(_NOTICE, due - time.monotonic())))

    def sample(self, record: Record) -> Sample:
        """This node as it is now."""
        host = host_figures()
        use = self._training.look(record)
        seen, silence = self._driver.sample()
        gpus = assign(seen, self._training.workers, same_numbers=_sees_the_hosts_numbers())
        notes = self._notes.take()
        return Sample(
            time=round(self._now(), 3),
            host=self._host,
            marked=self._is_news(gpus, silence) or bool(notes),
            **host._asdict(),
            training_cpu=use.cpu,
            training_memory=use.memory,
            processes=use.processes,
            disks=disks([str(self._run_dir), *([record.cwd] if record.cwd else [])]),
            ranks=self._training.ranks,
            gpus=gpus,
            gpu_silence=silence,
            notes=notes,
        )

    def _over(self, record: Record) -> bool:
        # Another node's record tells nothing of the part of the run on this one.
        return os.getppid() != self._parent or (record.here and record.over)

    def _now(self) -> float:
        """Epoch seconds that never go back while this process lives."""
        return self._began[0] + time.monotonic() - self._began[1]

    def _is_news(self, gpus: tuple[GpuSample, ...], silence: float | None) -> bool:
        """Whether a GPU was lost or found again, counts other errors, or the driver fell silent."""
        if (silence is not None) != self._silent:
            self._silent = silence is not None
            return True
        if self._silent:
            return False
        happened = tuple((gpu.index, gpu.lost, _uncorrected(gpu)) for gpu in gpus)
        news = happened != self._happened or any(gpu.xids for gpu in gpus)
        self._happened = happened
        return news


def _uncorrected(gpu: GpuSample) -> int | None:
    return gpu.errors.get("ecc_uncorrected")


def _sees_the_hosts_numbers() -> bool:
    try:
        return os.readlink("/proc/self/ns/pid") == _FIRST_NAMESPACE  # noqa: PTH115
    except OSError:
        return False
