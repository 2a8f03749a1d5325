"""Logs for a training that has none: a main log, and one debug log a rank.

The lines are those of the autoencoder format, which trainwatch reads best: epoch markers tell a
synchronisation from a checkpoint, and one file a rank tells who is behind.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from trainwatch.hooks.surroundings import rank_of, tell_log, world_size_of


class RankLogger:
    """Writes `debug_rank<N>_<time>.log`, and on rank 0 also `train_<time>.log`.

    Every line is one write, so that a killed process leaves whole lines.

    Args:
        directory: Of the logs; it is made.
        rank, world_size: None: as the environment says.
        every: Training steps between two lines; validation prints each that it is told of.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str] = "logs",
        rank: int | None = None,
        world_size: int | None = None,
        every: int = 1,
    ) -> None:
        self.rank = rank_of() if rank is None else rank
        self._every = max(1, every)
        self._batches = 0
        place = Path(directory)
        stamp = time.strftime("%Y%m%d_%H%M%S")
        self._debug = _open(place / f"debug_rank{self.rank}_{stamp}.log")
        self._main = _open(place / f"train_{stamp}.log") if self.rank == 0 else None
        size = world_size_of() if world_size is None else world_size
        self._line(self._main, "INFO", f"Starting training... ({size} ranks)")

    def train_start(self, epoch: int) -> None:
        """The training part of an epoch begins."""
        self._batches = 0
        self._marker(epoch, "TRAINING START")

    def train_step(self, step: int, loss: float) -> None:
        """A batch was trained; `step` counts within the epoch from 0."""
        self._batches += 1
        if step % self._every == 0:
            self._debug_line(f"Training step {step}, loss={loss:.6g}")

    def train_end(self, epoch: int) -> None:
        """The training part is over; the ranks may wait for each other now."""
        self._debug_line(f"Processed {self._batches} training batches")
        self._marker(epoch, "TRAINING END")

    def validation_start(self, epoch: int) -> None:
        """Validation begins."""
        self._marker(epoch, "VALIDATION START")

    def validation_step(self, step: int, loss: float) -> None:
        """A batch was validated."""
        self._debug_line(f"Validation step {step}, loss={loss:.6g}")

    def validation_end(self, epoch: int) -> None:
        """Validation is over; what follows is a checkpoint, or the schedule."""
        self._marker(epoch, "VALIDATION END")

    def info(self, text: str) -> None:
        """A line of the main log."""
        self._line(self._main, "INFO", text)

    def error(self, text: str) -> None:
        """An error of this rank, in its own log and, from rank 0, in the main log."""
        self._line(self._debug, "ERROR", f"[Rank {self.rank}] {text}")
        self._line(self._main, "ERROR", text)

    def finish(self) -> None:
        """The training is complete."""
        self._line(self._main, "INFO", "Training complete")
        self._line(self._debug, "INFO", f"[Rank {self.rank}] Training complete")

    def close(self) -> None:
        """Closes the files."""
        for file in (self._debug, self._main):
            if file is not None:
                with contextlib.suppress(OSError):
                    file.close()
        self._debug = self._main = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.error(f"{kind.__name__}: {error}")
        self.close()

    def _marker(self, epoch: int, what: str) -> None:
        self._debug_line(f"========== EPOCH {epoch} {what} ==========")

    def _debug_line(self, text: str) -> None:
        self._line(self._debug, "DEBUG", f"[Rank {self.rank}] {text}")

    @staticmethod
    def _line(file: TextIO | None, level: str, text: str) -> None:
        if file is None:
            return
        now = time.time()
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
        with contextlib.suppress(OSError, ValueError):
            file.write(f"{stamp},{int(now % 1 * 1000):03} [{level}] {' '.join(text.split())}\n")
            file.flush()


def _open(path: Path) -> TextIO | None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a", encoding="utf-8", errors="replace")
    except OSError:
        return None
    tell_log(path)
    return file
