"""Asks the NVIDIA driver in a thread of its own: a driver may hang, the sampler must not.

A call into a broken driver can block in the kernel for minutes or for ever, where nothing can end it.
Then the samples go on without GPUs and say for how long; when it answers again, so do they.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from trainwatch.samples import GpuSample
from trainwatch.telemetry.notes import Notes

FIRST_WAIT = 10.0
"""Seconds for which the first sample waits: a driver that nobody uses is loaded only then."""


class Asks(Protocol):
    """What answers about the GPUs, such as `gpus.Gpus`."""

    def sample(self) -> tuple[GpuSample, ...]:
        """Every GPU as it is now."""


class Driver:
    """The GPUs of this node, as far as the driver answers.

    Args:
        begin: Opens the driver; called in the thread.
        notes: Where is said that it does not answer.
        patience: Seconds for which a sample waits.
    """

    def __init__(self, begin: Callable[[], Asks], notes: Notes, patience: float) -> None:
        self._begin = begin
        self._notes = notes
        self._patience = patience
        self._wanted = threading.Event()
        self._answered = threading.Event()
        self._newest: tuple[GpuSample, ...] = ()
        self._at = time.monotonic()
        self._ever = False
        threading.Thread(target=self._ask, name="nvml", daemon=True).start()

    def sample(self) -> tuple[tuple[GpuSample, ...], float | None]:
        """The GPUs, and None; or none of them, and the seconds since the driver answered last."""
        self._wanted.set()
        if self._answered.wait(self._patience if self._ever else max(FIRST_WAIT, self._patience)):
            self._answered.clear()
            self._ever = True
            return self._newest, None
        self._ever = True
        silence = time.monotonic() - self._at
        self._notes.add("the NVIDIA driver does not answer: there are no new figures of GPUs.")
        return (), round(silence, 1)

    def _ask(self) -> None:
        gpus = self._begin()
        while self._wanted.wait():
            self._wanted.clear()
            self._newest = gpus.sample()
            self._at = time.monotonic()
            self._answered.set()
