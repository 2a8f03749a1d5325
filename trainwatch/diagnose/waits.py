"""Collectives that did not come together: who waited, in what, and who was not there."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from trainwatch.diagnose.blame import Finding, absent_ones, mismatch, odd_ones
from trainwatch.diagnose.case import Case, named
from trainwatch.diagnose.catalogue import collectives, endings, peers
from trainwatch.diagnose.clue import Clue
from trainwatch.diagnose.diagnosis import Category, Confidence, Proof, Role, Verdict
from trainwatch.diagnose.early import ended_early
from trainwatch.diagnose.explicit import when_of
from trainwatch.diagnose.lead import Charge, Lead
from trainwatch.diagnose.lines import last_lines
from trainwatch.diagnose.outside import reported
from trainwatch.diagnose.phases import collective_of
from trainwatch.diagnose.positions import spread_of
from trainwatch.diagnose.signature import Standing
from trainwatch.diagnose.stalls import EARLY
from trainwatch.diagnose.watchdog import watchdog
from trainwatch.diagnose.words import ranks_words
from trainwatch.events import RankId

MAX_PROOFS = 8


def waits(case: Case) -> Iterator[Lead]:
    """A lead for the collectives that timed out or did not match, and one for lost peers."""
    for signatures, judge in (
        ((collectives.MONITORED,), _named),
        ((collectives.WATCHDOG, collectives.DESYNC), watchdog),
        ((collectives.GLOO_TIMEOUT,), _gloo),
        ((collectives.GLOO_SIZES,), _sizes),
        ((peers.PEER_LOST, peers.ABORTED), _lost),
    ):
        clues = [clue for clue in case.clues if clue.signature in signatures]
        if clues:
            yield _lead(case, clues, _by_position(case, judge(case, clues)))


def _lead(case: Case, clues: Sequence[Clue], found: Finding) -> Lead:
    ordered = sorted(clues, key=lambda clue: when_of(case, clue).key)
    signature = found.signature
    over = bool(case.exits) or case.failed or any(clue.frames for clue in clues)
    verdict = signature.verdict if over else Verdict.HANG
    shown = [clue for clue in ordered if clue.signature is not collectives.GLOO_SIZES]
    waited = {case.who(clue): _waited(clue) for clue in shown}
    return Lead(
        name=signature.name,
        category=found.category,
        verdict=verdict,
        standing=signature.standing,
        summary=found.summary,
        phase=found.phase,
        confidence=found.confidence,
        when=when_of(case, ordered[0]),
        charges=found.charges,
        victims={who: why for who, why in waited.items() if who not in found.charges},
        proofs=(*_proofs(case, ordered), *last_lines(case, list(found.charges))),
        refute=signature.refute,
        advice=signature.advice,
        missing=(*found.missing, *signature.missing),
    )


def _waited(clue: Clue) -> str:
    if clue.signature.standing is Standing.ECHO:
        return "its connection to a peer broke: the peer was gone"
    call = collective_of(clue.frames)
    inside = f" in {call[0]}" if call else ""
    return f"it waited for another rank{inside}"


def _proofs(case: Case, ordered: Sequence[Clue]) -> Iterator[Proof]:
    seen: set[tuple[RankId, str]] = set()
    for clue in ordered:
        key = (case.who(clue), clue.signature.name)
        if key not in seen and len(seen) < MAX_PROOFS:
            seen.add(key)
            yield Proof(clue.evidence, f"what {ranks_words([key[0]])} waited for in vain")


# --- who --------------------------------------------------------------------------------------


def _named(case: Case, clues: Sequence[Clue]) -> Finding:
    """A monitored barrier names those that did not come."""
    del case
    ranks = {RankId(rank) for clue in clues for rank in named(clue)}
    why = "the monitored barrier names it as the one that did not come"
    signature = collectives.MONITORED
    return Finding(
        signature,
        {who: Charge(Role.GUILTY, why) for who in ranks},
        signature.category,
        signature.phase,
        Confidence.LIKELY,
        signature.words.format(who=ranks_words(ranks)),
    )


def _sizes(case: Case, clues: Sequence[Clue]) -> Finding:
    """Data of the wrong size came from a rank that stands elsewhere."""
    del clues
    signature = collectives.GLOO_SIZES
    odd = odd_ones(case)
    return Finding(
        signature,
        odd,
        signature.category,
        signature.phase,
        Confidence.LIKELY,
        signature.words.format(who=ranks_words(odd) if odd else "one rank"),
    )


def _gloo(case: Case, clues: Sequence[Clue]) -> Finding:
    calls = {case.who(clue): collective_of(clue.frames) for clue in clues if clue.frames}
    finding = mismatch(case, {who: call for who, call in calls.items() if call})
    return finding or absent_ones(case, clues, collectives.GLOO_TIMEOUT)


def _lost(case: Case, clues: Sequence[Clue]) -> Finding:
    """The peer that went away is none of those that report it."""
    signature = clues[0].signature
    found = absent_ones(case, clues, signature)
    who = ranks_words(found.charges) if found.charges else "a rank"
    words = LEFT if _left_quietly(case) else signature.words
    return replace(found, summary=words.format(who=who), confidence=signature.confidence)


LEFT = (
    "{who} had ended without an error (exit code 0) while the others went on, as the launcher found"
    " no process to end: fewer batches, a return or sys.exit; unless it ran on another node"
)


def _left_quietly(case: Case) -> bool:
    """Whether the launcher failed for those that report, and had nobody else to end."""
    tidied = (endings.CLOSING, endings.FORCED)
    ended = any(clue.signature in tidied for clue in case.clues)
    # Whom it ended stands beside its word on who failed: an excerpt may have neither.
    spoke = any(one.rank is None and one.pid is not None for one in case.gathering.exits)
    return reported(case) and bool(case.left) and spoke and not ended


def _by_position(case: Case, found: Finding) -> Finding:
    """What the accused rank's position adds: its data ended before the others'."""
    spread = spread_of(case)
    if spread is None or len(found.charges) != 1:
        return found
    who = next(iter(found.charges))
    if who not in spread.places or not ended_early(case, spread, who):
        return found
    return replace(
        found,
        category=Category.UNEVEN_INPUTS,
        summary=EARLY.format(who=ranks_words([who])),
        charges={who: Charge(Role.SUSPECT, spread.why(who))},
    )
