"""What NCCL's watchdogs say of one timeout: the same collective, different ones, or none at all."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

from trainwatch.diagnose.blame import Finding, absent_ones, mismatch
from trainwatch.diagnose.case import Case, named
from trainwatch.diagnose.catalogue import collectives, launch
from trainwatch.diagnose.clue import Clue
from trainwatch.diagnose.diagnosis import Category, Confidence, DiagnosedPhase, Role
from trainwatch.diagnose.explicit import when_of
from trainwatch.diagnose.lead import Charge
from trainwatch.diagnose.words import ranks_words
from trainwatch.events import NOBODY, Phase, RankId

_NEAR = 64
"""Sequence numbers further apart than this belong to different process groups."""

_AFTER = (Phase.TRAIN_TO_VALIDATION, Phase.AFTER_VALIDATION, Phase.CHECKPOINT, Phase.FINISHED)


def watchdog(case: Case, clues: Sequence[Clue]) -> Finding:
    reports = _reports(case, clues)
    for judge in (_never_began, _different, _desync, _single):
        finding = judge(case, reports)
        if finding:
            return finding
    return absent_ones(case, clues, collectives.WATCHDOG)


@dataclass(frozen=True, slots=True)
class _Report:
    """What one rank's watchdog said first."""

    clue: Clue
    seq: int | None
    op: str
    numel: int | None


def _reports(case: Case, clues: Sequence[Clue]) -> Mapping[RankId, _Report]:
    reports: dict[RankId, _Report] = {}
    for clue in sorted(clues, key=lambda clue: when_of(case, clue).key):
        if clue.signature is collectives.WATCHDOG:
            report = _Report(
                clue, clue.number("seq"), clue.fields.get("op", ""), clue.number("numel")
            )
            reports.setdefault(case.who(clue), report)
    return reports


def _never_began(case: Case, reports: Mapping[RankId, _Report]) -> Finding | None:
    """No collective was ever completed: the connections do not work at all."""
    states = [c for c in case.clues if c.signature is collectives.WATCHDOG_STATE]
    if not states or any(clue.number("completed") != -1 for clue in states) or case.trained:
        return None
    del reports
    return Finding(
        replace(collectives.WATCHDOG, advice=launch.NCCL_ERROR.advice),
        {},
        Category.NCCL_SETUP_OR_TRANSPORT,
        DiagnosedPhase.INIT,
        Confidence.LIKELY,
        "no collective was ever completed: the connections between the GPUs do not work",
        launch.NCCL_ERROR.missing,
    )


def _different(case: Case, reports: Mapping[RankId, _Report]) -> Finding | None:
    """Ranks that timed out in different operations, sizes or sequence numbers."""
    calls = {who: (report.op, report.numel) for who, report in reports.items()}
    numbers = {who: report.seq for who, report in reports.items()}
    known = [seq for seq in numbers.values() if seq is not None]
    if known and max(known) - min(known) > _NEAR:
        return None
    same = len(set(numbers.values())) <= 1
    chosen: Mapping[RankId, Hashable] = calls if same else numbers
    if len(set(chosen.values())) < 2:  # noqa: PLR2004 - two sides
        return None
    finding = mismatch(case, chosen)
    signature = replace(collectives.WATCHDOG, refute=collectives.GLOO_SIZES.refute)
    return finding and replace(finding, signature=signature)


def _desync(case: Case, reports: Mapping[RankId, _Report]) -> Finding | None:
    """Torch's own report names ranks that lag; which side is to blame it does not know."""
    clues = [clue for clue in case.clues if clue.signature is collectives.DESYNC]
    ranks = {RankId(rank) for clue in clues for rank in named(clue)}
    if not ranks:
        return None
    signature = collectives.DESYNC
    both = ranks | set(reports) if len(ranks | set(reports)) == 2 else ranks  # noqa: PLR2004
    why = "the desync report has it on one side of a collective that the other side never joined"
    return Finding(
        signature,
        {who: Charge(Role.SUSPECT, why) for who in both - {NOBODY}},
        signature.category,
        signature.phase,
        signature.confidence,
        f"the collectives of {ranks_words(both)} do not match: one side entered a collective that"
        " the other never joined",
    )


def _single(case: Case, reports: Mapping[RankId, _Report]) -> Finding | None:
    """A reduction of one element behind the END markers: a collective under `if rank == 0`."""
    ones = {who for who, report in reports.items() if report.numel == 1}
    if not ones or ones != set(reports) or not all(case.phase(who) in _AFTER for who in ones):
        return None
    why = "it waits in a collective of one element, after the end of its phase"
    return Finding(
        collectives.WATCHDOG,
        {who: Charge(Role.SUSPECT, why) for who in ones},
        Category.COLLECTIVE_MISMATCH,
        DiagnosedPhase.AFTER_VALIDATION,
        Confidence.POSSIBLE,
        f"{ranks_words(ones)} waited in a collective of one element after the end of the phase:"
        " most often a collective under `if rank == 0`",
    )
