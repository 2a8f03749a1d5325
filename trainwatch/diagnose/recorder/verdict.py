"""From the troubles of single groups to findings about the job: causes apart from consequences."""

from dataclasses import replace

from trainwatch.diagnose.recorder import across, lacking, words
from trainwatch.diagnose.recorder.across import Job
from trainwatch.diagnose.recorder.evidence import Confidence, Finding, Kind
from trainwatch.diagnose.recorder.stands import around
from trainwatch.diagnose.recorder.trouble import MISMATCHES, Trouble

_CATEGORIES = dict.fromkeys(MISMATCHES | {Kind.EXTRA}, "collective_mismatch") | {
    Kind.UNEVEN: "uneven_inputs"
}
"""What a kind says of the category by itself; a missing rank may be anywhere, for any reason."""


def findings_of(job: Job) -> list[Finding]:
    """All findings, the causes first, then the surest."""
    troubles = [trouble for each in job.examined for trouble in each.troubles]
    found = [_finding(*_judged(job, trouble)) for trouble in troubles]
    named = {rank for finding in found if finding.root for rank in finding.ranks}
    found += across.awaited(job, named)
    found += across.crossed(job, named)
    return _merged(sorted(found or across.pending(job), key=_order))


def _merged(findings: list[Finding]) -> list[Finding]:
    """One finding for what several groups show of the same ranks: the foremost of them."""
    alike: dict[tuple[Kind, tuple[int, ...], bool], list[Finding]] = {}
    for finding in findings:
        alike.setdefault((finding.kind, finding.ranks, finding.root), []).append(finding)
    return [
        replace(first, also=tuple(other.group for other in others))
        for first, *others in alike.values()
    ]


def _order(finding: Finding) -> tuple[bool, int, int, int]:
    return not finding.root, finding.confidence.order, -len(finding.waiting), finding.since_ns or 0


def _judged(job: Job, trouble: Trouble) -> tuple[Trouble, bool]:
    """The trouble in the light of all groups, and whether it is a cause."""
    ends, accused = job.waits.roots, set(trouble.accused)
    if trouble.kind in {Kind.STUCK, Kind.UNDECIDED} and not trouble.blockers:
        return trouble, True
    if trouble.kind in MISMATCHES:
        return trouble, bool(accused & (ends | job.waits.crossed))
    if not ends & set(trouble.blockers):
        return trouble, False
    if trouble.kind is Kind.MISSING:
        trouble = replace(trouble, accused=tuple(sorted(ends & accused)))
        # In a group of two it could be either; here others wait for the waiting one as well.
        if trouble.confidence is Confidence.POSSIBLE and job.crowd:
            trouble = replace(trouble, confidence=Confidence.LIKELY)
    return trouble, True


def _finding(trouble: Trouble, root: bool) -> Finding:
    calls = trouble.group.calls(trouble.seq)
    inside = [calls[rank] for rank in trouble.waiting if rank in calls]
    first = min(inside, key=lambda call: call.created_ns or 0, default=None)
    ranks = trouble.unknown if trouble.kind is Kind.UNDECIDED else trouble.accused
    return Finding(
        kind=trouble.kind,
        ranks=ranks,
        waiting=tuple(rank for rank in trouble.waiting if rank not in ranks),
        group=trouble.group.label,
        members=trouble.group.members,
        op=first.op if first else None,
        seq=trouble.seq,
        confidence=trouble.confidence,
        sentence=words.sentence(trouble),
        refute=words.refute(trouble.kind, ranks),
        stands=around(trouble),
        missing=lacking.of_trouble(trouble),
        since_ns=first.created_ns if first else None,
        timeout_ms=first.first.timeout_ms if first else None,
        root=root,
        category=_CATEGORIES.get(trouble.kind),
    )
