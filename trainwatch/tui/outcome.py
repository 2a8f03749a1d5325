"""How a dashboard ended."""

from dataclasses import dataclass
from enum import StrEnum, auto


class How(StrEnum):
    """Why the dashboard is gone. The training goes on in every case."""

    DETACHED = auto()
    SIGNALLED = auto()
    CRASHED = auto()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a dashboard leaves behind.

    Attributes:
        how: Whether the user left, a signal came, or the dashboard failed.
        signal: Number of the signal.
        stop_requested: Whether the user asked for the end of the training and confirmed it.
        stop: The reader's sentence on what came of that; None while no answer had come.
        crash: How the dashboard failed, in a sentence; empty where it did not.
    """

    how: How
    signal: int | None = None
    stop_requested: bool = False
    stop: str | None = None
    crash: str = ""
