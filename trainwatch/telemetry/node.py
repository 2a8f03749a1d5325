"""This node as it is now, for one training on it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence

from trainwatch.samples import GpuSample, Sample
from trainwatch.telemetry.driver import Driver
from trainwatch.telemetry.gpus import Gpus
from trainwatch.telemetry.host import disks, host_figures
from trainwatch.telemetry.notes import Notes
from trainwatch.telemetry.ranks import assign
from trainwatch.telemetry.record import Record
from trainwatch.telemetry.training import Training

_PATIENCE = 1.0
"""Seconds for which the driver may think about a sample, at least."""

_FIRST_NAMESPACE = "pid:[4026531836]"
"""The machine's own process numbers (PROC_PID_INIT_INO of the kernel); a container has others."""


class Node:
    """Samples it.

    Args:
        interval: Seconds between two samples.
        parent: Process id of the supervisor, to which orphans of the training fall; 0 for none.
    """

    def __init__(self, interval: float, parent: int = 0) -> None:
        self.host = socket.gethostname()
        self._notes = Notes()
        patience = max(_PATIENCE, interval / 2)
        self._driver = Driver(lambda: Gpus(self._notes), self._notes, patience)
        self._silent = False
        self._training = Training(parent)
        self._began = (time.time(), time.monotonic())
        self._happened: tuple[object, ...] = ()

    def sample(self, record: Record, paths: Sequence[str]) -> Sample:
        """The next sample.

        Args:
            record: Which processes are the training's.
            paths: On the file systems that it writes to.
        """
        host = host_figures()
        use = self._training.look(record)
        seen, silence = self._driver.sample()
        gpus = assign(seen, self._training.workers, same_numbers=_sees_the_hosts_numbers())
        notes = self._notes.take()
        return Sample(
            time=round(self._now(), 3),
            host=self.host,
            marked=self._is_news(gpus, silence) or bool(notes),
            **host._asdict(),
            training_cpu=use.cpu,
            training_memory=use.memory,
            processes=use.processes,
            disks=disks(paths),
            ranks=self._training.ranks,
            gpus=gpus,
            gpu_silence=silence,
            notes=notes,
        )

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
