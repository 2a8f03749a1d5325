"""The logs of the first dialect: one main log, and one debug log a rank.

Lines go out whole: one write() each, to files opened for appending, so that lines of several
processes (ranks, loader workers) never mix and a reader sees no half line.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

BAR = "=" * 10


def _logging_time() -> str:
    return datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S,%f")[:-3] + " "


def _iso_time() -> str:
    return datetime.now().astimezone().isoformat(timespec="milliseconds") + " "


TIMESTAMPS: dict[str, Callable[[], str]] = {
    "logging": _logging_time,
    "iso": _iso_time,
    "none": lambda: "",
}


class Sink:
    """Where lines go: a file opened for appending, standard output, or nowhere."""

    def __init__(self, path: Path | None = None, fd: int | None = None) -> None:
        self.path = path
        self._fd = fd

    def line(self, text: str) -> None:
        if self._fd is None and self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        if self._fd is not None:
            os.write(self._fd, f"{text}\n".encode())

    def close(self) -> None:
        if self._fd is not None and self.path is not None:
            os.close(self._fd)
            self._fd = None

    def __getstate__(self) -> dict[str, Any]:
        # A spawned loader worker opens the file itself: the descriptor is not its own.
        return {"path": self.path, "_fd": self._fd if self.path is None else None}


@dataclass(frozen=True)
class DebugLog:
    """One rank's lines: everything into its own log; what matters to all into the main log too."""

    rank: int
    own: Sink
    main: Sink
    console: Sink
    clock: Callable[[], str]
    debug: bool

    def start(self, world_size: int) -> None:
        self._info(self.own, "Starting training...")
        if self.rank == 0:
            self.info("Starting training...")
        self._debug(f"init done world={world_size} pid={os.getpid()}")

    def info(self, text: str) -> None:
        """Rank 0's lines on configuration, progress and checkpoints."""
        if self.rank == 0:
            self._info(self.main, text)
            self._info(self.console, text)

    def warning(self, text: str) -> None:
        self._both("WARNING", self._who(), text)

    def error(self, text: str) -> None:
        self._both("ERROR", self._who(), text)

    def marker(self, epoch: int, what: str) -> None:
        self._debug(f"{BAR} EPOCH {epoch} {what} {BAR}")

    def step(self, phase: str, batch: int, loss: float) -> None:
        self._debug(f"{phase} step {batch}, loss={loss:.4f}")

    def processed(self, batches: int) -> None:
        self._debug(f"Processed {batches} training batches")

    def note(self, text: str) -> None:
        self._debug(text)

    def file_share(self, place: tuple[int, int, int], files: tuple[int, int], source: str) -> None:
        """`place` is (worker, workers, ranks), `files` (of this worker, of all)."""
        worker, workers, ranks = place
        who = f"[Rank {self.rank}/{ranks} Worker {worker}/{workers}]"
        self._debug(f"Processing {files[0]}/{files[1]} files from {source}", who)

    def completed(self, worker: int, samples: int) -> None:
        self._debug(f"COMPLETED iteration, total samples: {samples}", self._who(worker))

    def bad_shard(self, worker: int, path: Path, error: Exception) -> None:
        reason = str(error).splitlines()[0]
        text = f"Cannot read shard {path.name}, its images are rendered anew: {reason}"
        self._both("ERROR", self._who(worker), text)

    def close(self) -> None:
        self.own.close()
        self.main.close()

    def _who(self, worker: int | None = None) -> str:
        return f"[Rank {self.rank}]" if worker is None else f"[Rank {self.rank} Worker {worker}]"

    def _debug(self, text: str, who: str | None = None) -> None:
        if self.debug:
            self.own.line(f"{self.clock()}[DEBUG] {who or self._who()} {text}")

    def _info(self, sink: Sink, text: str) -> None:
        sink.line(f"{self.clock()}[INFO] {text}")

    def _both(self, level: str, who: str, text: str) -> None:
        for sink in (self.own, self.main):
            sink.line(f"{self.clock()}[{level}] {who} {text}")
