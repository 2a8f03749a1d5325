"""A straggler: a rank that is slower than the others, where their logs can show it at all.

Ranks that synchronise in every step print alike, however slow one of them is. Only where they work
alone, mostly in validation, does a rank's own clock show how long it takes.
"""

from collections.abc import Iterator, Mapping
from statistics import median

from trainwatch.diagnose.case import Case
from trainwatch.diagnose.diagnosis import (
    Category,
    Confidence,
    DiagnosedPhase,
    Proof,
    Role,
    Verdict,
)
from trainwatch.diagnose.lead import Charge, Lead, When
from trainwatch.diagnose.signature import Standing
from trainwatch.diagnose.words import ranks_words
from trainwatch.events import RankId, Split
from trainwatch.health.words import duration
from trainwatch.model.snapshot import RankStatus

_EPOCHS = 3
_RANKS = 3
_FACTOR = 1.5
_SECONDS = 1.0

_Spans = Mapping[tuple[int, Split], float]


def stragglers(case: Case) -> Iterator[Lead]:
    """A lead for a rank that takes longer than the others, again and again."""
    spans: dict[RankId, _Spans] = {}
    for log in case.gathering.logs.values():
        for who, some in log.work.spans.items():
            if len(some) > len(spans.get(who, {})):
                spans[who] = some
    for split in (Split.VALIDATION, Split.TRAIN):
        yield from _slowest(case, split, spans)


def _slowest(case: Case, split: Split, spans: Mapping[RankId, _Spans]) -> Iterator[Lead]:
    usual = {
        who: [seconds for (_, which), seconds in some.items() if which is split]
        for who, some in spans.items()
    }
    usual = {who: seconds for who, seconds in usual.items() if len(seconds) >= _EPOCHS}
    if len(usual) < _RANKS:
        return
    medians = {who: median(seconds) for who, seconds in usual.items()}
    slow = max(medians, key=lambda who: medians[who])
    others = median(seconds for who, seconds in medians.items() if who != slow)
    always = min(usual[slow]) > others
    if always and medians[slow] > max(_FACTOR * others, others + _SECONDS):
        yield _lead(case, split, slow, (medians[slow], others))


def _lead(case: Case, split: Split, slow: RankId, times: tuple[float, float]) -> Lead:
    took, others = duration(times[0]), duration(times[1])
    view = case.ranks.get(slow)
    active = any(one.state in (RankStatus.ACTIVE, RankStatus.SLOW) for one in case.ranks.values())
    last = view.last if view else None
    word = "validation" if split is Split.VALIDATION else "training"
    return Lead(
        name="straggler",
        category=Category.STRAGGLER,
        verdict=Verdict.STRAGGLER if active else Verdict.UNDECIDED,
        standing=Standing.CONTEXT,
        summary=f"{ranks_words([slow])} takes {took} for an epoch's {word}, the others {others}",
        phase=DiagnosedPhase.VALIDATION if split is Split.VALIDATION else None,
        confidence=Confidence.LIKELY,
        when=When(case.crew.attempt),
        charges={slow: Charge(Role.SUSPECT, f"it takes {took} where the others take {others}")},
        proofs=(Proof(last.evidence, "its newest line"),) if last else (),
        refute="if that rank has more data than the others",
        advice=(
            "compare its GPU's clock, temperature and power with the others': nvidia-smi -q",
            "look for another process on that node, and at its share of the data",
        ),
        sick=True,
    )
