"""Logs to measure with: made from a fixed seed, as large as asked, the same bytes each time."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from pathlib import Path

STEPS, EVERY, VALIDATIONS = 2000, 100, 100
"""Records of one epoch: training steps, the distance of their numbers, validation steps."""

_START = dt.datetime(2026, 11, 23, 1, 0, 0)  # noqa: DTZ001 - logs state no zone
_LEVEL = "[DEBUG]"


def autoencoder(directory: Path, size: int, ranks: int = 8, seed: int = 7) -> Path:
    """One debug log a rank and a main log, of `size` bytes together; made once."""
    logs = directory / f"ae-{size}-{ranks}-{seed}" / "logs"
    if (logs / ".complete").exists():
        return logs
    logs.mkdir(parents=True, exist_ok=True)
    for rank in range(ranks):
        with (logs / f"debug_rank{rank}_20261123_010000.log").open("w") as stream:
            written = 0
            for text in _rank_log(rank, ranks, random.Random(seed + rank)):
                written += stream.write(text)
                if written >= size // ranks:
                    break
    with (logs / "train_20261123_010000.log").open("w") as stream:
        stream.write("2026-11-23 01:00:00,000 [INFO] Starting training...\n")
    (logs / ".complete").touch()
    return logs


def rank_lines(rank: int, ranks: int, seed: int, *, epochs: bool = False) -> Iterator[str]:
    """The log of one rank, line by line without end; with `epochs` an epoch at a time."""
    text = _rank_log(rank, ranks, random.Random(seed))
    next(text)
    while True:
        epoch = "".join(next(text) for _ in range(7))
        yield from (epoch,) if epochs else epoch.splitlines(keepends=True)


def many_ranks(directory: Path, ranks: int, lines: int = 20) -> Path:
    """A short log of each of very many ranks."""
    logs = directory / f"many-{ranks}" / "logs"
    if not (logs / ".complete").exists():
        logs.mkdir(parents=True, exist_ok=True)
        source = rank_lines(0, ranks, 1)
        pattern = "".join(next(source) for _ in range(lines))
        for rank in range(ranks):
            text = pattern.replace("[Rank 0", f"[Rank {rank}")
            (logs / f"debug_rank{rank}_20261123_010000.log").write_text(text)
        (logs / ".complete").touch()
    return logs


def _rank_log(rank: int, ranks: int, chance: random.Random) -> Iterator[str]:
    """The log of one rank, a few thousand lines at a time, without end."""
    who = f"[Rank {rank}]"
    clock = _Clock(chance)
    yield clock.line(
        f"{_LEVEL} [Rank {rank}/{ranks} Worker 0/2] Processing 1000/8000 files from shards"
    )
    epoch = 0
    while True:
        yield clock.line(f"{_LEVEL} {who} ========== EPOCH {epoch} TRAINING START ==========")
        yield clock.steps(f"{_LEVEL} {who} Training step", STEPS, EVERY, epoch)
        yield clock.line(f"{_LEVEL} {who} Processed {STEPS * EVERY} training batches")
        yield clock.line(f"{_LEVEL} {who} ========== EPOCH {epoch} TRAINING END ==========")
        yield clock.line(f"{_LEVEL} {who} ========== EPOCH {epoch} VALIDATION START ==========")
        yield clock.steps(f"{_LEVEL} {who} Validation step", VALIDATIONS, 20, epoch)
        yield clock.line(f"{_LEVEL} {who} ========== EPOCH {epoch} VALIDATION END ==========")
        epoch += 1


class _Clock:
    """Stamps lines with a time that goes on by some hundredths of a second a line."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._milliseconds = 0
        self._second = -1
        self._text = ""

    def line(self, text: str) -> str:
        return f"{self._stamp()} {text}\n"

    def steps(self, head: str, count: int, every: int, epoch: int) -> str:
        level = 1.0 / (1 + epoch % 50)
        gauss = self._chance.random
        return "".join(
            f"{self._stamp()} {head} {every * index}, loss={level + 0.01 * gauss():.4f}\n"
            for index in range(count)
        )

    def _stamp(self) -> str:
        self._milliseconds += 37 + int(26 * self._chance.random())
        second, rest = divmod(self._milliseconds, 1000)
        if second != self._second:
            self._second = second
            self._text = f"{_START + dt.timedelta(seconds=second)}"
        return f"{self._text},{rest:03d}"
