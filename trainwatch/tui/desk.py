"""What all screens share: whoever reads the run, the newest lines, and what was acknowledged."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import TYPE_CHECKING

from trainwatch.model.snapshot import RunView, Status
from trainwatch.tui.draw.logbook import LogBook
from trainwatch.tui.draw.words import brief
from trainwatch.tui.reader import Reader

if TYPE_CHECKING:
    from trainwatch.diagnose.diagnosis import Diagnosis


@dataclass(slots=True)
class DiagnosisState:
    """The newest diagnosis, or that one is being made.

    Attributes:
        found: The diagnosis.
        at: As of which moment (epoch seconds).
        running: Whether a newer one is being made.
        failure: Why there is none.
    """

    found: "Diagnosis | None" = None
    at: float = 0.0
    running: bool = False
    failure: str = ""

    def sentence(self, status: Status) -> str:
        """What it says of a run that is in trouble; nothing where it does not decide."""
        if self.found is None or status not in (Status.STALLED, Status.FAILED):
            return ""
        decided = self.found.verdict.value not in ("undecided", "healthy", "finished")
        return f"{self.found.summary} ({self.found.confidence.value})" if decided else ""

    def told(self, now: float) -> str:
        """How things stand with it."""
        if self.running:
            return "reading everything …"
        if self.found is None:
            return "D makes one"
        return f"as of {brief(max(now - self.at, 1.0))} ago · D makes a new one"


@dataclass(slots=True)
class Desk:
    """Belongs to the dashboard; screens read it, and note here what they have in common.

    Attributes:
        reader: Whoever reads the run.
        zone: Of the times shown; None for the local one.
        book: The newest log lines.
        acknowledged: Keys of the findings that somebody has seen and put aside.
        view: The newest snapshot.
        diagnosis: Of the run.
    """

    reader: Reader
    zone: tzinfo | None = None
    book: LogBook = field(default_factory=LogBook)
    acknowledged: set[Hashable] = field(default_factory=set)
    view: RunView | None = None
    diagnosis: DiagnosisState = field(default_factory=DiagnosisState)
