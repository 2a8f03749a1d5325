#!/usr/bin/env python3
"""Record `sample_logs/`: what real torchrun jobs of the example leave behind.

    python scripts/record_samples.py [CASE ...]

Each case is run, copied to `sample_logs/<case>/` with machine names replaced, and written over
when it is recorded again. A job that hangs is copied once it has certainly stopped and ended only
then, so that nothing of its end is in the copy. Needs torch and psutil; run nothing else meanwhile.
"""

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
from sample_cases import CASES, Case, Until, command, readme

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "sample_logs"
KEPT = ("logs", "log", "metrics")
QUIET_SECONDS = 6.0
DEADLINE_SECONDS = 180.0
POLL_SECONDS = 0.1


class RecordingError(Exception):
    """A job did not do what its case says."""


@dataclass
class Job:
    """One running torchrun, in a session of its own."""

    process: subprocess.Popen[bytes]
    output: Path
    console: Path

    def size(self) -> int:
        """Bytes written so far."""
        files = [self.console, *kept_files(self.output)]
        return sum(file.stat().st_size for file in files if file.exists())

    def says(self, mark: str) -> bool:
        return any(mark in file.read_text("utf-8") for file in kept_files(self.output))

    def wait(self, case: Case) -> None:
        """Wait for the moment to copy.

        Raises:
            RecordingError: the moment did not come, or the job ended otherwise.
        """
        if case.until in {Until.EXIT_0, Until.EXIT_1}:
            code = self.process.wait(DEADLINE_SECONDS)
            if (code == 0) != (case.until is Until.EXIT_0):
                raise RecordingError(f"{case.name}: exit code {code}")
            return
        self._poll(lambda: self.says(case.mark), f"{case.name}: no {case.mark!r} in the logs")
        if case.until is Until.HANG:
            self._poll(self._is_quiet, f"{case.name}: it does not hang")

    def _is_quiet(self) -> bool:
        before = self.size()
        deadline = time.monotonic() + QUIET_SECONDS
        while time.monotonic() < deadline and self.size() == before:
            time.sleep(POLL_SECONDS)
        return self.size() == before

    def _poll(self, reached: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not reached():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RecordingError(otherwise)
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """End the launcher, its workers and their children; workers have sessions of their own."""
        try:
            tree = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            tree = []
        if self.process.poll() is None:
            self.process.terminate()
        _, alive = psutil.wait_procs(tree, timeout=10)
        for process in alive:
            process.kill()
        psutil.wait_procs(alive, timeout=10)
        self.process.wait(10)


def start(case: Case, attempt: str, output: Path, console: Path) -> Job:
    words = command(case, attempt, str(output))
    with console.open("ab") as stream:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name(words[0])), *words[1:]],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            # Killed processes leave temporary files: where they are removed with the rest.
            env=os.environ | {"OMP_NUM_THREADS": "1", "TMPDIR": str(console.parent)},
            start_new_session=True,
        )
    return Job(process, output, console)


def record(case: Case) -> None:
    with tempfile.TemporaryDirectory(prefix="trainwatch-samples-") as name:
        temporary = Path(name)
        output, console = temporary / case.name, temporary / "console.log"
        for attempt in case.attempts:
            job = start(case, attempt, output, console)
            try:
                job.wait(case)
                if attempt is case.attempts[-1]:
                    copy = take_copy(case, output, console, temporary / "copy")
            finally:
                job.stop()
        install(copy, TARGET / case.name, make_anonymous(temporary))


def kept_files(output: Path) -> list[Path]:
    return [path for kind in KEPT for path in sorted((output / kind).glob("*"))]


def take_copy(case: Case, output: Path, console: Path, copy: Path) -> Path:
    """The files as they are now; of a running job, at a moment when all ranks are level."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    snapshot(output, console, copy)
    while case.until is Until.RUNNING and not is_level(copy):
        if time.monotonic() > deadline:
            raise RecordingError(f"{case.name}: the ranks are never level")
        snapshot(output, console, copy)
    return copy


def is_level(copy: Path) -> bool:
    """Whether all ranks' last lines are of the same training step."""
    last = [path.read_text("utf-8").splitlines()[-1] for path in copy.glob("logs/debug_*")]
    steps = [re.search(r"Training step \d+", line) for line in last]
    return None not in steps and len({step[0] for step in steps if step}) == 1


def snapshot(output: Path, console: Path, copy: Path) -> None:
    for path in [*kept_files(output), console]:
        place = copy / path.relative_to(output if path != console else console.parent)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, place)


def make_anonymous(temporary: Path) -> Callable[[str], str]:
    """What replaces everything in a text that names this machine."""
    paths = {
        str(temporary): "/tmp/trainwatch",  # noqa: S108  (a name in a text)
        tempfile.gettempdir(): "/tmp/trainwatch",  # noqa: S108
        sys.prefix: "/opt/venv",
        sys.base_prefix: "/opt/python",
        str(ROOT): "/workspace/trainwatch",
    }
    # In one pass, the longest first: a replacement is not to be replaced again.
    longest_first = sorted(paths, key=len, reverse=True)
    path = re.compile(rf"({'|'.join(map(re.escape, longest_first))})(?![\w.-])")
    # Host names only where such a name stands: one may well be a word that occurs in the logs.
    hosts = "|".join(map(re.escape, {socket.gethostname(), socket.getfqdn()}))
    host = re.compile(rf"(?m)(?<=host      : )({hosts})$|(?<=\[)({hosts})(?=\])")
    return lambda text: host.sub("node1", path.sub(lambda match: paths[match[1]], text))


def install(copy: Path, target: Path, anonymous: Callable[[str], str]) -> None:
    shutil.rmtree(target, ignore_errors=True)
    for path in sorted(copy.rglob("*")):
        if not path.is_file():
            continue
        place = target / path.relative_to(copy)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(anonymous(path.read_bytes().decode()).encode())
        times = path.stat()
        os.utime(place, ns=(times.st_atime_ns, times.st_mtime_ns))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    known = {case.name: case for case in CASES}
    parser.add_argument("case", nargs="*", help=f"default: all of {', '.join(known)}")
    names = parser.parse_args().case or list(known)
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"no such case: {', '.join(unknown)}")
    for name in names:
        began = time.monotonic()
        record(known[name])
        print(f"{name}: {time.monotonic() - began:.0f} s")
    (TARGET / "README.md").write_text(readme(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
