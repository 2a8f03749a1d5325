"""What is known of a run's checkpoints at one moment; found by `checkpoints`, shown by every view.

Units: bytes, epoch seconds. Standard library only, and no I/O.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MARGIN = 1.1
"""Times the newest checkpoint's size that must be free: the next is written before one is removed."""


class State(StrEnum):
    """How a checkpoint stands.

    Sound means that it is whole: every file that a resumption needs is there and as long as its own
    directory or header says. The values in it are not looked at, and no pickle is ever loaded.
    """

    SOUND = "sound"
    WRITING = "writing"
    DAMAGED = "damaged"
    UNCHECKED = "unchecked"
    """Older than a sound one: nobody needs to know."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One checkpoint.

    Attributes:
        path: Absolute.
        state: Whether it can be gone on from.
        step: As its state or its name says; None where neither does.
        size: Bytes; None where it was not checked.
        written: Epoch seconds of its last change.
        problem: What is wrong with it, or what is still missing.
        epoch: As its name or its state says, where that is all they say.
    """

    path: str
    state: State
    step: int | None
    size: int | None
    written: float
    problem: str | None = None
    epoch: int | None = None

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rstrip("/").rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Survey:
    """All checkpoints that were found, the newest first."""

    found: tuple[Checkpoint, ...] = ()

    @property
    def newest(self) -> Checkpoint | None:
        """The newest sound one: what a resumption goes on from."""
        return next((one for one in self.found if one.state is State.SOUND), None)

    @property
    def damaged(self) -> tuple[Checkpoint, ...]:
        """Damaged ones that are newer than the newest sound one, which is offered instead."""
        return self._newer(State.DAMAGED)

    @property
    def writing(self) -> tuple[Checkpoint, ...]:
        """Those that are being written."""
        return self._newer(State.WRITING)

    def _newer(self, state: State) -> tuple[Checkpoint, ...]:
        newer = []
        for one in self.found:
            if one.state is State.SOUND:
                break
            if one.state is state:
                newer.append(one)
        return tuple(newer)


@dataclass(frozen=True, slots=True)
class Saves:
    """The checkpoints of a run and the room for the next one: `RunView.checkpoints`.

    A view shows `survey.newest` (its step, its age: `RunView.now` - `written`, its size), that it is
    sound or which newer ones are not and why (`survey.damaged`), and `free`; in warning where `short`.

    Attributes:
        survey: What was found.
        free, total: Of the file system that holds the newest checkpoint; None without one.
    """

    survey: Survey
    free: int | None = None
    total: int | None = None

    @property
    def needed(self) -> int | None:
        """Bytes that another checkpoint takes, judged by the newest one."""
        newest = self.survey.newest
        return newest.size if newest else None

    @property
    def short(self) -> bool:
        """Whether another one would not fit."""
        needed = self.needed
        return needed is not None and self.free is not None and self.free < needed * MARGIN
