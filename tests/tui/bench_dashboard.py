"""Measures the dashboard on a scripted live job through a pty; prints figures, asserts nothing.

    python tests/tui/bench_dashboard.py [--seconds 15] [--size 200x50] [--page 1]

Bytes to the terminal, CPU (the scripted reader included), and the time to the first frame of a real
`attach` beside that of an empty Textual app.
"""

import argparse
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import psutil

HERE = Path(__file__).parent
EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("first frame")
Empty().run(mouse=False)
"""
SAMPLE = HERE.parents[1] / "sample_logs" / "finished"
ATTACH = [sys.executable, "-m", "trainwatch", "attach", str(SAMPLE)]
ANSWERS = {b"\x1b[?2026$p": b"\x1b[?2026;2$y", b"\x1b[?2048$p": b"\x1b[?2048;0$y"}


class Terminal:
    """A program in a pty that answers as a terminal does."""

    def __init__(self, command: list[str], columns: int, rows: int) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)

    def read(self, seconds: float, until: bytes | None = None) -> bytes:
        got = b""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            if select.select([self.master], [], [], left)[0]:
                data = os.read(self.master, 1 << 16)
                got += data
                for question, answer in ANSWERS.items():
                    if question in data:
                        os.write(self.master, answer)
                if until is not None and until in got:
                    break
        return got

    def close(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self.master)


def first_frame(command: list[str], sign: bytes, columns: int, rows: int) -> tuple[float, float]:
    """Median seconds until it is seen, and of processor time: where others compute that tells more."""
    times, used = [], []
    for _ in range(7):
        terminal = Terminal(command, columns, rows)
        terminal.read(10, until=sign)
        times.append(time.perf_counter() - terminal.began)
        used.append(sum(psutil.Process(terminal.process.pid).cpu_times()[:2]))
        terminal.close()
    return statistics.median(times), statistics.median(used)


def steady(command: list[str], seconds: float, page: str, columns: int, rows: int) -> None:
    terminal = Terminal(command, columns, rows)
    terminal.read(3)
    os.write(terminal.master, page.encode())
    terminal.read(2)
    process = psutil.Process(terminal.process.pid)
    before = process.cpu_times()
    got = len(terminal.read(seconds))
    after = process.cpu_times()
    used = after.user + after.system - before.user - before.system
    print(f"bytes to the terminal   {got / seconds / 1024:6.1f} KiB/s")
    print(f"CPU, reader included    {used / seconds * 100:6.1f} % of a core")
    print(f"resident memory         {process.memory_info().rss / 1e6:6.1f} MB")
    terminal.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--size", default="200x50")
    parser.add_argument("--page", default="1")
    parser.add_argument("--no-first", action="store_true")
    options = parser.parse_args()
    columns, rows = map(int, options.size.split("x"))
    script = [sys.executable, str(HERE / "live_script.py")]
    print(f"page {options.page} at {options.size}")
    steady(script, options.seconds, options.page, columns, rows)
    print("a run that is over, where only the clock moves")
    steady(ATTACH, options.seconds, "1", columns, rows)
    if not options.no_first:
        for name, command, sign in (
            ("empty app", [sys.executable, "-c", EMPTY], b"first frame"),
            ("attach", ATTACH, b"reading the logs"),
            ("its figures", ATTACH, b"epoch 4"),
        ):
            wall, used = first_frame(command, sign, columns, rows)
            print(f"first frame, {name:11} {wall * 1000:6.0f} ms, {used * 1000:6.0f} ms of CPU")


if __name__ == "__main__":
    main()
