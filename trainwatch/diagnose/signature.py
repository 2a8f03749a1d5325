"""What a signature is: how a known failure looks in a log, and what it means."""

import re
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from trainwatch.diagnose.diagnosis import Category, Confidence, DiagnosedPhase, Verdict


class Standing(IntEnum):
    """What a line can explain. Of what happened at one moment the first of these counts.

    A `ROOT` explains itself: an exception of its own, a signal, broken hardware. An `OUTER` one
    comes from outside: the scheduler, a person. A `TIMEOUT` is a wait that ended: somebody else
    kept it waiting. An `ECHO` is what ranks print because another one is gone. A `CONTEXT` line
    makes another cause certain, or is worth a note. A `CLEAN_UP` is the launcher's tidying.
    """

    ROOT = 0
    OUTER = 1
    TIMEOUT = 2
    ECHO = 3
    CONTEXT = 4
    CLEAN_UP = 5


class Blame(StrEnum):
    """Whom a line accuses."""

    WRITER = "the rank that wrote it"
    NAMED = "the ranks that it names"
    ABSENT = "the ranks that wrote no such line"
    PEER = "another rank than the one that wrote it"
    NOBODY = "no rank"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """How one sort of failure looks, and what it means.

    Attributes:
        name: Unique in the catalogue.
        numbers: Of the failures that the catalogue began with, by their numbers in that list.
        hints: At least one of these stands in every line that fits; tried before the pattern.
        pattern: Searched in the line without its prefix. Its groups are the clue's fields; `rank`
            and `ranks` are ranks that the line names, `pid` a process.
        standing, blame: What it can explain, and whom it accuses.
        category, phase: What the list calls it, and where it happens when nothing says more.
        verdict: Of a run that it explains.
        words: What happened, as part of a sentence about `{who}`.
        confidence: In the category, when only this line is known.
        advice, refute: For the diagnosis.
        missing: Evidence that would say more, and how to have it next time.
        samples: Lines that must fit.
        benign: Look-alikes that must not.
    """

    name: str
    hints: tuple[bytes, ...]
    pattern: re.Pattern[bytes]
    standing: Standing
    blame: Blame
    words: str
    samples: tuple[str, ...]
    numbers: tuple[int, ...] = ()
    category: Category | None = None
    phase: DiagnosedPhase | None = None
    verdict: Verdict = Verdict.FAILED
    confidence: Confidence = Confidence.LIKELY
    refute: str = ""
    advice: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    benign: tuple[str, ...] = field(default=())
