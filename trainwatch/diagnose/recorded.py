"""What the flight recorder adds: who did not come to a collective, or came to another one.

The recorder tells positions, not durations: a training that is caught in the middle of a step looks
like one that hangs there. So what it shows is a hang only where the logs do not go on.
"""

from collections.abc import Iterator, Sequence

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
from trainwatch.diagnose.recorder import Confidence as Sureness
from trainwatch.diagnose.recorder import Finding, Kind, Outcome, RecorderEvidence, Stand
from trainwatch.diagnose.recorder.lacking import STACKS
from trainwatch.diagnose.recorder.opinion import compared
from trainwatch.diagnose.signature import Standing
from trainwatch.diagnose.stuck import silent_for_long, stack_proofs
from trainwatch.diagnose.words import ranks_words
from trainwatch.events import Evidence, RankId
from trainwatch.model.moments import epoch_seconds
from trainwatch.model.snapshot import Status

NAME = "flight_recorder"
SOURCE = "flight recorder"
MAX_PROOFS = 4
_PRECEDENCE = 1
"""Behind what the logs say outright, before mere positions."""

_SLACK = 5.0
_ZONE = 1800.0
_ADVICE = {
    Kind.MISSING: (
        "see what that rank does instead: py-spy dump --pid PID on its node, while it lives",
        "between its last call and the missing one lie its data loading and its computation",
    ),
    Kind.LATE: (
        "compare that rank's GPU clock, temperature and power with the others': nvidia-smi -q",
        "look at its data loading and at other processes on its node",
    ),
    Kind.UNEVEN: ("give every rank the same number of batches, or use Join or drop_last",),
    Kind.STUCK: ("look at that GPU and its links: dmesg for Xid, nvidia-smi, ibstat",),
}
_DEFAULT_ADVICE = (
    "look for a collective under a condition, an early `continue`, or uneven data at these lines",
)


def recorded(case: Case) -> Iterator[Lead]:
    """A lead for what the dumps prove; none while the training goes on, but for a straggler."""
    evidence = case.recorder
    if evidence is None or not evidence.findings or case.health.ends.completed:
        return
    first = evidence.findings[0]
    late = [finding for finding in evidence.findings if finding.kind is Kind.LATE]
    if evidence.outcome is Outcome.LATE or (late and moved_on(case, first)):
        yield _straggler(case, evidence, late[0])
    elif evidence.outcome is Outcome.FAULT and not moved_on(case, first):
        yield _lead(case, evidence, first, evidence.accused)
    elif evidence.suspects and not moved_on(case, first):
        yield _lead(case, evidence, first, evidence.suspects)


def moved_on(case: Case, finding: Finding) -> bool:
    """Whether the training went on after the waiting began: then it was caught in mid-step."""
    if case.live is not None and not case.live.source:
        return case.live.moving or not silent_for_long(case, case.live)
    if case.health.status in (Status.RUNNING, Status.STARTING):
        return True
    if finding.since_ns is None:
        return False
    latest = [
        epoch_seconds(stamp, case.view.utc_offset) - case.offsets.get(base, 0.0)
        for base, log in case.gathering.logs.items()
        for stamp in log.latest.values()
    ]
    later = max(latest, default=0.0) - finding.since_ns * 1e-9
    zone = later > _ZONE / 2 and abs(later - round(later / _ZONE) * _ZONE) < _ZONE / 60
    return later > _SLACK and not zone


def _lead(case: Case, evidence: RecorderEvidence, first: Finding, ranks: tuple[int, ...]) -> Lead:
    sure = bool(evidence.accused)
    role = Role.GUILTY if sure else Role.SUSPECT
    timed_out = "nccl" in evidence.libraries  # NCCL writes its dumps when the time has run out
    category = Category(first.category) if first.category else None
    if category is None and timed_out:
        category = Category.COLLECTIVE_TIMEOUT
    rest = [RankId(rank) for rank in ranks if rank not in first.ranks]
    too = f"; {ranks_words(rest)} likewise kept others waiting" if rest else ""
    wait = timed_out or category is not None
    live = case.live if case.live is not None and all(s.frames for s in case.live.stands) else None
    return Lead(
        name=NAME,
        category=category,
        verdict=Verdict.FAILED if case.failed else Verdict.HANG,
        standing=Standing.TIMEOUT,
        precedence=_PRECEDENCE,
        summary=first.sentence.rstrip(".") + too,
        phase=DiagnosedPhase.COLLECTIVE if wait else None,
        confidence=Confidence(first.confidence.value) if sure else Confidence.POSSIBLE,
        when=When(case.crew.attempt),
        charges={RankId(rank): Charge(role, _why(evidence, rank)) for rank in ranks},
        victims={RankId(rank): _waits(evidence, rank) for rank in evidence.victims},
        proofs=(
            *proofs(evidence),
            *_second(case, ranks),
            *(stack_proofs(live, case.view.utc_offset) if live else ()),
        ),
        refute=f"by {first.refute}",
        advice=_ADVICE.get(first.kind, _DEFAULT_ADVICE),
        missing=(
            *(m for m in evidence.missing if not (live and m == STACKS)),
            *evidence.unreadable,
        ),
    )


def _why(evidence: RecorderEvidence, rank: int) -> str:
    """The finding that names a rank, the causes first."""
    named = [each for each in evidence.findings if rank in each.ranks]
    if not named:
        return "the dumps do not clear it"
    first = named[0]
    if first.kind is Kind.MISSING:
        return f"it has not called {first.op} #{first.seq}, in which others wait"
    if first.kind is Kind.STUCK:
        return f"it is still inside {first.op} #{first.seq}, which others finished"
    own = next((stand for stand in first.stands if stand.rank == rank and stand.op), None)
    if own is not None and len(first.ranks) == 1:
        return f"it called {_call(own)}, where the others called something else"
    return first.sentence.rstrip(".")


def _waits(evidence: RecorderEvidence, rank: int) -> str:
    stand = next((each for each in evidence.stands if each.rank == rank), None)
    if stand is None or stand.op is None:
        return "it waits for others, as the flight recorder shows"
    return f"it waits in {_call(stand)}"


def _call(stand: Stand) -> str:
    at = f" ({stand.source.place})" if stand.source else ""
    return f"{stand.op} #{stand.seq}{at}"


def proofs(
    evidence: RecorderEvidence, findings: Sequence[Finding] | None = None
) -> Iterator[Proof]:
    """The findings, each with the dump of a rank that it names."""
    files = {file.rank: file.file for file in evidence.files if file.used}
    for finding in (findings or evidence.findings)[:MAX_PROOFS]:
        ranks = (*finding.ranks, *finding.waiting)
        name = next((files[rank] for rank in ranks if rank in files), SOURCE)
        yield Proof(Evidence(name, None, 0, finding.sentence), f"{SOURCE}: {finding.kind.value}")


def _second(case: Case, ranks: tuple[int, ...]) -> Iterator[Proof]:
    """What torch's own analyser makes of the same dumps; it names nobody by itself."""
    opinion = case.gathering.opinion
    if opinion is not None and opinion.named and case.live is None:
        said, fits = compared(opinion, ranks)
        yield Proof(Evidence("torchfrtrace", None, 0, said), fits)


def _straggler(case: Case, evidence: RecorderEvidence, first: Finding) -> Lead:
    running = case.health.status is Status.RUNNING
    sure = first.confidence is not Sureness.POSSIBLE
    role = Role.GUILTY if sure else Role.SUSPECT
    why = first.sentence.rstrip(".")
    return Lead(
        name=NAME,
        category=Category.STRAGGLER,
        verdict=Verdict.STRAGGLER if sure or running else Verdict.UNDECIDED,
        standing=Standing.CONTEXT,
        summary=first.sentence.rstrip("."),
        confidence=Confidence(first.confidence.value),
        when=When(case.crew.attempt),
        charges={RankId(rank): Charge(role, why) for rank in first.ranks},
        victims={RankId(rank): "it waits for the late rank" for rank in first.waiting},
        proofs=tuple(proofs(evidence, [first])),
        refute=f"by {first.refute}",
        advice=_ADVICE[Kind.LATE],
        missing=(*evidence.missing, *evidence.unreadable),
        sick=True,
    )
