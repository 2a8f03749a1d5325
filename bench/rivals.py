"""What people do today: the eight greps of the original guide, with grep, ripgrep or lnav.

Times are seconds of the processor, which another program on the machine disturbs less than it does
the wall's; each tool has one core, so that on a quiet machine they are nearly the same.
"""

import os
import shutil
import subprocess
from pathlib import Path

PATTERNS = (
    *("ERROR", "EPOCH", "COMPLETED", "Processing.*files", r"EPOCH.*START\|EPOCH.*END"),
    *("ERROR.*shard", "Processed.*training batches", "Validation step"),
)


def grep(logs: Path) -> float:
    """Seconds of all eight, one after another, stdout to a pipe."""
    return _all(["grep"], logs, PATTERNS)


def ripgrep(logs: Path) -> float | None:
    """The same with ripgrep on one thread; None where it is not installed."""
    if shutil.which("rg") is None:
        return None
    return _all(["rg", "-j1"], logs, tuple(one.replace(r"\|", "|") for one in PATTERNS))


def lnav(logs: Path) -> float | None:
    """lnav reads and indexes the same files; None where it is not installed."""
    if shutil.which("lnav") is None:
        return None
    return _timed(["lnav", "-n", "-q", "-c", ":quit", *_files(logs)])


def _all(tool: list[str], logs: Path, patterns: tuple[str, ...]) -> float:
    return sum(_timed([*tool, pattern, *_files(logs)]) for pattern in patterns)


def _files(logs: Path) -> list[str]:
    return [str(path) for path in sorted(logs.glob("*.log"))]


def _timed(command: list[str]) -> float:
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        while process.stdout.read(1 << 20):
            pass
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime
