"""This machine beside a training that nobody samples: its GPUs and itself, as they are now.

Only while processes of the training are seen to run here. The looking is done by a child
(`telemetry.aside`), and read by a thread: neither a slow driver nor one that hangs holds up a view.
"""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import IO

from trainwatch.events import LogFile
from trainwatch.model.machines import Machines
from trainwatch.model.snapshot import RunView, Status
from trainwatch.model.system import SystemView
from trainwatch.parsing.samples import SampleParser

FIRST_LOOK, LONGEST = 5.0, 80.0
"""Seconds between two looks for the training's processes; each one that is in vain doubles them."""

_OVER = (Status.COMPLETED, Status.FAILED)
_NAME = "this machine"


class ThisMachine:
    """Fills what a snapshot lacks.

    Args:
        paths: Of the run, as given by the user.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = list(paths)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._machines = Machines()

    def beside(self, view: RunView) -> RunView:
        """The snapshot, with this machine where nobody sampled and the training runs here."""
        if view.system is not None or view.status in _OVER:
            return view
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name="trainwatch-machine", daemon=True
            )
            self._thread.start()
        system = self.view()
        return view if system is None else replace(view, system=system)

    @property
    def alive(self) -> bool:
        """Whether processes of the training are known to run here."""
        return self.view() is not None

    def view(self) -> SystemView | None:
        """What was seen; None while no process of the training is known here."""
        with self._lock:
            system = self._machines.view()
        return None if system is None else replace(system, here=True)

    def stop(self) -> None:
        """End looking; a driver that hangs is not waited for."""
        self._stopping.set()
        if self._child is not None:
            self._child.kill()

    def _run(self) -> None:
        from trainwatch.cli.stacks import workers_of  # noqa: PLC0415 - not before there is a screen

        wait = FIRST_LOOK
        while not self._stopping.is_set():
            workers = workers_of(self._paths)
            if workers:
                self._follow([one.pid for one in workers])
                wait = FIRST_LOOK
            self._stopping.wait(wait)
            wait = min(2 * wait, LONGEST)

    def _follow(self, pids: Sequence[int]) -> None:
        """Read what the child says until the training's processes are gone."""
        command = [sys.executable, "-m", "trainwatch.telemetry.aside"]
        command += [f"--pid={pid}" for pid in pids]
        places = [path for path in self._paths if os.path.exists(path)]  # noqa: PTH110 - strings
        with contextlib.suppress(OSError):
            self._child = subprocess.Popen(
                [*command, "--", *places],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            if self._stopping.is_set():  # it came between
                self._child.kill()
            self._read(self._child, self._child.stdout)
        with self._lock:
            self._machines = Machines()

    def _read(self, child: "subprocess.Popen[bytes]", out: IO[bytes] | None) -> None:
        parser = SampleParser(LogFile(_NAME))
        with out or contextlib.nullcontext() as pipe:
            while pipe and (data := os.read(pipe.fileno(), 1 << 16)):
                with self._lock:
                    for sample, where in parser.feed(data):
                        self._machines.add(sample, where)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(1.0)
