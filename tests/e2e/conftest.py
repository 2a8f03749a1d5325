"""Real terminals (tmux), real processes; conditions with a deadline, never a fixed wait."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

ROOT = Path(__file__).resolve().parents[2]
TRAINWATCH = f"{sys.executable} -m trainwatch"


T = TypeVar("T")


def wait_for(condition: Callable[[], T], seconds: float = 30.0, what: str = "") -> T:
    """The first true value of a condition; fails with what was seen last."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            pytest.fail(f"did not come true in {seconds:.0f} s: {what or condition}\n{value}")
        time.sleep(0.05)


class Terminal:
    """A tmux server of its own with one window."""

    def __init__(self, socket: Path, cwd: Path, width: int, height: int) -> None:
        self._socket = str(socket)
        environment = os.environ | {"XDG_STATE_HOME": str(cwd / "state"), "LC_ALL": "C.UTF-8"}
        self._environment = {k: v for k, v in environment.items() if k != "TMUX"}
        self._tmux("-f", "/dev/null", "new-session", "-d", "-s", "t", "-c", str(cwd),
                   "-x", str(width), "-y", str(height), "env PS1='$ ' bash --norc")  # fmt: skip
        wait_for(lambda: "$" in self.screen(), what="a shell prompt")

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ("tmux", "-S", self._socket, *arguments),
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout

    def screen(self) -> str:
        """What is seen now."""
        return self._tmux("capture-pane", "-p", "-t", "t")

    def type(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        self._tmux("send-keys", "-t", "t", *keys)

    def command(self, text: str) -> None:
        """Type a command line."""
        self._tmux("send-keys", "-t", "t", "-l", text)
        self.type("Enter")

    def resize(self, width: int, height: int) -> None:
        """Change the size of the window."""
        self._tmux("resize-window", "-t", "t", "-x", str(width), "-y", str(height))

    def shows(self, *texts: str, seconds: float = 30.0) -> str:
        """Wait until all texts are on the screen; the screen."""

        def seen() -> str:
            screen = self.screen()
            return screen if all(text in screen for text in texts) else ""

        try:
            return wait_for(seen, seconds, f"{texts} on the screen")
        except BaseException:
            print(self.screen())
            raise

    def close(self) -> None:
        """End the server and what runs in it."""
        self._tmux("kill-server")


Open = Callable[[int, int], Terminal]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Open]:
    if shutil.which("tmux") is None:
        pytest.skip("needs the system program tmux")
    opened: list[Terminal] = []

    def open_one(width: int, height: int) -> Terminal:
        opened.append(Terminal(tmp_path / f"tmux{len(opened)}", tmp_path, width, height))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()
