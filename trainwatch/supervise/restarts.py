"""Whether a training is started again, and how a run ends: decisions without any doing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from trainwatch.errors import ExitCode
from trainwatch.supervise.order import Restarts

CHECKPOINT = "{checkpoint}"
"""Stands in a command for the newest sound checkpoint."""


class Ending(NamedTuple):
    """How a run ends: the code of `trainwatch run`, and why where that is not the command's own."""

    code: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """An attempt that is over.

    Attributes:
        number: Of the attempt, from 1.
        code: Its exit code.
        stopped: Whether somebody asked for the end of the run.
        gate: Why the health gate stopped it.
        complete: Whether what the run is to make is there; None where it is to make nothing.
        survivors: Whether something of it could not be ended.
    """

    number: int
    code: int
    stopped: bool = False
    gate: str | None = None
    complete: bool | None = None
    survivors: bool = False


def ending(now: Situation, limits: Restarts) -> Ending | None:
    """How the run ends with this attempt; None when it deserves another one."""
    if now.gate is not None:
        return Ending(ExitCode.GATE_FAILED, now.gate)
    if now.stopped:
        return Ending(now.code)
    if now.complete or (now.complete is None and now.code == 0):
        return Ending(0)
    return Ending(now.code) if limits.attempts <= 1 else _used_up(now, limits)


def _used_up(now: Situation, limits: Restarts) -> Ending | None:
    if now.survivors:
        return Ending(
            ExitCode.ATTEMPTS_EXHAUSTED,
            f"attempt {now.number} could not be ended completely, so it is not started again",
        )
    if now.number >= limits.attempts:
        return Ending(
            ExitCode.ATTEMPTS_EXHAUSTED,
            f"all {limits.attempts} attempts are used up; the last one "
            + (f"failed with exit code {now.code}" if now.code else "did not make what it was to"),
        )
    return None


class Failure(NamedTuple):
    """Where and how an attempt failed, as far as its logs tell."""

    epoch: float | None
    step: int | None
    what: str | None
    code: int | None

    def is_like(self, other: Failure) -> bool:
        """Whether both are one failure; ids, addresses and times in its words may differ."""
        same = (self.epoch, self.step, self.code) == (other.epoch, other.step, other.code)
        return same and _shape(self.what) == _shape(other.what)

    @property
    def place(self) -> str:
        """`epoch 2 step 40`."""
        epoch = "" if self.epoch is None else f"epoch {self.epoch:g}"
        step = "" if self.step is None else f"step {self.step}"
        return " ".join(part for part in (epoch, step) if part)

    @property
    def placed(self) -> bool:
        """Whether its step is known; a share of an epoch, as Hugging Face prints it, is as good."""
        return self.step is not None or (
            self.epoch is not None and not float(self.epoch).is_integer()
        )


def _shape(words: str | None) -> str | None:
    return None if words is None else re.sub(r"0x[0-9a-f]+|[0-9]+", "#", words)


def repeated(failures: Sequence[Failure]) -> Ending | None:
    """The end of a run whose newest failure happened before, at the same known step."""
    newest = failures[-1]
    if not newest.placed:
        return None
    for number, earlier in enumerate(failures[:-1], 1):
        if earlier.is_like(newest):
            what = newest.what or f"exit code {newest.code}"
            return Ending(
                ExitCode.ATTEMPTS_EXHAUSTED,
                f"attempts {number} and {len(failures)} failed alike at {newest.place} ({what}): "
                "starting again does not help",
            )
    return None


def names_checkpoint(command: Sequence[str]) -> bool:
    """Whether the command is told its checkpoint; else it may find one by itself, or none."""
    return any(CHECKPOINT in argument for argument in command)


def with_checkpoint(command: Sequence[str], checkpoint: str | None) -> tuple[str, ...]:
    """The command to start: `{checkpoint}` replaced in every argument.

    Where there is no checkpoint yet, an argument that holds it is left out, and with a bare
    `{checkpoint}` the option before it too: `--resume {checkpoint}` and `--resume={checkpoint}`
    both vanish.
    """
    result: list[str] = []
    for argument in command:
        if CHECKPOINT not in argument:
            result.append(argument)
        elif checkpoint is not None:
            result.append(argument.replace(CHECKPOINT, checkpoint))
        elif argument == CHECKPOINT and len(result) > 1 and result[-1].startswith("-"):
            result.pop()
    return tuple(result)
