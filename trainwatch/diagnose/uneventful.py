"""A run in which nothing was found: healthy, finished, or logs that simply end."""

from collections.abc import Iterator, Sequence

from trainwatch.diagnose.case import Case
from trainwatch.diagnose.complaints import last_complaints
from trainwatch.diagnose.diagnosis import (
    Confidence,
    Diagnosis,
    Other,
    Proof,
    Silence,
    Verdict,
)
from trainwatch.diagnose.missing import console, liveness, stacks, unlogged
from trainwatch.diagnose.notes import counted_apart, reservations
from trainwatch.diagnose.phases import phase_of_position
from trainwatch.diagnose.positions import Place, places_of, spread_of
from trainwatch.diagnose.quiet import fallen_silent, slowed, table_of
from trainwatch.diagnose.roles import roles
from trainwatch.diagnose.words import ranks_words, sentence
from trainwatch.health.words import duration
from trainwatch.model.snapshot import Status, TimeBasis

MAX_PROOFS = 4
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
_SLOWEST = (
    "whether one rank slows the others down: ranks that work in step print alike; on its node"
    " `trainwatch diagnose` looks at the processes, and the flight recorder tells who comes late"
)


def uneventful(case: Case, others: tuple[Other, ...]) -> Diagnosis:
    """The diagnosis where no lead explains anything."""
    quiet = _early(case)
    if quiet is not None:
        return _too_early(case, quiet, others)
    alone = len(case.ranks) > 1 and case.live is None and case.health.status is Status.RUNNING
    if alone and (change := slowed(case)):
        return _much_slower(case, change, others)
    verdict, summary, confidence = _state(case)
    undecided = verdict is Verdict.UNDECIDED
    complaints = last_complaints(case) if undecided else ()
    if complaints and not case.health.ranks:
        summary = "the logs hold no step of a training, and a line that complains: it may say why"
    elif complaints:
        summary += "; a line behind the last step complains, and may say why"
    place = _one_place(case)
    missing = (*liveness(), *stacks(case), *unlogged(case), *console(case)) if undecided else ()
    if verdict is Verdict.HEALTHY and len(case.ranks) > 1 and case.live is None:
        missing = (_SLOWEST,)
    return Diagnosis(
        verdict=verdict,
        category=None,
        phase=phase_of_position(place.phase) if place and undecided else None,
        summary=sentence(summary),
        confidence=confidence,
        ranks=tuple(roles(case, None)),
        evidence=(*complaints, *_last_lines(case)),
        refute=_REFUTE[verdict],
        advice=_NEXT[verdict],
        missing=(*missing, *reservations(case)),
        others=others,
        note=counted_apart(case),
        silence=table_of(case),
    )


def _early(case: Case) -> Silence | None:
    """The silence of a run that may have begun to hang, or only takes longer than before."""
    if case.health.status not in (Status.RUNNING, Status.STARTING):
        return None
    live = case.live if case.live is not None and not case.live.source else None
    if live is not None and live.moving:
        return None
    return fallen_silent(case, seen_still=live is not None and live.seconds > 0)


def _too_early(case: Case, quiet: Silence, others: tuple[Other, ...]) -> Diagnosis:
    """Silent for longer than ever, and not yet for as long as would be a finding."""
    place = _one_place(case)
    where = f", {place.words}" if place else _apart(case)
    who = "the training has" if len(case.ranks) < 2 else f"all {len(case.ranks)} ranks have"  # noqa: PLR2004
    silent = duration(quiet.seconds or 0.0)
    limit = f"; from {duration(quiet.limit)} on it counts as a hang" if quiet.limit else ""
    return Diagnosis(
        verdict=Verdict.UNDECIDED,
        category=None,
        phase=phase_of_position(place.phase) if place else None,
        summary=sentence(
            f"too early to say: {who} been silent for {silent}{where}, {_before(quiet)}{limit}"
        ),
        confidence=Confidence.POSSIBLE,
        ranks=tuple(roles(case, None)),
        evidence=tuple(_last_lines(case)),
        refute="if another line comes (then it moves), or its stacks stand still (then it hangs)",
        advice=("look again in a minute, or at its processes now: `trainwatch diagnose` there",),
        missing=(
            *(stacks(case) if case.live is None else ()),
            *unlogged(case),
            *reservations(case),
        ),
        others=others,
        note=counted_apart(case),
        silence=table_of(case),
    )


def _much_slower(case: Case, change: tuple[float, float], others: tuple[Other, ...]) -> Diagnosis:
    """All ranks have become slow at once, which one of them alone may do to the others."""
    then, now = change
    return Diagnosis(
        verdict=Verdict.UNDECIDED,
        category=None,
        phase=None,
        summary=sentence(
            f"the training moves, but each line takes {now / max(then, 1e-3):.0f} times as long as"
            f" before ({duration(now)} now): whether one rank slows the others down or all are slow,"
            " their logs do not show"
        ),
        confidence=Confidence.POSSIBLE,
        ranks=tuple(roles(case, None)),
        evidence=tuple(_last_lines(case)),
        refute="if all ranks have more to do in each step, such as longer sequences or larger batches",
        advice=("look at its processes: `trainwatch diagnose` on their node, nvidia-smi, top",),
        missing=(_SLOWEST, *stacks(case), *reservations(case)),
        others=others,
        note=counted_apart(case),
        silence=table_of(case),
    )


def _apart(case: Case) -> str:
    """Who stands elsewhere than the others: whom to look at first."""
    spread = spread_of(case)
    if spread is None:
        return ""
    if spread.majority is None:
        return ", at different places"
    where = spread.places[spread.odd[0]].brief
    return f", {ranks_words(spread.odd)} at {where} and the others at {spread.majority.brief}"


def _before(quiet: Silence) -> str:
    if quiet.longest is None:
        return "and how long it is silent as a rule, its log does not show"
    longest = duration(quiet.longest)
    if quiet.known:
        return f"and the longest silence there before was {longest}"
    return f"a phase never seen before; the longest silence anywhere was {longest}"


def _state(case: Case) -> tuple[Verdict, str, Confidence]:
    status = case.health.status
    if status is Status.COMPLETED:
        return Verdict.FINISHED, "the training ran to its end", Confidence.CERTAIN
    if status is Status.STARTING:
        return Verdict.HEALTHY, "the training is starting: no step yet", Confidence.LIKELY
    if status is Status.RUNNING:
        return Verdict.HEALTHY, f"{_motion(case)}{_quiet(case)}", _sure(case)
    return Verdict.UNDECIDED, _ends(case), Confidence.POSSIBLE


def _motion(case: Case) -> str:
    """What is known of its motion: two looks seconds apart may both meet one long step."""
    live = case.live
    still = live is not None and not live.source and live.seconds and live.stands
    if live is None or not still or live.moving or not all(one.idle for one in live.stands):
        return "the training moves"
    return f"the training wrote just now, though nothing moved for {duration(live.seconds)}"


def _sure(case: Case) -> Confidence:
    """Of a run that moves, as far as its logs can tell."""
    bases = {view.basis for view in case.health.ranks}
    unseen = len(case.ranks) > 1 and case.live is None
    return Confidence.LIKELY if unseen or TimeBasis.MTIME in bases else Confidence.CERTAIN


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
