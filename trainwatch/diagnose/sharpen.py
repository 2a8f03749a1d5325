"""Joins what several witnesses say of one wait: positions, reports, flight recorder, stacks."""

from collections.abc import Iterable
from dataclasses import replace

from trainwatch.diagnose.asleep import NAME as ASLEEP
from trainwatch.diagnose.diagnosis import Category, Confidence, Role, Verdict
from trainwatch.diagnose.lead import Lead
from trainwatch.diagnose.recorded import NAME as RECORDED
from trainwatch.diagnose.signature import Standing
from trainwatch.diagnose.stuck import NAME as STUCK

STRONGER = (ASLEEP, RECORDED, STUCK)
"""Names of leads that rest on more than the logs, the strongest last."""

_MAX_PROOFS = 8


def sharpen(leads: Iterable[Lead]) -> list[Lead]:
    """One lead for one wait: whoever saw most says who, the others when and what sort it is."""
    kept = list(leads)
    waits = [lead for lead in kept if lead.standing is Standing.TIMEOUT]
    strong = sorted(
        (lead for lead in waits if lead.name in STRONGER and lead.charges),
        key=lambda lead: STRONGER.index(lead.name),
    )
    if not strong:
        return kept
    best = strong[-1]
    others = [lead for lead in waits if lead is not best]
    for other in others:
        best = _joined(best, other)
    return [*(lead for lead in kept if lead.standing is not Standing.TIMEOUT), best]


def _joined(best: Lead, other: Lead) -> Lead:
    """The better lead with what only the other one knows."""
    agree = set(best.charges) <= set(other.charges) or not other.charges
    wider = (None, Category.COLLECTIVE_MISMATCH) if other.name not in STRONGER else (None,)
    knows = best.category in wider and agree and other.category is not None
    spoken = best.category is other.category and agree and other.name not in STRONGER
    same = agree and any(charge.role is Role.GUILTY for charge in best.charges.values())
    keeps = same or not other.charges or best.verdict is Verdict.UNDECIDED
    sure = best.confidence if keeps else Confidence.LIKELY
    earliest = min((best.when, other.when), key=lambda when: when.key)
    return replace(
        best,
        category=other.category if knows else best.category,
        phase=(other.phase if agree and other.phase else best.phase),
        summary=other.summary if (knows or spoken) and other.charges else best.summary,
        confidence=sure,
        when=earliest,
        victims={
            **{w: y for w, y in other.victims.items() if w not in best.charges},
            **best.victims,
        },
        proofs=tuple(dict.fromkeys((*best.proofs, *other.proofs)))[:_MAX_PROOFS],
        advice=best.advice
        if best.name in (STUCK, ASLEEP)  # whoever saw the process needs no hint where to look
        else tuple(dict.fromkeys((*(other.advice if agree else ()), *best.advice)))[:4],
        missing=best.missing,
    )
