"""Programs in a terminal of their own: what they draw, and when."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

SIZE = (200, 50)
EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("first frame")
Empty().run(mouse=False)
"""
ANSWERS = {b"\x1b[?2026$p": b"\x1b[?2026;2$y", b"\x1b[?2048$p": b"\x1b[?2048;0$y"}
TRAINWATCH = [sys.executable, "-m", "trainwatch"]
PATIENCE = 90.0
"""Seconds until something that never comes is given up."""


@contextmanager
def terminal(command: list[str]) -> Iterator[tuple[psutil.Process, int]]:
    """A program in a pty; its process and our end of the pty."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
    environment = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    process = psutil.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    )
    os.close(theirs)
    try:
        yield process, ours
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        os.close(ours)


def listen(ours: int, seconds: float, until: bytes | None = None) -> int:
    """Read what a program draws, answering as a terminal does; how many bytes came."""
    got, count = b"", 0
    end = time.perf_counter() + seconds
    while (left := end - time.perf_counter()) > 0:
        if select.select([ours], [], [], left)[0]:
            data = _read(ours)
            count += len(data)
            got = (got + data)[-(1 << 17) :]
            if until is not None and until in got:
                break
    return count


def _read(ours: int) -> bytes:
    data = os.read(ours, 1 << 16)
    for question, answer in ANSWERS.items():
        if question in data:
            os.write(ours, answer)
    return data


def appearances(command: list[str], *signs: bytes) -> list[float]:
    """Seconds until a program has drawn each of some texts, one after the other."""
    began, times = time.perf_counter(), []
    with terminal(command) as (_, ours):
        for sign in signs:
            listen(ours, PATIENCE, until=sign)
            times.append(time.perf_counter() - began)
    return times


def empty_app() -> float:
    """Seconds until an empty Textual app has drawn its text."""
    return appearances([sys.executable, "-c", EMPTY], b"first frame")[0]


def attach_frames(logs: Path) -> tuple[float, float]:
    """Seconds until the dashboard is there, and until it shows a line of the logs."""
    frame, figures = appearances([*TRAINWATCH, "attach", str(logs)], b"overview", b"Training step")
    return frame, figures


class Recorder:
    """Keeps what a program draws, with the moments, to be looked at afterwards.

    Drawing into a model of the screen while the program runs would slow it down.
    """

    def __init__(self, ours: int) -> None:
        self._ours = ours
        self._pieces: list[tuple[float, bytes]] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while not self._ending.is_set():
            if select.select([self._ours], [], [], 0.05)[0]:
                data = _read(self._ours)
                self._pieces.append((time.perf_counter(), data))

    def stop(self) -> None:
        """No more."""
        self._ending.set()
        self._thread.join()

    def seen(self, signs: Sequence[str]) -> list[float]:
        """When each text first stood on the screen, infinite where it never did."""
        import pyte  # noqa: PLC0415 - a tool of development

        screen = pyte.Screen(*SIZE)
        stream = pyte.ByteStream(screen)
        times = dict.fromkeys(signs, float("inf"))
        for at, data in self._pieces:
            stream.feed(data)
            shown = "\n".join(screen.display)
            for sign, known in list(times.items()):
                if known == float("inf") and sign in shown:
                    times[sign] = at
        return [times[sign] for sign in signs]


def usage(command: list[str]) -> tuple[float, float, float]:
    """Seconds of the wall and of the processor, and the peak of the memory in MB, of a command."""
    began = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        while process.stdout.read(1 << 20):
            pass
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - began
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
