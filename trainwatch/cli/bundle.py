"""`diagnose --bundle FILE.tar.gz`: what one would attach to a bug report, secrets removed.

Links are not followed, nothing but regular files is read, of huge logs the beginning and the end are
taken, and the archive is readable by its owner only.
"""

import contextlib
import importlib.metadata
import io
import json
import os
import platform
import shutil
import stat
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from rich.console import Console

from trainwatch.cli.evidence import other_files
from trainwatch.cli.stacks import run_directory, workers_of
from trainwatch.diagnose import Diagnosis
from trainwatch.errors import NothingToReadError, TrainwatchError, UsageError
from trainwatch.report.diagnosis import diagnosis_document
from trainwatch.report.diagnosis_text import print_diagnosis
from trainwatch.report.secrets import safe_environment, without_secrets
from trainwatch.sources import discover

HEAD = 256 << 10
TAIL = 4 << 20
"""Bytes of the beginning and the end of a log that are taken."""

MAX_DUMP = 64 << 20
_PACKAGES = ("torch", "numpy", "lightning", "transformers", "accelerate", "deepspeed", "py-spy")
_STATE = (
    ("nvidia-smi.txt", ["nvidia-smi"]),
    ("nvidia-smi-topology.txt", ["nvidia-smi", "topo", "-m"]),
    ("processes.txt", ["ps", "-eo", "pid,ppid,user,stat,etime,time,rss,wchan:24,comm"]),
    ("disks.txt", ["df", "-hT"]),
)
_PROC = ("meminfo", "loadavg", "version", "pressure/cpu", "pressure/io", "pressure/memory")
_RECORDS = ("run.json", "events.jsonl", "system.jsonl")
_WORKERS = 16


def write_bundle(target: Path, paths: Sequence[str], found: Diagnosis) -> str:
    """Write the archive; one sentence on it.

    Raises:
        UsageError: the file exists, or cannot be made.
        TrainwatchError: the disk is full.
    """
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(target, flags, 0o600)
    except FileExistsError:
        raise UsageError(f"--bundle {target} exists; name a file that does not") from None
    except OSError as error:
        raise UsageError(f"--bundle {target} cannot be made: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            count = _archive(file, target.name.partition(".")[0] or "bundle", paths, found, target)
    except BaseException as error:
        target.unlink(missing_ok=True)  # half an archive helps nobody
        if isinstance(error, OSError):
            raise TrainwatchError(f"{target} cannot be written: {error.strerror}") from None
        raise
    size = target.stat().st_size >> 10
    return f"{target} holds {count} files, {size} KiB; look through it before you pass it on."


def _archive(file: BinaryIO, top: str, paths: Sequence[str], found: Diagnosis, target: Path) -> int:
    """Write all parts below one directory; how many."""
    count = 0
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, data in _parts(paths, found, target):
            entry = tarfile.TarInfo(f"{top}/{name}")
            entry.size, entry.mode, entry.mtime = len(data), 0o600, int(time.time())
            archive.addfile(entry, io.BytesIO(data))
            count += 1
    return count


def _parts(paths: Sequence[str], found: Diagnosis, target: Path) -> Iterator[tuple[str, bytes]]:
    yield "diagnosis.json", _text(json.dumps(diagnosis_document(found), indent=1))
    yield "diagnosis.txt", _text(_words(found))
    yield "versions.txt", _text("".join(f"{line}\n" for line in _versions()))
    yield from _environments(paths)
    yield from _state()
    yield from _files(paths, target)


def _text(text: str) -> bytes:
    return without_secrets(text).encode("utf-8", "replace")


def _words(found: Diagnosis) -> str:
    out = io.StringIO()
    print_diagnosis(found, Console(file=out, width=120, markup=False, highlight=False, emoji=False))
    return out.getvalue()


def _versions() -> Iterator[str]:
    """Of what runs trainwatch; a training may have an environment of its own."""
    yield f"python {sys.version.split()[0]} on {platform.platform()}"
    for name in ("trainwatch", *_PACKAGES):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            yield f"{name} {importlib.metadata.version(name)}"


def _environments(paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    yield "environment/trainwatch.txt", _environment(os.environ)
    for worker in workers_of(paths)[:_WORKERS]:
        who = f"rank_{worker.rank}" if worker.rank is not None else f"pid_{worker.pid}"
        yield f"environment/{who}.txt", _environment(worker.environment)


def _environment(environ: Mapping[str, str]) -> bytes:
    lines = (f"{name}={value}\n" for name, value in safe_environment(environ).items())
    return "".join(lines).encode("utf-8", "replace")


def _state() -> Iterator[tuple[str, bytes]]:
    """GPUs, processes, memory and disks at this moment, as far as they can be asked."""
    for name, command in _STATE:
        if shutil.which(command[0]):
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                done = subprocess.run(command, capture_output=True, timeout=15, check=False)
                yield f"state/{name}", _text((done.stdout + done.stderr).decode("utf-8", "replace"))
    for name in _PROC:
        with contextlib.suppress(OSError):
            yield f"state/{name.replace('/', '_')}.txt", Path("/proc", name).read_bytes()


def _files(paths: Sequence[str], target: Path) -> Iterator[tuple[str, bytes]]:
    """Logs, what lies beside them, and trainwatch's own records."""
    logs: dict[str, Path] = {}
    with contextlib.suppress(NothingToReadError):
        logs = {log.name: Path(log.path) for log in discover(list(paths), allow_empty=True).files}
    run = run_directory(paths)
    if run is not None:
        own = [run / name for name in _RECORDS] + sorted((run / "stacks").glob("*.json"))
        logs |= {str(path.relative_to(run)): path for path in own}
    for name, path in logs.items():
        data = _read(path, HEAD, TAIL)
        if data is not None and path.absolute() != target.absolute():
            yield f"files/{_inside(name)}", _text(data.decode("utf-8", "surrogateescape"))
    for name, path in other_files(paths):
        data = _read(path, 0, MAX_DUMP)
        if data is not None:
            yield f"files/{_inside(name)}", data


def _inside(name: str) -> str:
    """A name that stays below the archive's directory, whatever it is."""
    parts = [part for part in name.split("/") if part not in ("", ".", "..")]
    return "/".join(parts) or "unnamed"


def _read(path: Path, head: int, tail: int) -> bytes | None:
    """The beginning and the end of a regular file; None for a link, and what cannot be read."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(path, flags), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                return None
            if found.st_size <= head + tail:
                return file.read(head + tail)
            first = file.read(head)
            file.seek(found.st_size - tail)
            left = found.st_size - head - tail
            return first + f"\n… {left} bytes are left out here …\n".encode() + file.read(tail)
    except OSError:
        return None
