"""Every process is killed at a random moment; what it leaves is whole, or is not there.

`make test` kills each a few times, `make test-long` more than 200 times in all.
"""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from bench.screen import listen, terminal

SAMPLES = Path(__file__).resolve().parents[2] / "sample_logs"
LOGS = SAMPLES / "healthy_4ranks"
TRAINWATCH = [sys.executable, "-m", "trainwatch"]
STEPS = 200
WORK = (
    f'for i in $(seq {STEPS}); do echo "[Rank 0] Training step $i, loss=0.5"; sleep 0.01; done;'
    " exit 7"
)
CONSOLE = [f"[Rank 0] Training step {at + 1}, loss=0.5" for at in range(STEPS)]
DEADLINE = 120.0

Kill = Callable[[Path, int, random.Random], None]


def killed_after(command: list[str], seconds: float, place: Path) -> None:
    process = subprocess.Popen(
        command, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()


def kill_exports(place: Path, times: int, chance: random.Random) -> None:
    """An export that is killed writes all of its file, or leaves the old one."""
    whole, target = place / "whole", place / "steps"
    for turn in range(times):
        form = ("jsonl", "csv")[turn % 2]
        export = [*TRAINWATCH, "export", str(LOGS), "--format", form, "-o"]
        if turn < 2:
            subprocess.run([*export, f"{whole}.{form}"], check=True)
        target.write_text("old")
        killed_after([*export, str(target)], chance.uniform(0.05, 0.8), place)
        assert target.read_bytes() in (b"old", Path(f"{whole}.{form}").read_bytes())


def kill_reports(place: Path, times: int, chance: random.Random) -> None:
    """Each file of a report is whole, or not there."""
    report = [*TRAINWATCH, "report", str(LOGS), "-o"]
    whole = place / "whole"
    subprocess.run([*report, str(whole)], check=True, stdout=subprocess.DEVNULL)
    for turn in range(times):
        target = place / f"report{turn}"
        killed_after([*report, str(target)], chance.uniform(0.2, 1.2), place)
        for path in target.glob("[!.]*"):
            if path.suffix == ".json":
                told, wanted = (json.loads(one.read_text()) for one in (path, whole / path.name))
                assert told | {"timestamp": None} == wanted | {"timestamp": None}
            else:
                assert path.stat().st_size == pytest.approx(
                    (whole / path.name).stat().st_size, abs=64
                )  # but for the hour in it


class Runs:
    """Runs of a small training in a directory, one after another."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._environment = os.environ | {"XDG_STATE_HOME": str(place / "state")}

    def trainwatch(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*TRAINWATCH, *arguments],
            cwd=self.place,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    @contextlib.contextmanager
    def running(self, name: str, *options: str) -> Iterator[Path]:
        """A training that is under way; its run directory."""
        command = ["run", "--detach", "--exp-id", name, *options, "--", "bash", "-c", WORK]
        started = self.trainwatch(*command)
        assert started.returncode == 0, started.stderr
        yield self.place / "trainwatch_runs" / name
        stopped = self.trainwatch("stop", name)
        assert stopped.returncode == 0, stopped.stderr


def supervisor(run: Path) -> int:
    return int(json.loads((run / "run.json").read_text())["supervisor"]["pid"])


def wait_for(what: Callable[[], int | None]) -> int:
    end = time.monotonic() + DEADLINE
    while (found := what()) is None:
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)
    return found


def assert_whole(run: Path, *, complete: bool) -> None:
    """Every file of a run can be read, and its console holds what was printed, once, in order."""
    json.loads((run / "run.json").read_text())
    lines = [*(run / "events.jsonl").read_text().splitlines()]
    system = run / "system.jsonl"
    if system.exists():  # whose last line may be half: its writer was killed
        lines += system.read_text().split("\n")[:-1]
    for line in lines:
        json.loads(line)
    console = (run / "console.log").read_text().splitlines()
    assert console == CONSOLE[: STEPS if complete else len(console)]


def kill_supervisors(place: Path, times: int, chance: random.Random) -> None:
    """Whatever moment its supervisor dies at, the run can be read, listed and stopped."""
    runs = Runs(place)
    for turn in range(times):
        with runs.running(f"run{turn}") as run:
            time.sleep(chance.uniform(0.0, 1.0))
            os.kill(supervisor(run), signal.SIGKILL)
            assert_whole(run, complete=False)
            runs.trainwatch("ps", "--json")
        assert_whole(run, complete=False)


def kill_companions(module: str, *options: str) -> Kill:
    """A companion that dies takes nothing with it: the training ends as it would have."""

    def kill(place: Path, times: int, chance: random.Random) -> None:
        runs = Runs(place)
        for turn in range(times):
            with runs.running(f"run{turn}", "--no-report", *options) as run:
                pid = wait_for(lambda run=run: companion(run, module))
                time.sleep(chance.uniform(0.0, 0.8))
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                wait_for(lambda run=run: exit_code(run))
            assert exit_code(run) == 7
            assert_whole(run, complete=True)

    return kill


def companion(run: Path, module: str) -> int | None:
    """The process of a run's companion; it must have been seen before the training has ended."""
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(supervisor(run)).children():
            if module in child.cmdline():
                return child.pid
    return None


def exit_code(run: Path) -> int | None:
    code = json.loads((run / "run.json").read_text()).get("exit_code")
    return None if code is None else int(code)


def kill_dashboards(place: Path, times: int, chance: random.Random) -> None:
    """A dashboard that dies touches neither the training nor a file."""
    runs = Runs(place)
    for turn in range(times):
        with runs.running(f"run{turn}", "--no-report", "--health-time", "0") as run:
            with terminal([*TRAINWATCH, "attach", str(run)]) as (process, ours):
                listen(ours, chance.uniform(0.1, 1.5))
                process.send_signal(signal.SIGKILL)
            wait_for(lambda run=run: exit_code(run))
        assert exit_code(run) == 7
        assert_whole(run, complete=True)


KILLS: dict[str, tuple[Kill, int]] = {
    "export": (kill_exports, 50),
    "report": (kill_reports, 40),
    "supervisor": (kill_supervisors, 50),
    "sampler": (kill_companions("trainwatch.telemetry", "--health-time", "0"), 25),
    "gate": (kill_companions("trainwatch.cli.gate", "--health-time", "300"), 25),
    "dashboard": (kill_dashboards, 25),
}


@pytest.mark.parametrize("process", KILLS)
def test_a_kill(process: str, tmp_path: Path) -> None:
    KILLS[process][0](tmp_path, 2 if process in ("export", "report") else 1, random.Random(7))


@pytest.mark.long
@pytest.mark.parametrize("process", KILLS)
def test_very_many_kills(process: str, tmp_path: Path) -> None:
    kill, times = KILLS[process]
    kill(tmp_path, times, random.Random(11))


def test_they_are_two_hundred() -> None:
    assert sum(times for _, times in KILLS.values()) > 200
