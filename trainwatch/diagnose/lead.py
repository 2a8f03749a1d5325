"""A lead: one possible explanation with all it rests on. Detectors give leads; one is chosen."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from trainwatch.diagnose.case import Case
from trainwatch.diagnose.clue import START, Order
from trainwatch.diagnose.diagnosis import (
    Category,
    Confidence,
    DiagnosedPhase,
    Proof,
    Role,
    Verdict,
)
from trainwatch.diagnose.signature import Standing
from trainwatch.events import RankId


@dataclass(frozen=True, slots=True)
class When:
    """When it happened, as far as it can be told.

    Attributes:
        attempt: Of the run.
        seconds: Epoch seconds; None when no log states a time.
        base, order: The log, and the place in it.
    """

    attempt: int = 0
    seconds: float | None = None
    base: str = ""
    order: Order = START

    @property
    def key(self) -> tuple[int, bool, float, str, Order]:
        """Sorts by time; what has none comes last, in a fixed order."""
        return (self.attempt, self.seconds is None, self.seconds or 0.0, self.base, self.order)


@dataclass(frozen=True, slots=True)
class Charge:
    """What one rank is accused of."""

    role: Role
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """One possible explanation.

    Attributes:
        name: Of the signature or detector that it comes from.
        category, verdict, phase, confidence: As in the diagnosis, if it is chosen.
        standing: What it can explain.
        summary: One sentence, without its full stop.
        when: The first sign of it.
        charges: The accused ranks.
        victims: Ranks that this very lead shows to have waited or died of it.
        proofs: The most important first.
        refute, advice, missing: For the diagnosis.
        precedence: Among leads of one standing and moment the lowest counts: what is specific
            before a mere exception, and that before an exit that was observed later.
        sick: Whether it is about values: the training goes on, or ended well, and yet is lost.
    """

    name: str
    category: Category | None
    verdict: Verdict
    standing: Standing
    summary: str
    phase: DiagnosedPhase | None = None
    confidence: Confidence = Confidence.LIKELY
    when: When = When()
    charges: Mapping[RankId, Charge] = field(default_factory=dict)
    victims: Mapping[RankId, str] = field(default_factory=dict)
    proofs: tuple[Proof, ...] = ()
    refute: str = ""
    advice: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    precedence: int = 0
    sick: bool = False


Detector = Callable[[Case], Iterable[Lead]]
