"""A diagnosis as the JSON document of the contract."""

from collections.abc import Callable

from trainwatch.diagnose.diagnosis import Diagnosis, Other, Proof, RankDiagnosis, Silence
from trainwatch.report.jsonable import (
    Json,
    evidence,
    iso_stamp,
    number,
    printed,
    without_surrogates,
)

Wants = Callable[[int | None], bool]


def diagnosis_document(diagnosis: Diagnosis, wants: Wants = lambda _rank: True) -> Json:
    """The document of `trainwatch diagnose --json`; a key that is not known is null.

    Args:
        diagnosis: What was found.
        wants: Whether a rank is shown.
    """
    return without_surrogates(
        {
            "schema": 1,
            "verdict": diagnosis.verdict.value,
            "category": diagnosis.category and diagnosis.category.value,
            "phase": diagnosis.phase and diagnosis.phase.value,
            "summary": f"{diagnosis.summary}.",
            "confidence": diagnosis.confidence.value,
            "ranks": [_rank(rank) for rank in diagnosis.ranks if wants(rank.who.rank)],
            "evidence": [_proof(proof) for proof in diagnosis.evidence],
            "refute": diagnosis.refute,
            "advice": list(diagnosis.advice),
            "missing": list(diagnosis.missing),
            "others": [_other(other) for other in diagnosis.others],
            "note": diagnosis.note or None,
            "silence": [_silence(one) for one in diagnosis.silence if wants(one.who.rank)],
        }
    )


def _rank(rank: RankDiagnosis) -> Json:
    return {
        "rank": rank.who.rank,
        "role": rank.role.value,
        "why": rank.why if rank.who.rank is not None else f"{rank.why} ({rank.who.label})",
        "state": rank.state.value,
        "epoch": printed(rank.epoch),
        "step": rank.step,
        "silent_seconds": number(rank.silent_seconds),
    }


def _silence(one: Silence) -> Json:
    """Who wrote nothing: for how long, how long at most before, and since which line."""
    return {
        "rank": one.who.rank,
        "silent_seconds": number(one.seconds),
        "longest_before_seconds": number(one.longest),
        "plausible_seconds": number(one.limit),
        "since": iso_stamp(one.since),
        "last": evidence([one.last])[0] if one.last is not None else None,
    }


def _proof(proof: Proof) -> Json:
    return {**evidence([proof.evidence])[0], "why": proof.why}


def _other(other: Other) -> Json:
    return {"category": other.category and other.category.value, "summary": f"{other.summary}."}
