"""What all screens share: whoever reads the run, the newest lines, and what was acknowledged."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import TYPE_CHECKING

from trainwatch.model.snapshot import RunView, Status
from trainwatch.tui.draw.cause import Cause
from trainwatch.tui.draw.logbook import LogBook
from trainwatch.tui.draw.states import NO_ROLES, Roles
from trainwatch.tui.draw.words import ago
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

    def decided(self, status: Status) -> "Diagnosis | None":
        """What it says of a run that is in trouble; None where it does not decide."""
        found = self.found
        if found is None or status not in TROUBLE:
            return None
        return found if found.verdict.value not in _OPEN else None

    def cause(self, status: Status) -> Cause | None:
        """The same in a sentence, with its first proof."""
        found = self.decided(status)
        if found is None:
            return None
        proof = found.evidence[0].evidence if found.evidence else None
        return Cause(found.summary, found.confidence.value, proof)

    def roles(self, status: Status) -> Roles:
        """Who keeps whom waiting."""
        found = self.decided(status)
        return {one.who: one.role.value for one in found.ranks} if found else NO_ROLES

    def told(self, now: float) -> str:
        """How things stand with it."""
        if self.running:
            return "reading everything …"
        if self.found is None:
            return "none yet · D makes one"
        return f"made {ago(now - self.at)} · D makes a new one"


TROUBLE = frozenset({Status.STALLED, Status.FAILED})
"""How a run stands when somebody wants to know why."""

_OPEN = frozenset({"undecided", "healthy", "finished"})


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

    @property
    def roles(self) -> Roles:
        """Who keeps whom waiting, where the diagnosis tells."""
        return self.diagnosis.roles(self.view.status) if self.view is not None else NO_ROLES
