"""Runs the dashboard on a scripted live job: python live_script.py [--stuck-stop] [--lines N].

For the tmux tests, and to be looked at: eight ranks that write ten lines a second each.
"""

import argparse
import math
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.tui import fake_views
from tests.tui.fake_reader import FakeLog
from trainwatch.events import LogLine, RankId, Where
from trainwatch.model.logs import LogScreen
from trainwatch.model.snapshot import RunView, Wish
from trainwatch.tui.app import watch
from trainwatch.tui.reader import Post

RANKS = 8


class ScriptedReader:
    """Posts about twice a second, as a reader of a live job does."""

    can_stop = True
    can_restart = False

    def __init__(self, lines_a_second: int, seconds_to_stop: float, crash_at: int = -1) -> None:
        self._done = threading.Event()
        self._rate = lines_a_second
        self._slow = seconds_to_stop
        self._crash_at = crash_at
        self._lines: list[LogLine] = []

    def start(self, post: Post) -> None:
        self._thread = threading.Thread(target=self._run, args=(post,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._done.set()

    def want(self, wish: Wish) -> None:
        pass

    def request_restart_training(self) -> str:
        return ""

    def open_logs(self, post: object) -> object:
        return FakeLog(post, LogScreen(lines=tuple(self._lines[-40:]), files=("debug_rank0.log",)))

    def edit(self, path: str, line: int | None) -> str:
        return f"{path}:{line}"

    def diagnose(self) -> object:
        raise OSError("nothing to diagnose")

    def request_stop_training(self) -> str:
        time.sleep(self._slow)
        return "The training was stopped; checkpoint-2000 is sound."

    def _run(self, post: Post) -> None:
        tick = 0
        while True:
            post(self._view(tick) if tick != self._crash_at else "no snapshot")  # type: ignore[arg-type]
            tick += 1
            if self._done.wait(0.5):
                return

    def _view(self, tick: int) -> RunView:
        step = 100 + tick * 5
        new = self._rate // 2
        for number in range(new):
            place = (tick * new + number) * 80
            rank = number % RANKS
            loss = 0.07 + 0.003 * math.sin(place)
            text = f"[DEBUG] [Rank {rank}] Training step {step + number // RANKS}, loss={loss:.4f}"
            self._lines.append(
                LogLine(Where(f"debug_rank{rank}.log", place, place), RankId(rank), text)
            )
        del self._lines[:-300]
        return fake_views.healthy(
            now=fake_views.NOW + tick / 2,
            progress=0.0741 + tick / 20_000,
            epoch_progress=min(0.61 + tick / 500, 1.0),
            eta_seconds=7843.0 - tick / 2,
            sentence=f"epoch 14 of 200 · step {step}",
            ranks=tuple(
                fake_views.rank(n, step=step, last=self._lines[-RANKS + n], silent=0.1 * n)
                for n in range(RANKS)
            ),
            curves=(fake_views.curve(2565 + tick * 5),),
            recent=tuple(self._lines),
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=80)
    parser.add_argument("--seconds-to-stop", type=float, default=0.2)
    parser.add_argument("--crash-at", type=int, default=-1)
    options = parser.parse_args()
    reader = ScriptedReader(options.lines, options.seconds_to_stop, options.crash_at)
    outcome = watch(reader, zone=UTC)
    print(f"outcome {replace(outcome)}", flush=True)


if __name__ == "__main__":
    main()
