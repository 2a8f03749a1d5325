"""Whom a collective that did not come together accuses: the absent, the odd, the others.

The ranks that report a timeout waited; the accused are those that are named, that did not report,
or that waited in another collective than the others.
"""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from trainwatch.diagnose.case import Case
from trainwatch.diagnose.catalogue import collectives
from trainwatch.diagnose.clue import Clue
from trainwatch.diagnose.diagnosis import Category, Confidence, DiagnosedPhase, Role
from trainwatch.diagnose.lead import Charge
from trainwatch.diagnose.positions import Spread, spread_of
from trainwatch.diagnose.signature import Signature, Standing
from trainwatch.diagnose.words import ranks_words
from trainwatch.events import NOBODY, RankId


@dataclass(frozen=True, slots=True)
class Finding:
    """What the reports of a wait come to.

    Attributes:
        signature: Of the reports.
        charges: The accused.
        category, phase, confidence: Where they differ from the signature's.
        summary: Where it differs.
        missing: What would say more.
    """

    signature: Signature
    charges: Mapping[RankId, Charge]
    category: Category | None
    phase: DiagnosedPhase | None
    confidence: Confidence
    summary: str
    missing: tuple[str, ...] = ()


def mismatch(case: Case, calls: Mapping[RankId, Hashable]) -> Finding | None:
    """Ranks that waited in different collectives, each for the others."""
    odd = minority(calls)
    if len(set(calls.values())) < 2 or NOBODY in calls:  # noqa: PLR2004 - two sides
        return None
    ranks = odd or tuple(calls)
    why = "it waited in another collective than the others"
    charges = {who: Charge(Role.SUSPECT, why) for who in ranks} or odd_ones(case)
    return Finding(
        replace(
            collectives.GLOO_TIMEOUT,
            refute=collectives.GLOO_SIZES.refute,
            advice=collectives.GLOO_SIZES.advice,
        ),
        charges,
        Category.COLLECTIVE_MISMATCH,
        DiagnosedPhase.COLLECTIVE,
        Confidence.LIKELY,
        f"{ranks_words(charges)} waited in another collective than the others,"
        " until all of them timed out",
    )


def minority(calls: Mapping[RankId, Hashable]) -> tuple[RankId, ...]:
    """The ranks that are not with the majority; none where there is none."""
    counts = Counter(calls.values())
    if not counts:
        return ()
    call, count = counts.most_common(1)[0]
    return tuple(who for who in calls if calls[who] != call) if 2 * count > len(calls) else ()


def absent_ones(case: Case, clues: Sequence[Clue], signature: Signature) -> Finding:
    """Those that did not report, unless they are the most, or left no log to report in."""
    reporting = {case.who(clue) for clue in clues} | _echoing(case)
    everyone = {*case.everyone, *_between(reporting)}
    absent = sorted(everyone - reporting, key=lambda who: who.sort_key)
    charges: Mapping[RankId, Charge] = {}
    if absent and 2 * len(absent) <= len(everyone):
        why = "the others waited for it: it reported nothing"
        charges = {who: Charge(Role.SUSPECT, why) for who in absent}
    charges = charges or odd_ones(case)
    sure = Confidence.LIKELY if len(charges) == 1 else Confidence.POSSIBLE
    if charges:
        summary = signature.words.format(who=ranks_words(charges))
    else:
        summary = "a collective timed out, and the logs do not show which rank kept it waiting"
    missing = (
        ()
        if charges
        else ("the logs of all ranks up to the timeout, to see which of them did not report it",)
    )
    return Finding(signature, charges, signature.category, signature.phase, sure, summary, missing)


def _between(reporting: set[RankId]) -> Iterator[RankId]:
    """Ranks that must exist, since lower and higher ones report: only gaps, not other nodes."""
    numbers = [who.rank for who in reporting if who.rank is not None]
    if numbers and max(numbers) - min(numbers) < 2 * len(numbers):
        yield from (RankId(rank) for rank in range(min(numbers), max(numbers)))


def _echoing(case: Case) -> set[RankId]:
    echoes = (clue for clue in case.clues if clue.signature.standing is Standing.ECHO)
    return {case.who(clue) for clue in echoes}


def odd_ones(case: Case) -> Mapping[RankId, Charge]:
    """Ranks whose position differs from the majority's."""
    spread: Spread | None = spread_of(case)
    if spread is None:
        return {}
    return {who: Charge(Role.SUSPECT, spread.why(who)) for who in spread.odd}
