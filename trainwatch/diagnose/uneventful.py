"""A run in which nothing was found: healthy, finished, or logs that simply end."""

from collections.abc import Iterator, Sequence

from trainwatch.diagnose.case import Case
from trainwatch.diagnose.diagnosis import Confidence, Diagnosis, Other, Proof, Verdict
from trainwatch.diagnose.missing import console, liveness, stacks, unlogged
from trainwatch.diagnose.notes import clocks
from trainwatch.diagnose.phases import phase_of_position
from trainwatch.diagnose.positions import Place, places_of
from trainwatch.diagnose.roles import roles
from trainwatch.diagnose.words import ranks_words, sentence
from trainwatch.health.words import duration
from trainwatch.model.snapshot import Status, TimeBasis

MAX_PROOFS = 4
_LONG = 20.0
"""Seconds of silence from which a run that may merely be slow is only possibly healthy."""
_REFUTE = {
    Verdict.HEALTHY: "if the training falls silent for longer than is usual for it",
    Verdict.FINISHED: "if the launcher reports a failure, or the final model is not there",
    Verdict.UNDECIDED: "if a process of it lives (then it hangs), or its end is found in another log",
}
_NEXT = {
    Verdict.HEALTHY: (),
    Verdict.FINISHED: (),
    Verdict.UNDECIDED: ("see whether its processes live: ps; then ask again with --now",),
}


def uneventful(case: Case, others: tuple[Other, ...]) -> Diagnosis:
    """The diagnosis where no lead explains anything."""
    verdict, summary, confidence = _state(case)
    undecided = verdict is Verdict.UNDECIDED
    place = _one_place(case)
    missing = (*liveness(), *stacks(case), *unlogged(case), *console(case)) if undecided else ()
    if verdict is Verdict.HEALTHY and confidence is Confidence.POSSIBLE:
        missing = stacks(case)
    return Diagnosis(
        verdict=verdict,
        category=None,
        phase=phase_of_position(place.phase) if place and undecided else None,
        summary=sentence(summary),
        confidence=confidence,
        ranks=tuple(roles(case, None)),
        evidence=tuple(_last_lines(case)),
        refute=_REFUTE[verdict],
        advice=_NEXT[verdict],
        missing=(*missing, *clocks(case)),
        others=others,
    )


def _state(case: Case) -> tuple[Verdict, str, Confidence]:
    status = case.health.status
    if status is Status.COMPLETED:
        return Verdict.FINISHED, "the training ran to its end", Confidence.CERTAIN
    if status is Status.STARTING:
        return Verdict.HEALTHY, "the training is starting: no step yet", Confidence.LIKELY
    if status is Status.RUNNING:
        return Verdict.HEALTHY, f"the training moves{_quiet(case)}", _sure(case)
    return Verdict.UNDECIDED, _ends(case), Confidence.POSSIBLE


def _sure(case: Case) -> Confidence:
    """Of a run that moves, as far as a file's modification time can tell."""
    quiet = [view.silent_seconds for view in case.health.ranks if view.silent_seconds is not None]
    if quiet and min(quiet) > _LONG:
        return Confidence.POSSIBLE
    bases = {view.basis for view in case.health.ranks}
    return Confidence.LIKELY if TimeBasis.MTIME in bases else Confidence.CERTAIN


def _quiet(case: Case) -> str:
    silent = [view.silent_seconds for view in case.health.ranks]
    known = [seconds for seconds in silent if seconds is not None]
    return f"; its newest line is {duration(min(known))} old" if known else ""


def _ends(case: Case) -> str:
    """The logs end, and nothing says why."""
    place = _one_place(case)
    if not case.health.ranks:
        return "the logs hold no sign of a failure, and no step of a training"
    if place is None:
        return "the logs simply end: whether the training hangs, was cut off or goes on, they do not show"
    count = len(case.ranks)
    whose = f"all {count} ranks at the same place" if count > 1 else ranks_words(case.ranks)
    return (
        f"the logs simply end, with {whose}, {place.words}: whether the training hangs, was cut off"
        " or goes on, they do not show"
    )


def _one_place(case: Case) -> Place | None:
    places: Sequence[Place] = list(places_of(case).values())
    return places[0] if len(set(places)) == 1 else None


def _last_lines(case: Case) -> Iterator[Proof]:
    for view in case.health.ranks[:MAX_PROOFS]:
        if view.last is not None:
            whose = f"of {ranks_words([view.who])}" if case.ranks else "of the log"
            yield Proof(view.last.evidence, f"the last line {whose}")
