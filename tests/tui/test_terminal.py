"""A real terminal: tmux shows what a person would see, and what is left behind afterwards."""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("live_script.py")
REPO = SCRIPT.parents[2]
SANE = "0 1 0"
"""alternate screen off, cursor on, mouse off"""


def wait_for(true: Callable[[], bool], what: str, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)


class Tmux:
    """A server of its own, with a shell in it."""

    def __init__(self, directory: Path) -> None:
        self.socket = str(directory / "socket")
        environment = os.environ | {"PS1": "$ ", "TERM": "xterm-256color"}
        environment.pop("TMUX", None)
        self._environment = environment
        self.do("-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40", "bash --norc")
        self.type("PS1='$ '")

    def do(self, *arguments: str) -> str:
        command = ["tmux", "-S", self.socket, *arguments]
        done = subprocess.run(
            command, env=self._environment, capture_output=True, text=True, check=True, cwd=REPO
        )
        return done.stdout

    def type(self, text: str) -> None:
        self.do("send-keys", text, "Enter")

    def key(self, key: str) -> None:
        self.do("send-keys", key)

    @property
    def screen(self) -> str:
        return self.do("capture-pane", "-p")

    @property
    def modes(self) -> str:
        return self.do("display", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag}").strip()

    def sees(self, text: str) -> None:
        wait_for(lambda: text in self.screen, f"{text!r} on\n{self.screen}")

    def start(self, options: str = "", environment: str = "") -> int:
        self.do("send-keys", "clear", "Enter")
        command = f"{environment} {sys.executable} {SCRIPT} {options}"
        self.type(f"{command} & echo pid=$!; fg >/dev/null")
        self.sees("RUNNING")
        wait_for(lambda: self.modes.startswith("1"), "the alternate screen")
        children = subprocess.run(
            ["pgrep", "-P", self.do("display", "-p", "#{pane_pid}").strip()],
            capture_output=True,
            text=True,
            check=True,
        )
        return int(children.stdout.split()[0])


@pytest.fixture(scope="module")
def tmux(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tmux]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    server = Tmux(tmp_path_factory.mktemp("tmux"))
    yield server
    server.do("kill-server")


def assert_sane(tmux: Tmux) -> None:
    wait_for(lambda: tmux.modes == SANE, f"a sane terminal, not {tmux.modes}")
    tmux.type("stty -a | tr ' ' '\\n' | grep -cx -e echo -e icanon -e isig")
    wait_for(lambda: tmux.screen.rstrip().endswith("3\n$"), f"echo and signals on\n{tmux.screen}")


def test_seen_resized_left(tmux: Tmux) -> None:
    tmux.start()
    wait_for(lambda: any("⠀" < c <= "⣿" for c in tmux.screen), "a curve")
    for part in ("epochs · 14", "8 ranks · 8 active", "alerts · no alert now", "logs · following"):
        tmux.sees(part)
    tmux.do("resize-window", "-x", "80", "-y", "24")
    wait_for(lambda: "logs ·" not in tmux.screen, "the small layout")
    assert all(len(row) <= 80 for row in tmux.screen.splitlines())
    tmux.sees(". training 8")
    tmux.key("5")
    tmux.sees("by time · following")
    tmux.key("C-c")
    tmux.sees("q detaches, and the training goes on")
    tmux.key("C-z")
    tmux.sees("Stopped")
    wait_for(lambda: tmux.modes == SANE, "a sane terminal while it is suspended")
    tmux.type("fg")
    tmux.sees("by time · following")
    tmux.sees("RUNNING  ae_large_scale · epoch 14 of 200")
    tmux.do("resize-window", "-x", "120", "-y", "40")
    tmux.key("q")
    tmux.sees("outcome Outcome(how=<How.DETACHED")
    assert_sane(tmux)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_leave_a_sane_terminal(tmux: Tmux, number: signal.Signals) -> None:
    os.kill(tmux.start(), number)
    tmux.sees(f"outcome Outcome(how=<How.SIGNALLED: 'signalled'>, signal={number.value}")
    assert_sane(tmux)


def test_a_closed_window_ends_the_dashboard() -> None:
    pid, master = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execv(sys.executable, [sys.executable, str(SCRIPT)])
    seen = b""
    while b"RUNNING" not in seen:
        assert select.select([master], [], [], 20)[0]
        seen += os.read(master, 1 << 16)
    os.close(master)
    wait_for(lambda: os.waitpid(pid, os.WNOHANG)[0] == pid, "the end")


def test_a_crash_leaves_a_sane_terminal_and_a_sentence(tmux: Tmux, tmp_path: Path) -> None:
    tmux.start("--crash-at 6", f"TMPDIR={tmp_path}")
    tmux.sees("outcome Outcome(how=<How.CRASHED")
    tmux.sees("the training goes on. What led to it:")
    assert "Traceback" not in tmux.screen
    assert_sane(tmux)
    (written,) = tmp_path.glob("trainwatch-crash-*.txt")
    assert "AttributeError" in written.read_text()


def test_a_storm_of_resizes_ends_in_the_last_size(tmux: Tmux) -> None:
    tmux.start()
    for step in range(30):
        tmux.do("resize-window", "-x", str(60 + step * 7 % 120), "-y", str(15 + step * 5 % 45))
    tmux.do("resize-window", "-x", "120", "-y", "40")
    wait_for(
        lambda: (
            len(rows := tmux.screen.splitlines()) == 40
            and rows[0].startswith(" RUNNING  ae_large_scale")
            and " 1 overview" in rows[-1]
            and "? help" in rows[-1]
        ),
        "the screen as it belongs",
    )
    assert sum("ranks · 8 ranks" in row for row in tmux.screen.splitlines()) == 1
    tmux.key("q")
    tmux.sees("outcome Outcome(how=<How.DETACHED")
    assert_sane(tmux)


COLOURS = re.compile(r"\x1b\[([0-9;]*)m")


@pytest.mark.parametrize(
    ("environment", "allowed"),
    [
        ("TERM=xterm-16color COLORTERM=", r"(?:[0-9]|2[0-9]|3[0-79]|4[0-79]|9[0-7]|10[0-7])"),
        (
            "TERM=screen-256color COLORTERM=",
            r"(?:[0-9]|2[0-9]|[34][0-79]|9[0-7]|10[0-7]|[34]8;5;\d+)",
        ),
        ("NO_COLOR=1", r"(?:[0-9]|2[0-9]|39|49)"),
    ],
    ids=["16", "256", "none"],
)
def test_only_colours_that_the_terminal_has(tmux: Tmux, environment: str, allowed: str) -> None:
    tmux.start("", environment)
    tmux.sees("8 ranks · 8 active")
    shown = tmux.do("capture-pane", "-p", "-e")
    codes = {code for code in COLOURS.findall(shown) if code}
    assert len(codes) > 1
    for code in codes:
        assert re.fullmatch(f"{allowed}(?:;{allowed})*", code), code
    tmux.key("q")
    tmux.sees("outcome Outcome(how=<How.DETACHED")
    assert_sane(tmux)


def test_a_client_that_is_killed_changes_nothing(tmux: Tmux) -> None:
    tmux.start()
    pid, master = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execvp("tmux", ["tmux", "-S", tmux.socket, "attach"])
    assert select.select([master], [], [], 20)[0]
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(master)
    tmux.do("resize-window", "-x", "120", "-y", "40")
    tmux.sees("8 ranks · 8 active")
    tmux.key("q")
    tmux.sees("outcome Outcome(how=<How.DETACHED")
    assert_sane(tmux)


BLOCKED = """
import asyncio, time
from trainwatch.tui.manners import ending
async def main():
    with ending(lambda number: None):
        print("ready", flush=True)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            time.sleep(0.05)
asyncio.run(main())
"""


def test_a_dashboard_that_hangs_can_be_ended() -> None:
    hung = subprocess.Popen(
        [sys.executable, "-c", BLOCKED], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=REPO
    )
    assert hung.stdout is not None
    assert hung.stdout.readline() == b"ready\n"
    hung.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert hung.poll() is None
    hung.send_signal(signal.SIGTERM)
    _, errors = hung.communicate(timeout=10)
    assert hung.returncode == 128 + signal.SIGTERM
    assert b"\x1b[?1049l" in errors
    assert b"\x1b[?25h" in errors
