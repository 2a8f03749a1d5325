"""`diagnose --bundle FILE.tar.gz`: what one would attach to a bug report, secrets removed.

Links are not followed, nothing but regular files is read, of huge logs the beginning and the end are
taken, and the archive is readable by its owner only. Secrets are removed from every member and from
its name; a dump in which one was found is left out, for a pickle cannot be mended.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import stat
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from trainwatch.cli.bundlestate import state, versions
from trainwatch.cli.evidence import other_files
from trainwatch.cli.stacks import run_directory, workers_of
from trainwatch.diagnose import Diagnosis
from trainwatch.errors import NothingToReadError, TrainwatchError, UsageError
from trainwatch.report.diagnosis import diagnosis_document
from trainwatch.report.diagnosis_text import print_diagnosis
from trainwatch.report.secrets import Remover
from trainwatch.sources import discover

if TYPE_CHECKING:
    from trainwatch.probes.proc import Process

HEAD = 256 << 10
TAIL = 4 << 20
"""Bytes of the beginning and the end of a log that are taken."""

ALL_LOGS = 256 << 20
"""Bytes of all logs together: of very many each gives less."""

_LEAST = 32 << 10
MAX_DUMP = 64 << 20
_RECORDS = ("run.json", "events.jsonl", "system.jsonl")
_DOCUMENTS = (".json", ".jsonl")
_WORKERS = 16

Part = tuple[str, bytes]


def write_bundle(
    target: Path, paths: Sequence[str], found: Diagnosis, stacks: Mapping[str, Any] | None = None
) -> str:
    """Write the archive; one sentence on it.

    Args:
        target: A file that does not exist.
        paths: What was diagnosed.
        found: The diagnosis.
        stacks: What the processes showed for it, where they were looked at.

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
        with os.fdopen(handle, "wb") as file, tarfile.open(fileobj=file, mode="w:gz") as archive:
            count = _fill(archive, target, _Collector(paths, target).parts(found, stacks))
    except BaseException as error:
        target.unlink(missing_ok=True)  # half an archive helps nobody
        if isinstance(error, OSError):
            raise TrainwatchError(f"{target} cannot be written: {error.strerror}") from None
        raise
    size = target.stat().st_size >> 10
    return f"{target} holds {count} files, {size} KiB; look through it before you pass it on."


def _fill(archive: tarfile.TarFile, target: Path, parts: Iterator[Part]) -> int:
    top = target.name.partition(".")[0] or "bundle"
    names: set[str] = set()
    for name, data in parts:
        entry = tarfile.TarInfo(f"{top}/{_unlike(name, names)}")
        entry.size, entry.mode, entry.mtime = len(data), 0o600, int(time.time())
        archive.addfile(entry, io.BytesIO(data))
    return len(names)


def _unlike(name: str, names: set[str]) -> str:
    """A name that no other member has: one of two would be lost where they are unpacked."""
    unique, number = name, 1
    while unique in names:
        number += 1
        unique = f"{name}.{number}"
    names.add(unique)
    return unique


class _Collector:
    """Gathers the members of one archive."""

    def __init__(self, paths: Sequence[str], target: Path) -> None:
        self._paths = paths
        self._target = target
        self._workers: list[Process] = workers_of(paths)[:_WORKERS]
        environments = [os.environ, *(worker.environment for worker in self._workers)]
        self._remover = Remover(environments)
        self._left_out: list[str] = []

    def parts(self, found: Diagnosis, stacks: Mapping[str, Any] | None) -> Iterator[Part]:
        """Name and content of every member."""
        yield self._text("diagnosis.json", json.dumps(diagnosis_document(found), indent=1))
        yield self._text("diagnosis.txt", _words(found))
        yield self._text("versions.txt", "".join(f"{line}\n" for line in versions(self._workers)))
        if stacks is not None:
            yield self._text("stacks.json", json.dumps(stacks))
        yield from self._environments()
        for name, text in state(self._workers):
            yield self._text(f"state/{name}", text)
        yield from self._logs()
        yield from self._others()
        if self._left_out:
            yield self._text("left-out.txt", "".join(f"{line}\n" for line in self._left_out))

    def _text(self, name: str, text: str) -> Part:
        document = name.endswith(_DOCUMENTS)
        safe = self._remover.document(text) if document else self._remover.text(text)
        return self._remover.text(name), safe.encode("utf-8", "surrogateescape")

    def _environments(self) -> Iterator[Part]:
        everyone: list[tuple[str, Mapping[str, str]]] = [("trainwatch", os.environ)]
        for worker in self._workers:
            who = f"rank_{worker.rank}" if worker.rank is not None else f"pid_{worker.pid}"
            everyone.append((who, worker.environment))
        for who, environ in everyone:
            lines = (f"{k}={v}\n" for k, v in self._remover.environment(environ).items())
            yield f"environment/{who}.txt", "".join(lines).encode("utf-8", "surrogateescape")

    def _logs(self) -> Iterator[Part]:
        """Logs, and trainwatch's own records."""
        logs: dict[str, Path] = {}
        with contextlib.suppress(NothingToReadError):
            found = discover(list(self._paths), allow_empty=True).files
            logs = {log.name: Path(log.path) for log in found}
        run = run_directory(self._paths)
        if run is not None:
            own = [run / name for name in _RECORDS] + sorted((run / "stacks").glob("*.json"))
            logs |= {str(path.relative_to(run)): path for path in own}
        share = max(_LEAST, ALL_LOGS // max(len(logs), 1))
        for name, path in logs.items():
            data = None
            if not self._is_behind_link(path):
                data = _read(path, min(HEAD, share // 8), min(TAIL, share))
            if data is None:
                self._left_out.append(f"{name}: a link, no regular file, or not readable")
            elif path.absolute() != self._target.absolute():
                text = data.decode("utf-8", "surrogateescape")
                yield self._text(f"files/{_inside(name)}", text)

    def _others(self) -> Iterator[Part]:
        """What lies beside the logs: error files as text, dumps as they are."""
        for name, path in other_files(self._paths):
            data = None if self._is_behind_link(path) else _read(path, 0, MAX_DUMP)
            inside = f"files/{_inside(name)}"
            if data is None:
                self._left_out.append(f"{name}: a link, or not readable")
            elif data[:1] in (b"{", b"["):
                yield self._text(inside, data.decode("utf-8", "surrogateescape"))
            elif self._remover.holds_secrets(data):
                self._left_out.append(f"{name}: it holds what looks like a secret")
            else:
                yield self._remover.text(inside), data

    def _is_behind_link(self, path: Path) -> bool:
        """Whether a link below the given directories leads to a file: it may lead anywhere."""
        for root in map(Path, self._paths):
            with contextlib.suppress(ValueError):
                place = Path(os.path.abspath(root))  # noqa: PTH100 - a link stays one
                below = Path(os.path.abspath(path)).relative_to(place).parts  # noqa: PTH100
                for part in below:
                    place /= part
                    if place.is_symlink():
                        return True
        return False


def _words(found: Diagnosis) -> str:
    out = io.StringIO()
    print_diagnosis(found, Console(file=out, width=120, markup=False, highlight=False, emoji=False))
    return out.getvalue()


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
            first = _whole_lines(file.read(head), at_end=True)
            file.seek(found.st_size - tail)
            last = _whole_lines(file.read(tail), at_end=False)
            left = found.st_size - len(first) - len(last)
            return first + f"\n… {left} bytes are left out here …\n".encode() + last
    except OSError:
        return None


def _whole_lines(data: bytes, *, at_end: bool) -> bytes:
    """Without the line that was cut in two: half a secret looks like none."""
    if at_end:
        return data[: data.rfind(b"\n") + 1]
    return data[data.find(b"\n") + 1 :] if b"\n" in data else b""
